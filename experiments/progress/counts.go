package progress

import (
	"cmp"
	"maps"
	"slices"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// Counts are the journeys of a stretch of time: one element per kind of journey, in
// the order of the plan.
type Counts []ArmCounts

// ArmCounts are the journeys of one kind, by arm.
type ArmCounts struct {
	Journeys, Harmed [2]int
	Guarded          map[int][2]int // those that a guardrail limits, by its index in the experiment
	Causes           map[Cause]int  // of harm on the fault arm
}

// A Cause is what harmed a journey: the number of a [journal.SeenCause], or where it has
// none its step and its class.
type Cause struct {
	Why, Step int
	Class     string
}

// Add counts a journey, or several at once that are all alike.
func (c *Counts) Add(o journal.Observation, guardrails []experiments.Guardrail) {
	for len(*c) <= o.Journey {
		*c = append(*c, ArmCounts{})
	}
	a, times := &(*c)[o.Journey], o.Times()
	a.Journeys[o.Arm] += times
	if o.Harmed() {
		a.Harmed[o.Arm] += times
	}
	for i, g := range guardrails {
		if meets(g, o) {
			if a.Guarded == nil {
				a.Guarded = map[int][2]int{}
			}
			both := a.Guarded[i]
			both[o.Arm] += times
			a.Guarded[i] = both
		}
	}
	if o.Harmed() && o.Arm == plan.FaultArm {
		if a.Causes == nil {
			a.Causes = map[Cause]int{}
		}
		a.Causes[causeOf(o)] += times
	}
}

// meets reports whether a journey is one of those that a guardrail limits.
func meets(g experiments.Guardrail, o journal.Observation) bool {
	switch g.Kind() {
	case "failed":
		return o.Outcome == journal.Failed
	case "p99":
		return o.Took > g.P99 || o.Cause == journal.Shed // a shed journey never ends
	case "blast_radius":
		return o.Harmed()
	}
	return false
}

func causeOf(o journal.Observation) Cause {
	if o.Why > 0 {
		return Cause{Why: o.Why}
	}
	return Cause{Step: o.Step, Class: cmp.Or(o.Cause.String(), o.Outcome.String())}
}

// Plus returns the counts of both stretches of time. Causes are left out.
func (c Counts) Plus(other Counts) Counts {
	sum := make(Counts, max(len(c), len(other)))
	for _, list := range []Counts{c, other} {
		for i, a := range list {
			for arm := range a.Journeys {
				sum[i].Journeys[arm] += a.Journeys[arm]
				sum[i].Harmed[arm] += a.Harmed[arm]
			}
			for g, both := range a.Guarded {
				if sum[i].Guarded == nil {
					sum[i].Guarded = map[int][2]int{}
				}
				before := sum[i].Guarded[g]
				sum[i].Guarded[g] = [2]int{before[0] + both[0], before[1] + both[1]}
			}
		}
	}
	return sum
}

// Journey returns the counts of one kind of journey.
func (c Counts) Journey(index int) ArmCounts {
	if index >= len(c) {
		return ArmCounts{}
	}
	return c[index]
}

// Worst returns the index of the kind of journey that the fault harms most beyond
// the control. Where one kind has to stand for all it is this one, because kinds are
// never pooled.
func (c Counts) Worst() int {
	worst, most := 0, 0.0
	for i, a := range c {
		if excess := a.HarmedShare(plan.FaultArm) - a.HarmedShare(plan.ControlArm); excess > most {
			worst, most = i, excess
		}
	}
	return worst
}

// HarmedShare is between 0 and 1; 0 where there are no journeys.
func (a ArmCounts) HarmedShare(arm plan.Arm) float64 {
	return float64(a.Harmed[arm]) / float64(max(1, a.Journeys[arm]))
}

// guardedShare is the share of journeys that meet the condition of a guardrail.
func (a ArmCounts) guardedShare(guardrail int, arm plan.Arm) float64 {
	return float64(a.Guarded[guardrail][arm]) / float64(max(1, a.Journeys[arm]))
}

// TopCauses are what harmed most journeys of the fault arm, at most so many.
func (a ArmCounts) TopCauses(most int) []Cause {
	list := slices.SortedFunc(maps.Keys(a.Causes), func(x, y Cause) int {
		return cmp.Or(cmp.Compare(a.Causes[y], a.Causes[x]), cmp.Compare(x.Why, y.Why), cmp.Compare(x.Step, y.Step), cmp.Compare(x.Class, y.Class))
	})
	return list[:min(most, len(list))]
}
