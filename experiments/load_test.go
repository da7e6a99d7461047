package experiments

import (
	"errors"
	"os"
	"path/filepath"
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
	if !errors.Is(err, ErrInvalid) || len(Errors(err)) != 2 {
		t.Fatalf("Load() = %v, want two errors of class ErrInvalid", err)
	}
}
