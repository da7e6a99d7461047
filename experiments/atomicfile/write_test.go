package atomicfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/injectors/injectortest/required"
)

// device makes a device node of the test's own: no test may name one of the machine's.
func device(t *testing.T, mode uint32, major, minor int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "device")
	err := syscall.Mknod(path, mode|0o666, major<<8|minor)
	if err == nil && mode == syscall.S_IFCHR {
		var file *os.File
		if file, err = os.OpenFile(path, os.O_WRONLY, 0); err == nil {
			file.Close()
		}
	}
	switch {
	case err == nil:
	case os.Getuid() == 0:
		required.Missing(t, "no device can be made: %v", err)
	default:
		t.Skipf("no device can be made: %v", err) // only root can be required to
	}
	return path
}

// wantType wants what stands at a path to be of a type still.
func wantType(t *testing.T, path string, want fs.FileMode) {
	t.Helper()
	if info, err := os.Lstat(path); err != nil || info.Mode().Type() != want {
		t.Errorf("%s is %v, %v; want %v", path, info.Mode(), err, want)
	}
}

func wantText(t *testing.T, path, want string) {
	t.Helper()
	if got, err := os.ReadFile(path); err != nil || string(got) != want {
		t.Errorf("%s holds %q, %v; want %q", path, got, err, want)
	}
}

func TestWriteFollowsLinks(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := errors.Join(
		os.Mkdir(filepath.Join(dir, "real"), 0o755),
		os.Mkdir(filepath.Join(dir, "real", "deep"), 0o755),
		os.WriteFile(filepath.Join(dir, "real", "old"), []byte("old"), 0o600),
		os.Symlink("real/old", filepath.Join(dir, "to-old")),
		os.Symlink("real/new", filepath.Join(dir, "to-new")),
		os.Symlink("to-new", filepath.Join(dir, "to-link")),
		os.Symlink(filepath.Join(dir, "real", "absolute"), filepath.Join(dir, "to-absolute")),
		os.Symlink("real/deep", filepath.Join(dir, "to-deep")),
		os.Symlink("to-deep/../above", filepath.Join(dir, "to-above")), // in real, not beside the link
		os.Symlink("loop", filepath.Join(dir, "loop")),
		os.Symlink("nowhere/file", filepath.Join(dir, "to-nowhere")),
	); err != nil {
		t.Fatal(err)
	}
	for link, file := range map[string]string{"to-old": "old", "to-new": "new", "to-link": "new", "to-absolute": "absolute", "to-above": "above"} {
		if err := Write(filepath.Join(dir, link), text("by "+link)); err != nil {
			t.Errorf("%s: %v", link, err)
		}
		wantText(t, filepath.Join(dir, "real", file), "by "+link)
		wantType(t, filepath.Join(dir, link), fs.ModeSymlink)
	}
	wantFile(t, filepath.Join(dir, "real", "old"), "by to-old", 0o600)
	wantNames(t, filepath.Join(dir, "real"), "above", "absolute", "deep", "new", "old")
	for _, name := range []string{"loop", "to-nowhere", "real", "real/", "new/", ".", ".."} {
		if err := Write(dir+"/"+name, text("x")); err == nil {
			t.Errorf("%s was written", name)
		}
	}
	wantNames(t, dir, "loop", "real", "to-above", "to-absolute", "to-deep", "to-link", "to-new", "to-nowhere", "to-old")
}

// A device is written into and stays one, also through a link.
func TestWriteIntoDevices(t *testing.T) {
	t.Parallel()
	null := device(t, syscall.S_IFCHR, 1, 3)
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(null, link); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{null, link} {
		for name, write := range map[string]func(string, func(io.Writer) error) error{"Write": Write, "Append": Append} {
			if err := write(path, text(strings.Repeat("x", 3*pieceSize))); err != nil {
				t.Errorf("%s(): %v", name, err)
			}
		}
	}
	wantType(t, null, fs.ModeDevice|fs.ModeCharDevice)
	wantNames(t, filepath.Dir(null), "device")
	if IsFile(null) || IsFile(link) {
		t.Error("a device is taken for a file")
	}
	if err := RewriteIn(openRoot(t, filepath.Dir(null)), "device", text("x")); err == nil {
		t.Error("a device was replaced")
	}
	wantType(t, null, fs.ModeDevice|fs.ModeCharDevice)

	full := device(t, syscall.S_IFCHR, 1, 7)
	if err := Write(full, text("x")); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("Write() on a full device = %v", err)
	}
	wantType(t, full, fs.ModeDevice|fs.ModeCharDevice)
}

// A report that lands on a disk is a mistake.
func TestWriteRefuses(t *testing.T) {
	t.Parallel()
	block := device(t, syscall.S_IFBLK, 250, 250) // there is no such driver
	if err := Write(block, text("x")); err == nil || errors.Is(err, syscall.ENXIO) || errors.Is(err, syscall.ENODEV) {
		t.Errorf("Write() on a block device = %v: it was opened", err)
	}
	wantType(t, block, fs.ModeDevice)
	socket := filepath.Join(t.TempDir(), "socket")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := Write(socket, text("x")); err == nil {
		t.Error("a socket was written")
	}
	wantType(t, socket, fs.ModeSocket)
}

func pipe(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// A pipe holds less than what is written: its reader is waited for.
func TestWriteIntoPipes(t *testing.T) {
	t.Parallel()
	path := pipe(t)
	long := strings.Repeat("0123456789abcdef", 1<<16)
	read := make(chan string, 1)
	go func() {
		got, err := os.ReadFile(path)
		if err != nil {
			t.Error(err)
		}
		read <- string(got)
	}()
	if err := Write(path, text(long)); err != nil {
		t.Error(err)
	}
	if got := <-read; got != long {
		t.Errorf("read %d bytes of %d", len(got), len(long))
	}
	wantType(t, path, fs.ModeNamedPipe)
}

// Nobody waits for ever for a reader that does not come, does not read, or goes.
func TestPipesWithoutAReader(t *testing.T) {
	t.Parallel()
	path := pipe(t)
	soon := waits{open: time.Millisecond, read: time.Millisecond}
	if err := soon.write(path, []byte("x")); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("nobody opened it: %v", err)
	}
	reader, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	long := bytes.Repeat([]byte("x"), 4<<20) // more than a pipe holds
	if err := soon.write(path, long); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("nobody read it: %v", err)
	}
	if err := reader.Close(); err != nil {
		t.Fatal(err)
	}
	gone := make(chan error, 1)
	go func() { gone <- waits{open: time.Minute, read: time.Minute}.write(path, long) }()
	if reader, err = os.Open(path); err != nil {
		t.Fatal(err)
	}
	if _, err := io.CopyN(io.Discard, reader, 1<<20); err != nil { // it is being written
		t.Fatal(err)
	}
	if err := reader.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-gone; !errors.Is(err, syscall.EPIPE) {
		t.Errorf("its reader went away: %v", err)
	}
	wantType(t, path, fs.ModeNamedPipe)
}

// What this process was given as a descriptor is written where it stands: a file behind
// it is not replaced, or what was and will be written to it would be lost.
func TestWriteIntoDescriptors(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file, err := os.Create(filepath.Join(dir, "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	given, err := syscall.Dup(int(file.Fd())) // as a shell's 3>out gives it
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(given)
	if _, err := file.WriteString("before "); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink(fmt.Sprintf("/dev/fd/%d", given), link); err != nil {
		t.Fatal(err)
	}
	paths := []string{fmt.Sprintf("/dev/fd/%d", given), link}
	if _, err := os.Stat("/proc/self/fd"); err == nil {
		paths = append(paths, fmt.Sprintf("/proc/self/fd/%d", given), fmt.Sprintf("/proc/thread-self/fd/%d", given), fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), given))
	}
	want := "before "
	for _, path := range paths {
		if err := Write(path, text(path+" ")); err != nil {
			t.Errorf("%s: %v", path, err)
		}
		want += path + " "
		if IsFile(path) {
			t.Errorf("%s is taken for a file", path)
		}
	}
	if _, err := file.WriteString("after"); err != nil {
		t.Fatal(err)
	}
	wantText(t, file.Name(), want+"after")
	wantNames(t, dir, "link", "out")
	// One of our own, such as a journal's, is none that was given.
	if err := Write(fmt.Sprintf("/dev/fd/%d", file.Fd()), text("x")); !errors.Is(err, syscall.EBADF) {
		t.Errorf("a descriptor of our own: %v", err)
	}
	if err := Write("/dev/fd/99999", text("x")); !errors.Is(err, syscall.EBADF) {
		t.Errorf("a descriptor that is not open: %v", err)
	}
	wantText(t, file.Name(), want+"after")
}

// The descriptor of another process is followed by the kernel alone: its name is no
// place for a new file.
func TestWriteIntoAnotherProcess(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/proc/self/fd"); err != nil {
		t.Skip("this system does not show the descriptors of other processes")
	}
	path := filepath.Join(t.TempDir(), "out")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	other := exec.Command("cat")
	other.Stdout = file
	stdin, err := other.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	defer other.Wait()
	defer stdin.Close()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := Write(fmt.Sprintf("/proc/%d/fd/1", other.Process.Pid), text("there")); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 10)
	if n, err := file.ReadAt(got, 0); !errors.Is(err, io.EOF) || string(got[:n]) != "there" {
		t.Errorf("it holds %q, %v", got[:n], err)
	}
	wantNames(t, filepath.Dir(path))
}

// hinder lets a file be written and not be replaced: root is hindered by a mount point.
func hinder(t *testing.T, path string) {
	t.Helper()
	if os.Getuid() != 0 {
		if err := os.Chmod(filepath.Dir(path), 0o555); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { os.Chmod(filepath.Dir(path), 0o755) })
		return
	}
	if out, err := exec.Command("mount", "--bind", path, path).CombinedOutput(); err != nil {
		t.Skipf("nothing can be mounted here: %s", out)
	}
	t.Cleanup(func() { exec.Command("umount", "-l", path).Run() })
}

// A file that cannot be replaced is written in place.
func TestWriteInPlace(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ old, new string }{"longer": {"old", "newer"}, "shorter": {"older", "new"}, "nothing": {"old", ""}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			path := filepath.Join(dir, "data")
			if err := os.WriteFile(path, []byte(tt.old), 0o604); err != nil {
				t.Fatal(err)
			}
			hinder(t, path)
			if err := Write(path, text(tt.new)); err != nil {
				t.Fatal(err)
			}
			wantText(t, path, tt.new)
			wantNames(t, dir, "data")
		})
	}
}

// A limited content is a file on a disk that takes so many more bytes.
type limited struct {
	text []byte
	room int
}

func (l *limited) WriteAt(b []byte, at int64) (int, error) {
	if more := int(at) + len(b) - len(l.text); more > l.room {
		l.text = append(l.text[:at], b[:len(l.text)+l.room-int(at)]...)
		return l.room, syscall.ENOSPC
	} else if more > 0 {
		l.text = append(l.text, make([]byte, more)...)
	}
	return copy(l.text[at:], b), nil
}

func (l *limited) Truncate(size int64) error { l.text = l.text[:size]; return nil }
func (l *limited) Sync() error               { return nil }

func TestOverwriteTakesItsRoomFirst(t *testing.T) {
	t.Parallel()
	for room := range 4 {
		l := &limited{[]byte("old"), room}
		err := overwrite(l, 3, []byte("newer!"))
		want := "old"
		if room == 3 {
			want = "newer!"
		}
		if string(l.text) != want || (err == nil) != (room == 3) {
			t.Errorf("with room for %d it holds %q: %v", room, l.text, err)
		}
	}
}

// A full disk leaves the old file, and nothing beside it.
func TestWriteOnAFullDisk(t *testing.T) {
	t.Parallel()
	disk := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk).CombinedOutput(); err != nil {
		t.Skipf("no file system can be mounted here: %s", out)
	}
	defer exec.Command("umount", "-l", disk).Run()
	path := filepath.Join(disk, "data")
	if err := Write(path, text("old")); err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("x", 1<<20)
	for _, file := range []string{path, filepath.Join(disk, "new")} {
		if err := Write(file, text(long)); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("Write() on a full disk = %v", err)
		}
	}
	wantText(t, path, "old")
	wantNames(t, disk, "data")
}

// An old file keeps its owner. Where that cannot be, it is written in place.
func TestWriteKeepsTheOwner(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "data")
	if err := os.WriteFile(path, []byte("old"), 0o640); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(path, 12345, 23456); err != nil {
		t.Skipf("no file can be given away: %v", err)
	}
	if err := Write(path, text("new")); err != nil {
		t.Fatal(err)
	}
	wantFile(t, path, "new", 0o640)
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if is := info.Sys().(*syscall.Stat_t); is.Uid != 12345 || is.Gid != 23456 {
		t.Errorf("it belongs to %d:%d now", is.Uid, is.Gid)
	}
	if !isHindered(fmt.Errorf("x: %w", errOwner)) {
		t.Error("an owner that cannot be kept does not lead to writing in place")
	}
}

// What another user has put into a folder like /tmp leads nobody anywhere.
func TestStrangersInASharedFolder(t *testing.T) {
	t.Parallel()
	dir, mine := t.TempDir(), filepath.Join(t.TempDir(), "mine")
	if err := errors.Join(os.WriteFile(mine, []byte("mine"), 0o600), os.Chmod(dir, 0o777|fs.ModeSticky)); err != nil {
		t.Fatal(err)
	}
	paths := map[string]string{}
	for _, name := range []string{"link", "file", "pipe"} {
		paths[name] = filepath.Join(dir, name)
	}
	if err := errors.Join(os.Symlink(mine, paths["link"]), os.WriteFile(paths["file"], []byte("theirs"), 0o666), syscall.Mkfifo(paths["pipe"], 0o666)); err != nil {
		t.Fatal(err)
	}
	if err := Write(paths["link"], text("by me")); err != nil { // a link of my own
		t.Fatal(err)
	}
	wantText(t, mine, "by me")
	for _, path := range paths {
		if err := os.Lchown(path, 12345, 12345); err != nil {
			t.Skipf("no file can be given away: %v", err)
		}
		for name, write := range map[string]func(string, func(io.Writer) error) error{"Write": Write, "Append": Append} {
			if err := write(path, text("x")); !errors.Is(err, fs.ErrPermission) {
				t.Errorf("%s(%s) = %v", name, path, err)
			}
		}
	}
	wantText(t, mine, "by me")
	wantText(t, paths["file"], "theirs")
}

// Writers of one file do not meet: the last one wins, whole.
func TestWritersDoNotMeet(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "data")
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for range 20 {
				if err := Write(path, text(strings.Repeat(fmt.Sprint(i), 1<<16))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	got, err := os.ReadFile(path)
	if err != nil || len(got) != 1<<16 || strings.Trim(string(got), string(got[:1])) != "" {
		t.Errorf("%d bytes of several writers, %v", len(got), err)
	}
	wantNames(t, dir, "data")
}

// A name as long as a name may be leaves room for the unfinished file's.
func TestWriteALongName(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), strings.Repeat("n", 255))
	if err := Write(path, text("x")); err != nil {
		t.Error(err)
	}
	wantText(t, path, "x")
}

func TestAppend(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "summary")
	for _, s := range []string{"one ", "two"} {
		if err := Append(path, text(s)); err != nil {
			t.Fatal(err)
		}
	}
	broken := errors.New("broken")
	if err := Append(path, func(w io.Writer) error { return errors.Join(text("half")(w), broken) }); !errors.Is(err, broken) {
		t.Errorf("Append() = %v", err)
	}
	wantText(t, path, "one two")
}

// A name that is ours and not a user's leads nowhere else, and the file keeps its mode.
func TestRewriteIn(t *testing.T) {
	t.Parallel()
	dir, victim := t.TempDir(), filepath.Join(t.TempDir(), "victim")
	path := filepath.Join(dir, "index.html")
	if err := errors.Join(os.WriteFile(victim, []byte("safe"), 0o600), os.Symlink(victim, path)); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := RewriteIn(openRoot(t, dir), "index.html", text("page")); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, 0o604); err != nil {
			t.Fatal(err)
		}
	}
	if err := RewriteIn(openRoot(t, dir), "index.html", text("page")); err != nil {
		t.Fatal(err)
	}
	wantFile(t, path, "page", 0o604)
	wantText(t, victim, "safe")
	wantNames(t, dir, "index.html")
}

// A check changes nothing, and finds what a write would find.
func TestCheck(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file, pipe := filepath.Join(dir, "file"), filepath.Join(dir, "pipe")
	if err := errors.Join(os.WriteFile(file, []byte("old"), 0o640), os.Symlink("file", filepath.Join(dir, "link")),
		os.Symlink("nowhere/x", filepath.Join(dir, "lost")), syscall.Mkfifo(pipe, 0o600)); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]error{
		file: nil, filepath.Join(dir, "link"): nil, filepath.Join(dir, "new"): nil, pipe: nil, "/dev/fd/1": nil,
		filepath.Join(dir, "nowhere", "x"): fs.ErrNotExist, filepath.Join(dir, "lost"): fs.ErrNotExist,
		filepath.Join(file, "x"): syscall.ENOTDIR, dir + "/": syscall.EISDIR,
	} {
		if err := Check(path); !errors.Is(err, want) {
			t.Errorf("Check(%s) = %v, want %v", path, err, want)
		}
	}
	if err := Check(dir); err == nil {
		t.Error("a directory can be written")
	}
	wantFile(t, file, "old", 0o640)
	wantNames(t, dir, "file", "link", "lost", "pipe")
}
