package live

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/inert"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// counts are the journeys of a stretch of time: one element per kind of journey, in
// the order of the plan.
type counts []armCounts

// armCounts are the journeys of one kind, by arm.
type armCounts struct {
	journeys, harmed [2]int
	guarded          map[int][2]int // those that a guardrail limits, by its index in the experiment
	causes           map[cause]int  // of harm on the fault arm
}

// A cause is what harmed a journey: the number of a [journal.SeenCause], or where it has
// none its step and its class.
type cause struct {
	why, step int
	class     string
}

func (c *counts) add(o journal.Observation, guardrails []experiments.Guardrail) {
	for len(*c) <= o.Journey {
		*c = append(*c, armCounts{})
	}
	a, times := &(*c)[o.Journey], o.Times()
	a.journeys[o.Arm] += times
	if o.Harmed() {
		a.harmed[o.Arm] += times
	}
	for i, g := range guardrails {
		if meets(g, o) {
			if a.guarded == nil {
				a.guarded = map[int][2]int{}
			}
			both := a.guarded[i]
			both[o.Arm] += times
			a.guarded[i] = both
		}
	}
	if o.Harmed() && o.Arm == plan.FaultArm {
		if a.causes == nil {
			a.causes = map[cause]int{}
		}
		a.causes[causeOf(o)] += times
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

func causeOf(o journal.Observation) cause {
	if o.Why > 0 {
		return cause{why: o.Why}
	}
	return cause{step: o.Step, class: cmp.Or(o.Cause.String(), o.Outcome.String())}
}

// describeCause says what harmed journeys, in the words of the place where it showed.
func describeCause(c journal.SeenCause) string {
	text := c.Class
	switch class, _ := journal.CauseNamed(c.Class); {
	case c.Key == "":
	case class == journal.Status:
		code, _ := strconv.Atoi(c.Key)
		text = strings.TrimSpace(c.Key + " " + http.StatusText(code))
	case class == journal.Unmet:
		text = "not met: " + c.Key
	case class == journal.TooSlow:
		text = "slower than " + c.Key
	case class == journal.DNS:
		text = "no address for " + c.Key
	case class == journal.Redirects && c.Key == journal.Loop:
		text = "redirects in a loop"
	case class == journal.Redirects && c.Key == journal.SecretBody:
		text = "redirect of a secret to another host"
	case class == journal.Redirects:
		text = "more redirects than " + c.Key
	default:
		text = strings.ReplaceAll(c.Class, "_", " ") + " " + c.Key
	}
	if c.Step != "" {
		text = c.Step + ": " + text
	}
	return inert.Text(text)
}

// plus returns the counts of both stretches of time. Causes are left out.
func (c counts) plus(other counts) counts {
	sum := make(counts, max(len(c), len(other)))
	for _, list := range []counts{c, other} {
		for i, a := range list {
			for arm := range a.journeys {
				sum[i].journeys[arm] += a.journeys[arm]
				sum[i].harmed[arm] += a.harmed[arm]
			}
			for g, both := range a.guarded {
				if sum[i].guarded == nil {
					sum[i].guarded = map[int][2]int{}
				}
				before := sum[i].guarded[g]
				sum[i].guarded[g] = [2]int{before[0] + both[0], before[1] + both[1]}
			}
		}
	}
	return sum
}

// journey returns the counts of one kind of journey.
func (c counts) journey(index int) armCounts {
	if index >= len(c) {
		return armCounts{}
	}
	return c[index]
}

// worst returns the index of the kind of journey that the fault harms most beyond
// the control. A view shows this kind alone, because kinds are never pooled.
func (c counts) worst() int {
	worst, most := 0, 0.0
	for i, a := range c {
		if excess := a.harmedShare(plan.FaultArm) - a.harmedShare(plan.ControlArm); excess > most {
			worst, most = i, excess
		}
	}
	return worst
}

// harmedShare is between 0 and 1; 0 where there are no journeys.
func (a armCounts) harmedShare(arm plan.Arm) float64 {
	return float64(a.harmed[arm]) / float64(max(1, a.journeys[arm]))
}

// guardedShare is the share of journeys that meet the condition of a guardrail.
func (a armCounts) guardedShare(guardrail int, arm plan.Arm) float64 {
	return float64(a.guarded[guardrail][arm]) / float64(max(1, a.journeys[arm]))
}

// topCause is what harmed most journeys of the fault arm, and how many.
func (a armCounts) topCause() (top cause, n int) {
	list := slices.SortedFunc(maps.Keys(a.causes), func(x, y cause) int {
		return cmp.Or(cmp.Compare(a.causes[y], a.causes[x]), cmp.Compare(x.why, y.why), cmp.Compare(x.step, y.step), cmp.Compare(x.class, y.class))
	})
	if len(list) == 0 {
		return cause{}, 0
	}
	return list[0], a.causes[list[0]]
}

func (a armCounts) describe(arm plan.Arm) string {
	if a.journeys[arm] == 0 {
		return "no journeys yet"
	}
	return fmt.Sprintf("%.1f%% of %d", 100*a.harmedShare(arm), a.journeys[arm])
}
