package compare

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/result"
)

// A trial is one experiment in one run.
type trial struct {
	*result.Experiment
	in Input
}

// trials are those of the experiment in one side.
func trials(id string, side []Input) []trial {
	var list []trial
	for _, in := range side {
		for i := range in.Result.Experiments {
			if in.Result.Experiments[i].ID == id {
				list = append(list, trial{&in.Result.Experiments[i], in})
				break
			}
		}
	}
	return list
}

func trusted(v result.Verdict) bool {
	return v == result.Held || v == result.Refuted || v == result.Inconclusive
}

// usable are the trials that can be trusted; without any, why is the first
// reason why not.
func usable(list []trial) (good []trial, why string) {
	for _, t := range list {
		switch {
		case trusted(t.Verdict):
			good = append(good, t)
		case why == "":
			why = strings.ReplaceAll(string(t.Verdict), "_", " ") + ": " + first(t.Reasons)
		}
	}
	if len(good) > 0 {
		why = ""
	}
	return good, why
}

func first(list []string) string {
	if len(list) == 0 {
		return "no reason is recorded"
	}
	return list[0]
}

// badness orders verdicts, worst first.
var badness = []result.Verdict{result.Refuted, result.Invalid, result.NotRun, result.Inconclusive, result.Held}

func worse(a, b result.Verdict) int {
	return cmp.Compare(slices.Index(badness, a), slices.Index(badness, b))
}

// grades of evidence that a fault met traffic, weakest first.
var grades = []result.Grade{result.GradeNo, result.GradeProbed, result.GradeObserved, result.GradeCounted}

func newSide(list []trial) *Side {
	if len(list) == 0 {
		return nil
	}
	last := list[len(list)-1]
	s := &Side{Runs: len(list), Limits: last.Limits, Digests: last.Digests, Faults: []string{}, Fault: string(result.GradeCounted)}
	verdicts := make([]result.Verdict, len(list))
	for i, t := range list {
		verdicts[i] = t.Verdict
		if i == 0 || worse(t.Verdict, s.Verdict) < 0 {
			s.Verdict, s.Explanation = t.Verdict, strings.Join(t.Reasons, "; ")
		}
		if r := t.Recovery; r != nil && (s.Recovery == nil || slower(r, s.Recovery)) {
			s.Recovery = r
		}
		if t.Guardrail != nil && t.Guardrail.Tripped {
			s.Tripped++
		}
		for _, f := range t.Faults {
			if slices.Index(grades, f.Exercised.Grade) < slices.Index(grades, result.Grade(s.Fault)) {
				s.Fault = string(f.Exercised.Grade)
			}
		}
	}
	if len(list) > 1 {
		s.Verdicts = verdicts
	}
	for _, f := range last.Faults {
		s.Faults = append(s.Faults, faultText(f))
	}
	return s
}

func faultText(f result.Fault) string {
	text := cmp.Or(f.Description, f.Inject)
	if f.Share > 0 && f.Share < 1 {
		text += fmt.Sprintf(" (%s of them)", percent(f.Share))
	}
	return text + " into " + f.Into
}

// slower ranks a recovery that was not seen above any that was.
func slower(a, b *result.Recovery) bool {
	if a.Censored != b.Censored {
		return a.Censored
	}
	return a.Seconds > b.Seconds
}

// dependencies that the faults of the experiment go into.
func dependencies(list []trial) []Dependency {
	deps := []Dependency{}
	for _, t := range list {
		for _, f := range t.Faults {
			if slices.ContainsFunc(deps, func(d Dependency) bool { return d.Name == f.Into }) {
				continue
			}
			d := t.in.Result.System.Dependencies[f.Into]
			deps = append(deps, Dependency{f.Into, d.Criticality, d.Owner})
		}
	}
	return deps
}

// invariants are those of either side, as far as both were asked.
func invariants(base, head []trial) []Invariant {
	list := []Invariant{}
	for _, side := range [][]trial{head, base} {
		for _, t := range side {
			for _, inv := range t.Invariants {
				if slices.ContainsFunc(list, func(i Invariant) bool { return i.Name == inv.Name }) {
					continue
				}
				list = append(list, newInvariant(inv.Name, base, head))
			}
		}
	}
	return list
}

func newInvariant(name string, base, head []trial) Invariant {
	i := Invariant{Name: name, Status: Uncertain, Base: invariantState(name, base), Head: invariantState(name, head)}
	b, h := i.Base.Verdict, i.Head.Verdict
	switch {
	case b == result.Held && h == result.Refuted:
		i.Status = Regressed
	case b == result.Refuted && h == result.Held:
		i.Status = Improved
	case b == h && b != result.Inconclusive:
		i.Status = Unchanged
	}
	return i
}

func invariantState(name string, list []trial) InvariantState {
	s := InvariantState{Verdict: result.Held}
	asked := 0
	for _, t := range list {
		c := t.Criterion(result.InvariantCriterion, name)
		if c == nil || c.Verdict == result.Inconclusive {
			continue
		}
		asked++
		if c.Verdict != result.Refuted {
			continue
		}
		s.Broken++
		for _, inv := range t.Invariants {
			if inv.Name == name && inv.After != nil && *inv.After > s.Violations {
				s.Violations, s.Keys = *inv.After, inv.Keys
			}
		}
	}
	switch {
	case s.Broken > 0:
		s.Verdict = result.Refuted
	case asked < len(list) || asked == 0:
		s.Verdict = result.Inconclusive
	}
	return s
}

// amplification is that of the dependencies which both sides counted.
func amplification(base, head []trial) []Amplification {
	var list []Amplification
	for _, t := range head {
		for _, a := range t.Amplification {
			if slices.ContainsFunc(list, func(o Amplification) bool { return o.Dependency == a.Dependency && o.Unit == a.Unit }) {
				continue
			}
			row := Amplification{Dependency: a.Dependency, Unit: a.Unit}
			row.Base, row.BaseStorm = factor(a, base)
			row.Head, row.HeadStorm = factor(a, head)
			if row.Base > 0 && row.Head > 0 {
				list = append(list, row)
			}
		}
	}
	return list
}

// factor is the mean over the runs that have one, and 0 if none has.
func factor(of result.Amplification, side []trial) (mean float64, storm bool) {
	n := 0.0
	for _, t := range side {
		for _, a := range t.Amplification {
			if a.Dependency == of.Dependency && a.Unit == of.Unit && a.Factor > 0 {
				mean, n, storm = mean+a.Factor, n+1, storm || a.Storm
			}
		}
	}
	return mean / max(n, 1), storm
}

// impact is a change of the journey that stands for a checkout in the units of
// the real system's traffic; nil where that is not declared in head.
func (e *Experiment) impact(head []trial) *result.Impact {
	t := head[len(head)-1].in.Result.System.Traffic
	if t == nil {
		return nil
	}
	for _, j := range e.Journeys {
		if j.Name != t.Journey || j.Change == nil {
			continue
		}
		i := &result.Impact{Journey: j.Name, Currency: t.Currency}
		i.Checkouts = result.Amount{Estimate: j.Change.Estimate, Low: j.Change.Low, High: j.Change.High}.Times(t.CheckoutsPerHour)
		if t.Currency != "" {
			money := i.Checkouts.Times(t.Value)
			i.Money = &money
		}
		return i
	}
	return nil
}
