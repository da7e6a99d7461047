package gate

import (
	"cmp"
	"slices"

	"github.com/blastgauge/blastgauge/experiments/gate/statement"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/result"
)

// failuresOf are what experiments found that did not hold, the worst first.
func failuresOf(r *result.Result) []Failure {
	list := []Failure{}
	for i := range r.Experiments {
		if e := &r.Experiments[i]; e.Verdict != result.Held {
			list = append(list, failureOf(e))
		}
	}
	slices.SortStableFunc(list, func(a, b Failure) int {
		return worseFirst(a.Verdict, b.Verdict, edge(a.Verdict, a.Harm, a.Limit), edge(b.Verdict, b.Harm, b.Limit))
	})
	return list
}

// measuredOf is what each experiment found, the worst first.
func measuredOf(r *result.Result) []Measured {
	list := []Measured{}
	for i := range r.Experiments {
		e := &r.Experiments[i]
		m := Measured{Experiment: e.ID, Verdict: e.Verdict, Reason: first(e.Reasons)}
		m.Harm, m.Journey, m.Limit = HarmOf(e)
		list = append(list, m)
	}
	slices.SortStableFunc(list, func(a, b Measured) int {
		return worseFirst(a.Verdict, b.Verdict, edge(a.Verdict, a.Harm, a.Limit), edge(b.Verdict, b.Harm, b.Limit))
	})
	return list
}

// worseFirst orders by verdict, and by harm where verdicts are the same.
func worseFirst(a, b result.Verdict, edgeA, edgeB float64) int {
	switch {
	case a == b:
		return cmp.Compare(edgeB, edgeA)
	case statement.Worse(a, b) == a:
		return -1
	}
	return 1
}

// edge is what is said of harm, the more the worse: how much there may be at most where it
// held, and else by how much it is shown to be beyond its limit.
func edge(v result.Verdict, h *statement.Harm, limit float64) float64 {
	switch {
	case h == nil:
		return 0
	case v == result.Held:
		return h.High
	}
	return h.Low - limit
}

func failureOf(e *result.Experiment) Failure {
	f := Failure{
		Experiment: e.ID, Hypothesis: e.Hypothesis, Verdict: e.Verdict,
		Reasons: append([]string{}, e.Reasons...), Codes: append([]result.ReasonCode{}, e.ReasonCodes...), IfRefuted: e.IfRefuted,
	}
	for i := range e.Invariants {
		inv := &e.Invariants[i]
		if c := e.Criterion(result.InvariantCriterion, inv.Name); c != nil && c.Verdict == result.Refuted {
			n, _ := inv.Breach()
			f.Violations = append(f.Violations, Violation{inv.Name, inv.BrokenMeans, n})
		}
	}
	j := Worst(e)
	if j == nil {
		return f
	}
	f.Journey, f.Limit, f.Harm = j.Name, j.Limit, harmOf(e, j)
	f.blame(j)
	return f
}

// Worst is the journey that is furthest over its limit, or where all held the one of which
// the most may be harmed; nil where nothing was measured.
func Worst(e *result.Experiment) *result.Journey {
	var worst *result.Journey
	for i := range e.Journeys {
		j := &e.Journeys[i]
		if j.BlastRadius == nil {
			continue
		}
		if worst == nil || statement.Worse(worst.Verdict, j.Verdict) != worst.Verdict || worst.Verdict == j.Verdict && edgeOf(j) > edgeOf(worst) {
			worst = j
		}
	}
	return worst
}

func edgeOf(j *result.Journey) float64 {
	b := j.BlastRadius
	return edge(j.Verdict, &statement.Harm{Low: b.Low, High: b.High}, j.Limit)
}

// HarmOf is the harm of the worst journey, its name and its limit; nil where nothing was
// measured that can be trusted.
func HarmOf(e *result.Experiment) (harm *statement.Harm, journey string, limit float64) {
	j := Worst(e)
	if j == nil {
		return nil, "", 0
	}
	return harmOf(e, j), j.Name, j.Limit
}

func harmOf(e *result.Experiment, j *result.Journey) *statement.Harm {
	b := j.BlastRadius
	if b == nil || !e.Trusted() {
		return nil
	}
	return &statement.Harm{Estimate: b.Estimate, Low: b.Low, High: b.High, Confidence: b.Confidence}
}

// blame finds where journeys were harmed first, and by what.
func (f *Failure) blame(j *result.Journey) {
	harmed := 0
	for _, s := range j.Steps {
		if n := s.Failed + s.Wrong + s.Slow; n > harmed {
			f.Step, harmed = s.Name, n
		}
	}
	for i := range j.Causes { // the most frequent first
		c := &j.Causes[i]
		if c.Fault.Fault == 0 || c.Step != f.Step && harmed > 0 {
			continue
		}
		f.Step, f.Cause, f.CauseKey = c.Step, c.Class, c.Key
		f.Example = exampleOf(c)
		return
	}
}

// exampleOf is a journey that met the fault; nil where none was kept.
func exampleOf(c *result.Cause) *result.CauseExample {
	i := slices.IndexFunc(c.Examples, func(x result.CauseExample) bool {
		return x.Phase == string(journal.Fault) && x.Arm == plan.FaultArm.String()
	})
	if i < 0 {
		return nil
	}
	x := c.Examples[i]
	return &x
}
