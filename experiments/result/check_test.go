package result

import (
	"encoding/json"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/journal"
)

// whole is a result in which every check has something to look at.
func whole(t *testing.T) map[string]any {
	t.Helper()
	text, err := os.ReadFile("../../report/testdata/refuted.json")
	if err != nil {
		t.Fatal(err)
	}
	var r map[string]any
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// put sets a value in a document by its path, in which 0 is the first of a list.
func put(t *testing.T, doc any, path string, value any) {
	t.Helper()
	keys := strings.Split(path, ".")
	for i, key := range keys {
		if list, ok := doc.([]any); ok {
			doc = list[0]
			continue
		}
		m, ok := doc.(map[string]any)
		if !ok {
			t.Fatalf("%s: there is no %s", path, key)
		}
		if i == len(keys)-1 {
			m[key] = value
			return
		}
		if m[key] == nil {
			m[key] = map[string]any{}
		}
		doc = m[key]
	}
}

// A result from elsewhere holds ids as documents have them, words that there are, and
// numbers that can be drawn. Texts may hold anything: reports escape them.
func TestDecodeRefusesWhatNoRunFinds(t *testing.T) {
	t.Parallel()
	wrong := map[string]any{
		"run.id": "../../etc/passwd", "run.outcome": "::error::", "run.signal": "KILL", "run.exit_code": -1,
		"system.name": "<img src=x>", "system.dependencies": map[string]any{"a|b": map[string]any{}}, "toxiproxy.kind": "evil",
		"run.interrupted_by":                      strings.Repeat("a", journal.MostAuthor+1),
		"run.interrupted_why":                     strings.Repeat("a", journal.MostReason+1),
		"run.notes":                               []any{map[string]any{"text": strings.Repeat("a", journal.MostNote+1)}},
		"run.notes ":                              slices.Repeat([]any{map[string]any{"text": "a"}}, journal.MostNotes+1),
		"run.notes  ":                             []any{map[string]any{"since": -1}},
		"run.notes   ":                            []any{map[string]any{"experiment": "a b"}},
		"run.notes    ":                           []any{map[string]any{"phase": "lunch"}},
		"experiments.0.measured":                  map[string]any{"by": "an abacus"},
		"experiments.0.measured.counters":         []any{map[string]any{"journey": "a", "arm": "third"}},
		"experiments.0.measured.losses":           []any{map[string]any{"journey": "a", "why": "gap", "from": 2, "to": 1}},
		"experiments.0.journeys.0.latency_bounds": map[string]any{"fault": []any{map[string]any{"p": 0.5, "low": 2, "high": 1}}},
		"experiments.0.journeys.0.latency_bounds.control": []any{map[string]any{"p": 50}},
		"experiments.0.id":                       "x | ![p](https://evil.example/b.png)",
		"experiments.0.verdict":                  "held\n::error::",
		"experiments.0.reason_codes":             []string{"No Code"},
		"experiments.0.limits.recovery":          1e300,
		"experiments.0.blast_radius.low":         0.9999,
		"experiments.0.blast_radius.high":        1e19,
		"experiments.0.blast_radius.control":     "none",
		"experiments.0.blast_radius.journey":     "@octocat",
		"experiments.0.criteria.0.kind":          "a b",
		"experiments.0.criteria.0.verdict":       "won",
		"experiments.0.journeys.0.name":          "a/b",
		"experiments.0.journeys.0.rate":          1e300,
		"experiments.0.journeys.0.arms.fault.ok": -5,
		"experiments.0.journeys.0.steps.0.name":  "Pay!",
		"experiments.0.journeys.0.series.bucket": 1e18,
		"experiments.0.phases.0.name":            "<script>",
		"experiments.0.phases.0.end":             -1,
		"experiments.0.phases.0.start":           1e19,
		"experiments.0.events.0.second":          1e19,
		"experiments.0.faults.0.inject":          "latency\x1b[2J",
		"experiments.0.faults.0.into":            "payments\n",
		"experiments.0.faults.0.exercised.grade": "sure",
		"experiments.0.faults.0.exercised.met":   -1,
		"experiments.0.recovery.seconds":         1e19,
		"experiments.0.invariants.0.after":       1e19,
		"experiments.0.impact.journey":           "#1",
		"experiments.0.guardrail.kind":           "a|b",
		"experiments.0.lateness.p99":             -1e19,
	}
	for path, value := range wrong {
		r := whole(t)
		put(t, r, strings.TrimSpace(path), value) // several values may be wrong for one
		text, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Decode(text); !errors.Is(err, ErrForeign) {
			t.Errorf("%s of %v is taken: %v", path, value, err)
		}
	}
	for path, value := range map[string]any{
		"experiments.0.title": "<b>\x1b", "experiments.0.reasons": []string{"::error::"}, "experiments.0.criteria.0.kind": "later", "experiments.0.file": "a\nb", "run.error": "x",
	} {
		r := whole(t)
		put(t, r, path, value)
		text, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Decode(text); err != nil {
			t.Errorf("%s of %q: %v", path, value, err)
		}
	}
}
