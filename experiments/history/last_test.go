package history

import (
	"testing"
	"testing/fstest"

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
