package scaffold

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
)

// An ignore file that is there is never changed, with force neither, whatever it is. What
// it lacks is told, and no link is followed.
func TestAnIgnoreFileStaysAsItIs(t *testing.T) {
	t.Parallel()
	write := func(text string) func(path, outside string) error {
		return func(path, _ string) error { return os.WriteFile(path, []byte(text), 0o600) }
	}
	for name, tt := range map[string]struct {
		make   func(path, outside string) error
		lacks  bool
		stays  string // its text
		exists bool
	}{
		"none":            {func(string, string) error { return nil }, false, ignoreText, false},
		"another":         {write("node_modules\n"), true, "node_modules\n", true},
		"empty":           {write(""), true, "", true},
		"the rule":        {write("a\n" + ignoreRule + "\n"), false, "a\n" + ignoreRule + "\n", true},
		"all of it":       {write("/.blastgauge"), false, "/.blastgauge", true},
		"a comment":       {write("# .blastgauge/runs/\n"), true, "# .blastgauge/runs/\n", true},
		"a link":          {func(path, outside string) error { return os.Symlink(outside, path) }, true, "safe", true},
		"a dangling link": {func(path, outside string) error { return os.Symlink(outside+"-none", path) }, true, "", true},
		"a pipe":          {func(path, _ string) error { return syscall.Mkfifo(path, 0o600) }, true, "", true},
	} {
		for _, force := range []bool{false, true} {
			d, dir, outside := newDocuments(t), t.TempDir(), filepath.Join(t.TempDir(), "outside")
			path := filepath.Join(dir, ignoreFile)
			if err := errors.Join(os.WriteFile(outside, []byte("safe"), 0o600), tt.make(path, outside)); err != nil {
				t.Fatal(err)
			}
			placed, err := d.Place(dir, force)
			if err != nil {
				t.Fatal(name, err)
			}
			i := slices.IndexFunc(placed, func(p Placed) bool { return p.Path == path })
			if i < 0 || placed[i].Written == tt.exists || (placed[i].Lacks != "") != tt.lacks {
				t.Errorf("%s, force %v: %+v", name, force, placed)
			}
			if name == "a pipe" {
				continue
			}
			if text, _ := os.ReadFile(path); string(text) != tt.stays {
				t.Errorf("%s, force %v: it holds %q", name, force, text)
			}
			if _, err := os.Lstat(outside + "-none"); err == nil {
				t.Errorf("%s: a link was followed", name)
			}
		}
	}
}
