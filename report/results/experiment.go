package results

import (
	"slices"
	"strconv"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report/charts"
	"github.com/blastgauge/blastgauge/report/page"
	"github.com/blastgauge/blastgauge/report/template"
	"github.com/blastgauge/blastgauge/report/words"
)

// An experiment is one section of the page. The templates call its methods.
type experiment struct {
	*result.Experiment
	s          *summary // of the run; nil where the experiment stands alone
	Everything bool     // unfold everything, for paper
	marks      []string // classes that the filter goes by
}

// newExperiment is the section of one experiment.
func newExperiment(s *summary, e *result.Experiment) *experiment {
	return &experiment{Experiment: e, s: s}
}

// Name is the title, or the id of an experiment without one.
func (e *experiment) Name() string {
	if e.Title != "" {
		return e.Title
	}
	return e.ID
}

// Head is the journey that the blast radius is about; nil if there is none.
func (e *experiment) Head() *result.Journey { return headJourney(e.Experiment) }

// Limit is the limit of the head journey.
func (e *experiment) Limit() float64 { return limitOf(e.Experiment) }

// Late reports whether the recovery took longer than its limit.
func (e *experiment) Late() bool { return late(e.Experiment) }

// RecoveryText writes the time to recovery.
func (e *experiment) RecoveryText() string {
	return words.RecoveryCell(e.KnownRecovery())
}

// After says what became of the system, where it has not recovered.
func (e *experiment) After() string { return words.After(e.KnownRecovery()) }

// Known is the blast radius; nil if it cannot be trusted.
func (e *experiment) Known() *result.BlastRadius { return trustedRadius(e.Experiment) }

// Forest draws the blast radius on the scale that all experiments share. It is empty
// where there is none to trust.
func (e *experiment) Forest(s page.RootScale) template.HTML {
	if e.Known() == nil {
		return ""
	}
	return charts.ForestRow(s, e.Known(), e.Limit(), e.Verdict)
}

// Targets names the dependencies that the faults go into, with their declared
// criticality.
func (e *experiment) Targets() string {
	var list []string
	for _, f := range e.Faults {
		text := f.Into
		if e.s != nil {
			if c := e.s.r.System.Dependencies[f.Into].Criticality; c != "" {
				text += ", " + c
			}
		}
		if len(list) == 0 || list[len(list)-1] != text {
			list = append(list, text)
		}
	}
	return strings.Join(list, "; ")
}

// About is the line below the title: the targets, the faults, and since when it is so.
func (e *experiment) About() []string {
	var list []string
	for _, f := range e.Faults {
		text := f.Description
		if text == "" {
			text = f.Inject
		}
		if f.Share > 0 && f.Share < 1 {
			text += ", share " + words.Limit(f.Share)
		}
		list = append(list, text)
	}
	return slices.Concat(words.NonEmpty(e.Targets()), figures.Together(list), words.NonEmpty(since(e.Experiment)))
}

// FaultCaveats are what surprises about faults like those of the experiment, each once.
func (e *experiment) FaultCaveats() (list []string) {
	for _, f := range e.Faults {
		for _, text := range f.Caveats {
			if text = f.Inject + ": " + text; !slices.Contains(list, text) {
				list = append(list, text)
			}
		}
	}
	return list
}

// Owners names who answers for the experiment.
func (e *experiment) Owners() string {
	if e.s == nil {
		return ""
	}
	return strings.Join(e.s.owners(e.Experiment), ", ")
}

// SoftBehavesHard reports whether a dependency is declared soft and behaves hard.
func (e *experiment) SoftBehavesHard() bool { return e.s != nil && e.s.softBehavesHard(e.Experiment) }

// Doubt reports whether the section lists the reasons. The criteria show why a
// hypothesis held or not, but not why there is no answer.
func (e *experiment) Doubt() bool {
	return e.Verdict == result.Invalid || e.Verdict == result.NotRun || e.Verdict == result.Inconclusive || len(e.Criteria) == 0 || len(e.Void) > 0
}

// Judged reports whether this criterion or journey was judged, going by its verdict:
// none is where the measurement cannot be trusted, but for an invariant that broke.
func (e *experiment) Judged(v result.Verdict) bool {
	return e.Verdict != result.Invalid && v != result.Invalid
}

// Whys are the reasons of the verdict.
func (e *experiment) Whys() []string { return whys(e.Experiment) }

// Untold is that a guardrail removed the fault, where no criterion and no reason says it.
func (e *experiment) Untold() string {
	if list := whys(e.Experiment); len(list) > len(e.Reasons) && !e.Doubt() {
		return list[len(list)-1]
	}
	return ""
}

// InvariantState sums up the invariants in the table of all experiments.
func (e *experiment) InvariantState() page.Note {
	broken, open := 0, 0
	for i := range e.Invariants {
		switch invariantVerdict(e.Experiment, &e.Invariants[i]) {
		case result.Refuted:
			broken++
		case result.Held:
		default:
			open++
		}
	}
	tone := ""
	switch {
	case len(e.Invariants) == 0:
		tone = "mute"
	case broken > 0:
		tone = "bad"
	case open > 0:
		tone = "unsure"
	}
	return page.Note{Tone: tone, Text: words.Invariants(len(e.Invariants), broken, open)}
}

// allHold reports whether each invariant holds.
func (e *experiment) allHold() bool {
	for i := range e.Invariants {
		if e.InvariantVerdict(i) != result.Held {
			return false
		}
	}
	return true
}

// CriterionTitle names a criterion in a table, where invariants go by their own
// name.
func (e *experiment) CriterionTitle(c result.Criterion) string {
	if c.Kind == result.InvariantCriterion {
		return c.Subject
	}
	return figures.Capital(c.Name)
}

// CriterionLimit writes the limit of a criterion; that of an invariant as a number, since
// "no violation" that is "not met" is hard to read.
func (e *experiment) CriterionLimit(c result.Criterion) string {
	if c.Kind == result.InvariantCriterion {
		return "0 new violations"
	}
	return c.Limit
}

// InvariantVerdict is the verdict on the invariant with this index.
func (e *experiment) InvariantVerdict(i int) result.Verdict {
	return invariantVerdict(e.Experiment, &e.Invariants[i])
}

// Warned are the warnings. A page of one experiment has them on top already.
func (e *experiment) Warned() []string {
	if e.s != nil && len(e.s.order) == 1 {
		return nil
	}
	return warnings(e.Experiment)
}

// Blocks are the journeys, the head journey first.
func (e *experiment) Blocks() []block {
	var list []block
	head := e.Head()
	if head != nil {
		list = append(list, block{head, e, true, len(e.Journeys) == 1, true})
	}
	for i := range e.Journeys {
		if j := &e.Journeys[i]; j != head {
			list = append(list, block{j, e, j.Verdict == result.Refuted || head == nil, len(e.Journeys) == 1, len(list) == 0})
		}
	}
	return list
}

// CallMethods says how the intervals of calls per journey were calculated, each method
// once.
func (e *experiment) CallMethods() (list []string) {
	for _, a := range e.Amplification {
		if a.Method != "" && !slices.Contains(list, a.Method) {
			list = append(list, a.Method)
		}
	}
	return list
}

// Storms reports whether the fault set off a retry storm.
func (e *experiment) Storms() bool {
	return slices.ContainsFunc(e.Amplification, func(a result.Amplification) bool { return a.Storm })
}

// ImpactText says what an hour of the fault would do to the real system's traffic. It
// is empty where no document declares that traffic.
func (e *experiment) ImpactText() string {
	if e.Impact == nil || e.s == nil || e.s.r.System.Traffic == nil || !trusted(e.Experiment) {
		return ""
	}
	return figures.Capital(impactWords(e.Experiment))
}

// ImpactNote says how the impact was calculated.
func (e *experiment) ImpactNote() string { return impactNote(e.s.r.System.Traffic) }

// Spreads are the journeys that the fault harmed before they needed its dependency.
func (e *experiment) Spreads() []result.Spread {
	var list []result.Spread
	for _, s := range e.Spread {
		if s.Harmed > 0 && trusted(e.Experiment) {
			list = append(list, s)
		}
	}
	return list
}

// Where is the file and line of the experiment.
func (e *experiment) Where() string {
	if e.File == "" || e.Line == 0 {
		return e.File
	}
	return e.File + ":" + strconv.Itoa(e.Line)
}
