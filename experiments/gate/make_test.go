package gate

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments/gate/statement"
	"github.com/blastgauge/blastgauge/experiments/result"
)

// journeyOf is a journey with its harm, and a limit of 5 %.
func journeyOf(name string, v result.Verdict, low, high float64) result.Journey {
	return result.Journey{Name: name, Verdict: v, Limit: 0.05, BlastRadius: &result.BlastRadius{Journey: name, Estimate: (low + high) / 2, Low: low, High: high, Confidence: 0.95}}
}

// resultOf is the result of a run that came to its end.
func resultOf(list ...result.Experiment) *result.Result {
	return &result.Result{Schema: result.Schema, Run: result.Run{ID: "r", Outcome: result.Completed}, Experiments: list}
}

// brokenBy is an experiment whose invariant has so many new violations.
func brokenBy(n float64) result.Experiment {
	zero := 0.0
	return result.Experiment{
		ID: "b", Verdict: result.Refuted, Reasons: []string{"invariant"}, Invariants: []result.Invariant{{Name: "paid once", Before: &zero, After: &n}},
		Criteria: []result.Criterion{{Kind: result.InvariantCriterion, Subject: "paid once", Verdict: result.Refuted}},
		Journeys: []result.Journey{journeyOf("checkout", result.Held, 0, 0.01)},
	}
}

// The sentence says the verdict, what is to blame, and what it harms or how near harm is.
func TestSentence(t *testing.T) {
	t.Parallel()
	harmful := result.Experiment{ID: "a", Verdict: result.Refuted, Reasons: []string{"harm"}, Journeys: []result.Journey{journeyOf("browse", result.Held, 0, 0.01), journeyOf("checkout", result.Refuted, 0.97, 1)}}
	harmful.Journeys[1].Steps = []result.Step{{Name: "cart"}, {Name: "pay", Failed: 9}}
	harmful.Journeys[1].Causes = []result.Cause{{Step: "pay", Class: "status", Key: "500", Fault: result.CauseCounts{Fault: 9}, Examples: []result.CauseExample{{Phase: "fault", Arm: "fault", Expected: "200", Found: "500"}}}}
	held := result.Experiment{ID: "a", Verdict: result.Held, Journeys: []result.Journey{journeyOf("checkout", result.Held, -0.01, 0.008)}}
	two := result.Experiment{ID: "a", Verdict: result.Held, Journeys: []result.Journey{journeyOf("checkout", result.Held, -0.01, 0.01), journeyOf("browse", result.Held, -0.04, 0.04), journeyOf("search", result.Held, 0, 0.02)}}
	two.Journeys[1].Limit = 0.2
	meaning := brokenBy(3)
	meaning.Invariants[0].BrokenMeans = "customers pay twice"
	one := []Changed{{Pointer: "/price/factor", From: json.RawMessage("1"), To: json.RawMessage("100")}}
	for name, tt := range map[string]struct {
		f    Findings
		want []string // parts
	}{
		"one change": {Findings{Result: resultOf(harmful), Changed: one}, []string{"next.json may not ship: /price/factor 1 → 100 harms 98.5% of checkout journeys", "limit 5%", "first at step pay: status 500, such as 500 in place of 200"}},
		"a part of it": {Findings{Result: resultOf(harmful), Changed: append([]Changed{{Pointer: "/a"}, {Pointer: "/b"}}, one...), Smallest: &Smallest{Pointers: []string{"/price/factor", "/a"}}},
			[]string{"/price/factor 1 → 100 and /a nothing → nothing together harm"}},
		"all of it":    {Findings{Result: resultOf(harmful), Changed: append([]Changed{{Pointer: "/a"}}, one...)}, []string{"its 2 changes together harm"}},
		"not known":    {Findings{Result: resultOf(harmful)}, []string{"may not ship: it harms"}},
		"an invariant": {Findings{Result: resultOf(brokenBy(3)), Changed: one}, []string{`breaks the invariant "paid once": 3 new violations`}},
		"held":         {Findings{Result: resultOf(held)}, []string{"next.json may ship: it harms at most 0.8% of checkout journeys (limit 5%)"}},
		"the largest":  {Findings{Result: resultOf(two)}, []string{"it harms at most 4.0% of browse journeys (limit 20%)"}},
		"means":        {Findings{Result: resultOf(meaning), Changed: one}, []string{`breaks the invariant "paid once": customers pay twice (3 new violations)`}},
		"harm of a part": {Findings{Result: resultOf(brokenBy(3)), Changed: one, Smallest: &Smallest{Pointers: []string{"/price/factor"}, Journey: "browse", Limit: 0.05, Harm: &statement.Harm{Estimate: 0.99, Low: 0.98, High: 1, Confidence: 0.95}}},
			[]string{"/price/factor 1 → 100 harms 99.0% of browse journeys (95% interval 98.0% to 100.0%, limit 5%)"}},
		"near":          {Findings{Result: resultOf(held), Neighborhood: []Neighbor{{Verdict: result.Held}, {Pointer: "/retries", From: json.RawMessage("30"), Value: json.RawMessage("300"), Verdict: result.Refuted}}}, []string{"; nearest that fails: /retries 300 (30 in the candidate)"}},
		"near, gone":    {Findings{Result: resultOf(held), Neighborhood: []Neighbor{{Operator: "drop", Pointer: "/retries", From: json.RawMessage("30"), Verdict: result.Refuted}}}, []string{"; nearest that fails: /retries, drop"}},
		"nothing fails": {Findings{Result: resultOf(held), Neighborhood: []Neighbor{{Verdict: result.Held}}}, []string{"; none of what was measured near it fails: 1 change"}},
		"undecided":     {Findings{Result: resultOf(result.Experiment{ID: "a", Verdict: result.Inconclusive, Reasons: []string{"too few"}})}, []string{"next.json is undecided: too few"}},
		"invalid":       {Findings{Result: resultOf(held, result.Experiment{ID: "b", Verdict: result.Invalid, Reasons: []string{"too busy"}})}, []string{"next.json was not judged: too busy"}},
		"interrupted":   {Findings{Result: &result.Result{Run: result.Run{Outcome: result.Interrupted, Signal: "INT"}}}, []string{"next.json was not judged: its run was interrupted"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tt.f.Candidate = NewDocument("pull/next.json", "", "{}")
			r := Make(tt.f)
			for _, part := range tt.want {
				if !strings.Contains(r.Sentence, part) {
					t.Errorf("%q does not hold %q", r.Sentence, part)
				}
			}
		})
	}
}

// The worst comes first: by verdict, and by how far harm is beyond its limit.
func TestTheWorstComesFirst(t *testing.T) {
	t.Parallel()
	experiment := func(id string, v result.Verdict, low float64) result.Experiment {
		return result.Experiment{ID: id, Verdict: v, Journeys: []result.Journey{journeyOf("checkout", v, low, low+0.1)}}
	}
	r := Make(Findings{Result: resultOf(experiment("a", result.Held, 0), experiment("b", result.Refuted, 0.2), experiment("c", result.Inconclusive, 0), experiment("d", result.Refuted, 0.5)), Ended: time.Now()})
	failures, measured := "", ""
	for _, f := range r.Failures {
		failures += f.Experiment
	}
	for _, m := range r.Measured {
		measured += m.Experiment
	}
	if failures != "dbc" || measured != "dbca" || r.Verdict != result.Refuted {
		t.Errorf("failures %s, measured %s, %s", failures, measured, r.Verdict)
	}
}

// No report holds what says itself that it is a secret, nor values without a bound.
func TestMasked(t *testing.T) {
	t.Parallel()
	const secret = "hunter2hunter2"
	long := `"` + strings.Repeat("x", mostValue) + `"`
	for name, tt := range map[string]struct{ pointer, value, want string }{
		"none":          {"/a", "", ""},
		"a number":      {"/a", "1.50", "1.50"},
		"by its name":   {"/db/password", `"` + secret + `"`, `"***"`},
		"below":         {"/password/current", `"` + secret + `"`, `"***"`},
		"inside":        {"/db", `{"host":"a","password":"` + secret + `"}`, `{"host":"a","password":"***"}`},
		"in a list":     {"/db", `[{"api_key":"` + secret + `"}]`, `[{"api_key":"***"}]`},
		"in an address": {"/url", `"http://user:` + secret + `@a.test/"`, `"***"`},
		"in a text":     {"", `"retries = 3\napi_key=` + secret + `\n"`, `"retries = 3\napi_key=***\n"`},
		"a plain text":  {"", `"retries = 3\n# <none>\n"`, `"retries = 3\n# <none>\n"`},
		"long":          {"/a", long, `"4,098 bytes"`},
		"no JSON":       {"/a", "{" + secret, `"15 bytes that are no JSON"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var value json.RawMessage
			if tt.value != "" {
				value = json.RawMessage(tt.value)
			}
			if got := masked(tt.pointer, value); string(got) != tt.want || (got == nil) != (value == nil) {
				t.Errorf("masked() = %s", got)
			}
		})
	}
}

// What a statement could not hold is left out of it.
func TestChangeFitsAStatement(t *testing.T) {
	t.Parallel()
	const most = 2000 // bytes of a text in a statement
	long := "/" + strings.Repeat("x", most)
	r := Make(Findings{
		Result: resultOf(), Candidate: NewDocument("a.json", "", "{}"), Changed: []Changed{{Pointer: "/a"}, {Pointer: long}, {Pointer: "/a\nb"}},
		Neighborhood: []Neighbor{{Operator: "drop", Pointer: long, Verdict: result.Refuted}, {Operator: "scale", Pointer: "/a", Value: json.RawMessage(`"` + strings.Repeat("y", most) + `"`), Verdict: result.Refuted}},
	})
	c := r.Change()
	if len(c.Pointers) != 1 || len(c.Neighbourhood) != 1 || c.Neighbourhood[0].Value != "" || c.NearestFailing != nil || c.From != nil {
		t.Errorf("a statement would say %+v", c)
	}
}
