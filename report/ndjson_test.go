package report

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/report/encode"
)

// Every line is an object of its own, each experiment has one verdict, and the
// last line has the exit code.
func TestNDJSONLines(t *testing.T) {
	t.Parallel()
	for _, name := range fixtures(t) {
		r := load(t, name)
		verdicts, last := 0, encode.Event{}
		for line := range strings.Lines(render(t, "ndjson", Options{}, r)) {
			last = encode.Event{}
			if err := json.Unmarshal([]byte(line), &last); err != nil || last.Event == "" {
				t.Fatalf("%s: %v in %.200q", name, err, line)
			}
			if last.Event == "verdict" {
				if e := r.Experiments[verdicts]; e.ID != last.Experiment || string(e.Verdict) != last.Verdict {
					t.Errorf("%s: verdict %s of %s, want %s of %s", name, last.Verdict, last.Experiment, e.Verdict, e.ID)
				}
				verdicts++
			}
		}
		if verdicts != len(r.Experiments) || last.Event != "end" || last.ExitCode == nil || *last.ExitCode != r.Run.ExitCode {
			t.Errorf("%s: %d verdicts of %d experiments, last line %+v", name, verdicts, len(r.Experiments), last)
		}
	}
	for name, c := range comparisonFixtures(t) {
		statuses, last := 0, encode.Event{}
		for line := range strings.Lines(renderCompare(t, "ndjson", Options{}, c)) {
			last = encode.Event{}
			if err := json.Unmarshal([]byte(line), &last); err != nil {
				t.Fatalf("%s: %v in %.200q", name, err, line)
			}
			if last.Event == "status" {
				statuses++
			}
		}
		if statuses != len(c.Experiments) || last.ExitCode == nil || *last.ExitCode != c.ExitCode {
			t.Errorf("%s: %d statuses of %d experiments, last line %+v", name, statuses, len(c.Experiments), last)
		}
	}
}
