package compare

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/result"
)

// A separation is why two sides are not the same experiment, with the lines that
// show it. Without a reason they are the same.
type separation struct {
	reasons []string
	diff    []FileDiff
}

// A part of an experiment that has to be the same in all runs.
type part struct {
	name   string
	digest func(result.Digests) string
	// told says what differs in the terms of the results, and is empty where these
	// do not show it.
	told func(base, head trial) string
	// keys are the top-level keys of documents that decide it.
	keys []string
}

func parts() []part {
	return []part{
		{"faults", func(d result.Digests) string { return d.Faults }, faultsDiffer, []string{"faults"}},
		{"journeys", func(d result.Digests) string { return d.Journeys }, journeysDiffer, []string{"journeys"}},
		{"load", func(d result.Digests) string { return d.Load }, loadDiffers, []string{"phases", "journeys", "defaults"}},
	}
}

// apart finds what makes the sides different experiments: everything is compared
// with the last run of base, also its other runs.
func apart(base, head []trial) separation {
	var s separation
	switch {
	case len(base) == 0:
		s.reasons = append(s.reasons, "only head has it")
		return s
	case len(head) == 0:
		s.reasons = append(s.reasons, "only base has it")
		return s
	}
	b := base[len(base)-1]
	for _, p := range parts() {
		want := p.digest(b.Digests)
		for i, side := range [][]trial{base, head} {
			for _, t := range side {
				name := runName(i, t, side, p.digest)
				switch got := p.digest(t.Digests); {
				case got == "" || want == "":
					s.add(fmt.Sprintf("%s has no digest of its %s, so nobody knows whether they are the same", name, p.name))
				case got != want:
					s.differ(p, b, t, name)
				}
			}
		}
	}
	return s
}

// runName tells runs of one side apart where they are not all the same.
func runName(side int, t trial, all []trial, digest func(result.Digests) string) string {
	if !slices.ContainsFunc(all, func(o trial) bool { return digest(o.Digests) != digest(t.Digests) }) {
		return sideName(side)
	}
	return sideName(side) + " run " + t.in.Result.Run.ID
}

func (s *separation) add(reason string) {
	if !slices.Contains(s.reasons, reason) {
		s.reasons = append(s.reasons, reason)
	}
}

func (s *separation) differ(p part, b, t trial, name string) {
	text := p.told(b, t)
	diff := documentsDiffer(b, t, p.keys)
	if text == "" && len(diff) > 0 {
		text = fmt.Sprintf("see the lines of %s", diff[0].File)
	}
	if text == "" {
		text = "the documents do not show it: it was set by flags, or digested by another version of blastgauge"
	}
	s.add(fmt.Sprintf("the %s of %s %s: %s", p.name, name, map[bool]string{true: "differ", false: "differs"}[p.name != "load"], text))
	for _, d := range diff {
		if !slices.ContainsFunc(s.diff, func(o FileDiff) bool { return o.File == d.File && o.BaseFile == d.BaseFile }) {
			s.diff = append(s.diff, d)
		}
	}
}

// faultsDiffer names each fault that changed, from base to head.
func faultsDiffer(b, t trial) string {
	var list []string
	for i := range max(len(b.Faults), len(t.Faults)) {
		x, y := "none", "none"
		if i < len(b.Faults) {
			x = faultText(b.Faults[i])
		}
		if i < len(t.Faults) {
			y = faultText(t.Faults[i])
		}
		if x != y {
			list = append(list, x+" → "+y)
		}
	}
	return strings.Join(list, "; ")
}

func journeysDiffer(b, t trial) string {
	x, y := journeyNames([]trial{b}), journeyNames([]trial{t})
	if slices.Equal(slices.Sorted(slices.Values(x)), slices.Sorted(slices.Values(y))) {
		return ""
	}
	return strings.Join(x, ", ") + " → " + strings.Join(y, ", ")
}

// loadDiffers compares rates and the lengths of phases. A phase that a guardrail
// cut short was planned longer, so shorter ones after a trip say nothing.
func loadDiffers(b, t trial) string {
	var list []string
	for _, j := range t.Journeys {
		for _, o := range b.Journeys {
			if o.Name == j.Name && o.Rate != j.Rate {
				list = append(list, fmt.Sprintf("%s at %s/s → %s/s", j.Name, short(o.Rate), short(j.Rate)))
			}
		}
	}
	tripped := b.Guardrail != nil && b.Guardrail.Tripped || t.Guardrail != nil && t.Guardrail.Tripped
	for i := range min(len(b.Phases), len(t.Phases)) {
		x, y := b.Phases[i], t.Phases[i]
		was, is := x.End-x.Start, y.End-y.Start
		const jitter = 0.35 // seconds that a phase may take longer than planned
		if x.Name == y.Name && math.Abs(is-was) > jitter+0.02*was && !(tripped && x.Name == "fault") {
			list = append(list, fmt.Sprintf("phase %s %s → %s", x.Name, about(was), about(is)))
		}
	}
	return strings.Join(list, ", ")
}

// about writes a measured length as it was probably planned.
func about(s float64) string { return short(math.Round(s*2)/2) + " s" }
