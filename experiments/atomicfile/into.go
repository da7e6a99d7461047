package atomicfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"time"
)

// pieceSize is how many bytes a pipe takes at once, or not at all.
const pieceSize = 4096

// waits say how long others may take.
type waits struct {
	open time.Duration // for somebody to open a pipe
	read time.Duration // for a reader to take a piece
}

func defaultWaits() waits { return waits{open: 10 * time.Second, read: time.Minute} }

// Describe says what a thing of this mode is, such as "a named pipe".
func Describe(m fs.FileMode) string {
	switch m.Type() {
	case 0:
		return "a file"
	case fs.ModeDir:
		return "a directory"
	case fs.ModeSocket:
		return "a socket"
	case fs.ModeDevice:
		return "a block device"
	case fs.ModeDevice | fs.ModeCharDevice:
		return "a character device"
	case fs.ModeNamedPipe:
		return "a named pipe"
	}
	return "no file"
}

// writeInto writes into a character device or a pipe.
func (w waits) writeInto(p place, text []byte) error {
	if err := checkSink(p.info.Mode()); err != nil {
		return err
	}
	file, err := w.openReader(p)
	if err != nil {
		return err
	}
	return errors.Join(w.feed(file, text), file.Close())
}

// checkSink refuses what cannot be written into.
func checkSink(m fs.FileMode) error {
	switch m.Type() {
	case fs.ModeNamedPipe, fs.ModeDevice | fs.ModeCharDevice:
		return nil
	}
	return fmt.Errorf("it is %s", Describe(m))
}

// openReader opens a device or a pipe. A pipe is open once somebody reads it.
func (w waits) openReader(p place) (*os.File, error) {
	for deadline := time.Now().Add(w.open); ; time.Sleep(20 * time.Millisecond) {
		file, err := p.open(0)
		if !errors.Is(err, syscall.ENXIO) || p.info.Mode().Type() != fs.ModeNamedPipe {
			return file, err
		}
		if time.Now().After(deadline) {
			return nil, fmt.Errorf("nobody has opened this pipe for reading within %s: %w", w.open, os.ErrDeadlineExceeded)
		}
	}
}

// feed writes a text into a pipe, as long as its reader takes it.
func (w waits) feed(file *os.File, text []byte) error {
	for len(text) > 0 {
		err := file.SetWriteDeadline(time.Now().Add(w.read))
		if err != nil && !errors.Is(err, os.ErrNoDeadline) { // a device that never waits has none
			return err
		}
		n, err := file.Write(text[:min(len(text), pieceSize)])
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return fmt.Errorf("its reader took nothing for %s: %w", w.read, err)
		}
		if err != nil {
			return err
		}
		text = text[n:]
	}
	return nil
}

// writeDescriptor writes into a descriptor that this process was given, where the
// others that use it stand in its file.
func writeDescriptor(n int, text []byte) error {
	flags, _, err := syscall.Syscall(syscall.SYS_FCNTL, uintptr(n), syscall.F_GETFD, 0)
	if err != 0 {
		return fmt.Errorf("descriptor %d: %w", n, err)
	}
	if flags&syscall.FD_CLOEXEC != 0 { // one of our own, such as a journal
		return fmt.Errorf("descriptor %d: %w: this process was not given it", n, syscall.EBADF)
	}
	file, dupErr := duplicate(n)
	if dupErr != nil {
		return fmt.Errorf("descriptor %d: %w", n, dupErr)
	}
	_, writeErr := file.Write(text)
	return errors.Join(writeErr, file.Close())
}

// duplicate returns a descriptor that can be closed without closing the other one.
func duplicate(n int) (*os.File, error) {
	syscall.ForkLock.RLock() // no child inherits it in between
	defer syscall.ForkLock.RUnlock()
	d, err := syscall.Dup(n)
	if err != nil {
		return nil, err
	}
	syscall.CloseOnExec(d)
	return os.NewFile(uintptr(d), fmt.Sprintf("descriptor %d", n)), nil
}
