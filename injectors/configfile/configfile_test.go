package configfile_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/run/engine"
	"github.com/blastgauge/blastgauge/injectors"
	"github.com/blastgauge/blastgauge/injectors/badconfig"
	"github.com/blastgauge/blastgauge/injectors/configfile"
	"github.com/blastgauge/blastgauge/injectors/injectortest"
)

const (
	good = "# prices\nprice:\n  factor: 1 # never 100\n  minimum: 0.50\n"
	bad  = "# prices\nprice:\n  factor: 100 # never 100\n  minimum: 0.50\n"
)

// A place is a config file and a run that puts a fault on it.
type place struct {
	*testing.T
	file  string
	run   *os.Root
	fault plan.Fault
	told  []bool // what Replaced was called with
	o     configfile.Options
}

func newPlace(t *testing.T) *place {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	p := &place{T: t, file: filepath.Join(dir, "settings.yaml")}
	p.write(p.file, good)
	if err := os.Chmod(p.file, 0o640); err != nil {
		t.Fatal(err)
	}
	if p.run, err = os.OpenRoot(t.TempDir()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.run.Close() })
	p.o = configfile.Options{Run: p.run, Seed: 1}
	p.fault = plan.Fault{Name: "blastgauge.20261124t000000z-test00.1", Fault: experiments.Fault{
		Inject: configfile.Kind, Share: 1,
		Attributes: injectors.Attributes{"file": p.file, "scale": map[string]any{"path": "/price/factor", "by": 100.0}},
	}}
	return p
}

func (p *place) write(file, text string) {
	p.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		p.Fatal(err)
	}
}

func (p *place) injector() *configfile.Injector { return configfile.New(p.o) }

// is returns an error unless the file has the text and its original mode.
func (p *place) is(text string) error {
	body, err := os.ReadFile(p.file)
	if err != nil {
		return err
	}
	info, err := os.Stat(p.file)
	if err != nil {
		return err
	}
	if string(body) != text || info.Mode() != 0o640 {
		return fmt.Errorf("the file is %q, mode %v, want %q", body, info.Mode(), text)
	}
	return nil
}

// clean returns an error when something is left in the run or beside the file.
func (p *place) clean() error {
	var left []string
	for _, dir := range []string{filepath.Join(p.run.Name(), configfile.UndoDir), filepath.Dir(p.file)} {
		entries, err := os.ReadDir(dir)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		for _, e := range entries {
			if e.Name() != filepath.Base(p.file) {
				left = append(left, filepath.Join(dir, e.Name()))
			}
		}
	}
	if len(left) > 0 {
		return fmt.Errorf("left behind: %s", left)
	}
	return nil
}

func (p *place) inject(in *configfile.Injector) {
	p.Helper()
	if err := in.Inject(p.Context(), p.fault); err != nil {
		p.Fatalf("Inject() = %v", err)
	}
	if err := p.is(bad); err != nil {
		p.Fatal(err)
	}
}

func (p *place) revert(in *configfile.Injector) {
	p.Helper()
	if err := in.Revert(p.Context(), p.fault); err != nil {
		p.Fatalf("Revert() = %v", err)
	}
	if err := errors.Join(p.is(good), p.clean()); err != nil {
		p.Fatal(err)
	}
}

func (p *place) check(in *configfile.Injector) journal.Evidence {
	p.Helper()
	e, err := in.Check(p.Context(), p.fault)
	if err != nil {
		p.Fatalf("Check() = %v", err)
	}
	return e
}

func TestContract(t *testing.T) {
	t.Parallel()
	for name, flap := range map[string]any{"steady": nil, "alternating": 3600.0} {
		t.Run(name, func(t *testing.T) {
			injectortest.Lifecycle(t, func(t *testing.T) injectortest.Subject {
				p := newPlace(t)
				if flap != nil {
					p.fault.Attributes["flap"] = flap
				}
				return injectortest.Subject{
					New:   func() engine.Injector { return p.injector() },
					Fault: p.fault,
					Bad:   func() error { return p.is(bad) },
					Well:  func() error { return errors.Join(p.is(good), p.clean()) },
				}
			})
		})
	}
}

// What is kept of a file is for its owner's eyes only.
func TestOriginalsArePrivate(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	in := p.injector()
	p.inject(in)
	n := 0
	err := filepath.WalkDir(p.run.Name(), func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == p.run.Name() {
			return err
		}
		n++
		info, err := d.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: mode %v", path, info.Mode())
		}
		return err
	})
	if err != nil || n != 3 { // the folder, the record, the bytes
		t.Errorf("%d entries in the run's directory, %v", n, err)
	}
	p.revert(in)
}

func TestChangeIsTold(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	in := p.injector()
	if c, ok := in.Change(p.fault); ok {
		t.Errorf("Change() before = %+v", c)
	}
	p.inject(in)
	c, ok := p.injector().Change(p.fault)
	resolved, err := filepath.EvalSymlinks(p.file)
	if err != nil {
		t.Fatal(err)
	}
	if !ok || c.File != resolved || c.Before != badconfig.Digest([]byte(good)) || c.After != badconfig.Digest([]byte(bad)) || c.At.IsZero() {
		t.Errorf("Change() = %+v, %v", c, ok)
	}
	if strings.Join(c.Where, " ") != "/price/factor" || !strings.Contains(c.What, "1 → 100") {
		t.Errorf("Change() = %+v", c)
	}
	p.revert(in)
}

// Reading is counted, our own is not.
func TestReadingIsCounted(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	in := p.injector()
	if err := in.Inject(t.Context(), p.fault); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		e := p.check(in)
		if !e.Counted {
			t.Skip("this file system does not note reading")
		}
		if e.Met != 0 || e.Of != 1 {
			t.Fatalf("Check() = %+v before anybody read it", e)
		}
	}
	for range 2 {
		if _, err := os.ReadFile(p.file); err != nil {
			t.Fatal(err)
		}
		if e := p.check(in); e.Met != 1 || e.Of != 1 {
			t.Fatalf("Check() = %+v after somebody read it", e)
		}
	}
	p.revert(in)
}

func TestFilesThatAreRefused(t *testing.T) {
	t.Parallel()
	outside := filepath.Join(t.TempDir(), "outside.yaml")
	for name, tt := range map[string]struct {
		prepare func(p *place) error
		want    string
	}{
		"missing":                     {func(p *place) error { return os.Remove(p.file) }, "no such file"},
		"a link out of the tree":      {func(p *place) error { return relink(p, outside) }, "which is not in"},
		"a folder that leads out":     {func(p *place) error { return throughFolder(p, filepath.Dir(outside)) }, "which is not in"},
		"a folder":                    {func(p *place) error { return errors.Join(os.Remove(p.file), os.Mkdir(p.file, 0o700)) }, "not a regular file"},
		"a pipe":                      {func(p *place) error { return errors.Join(os.Remove(p.file), syscall.Mkfifo(p.file, 0o600)) }, "not a regular file"},
		"hard links":                  {func(p *place) error { return os.Link(p.file, p.file+".2") }, "has 2 hard links"},
		"a path that is not there":    {func(p *place) error { p.write(p.file, "a: 1\n"); return nil }, "it has nothing at /price/factor"},
		"what is no YAML":             {func(p *place) error { p.write(p.file, "a: [\n"); return nil }, "it is not YAML"},
		"a fence":                     {func(p *place) error { return journal.Fence(p.run, journal.Barrier{By: "guard", Why: "no heartbeat"}) }, "fenced off by guard: no heartbeat"},
		"an operator that is missing": {func(p *place) error { delete(p.fault.Attributes, "scale"); return nil }, "config_file needs an operator"},
		"a name that leads elsewhere": {func(p *place) error { p.fault.Name = "../x"; return nil }, "cannot be the name of a fault"},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t)
			p.write(outside, good)
			if err := tt.prepare(p); err != nil {
				t.Fatal(err)
			}
			before := snapshot(t, filepath.Dir(p.file))
			in := p.injector()
			if err := in.Inject(t.Context(), p.fault); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Inject() = %v, want %q", err, tt.want)
			}
			if err := in.Revert(t.Context(), p.fault); err != nil {
				t.Errorf("Revert() = %v", err)
			}
			if after := snapshot(t, filepath.Dir(p.file)); after != before {
				t.Errorf("the folder was %s and is %s", before, after)
			}
			if text, err := os.ReadFile(outside); err != nil || string(text) != good {
				t.Errorf("the file outside is %q, %v", text, err)
			}
			if entries, err := fs.Glob(p.run.FS(), configfile.UndoDir+"/*"); err != nil || len(entries) > 0 {
				t.Errorf("left behind: %s, %v", entries, err)
			}
		})
	}
}

func relink(p *place, to string) error {
	return errors.Join(os.Remove(p.file), os.Symlink(to, p.file))
}

// throughFolder makes the file one below a folder that is a link.
func throughFolder(p *place, to string) error {
	dir := filepath.Dir(p.file)
	p.fault.Attributes["within"] = dir
	p.fault.Attributes["file"] = filepath.Join(dir, "conf.d", "outside.yaml")
	return os.Symlink(to, filepath.Join(dir, "conf.d"))
}

func snapshot(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, fmt.Sprint(e.Name(), info.Mode(), info.Size(), info.ModTime().UnixNano()))
	}
	return strings.Join(list, ";")
}

// A link inside the folder is followed, as those that Kubernetes makes: the file
// at its end is replaced, and the link stays.
func TestLinksInsideAreFollowed(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	dir := filepath.Dir(p.file)
	data := filepath.Join(dir, "..2026_03_05")
	err := errors.Join(os.Mkdir(data, 0o700), os.Rename(p.file, filepath.Join(data, "settings.yaml")),
		os.Symlink("..2026_03_05", filepath.Join(dir, "..data")), os.Symlink("..data/settings.yaml", p.file))
	if err != nil {
		t.Fatal(err)
	}
	in := p.injector()
	p.inject(in)
	if to, err := os.Readlink(p.file); err != nil || to != "..data/settings.yaml" {
		t.Errorf("the link leads to %q, %v", to, err)
	}
	if err := in.Revert(t.Context(), p.fault); err != nil {
		t.Fatal(err)
	}
	if err := p.is(good); err != nil {
		t.Error(err)
	}
	if left, err := filepath.Glob(filepath.Join(data, ".*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %s, %v", left, err)
	}
}

// A file that another program changed is left alone, and the words to put it right
// do.
func TestChangedUnderneath(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(p *place) error{
		"written": func(p *place) error { return os.WriteFile(p.file, []byte("mine: 1\n"), 0o600) },
		"deleted": func(p *place) error { return os.Remove(p.file) },
		"a link":  func(p *place) error { return relink(p, "/dev/null") },
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t)
			in := p.injector()
			p.inject(in)
			if err := change(p); err != nil {
				t.Fatal(err)
			}
			if e, err := in.Check(t.Context(), p.fault); err == nil && (e.Present || e.Detail == "") {
				t.Errorf("Check() = %+v, %v", e, err)
			}
			before := snapshot(t, filepath.Dir(p.file))
			err := in.Revert(t.Context(), p.fault)
			if err == nil || !strings.Contains(err.Error(), "restore the saved original with\n") {
				t.Fatalf("Revert() = %v, want what to do", err)
			}
			if name == "written" && !errors.Is(err, configfile.ErrChanged) {
				t.Errorf("Revert() = %v, want ErrChanged", err)
			}
			if after := snapshot(t, filepath.Dir(p.file)); after != before {
				t.Errorf("the folder was %s and is %s", before, after)
			}
			if text, err := p.run.ReadFile(filepath.Join(configfile.UndoDir, p.fault.Name+".original")); err != nil || string(text) != good {
				t.Errorf("the original is %q, %v", text, err)
			}
			if name != "written" {
				if err := ignoreMissing(os.Remove(p.file)); err != nil {
					t.Fatal(err)
				}
			}
			p.byHand(in.ManualRestore(t.Context(), p.fault))
			if err := in.Revert(t.Context(), p.fault); err != nil {
				t.Errorf("Revert() after it was put right = %v", err)
			}
		})
	}
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// byHand does what a person is told to do.
func (p *place) byHand(command string) {
	p.Helper()
	cmd := shell(p.Context(), command)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		p.Fatalf("%s: %v: %s", command, err, out.String())
	}
	if text, err := os.ReadFile(p.file); err != nil || string(text) != good {
		p.Errorf("after %s the file is %q, %v", command, text, err)
	}
	if err := p.clean(); err != nil {
		p.Error(err)
	}
}

// One fault at a time is on a file, also among runs: the second would keep the
// bad version of the first as the original.
func TestTwoFaultsOnOneFile(t *testing.T) {
	t.Parallel()
	p, q := newPlace(t), newPlace(t)
	in := p.injector()
	p.inject(in)
	second := p.fault
	second.Name = "blastgauge.20261124t000000z-test00.2"
	for name, other := range map[string]*configfile.Injector{"of the same run": in, "of another run": q.injector()} {
		err := other.Inject(t.Context(), second)
		if err == nil || !strings.Contains(err.Error(), "already has fault "+p.fault.Name) {
			t.Errorf("Inject() %s = %v", name, err)
		}
		if err := other.Revert(t.Context(), second); err != nil {
			t.Errorf("Revert() %s = %v", name, err)
		}
	}
	if err := p.is(bad); err != nil {
		t.Error(err)
	}
	p.revert(in)
	p.fault = second
	p.inject(in)
	p.revert(in)
}

// Two runs that come to a file at once do not take each other's mark for one that is over.
func TestTwoRunsAtOnce(t *testing.T) {
	t.Parallel()
	for range 30 {
		p, q := newPlace(t), newPlace(t)
		p.write(filepath.Join(filepath.Dir(p.file), ".settings.yaml.blastgauge"), "") // over, for both to remove
		q.file, q.fault.Name = p.file, "blastgauge.20261124t000000z-test00.2"
		q.fault.Attributes = p.fault.Attributes
		var together sync.WaitGroup
		var errs [2]error
		for i, place := range []*place{p, q} {
			together.Go(func() { errs[i] = place.injector().Inject(t.Context(), place.fault) })
		}
		together.Wait()
		if (errs[0] == nil) == (errs[1] == nil) {
			t.Fatalf("Inject() of two runs at once = %v and %v; want one fault in the file", errs[0], errs[1])
		}
		for i, place := range []*place{p, q} {
			if errs[i] == nil {
				place.revert(place.injector())
			}
		}
	}
}

// The mark of a fault that is over does not block others.
func TestAMarkThatIsLeftOver(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"of a run that is gone": `{"fault": "blastgauge.x.1", "run": "/nonexistent"}`,
		"cut short":             `{"fault": "bl`,
		"empty":                 ``,
		"that leads elsewhere":  `{"fault": "../../etc/passwd", "run": "/"}`,
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t)
			p.write(filepath.Join(filepath.Dir(p.file), ".settings.yaml.blastgauge"), text)
			in := p.injector()
			p.inject(in)
			p.revert(in)
		})
	}
}

// The same fault with other attributes takes the place of the first, and the
// original is the first one's.
func TestInjectedAgainWithOtherAttributes(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	first := p.fault
	first.Attributes = injectors.Attributes{"file": p.file, "drop": map[string]any{"path": "/price"}}
	in := p.injector()
	if err := in.Inject(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	if e := p.check(in); e.Present || e.Detail == "" {
		t.Errorf("Check() of the second = %+v", e)
	}
	p.inject(in)
	if e := p.check(in); !e.Present {
		t.Errorf("Check() of the second = %+v", e)
	}
	p.revert(p.injector())
}

// The text of a file that an operator names comes with the fault. A journal keeps
// its digest only, and that is enough to know the fault by.
func TestFilesThatOperatorsName(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.fault.Attributes = injectors.Attributes{"file": p.file, "candidate": map[string]any{"file": "next.yaml"}}
	p.fault.Body, p.fault.BodyDigest = bad, "sha256:1"
	in := p.injector()
	p.inject(in)
	text, err := json.Marshal(p.fault)
	if err != nil {
		t.Fatal(err)
	}
	read := plan.Fault{}
	if err := json.Unmarshal(text, &read); err != nil || strings.Contains(string(text), "factor") {
		t.Fatalf("in a journal it is %s, %v", text, err)
	}
	if e, err := p.injector().Check(t.Context(), read); err != nil || !e.Present {
		t.Errorf("Check() = %+v, %v", e, err)
	}
	p.revert(in)
}

// The system is told after each replacement; while it cannot be told, the fault
// is not taken back, but its file is.
func TestReplacedIsCalled(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	away := errors.New("the system is away")
	var fail error
	p.o.Replaced = func(_ context.Context, f plan.Fault, bad bool) error {
		if f.Name != p.fault.Name {
			t.Errorf("told of %s", f.Name)
		}
		p.told = append(p.told, bad)
		return fail
	}
	in := p.injector()
	p.inject(in)
	fail = away
	if err := in.Revert(t.Context(), p.fault); !errors.Is(err, away) {
		t.Errorf("Revert() = %v, want %v", err, away)
	}
	if err := p.is(good); err != nil {
		t.Error(err)
	}
	fail = nil
	p.revert(p.injector())
	if got := fmt.Sprint(p.told); got != "[true false false]" {
		t.Errorf("told %s", got)
	}
	fail = away
	if err := in.Inject(t.Context(), p.fault); !errors.Is(err, away) {
		t.Errorf("Inject() = %v, want %v", err, away)
	}
	fail = nil
	p.revert(in)
}

func TestSettings(t *testing.T) {
	t.Parallel()
	scale := map[string]any{"by": 100.0}
	for _, tt := range []struct {
		attributes injectors.Attributes
		want       string
	}{
		{injectors.Attributes{"file": "a.json", "scale": scale}, ""},
		{injectors.Attributes{"file": "a.json", "scale": scale, "flap": 5.0, "format": "json", "within": "/etc"}, ""},
		{injectors.Attributes{"file": "a.json", "candidate": map[string]any{"file": "b.json", "body": "{}"}}, ""},
		{injectors.Attributes{"file": "a.json", "candidate": map[string]any{"file": "b.json"}}, "the text of b.json must come with it"},
		{injectors.Attributes{"scale": scale}, "config_file needs file"},
		{injectors.Attributes{"file": 1.0, "scale": scale}, "file must be a text"},
		{injectors.Attributes{"file": "a.json"}, "config_file needs an operator"},
		{injectors.Attributes{"file": "a.json", "scale": scale, "drop": map[string]any{}}, "config_file is one operator, not drop and scale"},
		{injectors.Attributes{"file": "a.json", "scale": map[string]any{"bye": 1.0}}, `scale has no parameter "bye"`},
		{injectors.Attributes{"file": "a.json", "scale": scale, "format": "toml"}, "format must be json, yaml or text"},
		{injectors.Attributes{"file": "a.json", "scale": scale, "flap": 0.01}, "flap must be at least 100ms"},
		{injectors.Attributes{"file": "a.json", "scale": scale, "flap": "5s"}, "flap must be a duration"},
		{injectors.Attributes{"file": "a.json", "split": map[string]any{}}, "which a file cannot do"},
		{injectors.Attributes{"file": "a.json", "stale": nil}, "stale must be a mapping"},
	} {
		err := configfile.ParseSettings(tt.attributes)
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("ParseSettings(%v) = %v, want %q", tt.attributes, err, tt.want)
		}
	}
}

// eventually waits for something that another goroutine does.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("after 30 s still not: %s", what)
		}
	}
}
