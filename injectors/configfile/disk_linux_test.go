package configfile_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/blastgauge/blastgauge/injectors/configfile"
	"github.com/blastgauge/blastgauge/injectors/injectortest/required"
)

// A disk that is full where the file is keeps no fault: not in the process that injected
// it, not in another, and not one that alternates. The disk is mounted in a namespace of
// its own, which ends with the process that sees it.
func TestAFullDisk(t *testing.T) {
	t.Parallel()
	unshare := []string{"--mount"}
	if os.Geteuid() != 0 {
		unshare = []string{"--user", "--map-root-user", "--mount"}
	}
	if out, err := exec.CommandContext(t.Context(), "unshare", append(unshare, "true")...).CombinedOutput(); err != nil {
		required.Missing(t, "no file system can be mounted here: unshare: %v: %s", err, out)
	}
	disk := t.TempDir()
	args := append(unshare, "sh", "-c", `mount -t tmpfs -o size=256k,nr_inodes=64 tmpfs "$CONFIGFILE_DISK" && exec "$0" "$@"`,
		os.Args[0], "-test.run=^TestOnAFullDisk$", "-test.v")
	cmd := exec.CommandContext(t.Context(), "unshare", args...)
	cmd.Env = append(os.Environ(), "CONFIGFILE_DISK="+disk)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

// TestOnAFullDisk is the process that sees the disk.
func TestOnAFullDisk(t *testing.T) {
	t.Parallel()
	disk := os.Getenv("CONFIGFILE_DISK")
	if disk == "" {
		t.Skip("only as a process of its own")
	}
	// one after the other, because they share the disk
	for name, revert := range map[string]func(p *place, injecting *configfile.Injector){
		"by the process that injected it": func(p *place, in *configfile.Injector) { p.revert(in) },
		"by another process":              func(p *place, _ *configfile.Injector) { p.revert(p.injector()) },
		"without the run's directory": func(p *place, in *configfile.Injector) {
			if err := os.RemoveAll(p.run.Name()); err != nil {
				p.Fatal(err)
			}
			p.revert(in)
		},
		"while it alternates": func(p *place, in *configfile.Injector) {
			eventually(p.T, "good", func() bool { return p.is(good) == nil })
			eventually(p.T, "flapping stops where it cannot go on", func() bool {
				e, err := in.Check(p.Context(), p.fault)
				return err == nil && !e.Present && e.Detail != ""
			})
			if err := p.is(good); err != nil {
				p.Error(err)
			}
			p.revert(in)
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t)
			if err := os.Rename(p.file, filepath.Join(disk, "settings.yaml")); !errors.Is(err, syscall.EXDEV) {
				t.Fatalf("%s is no disk of its own: %v", disk, err)
			}
			p.move(filepath.Join(disk, name))
			if name == "while it alternates" {
				p.fault.Attributes["flap"] = 0.3
			}
			in := p.injector()
			p.inject(in)
			free := fill(t, disk)
			revert(p, in)
			free()
		})
	}
	t.Run("no fault is injected", func(t *testing.T) {
		p := newPlace(t)
		p.move(filepath.Join(disk, "none"))
		free := fill(t, disk)
		defer free()
		in := p.injector()
		if err := in.Inject(t.Context(), p.fault); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("Inject() = %v", err)
		}
		p.revert(in)
	})
}

// move moves the place's file into a folder that it makes.
func (p *place) move(dir string) {
	p.Helper()
	p.file = filepath.Join(dir, "settings.yaml")
	if err := os.Mkdir(dir, 0o700); err != nil {
		p.Fatal(err)
	}
	p.write(p.file, good)
	if err := os.Chmod(p.file, 0o640); err != nil {
		p.Fatal(err)
	}
	p.fault.Attributes["file"] = p.file
}

// fill fills a disk, of bytes and of names, until free is called.
func fill(t *testing.T, disk string) (free func()) {
	t.Helper()
	dir := filepath.Join(disk, "filler")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	var err error
	for i := 0; err == nil; i++ {
		err = os.WriteFile(filepath.Join(dir, fmt.Sprint(i)), make([]byte, 64<<10), 0o600)
	}
	for i := range 1000 { // and what is left of names
		_ = os.WriteFile(filepath.Join(dir, fmt.Sprint("name", i)), nil, 0o600)
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("the disk is not full: %v", err)
	}
	if err := os.WriteFile(filepath.Join(disk, "one more"), nil, 0o600); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("the disk takes another name: %v", err)
	}
	return func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
	}
}
