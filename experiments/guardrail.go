package experiments

import (
	"time"

	"github.com/blastgauge/blastgauge/experiments/shape"
)

// A Guardrail removes the fault at once when its condition is met. One of its
// fields is set.
type Guardrail struct {
	// BlastRadius and Failed are shares of one journey beyond the control: the harmed
	// ones and the failed ones. They are limits of every stretch of time, not of the mean:
	// a pause of half a second may trip a guardrail of 2 %.
	BlastRadius float64 `json:"blast_radius,omitempty"`
	Failed      float64 `json:"failed,omitempty"`
	// P99 is a duration. The condition is that more than one journey in a hundred
	// takes longer, beyond the control.
	P99   time.Duration `json:"p99,omitempty"`
	Probe *Probe        `json:"probe,omitempty"`
}

// A Probe is a check that is repeated while a fault is in force.
type Probe struct {
	Invariant
	Every    time.Duration `json:"every"`
	Failures int           `json:"failures"` // in a row, after which the fault is removed
}

// The pace of a probe whose document gives none.
const (
	DefaultProbeEvery    = time.Second
	DefaultProbeFailures = 3
)

// guardrailShape is a mapping of one condition.
func guardrailShape(g *Guardrail) shape.Shape {
	f := shape.Fields{
		{Name: "blast_radius", Doc: "remove the fault when the live blast radius of a journey is beyond this", Shape: positive(shape.Share, "0%")(&g.BlastRadius)},
		{Name: "failed", Doc: "remove the fault when more of a journey fail, beyond the control", Shape: positive(shape.Share, "0%")(&g.Failed)},
		{Name: "p99", Doc: "remove the fault when more than 1 % of a journey take longer, beyond the control", Shape: positive(duration, "0s")(&g.P99)},
		{Name: "probe", Doc: "remove the fault when this is answered wrongly several times in a row", Shape: shape.Optional[Probe]{To: &g.Probe, Item: probeShape}},
	}
	return shape.Validated{Always: true, Shape: f, Also: shape.Object{"minProperties": 1, "maxProperties": 1}, Check: func(d *shape.Document, n shape.Node, _ string) {
		if n.Kind() == shape.Mapping && n.Len() != 1 {
			d.Fail(n, shape.Diagnostic{Msg: "a guardrail is one condition: blast_radius, failed, p99 or probe", Hint: "write one list item for each"})
		}
	}}
}

// Says returns the condition in words, such as "blast radius of checkout beyond 36%".
func (g Guardrail) Says(journey string) string {
	switch {
	case g.Probe != nil:
		return g.Probe.Name
	case g.P99 > 0:
		return "p99 of " + journey + " beyond " + short(g.P99)
	case g.Failed > 0:
		return "failed share of " + journey + " beyond " + percentOf(g.Failed*100)
	}
	return "blast radius of " + journey + " beyond " + percentOf(g.BlastRadius*100)
}

// Share returns how much of a journey may meet the condition beyond the control.
// One journey in a hundred may exceed a p99.
func (g Guardrail) Share() float64 {
	switch {
	case g.P99 > 0:
		return 0.01
	case g.Failed > 0:
		return g.Failed
	}
	return g.BlastRadius
}

// Kind returns the name of the condition, as documents write it.
func (g Guardrail) Kind() string {
	switch {
	case g.Probe != nil:
		return "probe"
	case g.P99 > 0:
		return "p99"
	case g.Failed > 0:
		return "failed"
	}
	return "blast_radius"
}

// probeShape is a check that is repeated while a fault is in force.
func probeShape(p *Probe) shape.Shape {
	f := append(checkFields(&p.Invariant), shape.Fields{
		{Name: "every", Doc: "pause between two questions; 1s by default", Shape: positive(duration, "0s")(&p.Every)},
		{Name: "failures", Doc: "how many wrong answers in a row remove the fault; 3 by default", Shape: wholeNumber(&p.Failures, 1, 100)},
	}...)
	return shape.Validated{Shape: checkShape(&p.Invariant, f), Always: true, Check: func(d *shape.Document, _ shape.Node, path string) {
		if !d.Given(shape.JoinPath(path, "every")) {
			p.Every = DefaultProbeEvery
		}
		if !d.Given(shape.JoinPath(path, "failures")) {
			p.Failures = DefaultProbeFailures
		}
		checkVariables(d, path, nil, nil)
	}}
}
