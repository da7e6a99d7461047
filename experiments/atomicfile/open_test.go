package atomicfile

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// within fails, and does not hang, where f waits for somebody.
func within(t *testing.T, what string, f func() error) error {
	t.Helper()
	done := make(chan error, 1) // buffered: f may return after the test
	go func() { done <- f() }()
	select {
	case err := <-done:
		return err
	case <-time.After(time.Minute):
		t.Fatalf("%s waits", what)
		return nil
	}
}

// Whatever stands under a name, opening it waits for nobody, and the error says what it
// is.
func TestOpenInWaitsForNothing(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("", "open") // the name of a socket must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	at := func(name string) string { return filepath.Join(dir, name) }
	socket, err := net.Listen("unix", at("socket"))
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	if err := errors.Join(
		os.WriteFile(at("file"), []byte("x"), 0o600), os.Symlink("file", at("link")), os.Mkdir(at("folder"), 0o700),
		syscall.Mkfifo(at("pipe"), 0o600), os.Symlink("pipe", at("to-pipe")), os.Symlink("/dev/zero", at("device")),
	); err != nil {
		t.Fatal(err)
	}
	root := openRoot(t, dir)
	for name, is := range map[string]string{
		"file": "", "link": "", "pipe": "a named pipe", "to-pipe": "a named pipe",
		"folder": "a directory", "socket": "a socket", "device": "escapes",
	} {
		err := within(t, "ReadIn("+name+")", func() error {
			text, err := ReadIn(root, name)
			if err == nil && string(text) != "x" {
				t.Errorf("ReadIn(%s) = %q", name, text)
			}
			return err
		})
		failed := within(t, "AppendIn("+name+")", func() error {
			file, err := AppendIn(root, name, 0o600)
			if err == nil {
				err = file.Close()
			}
			return err
		})
		for _, err := range []error{err, failed} {
			if is == "" && err != nil || is != "" && (err == nil || !strings.Contains(err.Error(), is)) || errors.Is(err, ErrNoFile) != strings.HasPrefix(is, "a ") {
				t.Errorf("%s: %v, want %q", name, err, is)
			}
		}
	}
	if _, err := ReadIn(root, "none"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("ReadIn(none) = %v", err)
	}
}

func TestOpenDirWaitsForNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	pipe, link := filepath.Join(dir, "pipe"), filepath.Join(dir, "link")
	if err := errors.Join(syscall.Mkfifo(pipe, 0o600), os.Symlink(pipe, link)); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{pipe, link} {
		err := within(t, "OpenDir", func() error {
			_, err := OpenDir(path)
			return err
		})
		if !errors.Is(err, syscall.ENOTDIR) || !strings.Contains(err.Error(), "a named pipe") {
			t.Errorf("OpenDir(%s) = %v", path, err)
		}
	}
	for _, path := range []string{"", filepath.Join(dir, "none")} {
		if _, err := OpenDir(path); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("OpenDir(%q) = %v", path, err)
		}
	}
	root, err := OpenDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	_ = root.Close()
}
