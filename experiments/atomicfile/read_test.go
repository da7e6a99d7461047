package atomicfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A file is read, a pipe only where it was given and as long as its writer takes, and a
// device never.
func TestReadFilesAndPipes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file, pipe, silent, open := filepath.Join(dir, "file"), filepath.Join(dir, "pipe"), filepath.Join(dir, "silent"), filepath.Join(dir, "open")
	if err := errors.Join(os.WriteFile(file, []byte("text"), 0o600), syscall.Mkfifo(pipe, 0o600), syscall.Mkfifo(silent, 0o600), syscall.Mkfifo(open, 0o600)); err != nil {
		t.Fatal(err)
	}
	for _, read := range []func() ([]byte, error){
		func() ([]byte, error) { return ReadRegular(file, 4) }, func() ([]byte, error) { return ReadGiven(file, 4, time.Minute) },
		func() ([]byte, error) {
			go func() { _ = os.WriteFile(pipe, []byte("text"), 0) }()
			return ReadGiven(pipe, 4, time.Minute)
		},
	} {
		if text, err := read(); string(text) != "text" || err != nil {
			t.Errorf("read %q, %v", text, err)
		}
	}
	writer := make(chan *os.File, 1)
	go func() {
		w, _ := os.OpenFile(open, os.O_WRONLY, 0)
		writer <- w
	}()
	endless := func() (text []byte, err error) {
		for _, limit := range []time.Duration{50 * time.Millisecond, 20 * time.Second} { // its writer may come late
			if text, err = ReadGiven(open, 9, limit); err == nil || !strings.Contains(err.Error(), "nobody wrote") {
				break
			}
		}
		return text, err
	}
	for name, tt := range map[string]struct {
		read func() ([]byte, error)
		says string
	}{
		"a pipe":      {func() ([]byte, error) { return ReadRegular(silent, 9) }, "a named pipe"},
		"a directory": {func() ([]byte, error) { return ReadGiven(dir, 9, time.Minute) }, "a directory"},
		"a device":    {func() ([]byte, error) { return ReadGiven("/dev/zero", 9, time.Minute) }, "a character device"},
		"too large":   {func() ([]byte, error) { return ReadGiven(file, 3, time.Minute) }, "more than 3 bytes"},
		"no writer":   {func() ([]byte, error) { return ReadGiven(silent, 9, time.Millisecond) }, "nobody wrote"},
		"no end":      {endless, "a pipe that"},
	} {
		if text, err := tt.read(); err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %q, %v; want %q", name, text, err, tt.says)
		}
	}
	if _, err := ReadRegular(filepath.Join(dir, "none"), 9); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if _, err := ReadGiven(filepath.Join(dir, "none"), 9, 0); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	select {
	case w := <-writer:
		_ = w.Close()
	case <-time.After(time.Second): // the pipe was given up before its writer came
		if r, err := os.OpenFile(open, os.O_RDONLY|syscall.O_NONBLOCK, 0); err == nil {
			_ = (<-writer).Close()
			_ = r.Close()
		}
	}
}
