package experiments

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

// Stages are read with the document, and are held against the warm-up of each experiment.
func TestStages(t *testing.T) {
	t.Parallel()
	const text = `version: 1
system: checkout
environment: staging
toxiproxy: http://127.0.0.1:8474
url: http://127.0.0.1:8080
dependencies:
  payments: {listen: 127.0.0.1:18083, upstream: "http://127.0.0.1:8083"}
journeys:
  checkout:
    rate: [10/s for 30s, 1200/min for 1m, "${env:RATE:-40/s}"]
    steps: [{name: pay, request: GET /pay}]
`
	for name, tt := range map[string]struct {
		experiment string
		wrong      string
	}{
		"long enough":       {"phases: {warmup: 90s}", ""},
		"too short":         {"phases: {warmup: 89s}", "write phases: {warmup: 1m30s} or more, or shorter stages in "},
		"its place":         {"phases: {warmup: 89s}", "blastgauge.yaml:10"},
		"the standard":      {"", "write phases: {warmup: 1m30s} or more"},
		"a rate of its own": {"journeys: {checkout: {rate: 5/s}}", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			file, x := filepath.Join(dir, "blastgauge.yaml"), filepath.Join(dir, "x.yaml")
			document := "version: 1\nexperiment: x\nhypothesis: h\nfaults: [{inject: latency, into: payments, latency: 1s}]\n" + tt.experiment + "\n"
			for path, content := range map[string]string{file: text, x: document} {
				if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			s, _, err := Load(file, []string{x})
			if (err == nil) != (tt.wrong == "") || err != nil && !strings.Contains(Explain(err), tt.wrong) {
				t.Fatalf("Load() = %v", Explain(err))
			}
			if err != nil {
				return
			}
			j, _ := s.Journey("checkout")
			want := []Stage{{10, 30 * time.Second}, {20, time.Minute}}
			if j.Rate != 40 || !reflect.DeepEqual(j.Stages, want) || j.Ramp() != 90*time.Second || j.MaxRate() != 40 {
				t.Errorf("%+v", j)
			}
		})
	}
}
