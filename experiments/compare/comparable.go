package compare

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/result"
)

// A mismatch is why two sides are not the same experiment, with the lines that
// show it. Without a reason they are the same.
type mismatch struct {
	reasons []reason
	diff    []FileDiff
}

// A part of an experiment that has to be the same in all runs.
type part struct {
	name   string
	verb   string // that follows the name
	code   ReasonCode
	digest func(result.Digests) string
	// describe says what differs in the terms of the results; empty where these do
	// not show it.
	describe func(base, head experimentRun) string
	// keys are the top-level keys of documents that decide it.
	keys []string
}

func parts() []part {
	return []part{
		{"faults", "differ", ReasonFaultsDiffer, func(d result.Digests) string { return d.Faults }, describeFaults, []string{"faults"}},
		{"journeys", "differ", ReasonJourneysDiffer, func(d result.Digests) string { return d.Journeys }, describeJourneys, []string{"journeys"}},
		{"load", "differs", ReasonLoadDiffers, func(d result.Digests) string { return d.Load }, describeLoad, []string{"phases", "journeys", "defaults"}},
	}
}

// findMismatch finds what makes the sides different experiments. Every run of both
// sides is compared with the last run of base.
func findMismatch(names Names, base, head []experimentRun) mismatch {
	var m mismatch
	switch {
	case len(base) == 0:
		m.add(ReasonOnlyInHead, "only "+names.Head+" has it")
		return m
	case len(head) == 0:
		m.add(ReasonOnlyInBase, "only "+names.Base+" has it")
		return m
	}
	reference := base[len(base)-1]
	for _, p := range parts() {
		want := p.digest(reference.Digests)
		for i, side := range [][]experimentRun{base, head} {
			for _, run := range side {
				name := runName(names.of(i), run, side, p.digest)
				switch got := p.digest(run.Digests); {
				case got == "" || want == "":
					m.add(ReasonNoDigest, fmt.Sprintf("%s has no digest of its %s, so nobody knows whether they are the same", name, p.name))
				case got != want:
					m.addPart(p, reference, run, name)
				}
			}
		}
	}
	return m
}

// runName names the side of a run, and the run where the runs of the side are not
// all the same.
func runName(side string, run experimentRun, all []experimentRun, digest func(result.Digests) string) string {
	if !slices.ContainsFunc(all, func(o experimentRun) bool { return digest(o.Digests) != digest(run.Digests) }) {
		return side
	}
	return side + " run " + run.in.Result.Run.ID
}

// onlyUntrusted reports whether nothing but the trust in their numbers keeps the sides
// from being compared.
func (m *mismatch) onlyUntrusted() bool {
	return !slices.ContainsFunc(m.reasons, func(r reason) bool {
		return r.code != ReasonBaseUntrusted && r.code != ReasonHeadUntrusted
	})
}

func (m *mismatch) add(code ReasonCode, text string) {
	if r := (reason{code, text}); !slices.Contains(m.reasons, r) {
		m.reasons = append(m.reasons, r)
	}
}

// addPart adds that a part of a run differs from the reference.
func (m *mismatch) addPart(p part, reference, run experimentRun, name string) {
	text := p.describe(reference, run)
	diff := diffDocuments(reference, run, p.keys)
	if text == "" && len(diff) > 0 {
		text = fmt.Sprintf("see the lines of %s", diff[0].File)
	}
	if text == "" {
		text = "the documents do not show it: it was set by flags, or digested by another version of blastgauge"
	}
	m.add(p.code, fmt.Sprintf("the %s of %s %s: %s", p.name, name, p.verb, text))
	for _, d := range diff {
		if !slices.ContainsFunc(m.diff, func(o FileDiff) bool { return o.File == d.File && o.BaseFile == d.BaseFile }) {
			m.diff = append(m.diff, d)
		}
	}
}

// describeFaults names each fault that changed, from base to head.
func describeFaults(base, head experimentRun) string {
	var list []string
	for i := range max(len(base.Faults), len(head.Faults)) {
		was, is := "none", "none"
		if i < len(base.Faults) {
			was = describeFault(base.Faults[i])
		}
		if i < len(head.Faults) {
			is = describeFault(head.Faults[i])
		}
		if was != is {
			list = append(list, was+" → "+is)
		}
	}
	return strings.Join(list, "; ")
}

func describeJourneys(base, head experimentRun) string {
	was, is := journeyNames([]experimentRun{base}), journeyNames([]experimentRun{head})
	if slices.Equal(slices.Sorted(slices.Values(was)), slices.Sorted(slices.Values(is))) {
		return ""
	}
	return strings.Join(was, ", ") + " → " + strings.Join(is, ", ")
}

// describeLoad compares rates and the lengths of phases. A guardrail that trips
// cuts the fault phase short, so its length then says nothing about the plan.
func describeLoad(base, head experimentRun) string {
	var list []string
	for _, j := range head.Journeys {
		for _, o := range base.Journeys {
			if o.Name == j.Name && o.Rate != j.Rate {
				list = append(list, fmt.Sprintf("%s at %s/s → %s/s", j.Name, short(o.Rate), short(j.Rate)))
			}
		}
	}
	tripped := base.tripped() || head.tripped()
	for i := range min(len(base.Phases), len(head.Phases)) {
		was, is := base.Phases[i], head.Phases[i]
		before, after := was.End-was.Start, is.End-is.Start
		const jitter = 0.35 // seconds that a phase may take longer than planned
		cutShort := tripped && was.Name == "fault"
		if was.Name == is.Name && math.Abs(after-before) > jitter+0.02*before && !cutShort {
			list = append(list, fmt.Sprintf("phase %s %s → %s", was.Name, plannedLength(before), plannedLength(after)))
		}
	}
	return strings.Join(list, ", ")
}

// plannedLength writes a measured length in seconds as it was probably planned.
func plannedLength(s float64) string { return short(math.Round(s*2)/2) + " s" }
