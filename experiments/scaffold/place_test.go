package scaffold

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
)

func newDocuments(t *testing.T) *Documents {
	t.Helper()
	d, err := Make(Options{})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// filesBelow lists what is in a folder that is not a folder itself.
func filesBelow(t *testing.T, dir string) []string {
	t.Helper()
	var list []string
	err := filepath.WalkDir(dir, func(_ string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			list = append(list, d.Name())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestPlaceOverwritesNothing(t *testing.T) {
	t.Parallel()
	d, dir := newDocuments(t), filepath.Join(t.TempDir(), "new")
	placed, err := d.Place(dir, false)
	if err != nil || len(placed) != len(d.Files) || slices.ContainsFunc(placed, func(p Placed) bool { return !p.Written }) {
		t.Fatalf("placed %v, %v; want all of %d files written", placed, err, len(d.Files))
	}
	changed := placed[0].Path
	if err := os.WriteFile(changed, []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(placed[1].Path); err != nil {
		t.Fatal(err)
	}
	_, err = d.Place(dir, false)
	if exists, ok := errors.AsType[*ExistsError](err); !ok || !slices.Equal(exists.Files, []string{changed}) {
		t.Errorf("a file that differs: %v", err)
	}
	if _, err := os.Stat(placed[1].Path); err == nil {
		t.Error("another file was written although one could not be")
	}
	if again, err := d.Place(dir, true); err != nil || len(again) != len(d.Files) {
		t.Errorf("with force: %v, %v", again, err)
	}
	if text, err := os.ReadFile(changed); err != nil || string(text) != d.Files[0].Text {
		t.Errorf("with force it holds %.20q, %v", text, err)
	}
	again, err := d.Place(dir, false)
	if err != nil || slices.ContainsFunc(again, func(p Placed) bool { return p.Written }) {
		t.Errorf("placed again %v, %v; want nothing written", again, err)
	}
}

// Where one file cannot be written, those before it go again.
func TestPlaceWritesAllOrNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.Symlink(filepath.Join(dir, "nowhere", "x"), filepath.Join(dir, ".blastgauge")); err != nil {
		t.Skip(err)
	}
	if _, err := newDocuments(t).Place(dir, false); err == nil {
		t.Error("no error")
	}
	if left := filesBelow(t, dir); !slices.Equal(left, []string{".blastgauge"}) {
		t.Errorf("left behind: %v", left)
	}
}

// A folder that is a link out of the place is not followed, whatever else is asked for;
// one that stays within is.
func TestPlaceFollowsNoLinkOut(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"experiments", ".blastgauge", ".blastgauge/schema"} {
		for _, force := range []bool{false, true} {
			dir, out := t.TempDir(), t.TempDir()
			link := filepath.Join(dir, name)
			if err := errors.Join(os.MkdirAll(filepath.Dir(link), 0o755), os.Symlink(out, link)); err != nil {
				t.Skip(err)
			}
			if _, err := newDocuments(t).Place(dir, force); err == nil {
				t.Errorf("%s: no error", name)
			}
			if left := append(filesBelow(t, out), filesBelow(t, dir)...); len(left) != 1 {
				t.Errorf("%s: written: %v", name, left)
			}
		}
	}
	dir := t.TempDir()
	if err := errors.Join(os.Mkdir(filepath.Join(dir, "drills"), 0o755), os.Symlink("drills", filepath.Join(dir, "experiments"))); err != nil {
		t.Fatal(err)
	}
	if _, err := newDocuments(t).Place(dir, false); err != nil || len(filesBelow(t, filepath.Join(dir, "drills"))) == 0 {
		t.Errorf("a link within the folder: %v", err)
	}
}

// A document that is wrong leaves nothing behind, not even the folder.
func TestPlaceLoadsFirst(t *testing.T) {
	t.Parallel()
	d, dir := newDocuments(t), filepath.Join(t.TempDir(), "new")
	d.Files[0].Text += "surprise: 1\n"
	if _, err := d.Place(dir, false); err == nil {
		t.Error("no error")
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder: %v", err)
	}
}

// What is no file is neither read, which could last for ever, nor replaced. A link is
// replaced, and what it leads to stays.
func TestPlaceAmongWhatIsNoFile(t *testing.T) {
	t.Parallel()
	d, dir, victim := newDocuments(t), t.TempDir(), filepath.Join(t.TempDir(), "victim")
	path := filepath.Join(dir, filepath.FromSlash(d.Files[0].Name))
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), syscall.Mkfifo(path, 0o600)); err != nil {
		t.Fatal(err)
	}
	for _, force := range []bool{false, true} {
		if _, err := d.Place(dir, force); !errors.Is(err, errNoFile) {
			t.Errorf("force %v: %v", force, err)
		}
	}
	if info, err := os.Lstat(path); err != nil || info.Mode().Type() != os.ModeNamedPipe {
		t.Errorf("the pipe is %v, %v", info.Mode(), err)
	}
	if err := errors.Join(os.Remove(path), os.WriteFile(victim, []byte("safe"), 0o600), os.Symlink(victim, path)); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Place(dir, true); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(victim); err != nil || string(text) != "safe" {
		t.Errorf("the link was followed: %q, %v", text, err)
	}
}
