package experiments

import (
	"time"

	"github.com/blastgauge/blastgauge/experiments/shape"
)

// Settings are what a system gives as defaults and an experiment overrides.
// Nil and zero mean "not set" until plan resolves them.
type Settings struct {
	Phases     Phases      `json:"phases"`
	Limits     Limits      `json:"limits"`
	Guardrails []Guardrail `json:"guardrails,omitempty"`
	// Repeat is the number of pairs of baseline and fault if the baseline is the
	// control; 0 means one.
	Repeat int `json:"repeat,omitempty"`
	// ShareBaselines lets the recovery of one experiment, where it is shown to be back, be
	// the baseline of the next. Only defaults have it.
	ShareBaselines bool `json:"share_baselines,omitempty"`
}

// Phases are the lengths of an experiment's phases; negative means "not set".
type Phases struct {
	Warmup   time.Duration `json:"warmup"`
	Baseline time.Duration `json:"baseline"`
	Fault    time.Duration `json:"fault"`
	Recovery time.Duration `json:"recovery"`
}

// Unset is a phase length that was not given.
const Unset time.Duration = -1

// Limits are what a hypothesis is judged by. Shares are fractions 0 to 1.
type Limits struct {
	BlastRadius *float64           `json:"blast_radius,omitempty"`
	Recovery    *time.Duration     `json:"recovery,omitempty"`
	Baseline    *float64           `json:"baseline,omitempty"` // harmed share that makes an experiment invalid
	Journeys    map[string]float64 `json:"journeys,omitempty"` // blast radius by journey
}

// Caps are limits for all experiments; zero means no cap.
type Caps struct {
	BlastRadius float64       `json:"blast_radius,omitempty"`
	Duration    time.Duration `json:"duration,omitempty"`
}

// StandardPhases returns the phases of an experiment if neither it nor its system
// gives others.
func StandardPhases() Phases {
	return Phases{Warmup: 5 * time.Second, Baseline: time.Minute, Fault: 2 * time.Minute, Recovery: 90 * time.Second}
}

// Over returns the phases, with each that is unset taken from others.
func (p Phases) Over(others Phases) Phases {
	pick := func(own, other time.Duration) time.Duration {
		if own < 0 {
			return other
		}
		return own
	}
	return Phases{
		Warmup:   pick(p.Warmup, others.Warmup),
		Baseline: pick(p.Baseline, others.Baseline),
		Fault:    pick(p.Fault, others.Fault),
		Recovery: pick(p.Recovery, others.Recovery),
	}
}

// unset returns settings of which nothing is given.
func unset() Settings {
	return Settings{Phases: Phases{Warmup: Unset, Baseline: Unset, Fault: Unset, Recovery: Unset}}
}

// settingsFields are the fields that a system's defaults and an experiment share.
func settingsFields(s *Settings) shape.Fields {
	return shape.Fields{
		{Name: "phases", Doc: "how long each phase takes", Shape: shape.Fields{
			{Name: "warmup", Doc: "traffic that is not measured; 5s by default", Shape: duration(&s.Phases.Warmup)},
			{Name: "baseline", Doc: "measured, before the fault; 1m by default", Shape: positive(duration, "0s")(&s.Phases.Baseline)},
			{Name: "fault", Doc: "measured, with the fault in force; at least twice the largest slow_after; 2m by default", Shape: positive(duration, "0s")(&s.Phases.Fault)},
			{Name: "recovery", Doc: "measured, after the fault is removed; 1m30s by default", Shape: duration(&s.Phases.Recovery)},
		}},
		{Name: "limits", Doc: "what the hypothesis is judged by", Shape: limitsShape(&s.Limits)},
		{Name: "repeat", Doc: "how often baseline and fault take turns, where there is no control arm: 3 or more, 5 are advised; once by default",
			Shape: turns(&s.Repeat)},
		{Name: "guardrails", Doc: "when the fault is removed at once", Shape: shape.List[Guardrail]{To: &s.Guardrails, Item: guardrailShape, Max: 10}},
	}
}

// defaultsFields are the fields of a system's defaults.
func defaultsFields(s *Settings) shape.Fields {
	return append(settingsFields(s), shape.Field{
		Name: "share_baselines", Doc: "whether the recovery of one experiment, once it is shown to be back, is the baseline of the next where both send the same journeys: it saves that time, and their answers are no longer independent",
		Shape: shape.TrueOrFalse(&s.ShareBaselines),
	})
}

// turns is a number of turns of baseline and fault; 1 means that they take none. Two
// leave a single degree of freedom beside a trend, which says nothing of how much turns
// vary.
func turns(to *int) shape.Shape {
	number := wholeNumber(to, 1, 50)
	return shape.Validated{Shape: number, Also: shape.Object{"not": shape.Object{"const": 2}}, Check: func(d *shape.Document, n shape.Node, _ string) {
		if *to == 2 {
			d.Fail(n, shape.Diagnostic{Msg: "two turns do not show how much turns vary", Hint: "write 3 or more; 5 are advised"})
		}
	}}
}

func limitsShape(l *Limits) shape.Shape {
	return shape.Fields{
		{Name: "blast_radius", Doc: "share of journeys that the fault may harm; 5% by default", Shape: shape.Optional[float64]{To: &l.BlastRadius, Item: shape.Share}},
		{Name: "recovery", Doc: "time after removal in which harm must end, such as 30s; without it, recovery is not judged", Shape: shape.Optional[time.Duration]{To: &l.Recovery, Item: duration}},
		{Name: "baseline", Doc: "harmed share of the baseline beyond which the experiment is invalid; 2% by default", Shape: shape.Optional[float64]{To: &l.Baseline, Item: shape.Share}},
		{Name: "journeys", Doc: "limits by journey, in place of blast_radius", Shape: shape.Table[float64]{To: &l.Journeys, Key: ids(), Item: func(v *float64) shape.Shape {
			return shape.Fields{{Name: "blast_radius", Doc: "share of this journey that the fault may harm", Shape: shape.Share(v), Required: true}}
		}}},
	}
}

func capsShape(c *Caps) shape.Shape {
	return shape.Fields{
		{Name: "blast_radius", Doc: "no limit or guardrail of an experiment may be beyond this", Shape: positive(shape.Share, "0%")(&c.BlastRadius)},
		{Name: "duration", Doc: "no experiment may take longer than this", Shape: positive(duration, "0s")(&c.Duration)},
	}
}
