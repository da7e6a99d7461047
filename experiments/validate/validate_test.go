package validate_test

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/validate"
)

const system = `version: 1
system: shop
environment: staging
toxiproxy: http://127.0.0.1:8474
url: ${env:SHOP}
dependencies: {payments: {listen: "127.0.0.1:18083", upstream: "127.0.0.1:8083"}}
journeys: {checkout: {rate: 1/s, steps: [{name: look, request: GET /}]}}
`

const experiment = `version: 1
experiment: slow
hypothesis: Slow payments cost no order.
faults: [{inject: latency, into: payments, latency: 1s}]
`

// write writes documents below a directory of the test's own.
func write(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(files[name]), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// Every system in and below a folder is checked, whatever is wrong with another one.
func TestAllAndSummary(t *testing.T) {
	t.Parallel()
	dir := write(t, map[string]string{
		"good/blastgauge.yaml":         system,
		"good/experiments/slow.yaml":   experiment,
		"wrong/blastgauge.yaml":        system + "journey: {}\n",
		"wrong/experiments/slow.yaml":  experiment,
		"prod/blastgauge.yaml":         "version: 1\nsystem: shop\nenvironment: prod\n" + system[len("version: 1\nsystem: shop\nenvironment: staging\n"):],
		"prod/experiments/slow.yaml":   experiment,
		"notes/experiments/other.yaml": experiment, // beside no system
	})
	list, err := validate.All(experiments.Selection{Arguments: []string{dir}, Outside: experiments.Outside{Getenv: func(string) (string, bool) { return "", false }}})
	if err != nil || len(list) != 3 {
		t.Fatalf("All() = %d systems, %v; want 3", len(list), err)
	}
	v, err := validate.Summary(list)
	if !errors.Is(err, experiments.ErrInvalid) || !errors.Is(err, experiments.ErrRefused) || v.Valid {
		t.Errorf("Summary(): %v, valid %v; want an error of both classes", err, v.Valid)
	}
	kinds := map[validate.Kind]int{}
	for _, p := range v.Problems {
		kinds[p.Kind]++
	}
	if kinds[validate.Mistake] != 1 || kinds[validate.Refused] != 1 || kinds[validate.NotChecked] == 0 {
		t.Errorf("kinds of problems: %v", kinds)
	}
	if len(v.Systems) != 1 || v.Systems[0].File != filepath.Join(dir, "good", "blastgauge.yaml") || len(v.Systems[0].Experiments) != 1 {
		t.Errorf("valid are %+v", v.Systems)
	}
}

// Where nothing is wrong, there is no error, and the text names what was checked.
func TestAValidSystem(t *testing.T) {
	t.Parallel()
	dir := write(t, map[string]string{"blastgauge.yaml": system, "experiments/slow.yaml": experiment})
	shop := func(string) (string, bool) { return "http://127.0.0.1:8080", true }
	list, err := validate.All(experiments.Selection{SystemFile: filepath.Join(dir, "blastgauge.yaml"), Outside: experiments.Outside{Getenv: shop}})
	if err != nil || len(list) != 1 || list[0].Err != nil {
		t.Fatalf("All(): %+v, %v", list, err)
	}
	v, err := validate.Summary(list)
	if err != nil || !v.Valid || len(v.Problems) > 0 || v.Text != list[0].Text() {
		t.Errorf("Summary() = %+v, %v", v, err)
	}
}
