package experiments

import (
	"errors"
	"github.com/blastgauge/blastgauge/experiments/shape"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// system is the good system that experiments of the tests are loaded with.
const system = "testdata/good/blastgauge.yaml"

func TestLoadsEveryGoodDocument(t *testing.T) {
	files, err := DefaultExperiments(system)
	if err != nil || len(files) < 3 {
		t.Fatalf("DefaultExperiments() = %v, %v", files, err)
	}
	s, list, err := Load(system, files)
	if err != nil {
		t.Fatalf("Load() failed:\n%s", Explain(err))
	}
	if len(list) != len(files) || len(s.Journeys) != 2 || s.Journeys[1].Name != "checkout" {
		t.Fatalf("Load() = %d experiments, journeys %+v", len(list), s.Journeys)
	}
	if _, _, err := Load("testdata/good/design.yaml", nil); err != nil {
		t.Fatalf("Load() failed:\n%s", Explain(err))
	}
}

func TestLoadFillsInWhatIsWritten(t *testing.T) {
	s, list, err := Load(system, []string{"testdata/good/experiments/many-faults.yaml"})
	if err != nil {
		t.Fatal(Explain(err))
	}
	e := list[0]
	f := e.Faults[0]
	if f.Share != 0.2 || f.Stream != Upstream || f.At != 10*time.Second || f.For != 20*time.Second || f.Attributes["jitter"] != 0.25 {
		t.Errorf("first fault = %+v", f)
	}
	if got := e.Faults[5]; got.Share != 1 || got.Attributes["bytes"] != 1.5e6 {
		t.Errorf("last fault = %+v", got)
	}
	want := Phases{Warmup: Unset, Baseline: Unset, Fault: 90 * time.Second, Recovery: Unset}
	if e.Settings.Phases != want || e.Settings.Guardrails == nil || len(e.Settings.Guardrails) != 0 {
		t.Errorf("settings = %+v", e.Settings)
	}
	if e.Rates["checkout"] != 20 || e.Line != 2 || e.ID != "many-faults" {
		t.Errorf("experiment = %+v", e)
	}
	if !s.Defaults.ShareBaselines {
		t.Error("baselines are not shared")
	}
	browse := s.Journeys[0]
	if browse.Rate != 1.5 || browse.SlowAfter != DefaultSlowAfter || browse.Timeout != DefaultTimeout {
		t.Errorf("journey = %+v", browse)
	}
	if d, ok := s.Dependency("carts"); !ok || d.ProxyName() != "carts-v2" {
		t.Errorf("dependency = %+v, %t", d, ok)
	}
	if s.Defaults.Limits.Recovery == nil || *s.Defaults.Limits.Recovery != 30*time.Second || s.Caps.BlastRadius != 0.6 {
		t.Errorf("defaults = %+v, caps = %+v", s.Defaults, s.Caps)
	}
}

func TestFindSearchesUpwards(t *testing.T) {
	root := t.TempDir()
	deep := filepath.Join(root, "a", "b")
	if err := os.MkdirAll(deep, 0o755); err != nil {
		t.Fatal(err)
	}
	if got, err := Find(deep); !errors.Is(err, ErrInvalid) {
		t.Fatalf("Find() = %q, %v, want an error of class ErrInvalid", got, err)
	}
	if err := os.WriteFile(filepath.Join(root, SystemFile), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	t.Chdir(deep)
	got, err := Find(".")
	if err != nil {
		t.Fatal(err)
	}
	want, _ := os.Stat(filepath.Join(root, SystemFile))
	if have, err := os.Stat(got); err != nil || !os.SameFile(have, want) {
		t.Fatalf("Find() = %q, %v", got, err)
	}
}

func TestFilesThatCannotBeReadAreInvalid(t *testing.T) {
	_, _, err := Load(filepath.Join(t.TempDir(), "none.yaml"), []string{t.TempDir()})
	if !errors.Is(err, ErrInvalid) || len(shape.Errors(err)) != 2 {
		t.Fatalf("Load() = %v, want two errors of class ErrInvalid", err)
	}
}

func TestDefaultExperimentsAreSorted(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, SystemFile)
	if list, err := DefaultExperiments(file); err != nil || len(list) != 0 {
		t.Fatalf("DefaultExperiments() = %v, %v where there is no folder", list, err)
	}
	if err := os.MkdirAll(filepath.Join(dir, "experiments", "old.yaml"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"b.yaml", "a.yaml", "notes.md", ".c.yaml"} {
		if err := os.WriteFile(filepath.Join(dir, "experiments", name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	list, err := DefaultExperiments(file)
	want := []string{filepath.Join(dir, "experiments", "a.yaml"), filepath.Join(dir, "experiments", "b.yaml")}
	if err != nil || !slices.Equal(list, want) {
		t.Fatalf("DefaultExperiments() = %v, %v, want %v", list, err, want)
	}
}

func TestSyntaxErrorsNameTheLine(t *testing.T) {
	const head = "version: 1\nsystem: s\n"
	tests := map[string]int{ // text from line 3 on, to the line of the mistake
		"a: \"x\nb: 1\nc: 2\n":            3,
		"ok: 1\na: {x: 1, y: 2\nb: 1\n":   4,
		"ok: 1\na: [1,\n  2\nb: 1\n":      4,
		"a: {x: 1,\n  y: 2}\nb: [1\n":     5,
		"a:\n  - b: 1\n   c: 2\n":         5,
		"a:\n  - b: 1\n - c: 2\n":         5,
		"a\nb: 1\n":                       3,
		"ok: 1\nb: @x\n":                  4,
		"ok: 1\nb: x: y\n":                4,
		"ok: 1\nb: }\n":                   4,
		"ok: 1\nb: 'it's'\nc: 1\n":        4,
		"ok: 1\r\nb: [1\r\nc: 1\r\n":      4,
		"ok: 1\n- b\n":                    4,
		"ok: |\n  text\n  more\nb: {\n}}": 6, // where what fails starts
	}
	for text, want := range tests {
		_, _, err := Outside{}.load(shape.Source{File: "s.yaml", Text: []byte(head + text)}, nil)
		list := shape.Errors(err)
		if len(list) != 1 || list[0].Line != want {
			t.Errorf("%q: %v, want line %d", text, err, want)
		}
	}
}

// TestLongSlowAfterNeedsALongFaultPhase checks a rule that spans both documents
// and the defaults.
func TestLongSlowAfterNeedsALongFaultPhase(t *testing.T) {
	base := "version: 1\nsystem: s\nenvironment: staging\ntoxiproxy: embedded\nurl: http://127.0.0.1:1\n" +
		"dependencies: {d: {listen: \"127.0.0.1:2\", upstream: \"127.0.0.1:3\"}}\n" +
		"journeys: {j: {rate: 1/s, slow_after: 70s, timeout: 2m, steps: [{name: a, request: GET /}]}}\n"
	experiment := "version: 1\nexperiment: e\nhypothesis: h\nfaults: [{inject: down, into: d}]\n"
	tests := map[string]struct {
		system, experiment string
		want               string // where, empty: right
	}{
		"standard phase":     {base, experiment, "e.yaml:2:13"},
		"own phase":          {base, experiment + "phases: {fault: 139s}\n", "e.yaml:5:17"},
		"own phase is long":  {base, experiment + "phases: {fault: 140s}\n", ""},
		"default is long":    {base + "defaults: {phases: {fault: 3m}}\n", experiment, ""},
		"default is short":   {base + "defaults: {phases: {fault: 1m}}\n", experiment, "s.yaml:8:28"},
		"own beats defaults": {base + "defaults: {phases: {fault: 3m}}\n", experiment + "phases: {fault: 1m}\n", "e.yaml:5:17"},
	}
	for name, tt := range tests {
		_, _, err := Outside{}.load(shape.Source{File: "s.yaml", Text: []byte(tt.system)}, []shape.Source{{File: "e.yaml", Text: []byte(tt.experiment)}})
		list := shape.Errors(err)
		if (err == nil) != (tt.want == "") || err != nil && (len(list) != 1 || !strings.HasPrefix(list[0].Error(), tt.want+": ")) {
			t.Errorf("%s: %v, want one mistake at %q", name, err, tt.want)
		}
	}
}
