//go:build unix

package live

import (
	"os"
	"syscall"
	"unsafe"
)

// inForeground reports whether this process is in the group that a terminal serves; true
// where the terminal does not say.
func inForeground(terminal *os.File) bool {
	var group int32
	_, _, wrong := syscall.Syscall(syscall.SYS_IOCTL, terminal.Fd(), syscall.TIOCGPGRP, uintptr(unsafe.Pointer(&group))) //nolint:gosec // the call fills in the number of a group
	return wrong != 0 || int(group) == syscall.Getpgrp()
}
