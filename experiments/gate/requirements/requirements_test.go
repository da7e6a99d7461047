package requirements

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/gate/policy"
	"github.com/blastgauge/blastgauge/experiments/gate/statement"
	"github.com/blastgauge/blastgauge/experiments/shape"
)

const experiment = "experiment: payments-down\n"

const system = "system: checkout\n"

// write writes a policy beside the document of a system.
func write(t testing.TB, text string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string]string{"policy.yaml": text, "blastgauge.yaml": system, "payments-down.yaml": experiment} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "policy.yaml")
}

func TestRead(t *testing.T) {
	t.Parallel()
	got, err := Read(write(t, `version: 1
require_experiments: [payments-down, carts/hang]
experiment_files: [payments-down.yaml]
max_harm: 5%
second_approver_above: 0.5%
max_attempts: 3
environment: staging
system: blastgauge.yaml
accept_bypass: true
`))
	want := policy.Requirements{
		Experiments: []string{"payments-down", "carts/hang"}, Documents: []statement.Digest{statement.DigestOf([]byte(experiment))}, MaxHarm: new(0.05), SecondApproverAbove: new(0.005), MaxAttempts: 3,
		Environment: "staging", System: new(statement.DigestOf([]byte(system))), AcceptBypass: true,
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v; want %+v", got, err, want)
	}
	if got, err := Read(write(t, "version: 1\n")); err != nil || !reflect.DeepEqual(got, policy.Requirements{}) {
		t.Errorf("%+v, %v of one that requires nothing", got, err)
	}
}

// A document that is not understood requires nothing by mistake: it is an error that says
// where.
func TestMistakes(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		text string
		line int
	}{
		"empty":            {"", 0},
		"no version":       {"max_harm: 5%\n", 1},
		"other version":    {"version: 2\n", 1},
		"unknown key":      {"version: 1\nmax_harms: 5%\n", 2},
		"no share":         {"version: 1\nmax_harm: 0.05\n", 2},
		"negative":         {"version: 1\nmax_harm: -5%\n", 2},
		"no attempts":      {"version: 1\nmax_attempts: 0\n", 2},
		"no truth":         {"version: 1\naccept_bypass: maybe\n", 2},
		"no such system":   {"version: 1\nsystem: gone.yaml\n", 2},
		"no such document": {"version: 1\nexperiment_files: [payments-down.yaml, gone.yaml]\n", 2},
		"a list":           {"- version: 1\n", 1},
		"twice":            {"version: 1\nmax_harm: 5%\nmax_harm: 6%\n", 3},
		"no experiments":   {"version: 1\nrequire_experiments: []\n", 2},
		"no text":          {"version: 1\nenvironment: [staging]\n", 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := Read(write(t, tt.text))
			list := shape.Errors(err)
			if len(list) == 0 || tt.line > 0 && list[0].Line != tt.line {
				t.Errorf("%+v of %q, want line %d", err, tt.text, tt.line)
			}
			if !reflect.DeepEqual(got, policy.Requirements{}) {
				t.Errorf("%+v", got)
			}
		})
	}
	if _, err := Read(filepath.Join(t.TempDir(), "gone.yaml")); err == nil {
		t.Error("a file that there is not is read")
	}
}

func TestSchema(t *testing.T) {
	t.Parallel()
	text, err := Schema()
	var schema struct{ Properties map[string]any }
	if err != nil || json.Unmarshal(text, &schema) != nil || len(schema.Properties) != 9 {
		t.Errorf("%s, %v", text, err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add("version: 1\nmax_harm: 5%\n")
	f.Add("version: 1\nrequire_experiments: &a [x, *a]\n")
	f.Fuzz(func(t *testing.T, text string) {
		r, err := Read(write(t, text))
		if err == nil && (r.MaxHarm != nil && (*r.MaxHarm < 0 || *r.MaxHarm > 1) || r.MaxAttempts < 0) {
			t.Errorf("%+v", r)
		}
	})
}
