package atomicfile

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func text(s string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, s)
		return err
	}
}

func openRoot(t *testing.T, dir string) *os.Root {
	t.Helper()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = root.Close() })
	return root
}

// wantFile wants a file with a content and a mode.
func wantFile(t *testing.T, path, want string, mode fs.FileMode) {
	t.Helper()
	got, err := os.ReadFile(path)
	if err != nil || string(got) != want {
		t.Errorf("%s holds %q, %v; want %q", path, got, err, want)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != mode {
		t.Errorf("%s: mode %v, %v; want %v", path, info.Mode(), err, mode)
	}
}

// wantNames wants a directory to hold exactly these names.
func wantNames(t *testing.T, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("%s holds %q, want %q", dir, got, want)
	}
}

func TestWrite(t *testing.T) { // not parallel: the umask is the process's
	defer syscall.Umask(syscall.Umask(0o027))
	dir := t.TempDir()
	path := filepath.Join(dir, "report.html")
	if err := Write(path, text("new")); err != nil {
		t.Fatal(err)
	}
	wantFile(t, path, "new", 0o640)
	if err := os.Chmod(path, 0o604); err != nil {
		t.Fatal(err)
	}
	if err := Write(path, text("newer")); err != nil {
		t.Fatal(err)
	}
	wantFile(t, path, "newer", 0o604)
	wantNames(t, dir, "report.html")
}

// A file whose writing fails stays as it was, and nothing is left beside it.
func TestAFailedWriteChangesNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "data")
	if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken")
	half := func(w io.Writer) error { return errors.Join(text("half")(w), broken) }
	for name, err := range map[string]error{"Write": Write(path, half), "WriteIn": WriteIn(openRoot(t, dir), "data", 0o600, half)} {
		if !errors.Is(err, broken) {
			t.Errorf("%s() = %v", name, err)
		}
	}
	wantFile(t, path, "old", 0o600)
	wantNames(t, dir, "data")
	if err := Write(filepath.Join(dir, "nowhere", "data"), text("x")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Write() into no directory = %v", err)
	}
}

// What a killed process left is replaced, and a link that was planted in its place is
// not followed.
func TestWriteInReplacesLeftovers(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := errors.Join(
		os.Mkdir(filepath.Join(dir, "sub"), 0o700),
		os.WriteFile(filepath.Join(dir, "victim"), []byte("safe"), 0o600),
		os.Symlink("../victim", filepath.Join(dir, "sub", ".data.part")),
	); err != nil {
		t.Fatal(err)
	}
	if err := WriteIn(openRoot(t, dir), "sub/data", 0o600, text("x")); err != nil {
		t.Fatal(err)
	}
	wantFile(t, filepath.Join(dir, "sub", "data"), "x", 0o600)
	wantFile(t, filepath.Join(dir, "victim"), "safe", 0o600)
	wantNames(t, filepath.Join(dir, "sub"), "data")
}

func TestPending(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	root := openRoot(t, dir)
	p, err := Create(root, "data.next", 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(text("x")(p), p.Flush(), p.Flush()); err != nil {
		t.Fatal(err)
	}
	wantNames(t, dir, "data.next")
	if err := errors.Join(p.Discard(), p.Discard()); err != nil {
		t.Errorf("Discard() = %v", err)
	}
	wantNames(t, dir)
	if p, err = Create(root, "data.next", 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "taken"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := p.Replace("taken"); err == nil {
		t.Error("a directory was replaced")
	}
	wantNames(t, dir, "taken")
}
