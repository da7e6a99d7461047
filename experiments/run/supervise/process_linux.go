package supervise

import (
	"syscall"
	"unsafe"
)

// holdsEnded: the end of a child can be seen before its number is given away.
const holdsEnded = true

// dieWithParent has a process killed when the thread that started it ends, and so when
// its parent is killed. What it started itself does not notice.
func dieWithParent() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }

// awaitEnd blocks until a child has ended, and leaves it to be waited for.
func awaitEnd(pid int) {
	const byNumber = 1 // P_PID
	var info [128]byte // siginfo_t, which nobody reads
	for {
		_, _, err := syscall.Syscall6(syscall.SYS_WAITID, byNumber, uintptr(pid), uintptr(unsafe.Pointer(&info)), syscall.WEXITED|syscall.WNOWAIT, 0, 0)
		if err != syscall.EINTR {
			return
		}
	}
}
