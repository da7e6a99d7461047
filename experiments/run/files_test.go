package run

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// A working directory may be somebody else's: a link there must not lead a run to
// write elsewhere, and what a run makes is its user's only.
func TestOpenDir(t *testing.T) {
	t.Chdir(t.TempDir())
	dir, root, err := openDir("", "r1")
	if err != nil || dir != filepath.Join(".blastgauge", "runs", "r1") {
		t.Fatalf("openDir() = %s, %v", dir, err)
	}
	root.Close()
	for _, d := range []string{".blastgauge", ".blastgauge/runs", dir} {
		if info, err := os.Stat(d); err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("%s: %v, %v", d, info.Mode(), err)
		}
	}
	elsewhere := t.TempDir()
	if err := errors.Join(os.RemoveAll(".blastgauge"), os.Symlink(elsewhere, ".blastgauge")); err != nil {
		t.Fatal(err)
	}
	if dir, root, err := openDir("", "r2"); err == nil {
		root.Close()
		t.Errorf("openDir() through a link = %s, nil", dir)
	}
	if entries, err := os.ReadDir(elsewhere); err != nil || len(entries) > 0 {
		t.Errorf("elsewhere are %v, %v", entries, err)
	}
	if dir, root, err := openDir("out/here", "r3"); err != nil || dir != "out/here" {
		t.Errorf("openDir(out/here) = %s, %v", dir, err)
	} else {
		root.Close()
	}
}
