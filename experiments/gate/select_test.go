package gate

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments"
)

const documentOfSystem = `version: 1
system: shop
environment: test
toxiproxy: http://127.0.0.1:8474
url: http://127.0.0.1:8080
dependencies:
  settings: {listen: "127.0.0.1:9000", upstream: "http://127.0.0.1:9001"}
  payments: {listen: "127.0.0.1:9002", upstream: "http://127.0.0.1:9003"}
journeys:
  checkout: {rate: 10/s, steps: [{name: pay, request: POST /pay}]}
`

const (
	intoSettings = "{inject: http_config, into: settings, candidate: {file: ../next.json}, match: {path: /settings}}"
	intoPayments = "{inject: http_config, into: payments, candidate: {file: ../other.json}, match: {path: /limits}}"
	sameSettings = "{inject: http_config, into: settings, candidate: {file: ../other.json}, match: {path: /settings}}"
	anotherPath  = "{inject: http_config, into: settings, candidate: {file: ../other.json}, match: {path: /flags}}"
	noCandidate  = "{inject: latency, into: settings, latency: 1s}"
)

// folder writes documents, and loads them: of each experiment its id and its faults.
func folder(t *testing.T, of map[string]string) (dir string, list []*experiments.Experiment) {
	t.Helper()
	dir = t.TempDir()
	files := map[string]string{"blastgauge.yaml": documentOfSystem, "next.json": `{"a": 1}`, "other.json": `{"a": 2}`, "new.json": `{"a": 3}`}
	for id, faults := range of {
		files["experiments/"+id+".yaml"] = fmt.Sprintf("version: 1\nexperiment: %s\nhypothesis: It works.\nfaults: [%s]\n", id, faults)
	}
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	if len(of) == 0 {
		return dir, nil
	}
	_, list, err := experiments.Selection{SystemFile: filepath.Join(dir, "blastgauge.yaml")}.Load()
	if err != nil {
		t.Fatal(experiments.Explain(err), err)
	}
	return dir, list
}

// The experiments of a candidate are those that are named, or whose candidate the file is,
// or all where they serve theirs in one place. Where that is not clear, nothing is chosen.
func TestSelect(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		of      map[string]string
		file    string
		named   bool
		want    string // ids with the faults; empty: an error
		assumed bool
	}{
		"the file's own":             {of: map[string]string{"a": intoSettings, "b": intoPayments, "c": noCandidate}, file: "next.json", want: "a[0]"},
		"through another path":       {of: map[string]string{"a": intoSettings, "b": intoPayments}, file: "experiments/../next.json", want: "a[0]"},
		"of two faults one":          {of: map[string]string{"a": intoPayments + ", " + intoSettings}, file: "next.json", want: "a[1]"},
		"one place":                  {of: map[string]string{"a": intoSettings, "b": sameSettings, "c": noCandidate}, file: "new.json", want: "a[0] b[0]", assumed: true},
		"two dependencies":           {of: map[string]string{"a": intoSettings, "b": intoPayments}, file: "new.json"},
		"two paths":                  {of: map[string]string{"a": intoSettings, "b": anotherPath}, file: "new.json"},
		"none":                       {of: map[string]string{"a": noCandidate}, file: "new.json"},
		"named, of its own":          {of: map[string]string{"a": intoSettings}, file: "next.json", named: true, want: "a[0]"},
		"named, of another":          {of: map[string]string{"a": intoSettings}, file: "new.json", named: true, want: "a[0]"},
		"two named, in two places":   {of: map[string]string{"a": intoSettings, "b": intoPayments}, file: "new.json", named: true, want: "a[0] b[0]"},
		"named, without a candidate": {of: map[string]string{"a": noCandidate}, file: "new.json", named: true},
		"named, with two places":     {of: map[string]string{"a": intoSettings + ", " + intoPayments}, file: "new.json", named: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, list := folder(t, tt.of)
			choices, assumed, err := Select(list, filepath.Join(dir, tt.file), tt.named)
			var got []string
			for _, c := range choices {
				got = append(got, fmt.Sprint(c.Experiment.ID, c.Faults))
			}
			slices.Sort(got)
			if strings.Join(got, " ") != tt.want || assumed != tt.assumed || (err != nil) != (tt.want == "") {
				t.Errorf("Select() = %q, %t, %v", got, assumed, err)
			}
			if err != nil && !errors.Is(err, experiments.ErrInvalid) {
				t.Errorf("%v is of another class", err)
			}
		})
	}
}

// An experiment that measures its own candidate is the experiment itself, and one that
// measures another file is not.
func TestMeasuring(t *testing.T) {
	t.Parallel()
	dir, list := folder(t, map[string]string{"a": intoSettings})
	for file, want := range map[string]string{"next.json": "../next.json", "new.json": filepath.Join(dir, "new.json")} {
		choices, _, err := Select(list, filepath.Join(dir, file), true)
		if err != nil {
			t.Fatal(err)
		}
		e := choices[0].Measuring(filepath.Join(dir, file), "text")
		if _, p := e.Faults[0].Attributes.Operator(); p["file"] != want || e.Faults[0].Body != "text" || e.ID != "a" {
			t.Errorf("%s: %s serves %v, %q", file, e.ID, p, e.Faults[0].Body)
		}
	}
}

// Ids of variants are ids, and each is one of its own.
func TestVariantID(t *testing.T) {
	t.Parallel()
	taken := map[string]bool{}
	for _, of := range []string{"a", "settings-next", strings.Repeat("x", 63)} {
		for _, text := range []string{"scale /price/factor", "scale /price/factor", "drop", "", "Größe/" + strings.Repeat("y", 200), "Größe/" + strings.Repeat("y", 201)} {
			for range 12 {
				n := len(taken)
				id := VariantID(of, text, taken)
				if err := experiments.CheckID(id); err != nil || len(taken) != n+1 {
					t.Fatalf("%s of %d: %v", id, n, err)
				}
			}
		}
	}
}
