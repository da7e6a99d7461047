package history

import (
	"maps"
	"slices"
	"testing"
	"testing/fstest"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/result"
)

// planned is a plan of the experiment of the nights.
func planned() *plan.Plan {
	j := plan.Journey{Journey: experiments.Journey{Name: "checkout", Rate: 40}, Limit: 0.05}
	return &plan.Plan{
		System: experiments.System{Name: "checkout", Environment: "staging"},
		Experiments: []plan.Experiment{{
			ID: "payments-slow", Control: plan.Concurrent, Journeys: []plan.Journey{j},
			Digests: plan.Digests{Faults: "other", Journeys: "j", Load: "l"},
		}},
	}
}

// A plan goes by the newest run that it can be compared with.
func TestForetell(t *testing.T) {
	t.Parallel()
	with := func(edit func(*result.Result)) func(*result.Result) {
		return func(r *result.Result) {
			r.Experiments[0].Journeys[0].BlastRadius.Base = 0.01
			r.Experiments[0].Journeys[0].Episodes = 3
			edit(r)
		}
	}
	good := with(func(*result.Result) {})
	for name, tt := range map[string]struct {
		newest func(*result.Result)
		want   string
	}{
		"the newest":          {good, "r001"},
		"another system":      {with(func(r *result.Result) { r.System.Name = "search" }), "r000"},
		"another environment": {with(func(r *result.Result) { r.System.Environment = "other" }), "r000"},
		"another experiment":  {with(func(r *result.Result) { r.Experiments[0].ID = "other" }), "r000"},
		"another load":        {with(func(r *result.Result) { r.Experiments[0].Digests.Load = "other" }), "r000"},
		"other journeys":      {with(func(r *result.Result) { r.Experiments[0].Digests.Journeys = "other" }), "r000"},
		"numbers are void":    {with(func(r *result.Result) { r.Experiments[0].Verdict = result.Invalid }), "r000"},
		"stopped early":       {with(func(r *result.Result) { r.Experiments[0].Guardrail = &result.Guardrail{Tripped: true} }), "r000"},
		"another control":     {with(func(r *result.Result) { r.Experiments[0].Journeys[0].BlastRadius.Control = result.BaselineControl }), "r000"},
		"harm counts elsewhere": {with(func(r *result.Result) {
			r.Experiments[0].Journeys[0].BlastRadius.CountedAt = []string{"pay"}
		}), "r000"},
		"no journey": {with(func(r *result.Result) { r.Experiments[0].Journeys = []result.Journey{} }), "r000"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			runs := nights(good, tt.newest)
			runs["dir9/result.json"] = &fstest.MapFile{Data: []byte("{damaged")}
			runs["notes/read.me"] = &fstest.MapFile{Data: []byte("no run")}
			p := planned()
			Foretell(onDisk(t, runs), p)
			last := p.Experiments[0].Journeys[0].Last
			if got := p.Experiments[0].LastRun; got != tt.want || !last.Known || last.Base != 0.01 || last.Episodes != 3 || last.Effect < 1 {
				t.Errorf("by run %q: %+v", got, last)
			}
		})
	}
	p := planned()
	Foretell(onDisk(t, fstest.MapFS{}), p)
	if p.Experiments[0].LastRun != "" || p.Experiments[0].Journeys[0].Last.Known {
		t.Error("without runs there is nothing to go by")
	}
}

// A plan knows since when an experiment has its verdict, as far as the runs before it were of
// the same experiment. Those without an answer say nothing.
func TestSinceWhen(t *testing.T) {
	t.Parallel()
	verdict := func(v result.Verdict) func(*result.Result) {
		return func(r *result.Result) { r.Experiments[0].Verdict, r.Run.Commit = v, string(v) }
	}
	other := func(r *result.Result) {
		r.Experiments[0].Verdict, r.Experiments[0].Digests.Faults = result.Held, "changed"
	}
	const held, refuted, invalid = result.Held, result.Refuted, result.Invalid
	for name, tt := range map[string]struct {
		runs []func(*result.Result) // oldest first
		want plan.Past              // without times; zero: none
		from int                    // the run since which it is so
	}{
		"none":                 {nil, plan.Past{}, 0},
		"one":                  {[]func(*result.Result){verdict(held)}, plan.Past{Verdict: "held", LastCommit: "held", SinceCommit: "held"}, 0},
		"refuted after held":   {[]func(*result.Result){verdict(held), verdict(refuted), verdict(invalid), verdict(refuted)}, plan.Past{Verdict: "refuted", LastCommit: "refuted", SinceCommit: "refuted", Before: "held"}, 1},
		"another fault before": {[]func(*result.Result){other, verdict(refuted)}, plan.Past{Verdict: "refuted", LastCommit: "refuted", SinceCommit: "refuted"}, 1},
		"no answer":            {[]func(*result.Result){verdict(invalid)}, plan.Past{}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, runs := planned(), nights(tt.runs...)
			x := &p.Experiments[0]
			usual, err := result.Decode(night(0, verdict(held)))
			if err != nil {
				t.Fatal(err)
			}
			x.Digests = plan.Digests(usual.Experiments[0].Digests)
			var started []time.Time
			for _, file := range slices.Sorted(maps.Keys(runs)) {
				r, err := result.Decode(runs[file].Data)
				if err != nil {
					t.Fatal(err)
				}
				started = append(started, r.Run.Started)
			}
			Foretell(onDisk(t, runs), p)
			if tt.want == (plan.Past{}) {
				if x.Past != nil {
					t.Fatalf("%+v", x.Past)
				}
				return
			}
			if x.Past == nil || !x.Past.Since.Equal(started[tt.from]) || !x.Past.Last.Equal(started[len(started)-1]) {
				t.Fatalf("%+v, want since %v", x.Past, started[tt.from])
			}
			got := *x.Past
			got.Since, got.Last = time.Time{}, time.Time{}
			if got != tt.want {
				t.Errorf("%+v, want %+v", got, tt.want)
			}
		})
	}
}
