package experiments

import "time"

// unset are settings of which nothing is given.
func unset() Settings {
	return Settings{Phases: Phases{Warmup: Unset, Baseline: Unset, Fault: Unset, Recovery: Unset}}
}

// settingsFields are the keys that a system's defaults and an experiment
// share.
func settingsFields(s *Settings) fields {
	return fields{
		{name: "phases", doc: "how long each phase takes", shape: fields{
			{name: "warmup", doc: "traffic that is not measured", shape: duration(&s.Phases.Warmup)},
			{name: "baseline", doc: "measured, before the fault", shape: over(duration, "0s")(&s.Phases.Baseline)},
			{name: "fault", doc: "measured, with the fault in force; at least twice the largest slow_after", shape: over(duration, "0s")(&s.Phases.Fault)},
			{name: "recovery", doc: "measured, after the fault is removed", shape: duration(&s.Phases.Recovery)},
		}},
		{name: "limits", doc: "what the hypothesis is judged by", shape: limitsShape(&s.Limits)},
		{name: "repeat", doc: "how often baseline and fault take turns, where there is no control arm; at least 3 give a sound answer",
			shape: wholeNumber(&s.Repeat, 1, 50)},
		{name: "guardrails", doc: "when the fault is removed at once", shape: list[Guardrail]{to: &s.Guardrails, item: guardrailShape, most: 10}},
	}
}

func limitsShape(l *Limits) shape {
	return fields{
		{name: "blast_radius", doc: "share of journeys that the fault may harm, such as 5%", shape: optional[float64]{&l.BlastRadius, share}},
		{name: "recovery", doc: "time after removal in which harm must end, such as 30s", shape: optional[time.Duration]{&l.Recovery, duration}},
		{name: "baseline", doc: "harmed share of the baseline beyond which the experiment is invalid, such as 2%", shape: optional[float64]{&l.Baseline, share}},
		{name: "journeys", doc: "limits by journey", shape: table[float64]{to: &l.Journeys, key: ids(), item: func(v *float64) shape {
			return fields{{name: "blast_radius", doc: "share of this journey that the fault may harm", shape: share(v), required: true}}
		}}},
	}
}

func capsShape(c *Caps) shape {
	return fields{
		{name: "blast_radius", doc: "no limit or guardrail of an experiment may be beyond this", shape: over(share, "0%")(&c.BlastRadius)},
		{name: "duration", doc: "no experiment may take longer than this", shape: over(duration, "0s")(&c.Duration)},
	}
}
