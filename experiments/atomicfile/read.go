package atomicfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
	"time"
)

// ReadRegular reads a file of at most so many bytes. What is no file is refused and not
// waited for: a pipe that nobody writes, or a device without an end.
func ReadRegular(path string, most int64) ([]byte, error) {
	f, err := openRegular(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // nothing was written
	return readMost(f, most)
}

func openRegular(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0) // which a pipe would wait in
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is %s, and a file is needed", path, Describe(info.Mode()))
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// ReadGiven is like [ReadRegular], but a pipe that a person has given, such as <(command)
// of a shell, is read, too. It waits so long for who writes it, and for its end.
func ReadGiven(path string, most int64, patience time.Duration) ([]byte, error) {
	f, err := OpenGiven(path, patience)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // nothing was written
	return ReadOpened(f, most, patience)
}

// OpenGiven opens what [ReadGiven] reads, for who has to look at what was opened, and then
// reads it with [ReadOpened]. A pipe is opened once: what was written to it goes with its
// last reader.
func OpenGiven(path string, patience time.Duration) (*os.File, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Mode().Type() != fs.ModeNamedPipe {
		return openRegular(path)
	}
	f, err := openPipe(path, patience)
	if err != nil {
		return nil, err
	}
	_ = f.SetReadDeadline(time.Now().Add(patience)) // the system may know none for it; its writer is there
	return f, nil
}

// ReadOpened reads what [OpenGiven] has opened with the same patience.
func ReadOpened(f *os.File, most int64, patience time.Duration) ([]byte, error) {
	content, err := readMost(f, most)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return nil, fmt.Errorf("%s is a pipe that did not end within %s", f.Name(), patience)
	}
	return content, err
}

// openPipe opens a pipe that somebody opens to write within a time.
func openPipe(path string, patience time.Duration) (*os.File, error) {
	type opened struct {
		file *os.File
		err  error
	}
	done := make(chan opened, 1) // buffered: nobody may be waiting any more
	go func() {
		f, err := os.Open(path)
		done <- opened{f, err}
	}()
	late := time.NewTimer(patience)
	defer late.Stop()
	select {
	case o := <-done:
		return o.file, o.err
	case <-late.C:
	}
	// Whoever opens it to write ends the wait of the goroutine.
	if w, err := os.OpenFile(path, os.O_WRONLY|syscall.O_NONBLOCK, 0); err == nil {
		_ = w.Close() // nothing was written
		if o := <-done; o.err == nil {
			_ = o.file.Close() // nothing was written
		}
	}
	return nil, fmt.Errorf("%s is a pipe that nobody wrote within %s", path, patience)
}

func readMost(f *os.File, most int64) ([]byte, error) {
	content, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(content)) > most {
		return nil, fmt.Errorf("%s has more than %d bytes", f.Name(), most)
	}
	return content, err
}
