package compare

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/result"
)

// An experimentRun is one experiment in one run.
type experimentRun struct {
	*result.Experiment
	in Input
}

// runsOf are the runs of one side that have the experiment.
func runsOf(id string, side []Input) []experimentRun {
	var list []experimentRun
	for _, in := range side {
		for i := range in.Result.Experiments {
			if in.Result.Experiments[i].ID == id {
				list = append(list, experimentRun{&in.Result.Experiments[i], in})
				break
			}
		}
	}
	return list
}

// tripped reports whether a guardrail removed the fault.
func (r experimentRun) tripped() bool { return r.Guardrail != nil && r.Guardrail.Tripped }

// trusted reports whether the measurement of the run can be trusted.
func (r experimentRun) trusted() bool {
	return r.Trusted()
}

// factualRuns are the runs whose invariants were judged: those that can be trusted, and
// those that an invariant refuted although the numbers of their journeys are void.
func factualRuns(list []experimentRun) []experimentRun {
	return slices.DeleteFunc(slices.Clone(list), func(r experimentRun) bool {
		return !r.trusted() && r.Verdict != result.Refuted
	})
}

// trustedRuns are the runs that can be trusted. Where runs are given and none can
// be, why is the first reason of the first of them.
func trustedRuns(list []experimentRun) (trusted []experimentRun, why string) {
	for _, r := range list {
		switch {
		case r.trusted():
			trusted = append(trusted, r)
		case why == "":
			why = r.distrust()
		}
	}
	if len(trusted) > 0 {
		why = ""
	}
	return trusted, why
}

// distrust is why the numbers of the run cannot be trusted.
func (r experimentRun) distrust() string {
	verdict, reason := r.Verdict, r.firstReason()
	if len(r.Void) > 0 {
		verdict = result.Invalid
		if i := slices.Index(r.ReasonCodes, r.Void[0]); i >= 0 && i < len(r.Reasons) {
			reason = r.Reasons[i]
		}
	}
	return strings.ReplaceAll(string(verdict), "_", " ") + ": " + reason
}

func (r experimentRun) firstReason() string {
	if len(r.Reasons) == 0 {
		return "no reason is recorded"
	}
	return r.Reasons[0]
}

// compareBadness orders verdicts, worst first.
func compareBadness(a, b result.Verdict) int {
	order := []result.Verdict{result.Refuted, result.Invalid, result.NotRun, result.Inconclusive, result.Held}
	return cmp.Compare(slices.Index(order, a), slices.Index(order, b))
}

// compareGrades orders the evidence that a fault met traffic, weakest first.
func compareGrades(a, b result.Grade) int {
	order := []result.Grade{result.GradeNo, result.GradeProbed, result.GradeSparse, result.GradeObserved, result.GradeCounted}
	return cmp.Compare(slices.Index(order, a), slices.Index(order, b))
}

// place notes whether the last run of the side lacks the experiment. all are its runs.
func (s *Side) place(all []experimentRun, side []Input) {
	if s != nil {
		s.Earlier = all[len(all)-1].in.Result != side[len(side)-1].Result
	}
}

// newSide sums up the runs of one side; nil if there are none.
func newSide(list []experimentRun) *Side {
	if len(list) == 0 {
		return nil
	}
	last := list[len(list)-1]
	s := &Side{Runs: len(list), Limits: last.Limits, Digests: last.Digests, Faults: []string{}, Fault: string(result.GradeCounted)}
	var slowest experimentRun
	for i, r := range list {
		s.add(r, i == 0)
		if r.KnownRecovery() != nil && (slowest.Experiment == nil || r.RecoversSlowerThan(slowest.Experiment)) {
			slowest, s.Recovery = r, r.KnownRecovery()
		}
	}
	if len(list) == 1 {
		s.Verdicts = nil
	}
	for _, f := range last.Faults {
		s.Faults = append(s.Faults, describeFault(f))
	}
	return s
}

func (s *Side) add(r experimentRun, first bool) {
	s.Verdicts = append(s.Verdicts, r.Verdict)
	if first || compareBadness(r.Verdict, s.Verdict) < 0 {
		s.Verdict, s.Explanation = r.Verdict, strings.Join(r.Reasons, "; ")
	}
	if r.tripped() {
		s.Tripped++
	}
	for _, f := range r.Faults {
		if compareGrades(f.Exercised.Grade, result.Grade(s.Fault)) < 0 {
			s.Fault = string(f.Exercised.Grade)
		}
	}
}

// describeFault is "latency 2s (20% of them) into payments".
func describeFault(f result.Fault) string {
	text := cmp.Or(f.Description, f.Inject)
	if f.Share > 0 && f.Share < 1 {
		text += fmt.Sprintf(" (%s of them)", percent(f.Share))
	}
	return text + " into " + f.Into
}

// dependencies that the faults of the experiment go into.
func dependencies(list []experimentRun) []Dependency {
	deps := []Dependency{}
	for _, r := range list {
		for _, f := range r.Faults {
			if slices.ContainsFunc(deps, func(d Dependency) bool { return d.Name == f.Into }) {
				continue
			}
			d := r.in.Result.System.Dependencies[f.Into]
			deps = append(deps, Dependency{f.Into, d.Criticality, d.Owner})
		}
	}
	return deps
}
