// Package progress knows of a run, while it goes on, what there is to show of it: the
// phase and the time left, the harm of both arms, its causes, how far the guardrails are,
// and what happened.
//
// It takes the same events and journeys as the journal, and decides nothing. Its counts
// are of the moment; those of the report are by when journeys were to start, and are made
// from the journal.
package progress

import (
	"cmp"
	"strings"
	"time"

	"github.com/blastgauge/blastgauge/experiments/inert"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/result"
)

const (
	sampleEvery = time.Second
	mostSamples = 24
	lately      = 5 // samples that a guardrail is compared with, as in the engine
)

// A Progress is what is known of a run at a moment. Its methods are called by one
// goroutine at a time.
type Progress struct {
	Plan     *plan.Plan
	Began    time.Time // when the run was first heard of
	Seq      int       // of the newest event
	Current  Experiment
	Trials   Trials               // of a scan
	Verdicts []*result.Experiment // of the experiments that have ended
	Entries  []Entry              // what happened, oldest first
	Entered  int                  // how many there ever were: of a long run the oldest are dropped
	Waiting  *Waiting             // for somebody's decision; nil: it does not
	Stopping string               // why the rest is not run; empty: it is
	Over     bool                 // the run has ended
	Injected bool                 // an injection was begun, of any experiment
	NotGone  map[string]bool      // faults by name that may be in force, of all experiments

	epoch time.Time // what Since and Intended are relative to
	next  int       // the first experiment that may still be run, by what was decided
}

// An Experiment is what is known of the experiment that goes on, or of the last one.
type Experiment struct {
	Index        int // in the plan; -1 before the first
	Running      bool
	Started      time.Time
	Phase        journal.Phase // empty before the first
	PhaseStarted time.Time
	Before       time.Duration // planned time of the phases that have ended
	Counts       Counts        // of the current phase
	Baseline     Counts        // of the baseline, once it has ended
	UnderFault   Counts        // of the fault phase, once it has ended
	Samples      []Counts      // of the last seconds
	Tripped      string        // by which the guardrail tripped; empty if none did
	Note         string        // what happened last
	Faults       []Fault       // in the order of their injection
	Harm         Harm          // over time
	Recovery     Recovery      // since they are gone

	seen     map[int]journal.SeenCause
	tripped  journal.Event            // of the guardrail
	examples map[int]*journal.Example // the first of each cause
	inPhase  int                      // how many samples ended in the current phase
	sample   Counts                   // of the current second
	sampled  time.Time                // when the current second began
	before   *before                  // the journeys of the baseline; nil: there are none
	shared   bool                     // the baseline is not its own
	tail     *before                  // of the recovery, for the next experiment; nil: it shares none
	earlier  *before                  // the tail of the experiment before; nil: there is none
}

// New knows that a run of p begins now.
func New(p *plan.Plan, now time.Time) *Progress {
	return &Progress{Plan: p, Began: now, Current: Experiment{Index: -1}, NotGone: map[string]bool{}, epoch: now}
}

// Experiment is the plan of the experiment that goes on. It must have begun.
func (p *Progress) Experiment() *plan.Experiment { return &p.Plan.Experiments[p.Current.Index] }

// Tick ends the second that has passed. It is called about once a second, or more often.
func (p *Progress) Tick(now time.Time) {
	c := &p.Current
	if c.Index < 0 || now.Sub(c.sampled) < sampleEvery {
		return
	}
	c.cutSample(now)
	p.lookAtRecovery(now)
}

// cutSample ends the current sample.
func (c *Experiment) cutSample(now time.Time) {
	c.Samples = append(c.Samples, c.sample)
	c.Samples = c.Samples[max(0, len(c.Samples)-mostSamples):]
	c.sample, c.sampled = nil, now
	c.inPhase++
}

// recent are the counts of the last seconds of the current phase.
func (c *Experiment) recent() Counts {
	recent := c.sample
	for _, s := range c.Samples[len(c.Samples)-min(lately, c.inPhase, len(c.Samples)):] {
		recent = recent.Plus(s)
	}
	return recent
}

// Observe takes the end of a journey.
func (p *Progress) Observe(o journal.Observation) {
	if p.Current.Index < 0 {
		return
	}
	if o.Seen != nil {
		p.introduce(*o.Seen)
	}
	guardrails := p.Experiment().Guardrails
	p.Current.Counts.Add(o, guardrails)
	p.Current.sample.Add(o, guardrails)
	p.Current.Harm.add(o)
	p.Current.before.add(o)
	p.Current.tail.add(o)
}

// introduce takes a cause of harm by its number.
func (p *Progress) introduce(c journal.SeenCause) {
	if p.Current.seen == nil {
		p.Current.seen, p.Current.examples = map[int]journal.SeenCause{}, map[int]*journal.Example{}
	}
	p.Current.seen[c.Number] = c
	if p.Current.examples[c.Number] == nil {
		p.Current.examples[c.Number] = c.Example
	}
}

// Record takes an event. Of a scan, it returns the trial that has ended with it; nil: none
// has.
func (p *Progress) Record(e journal.Event, now time.Time) (ended *Trial) {
	if p.Seq == 0 {
		p.epoch = now.Add(-e.Since)
	}
	p.Seq = max(p.Seq, e.Seq)
	if p.Plan.Scan != nil {
		ended = p.Trials.record(p.Plan, e)
	}
	p.recordRun(e, now)
	p.recordDecision(e, now)
	p.recordExperiment(e, now)
	p.enter(e, ended)
	return ended
}

// recordRun takes what an event says of the whole run.
func (p *Progress) recordRun(e journal.Event, now time.Time) {
	switch e.Kind {
	case journal.ExperimentStarted:
		if len(p.Plan.Experiments) == 0 {
			return
		}
		next := min(p.Current.Index+1, len(p.Plan.Experiments)-1)
		if i := p.indexOf(e.Experiment); i >= 0 {
			next = i
		}
		p.Current = Experiment{Index: next, Running: true, Started: now, PhaseStarted: now, sampled: now, earlier: p.Current.tail}
		p.Current.Harm.begin(p.Experiment(), e.Since)
	case journal.ExperimentEnded:
		p.Current.Running = false
	case journal.Interrupted, journal.SuiteStopped:
		_, p.Stopping = Describe(p.Plan, e)
	case journal.RunEnded:
		p.Over = true
		p.Stopping = strings.TrimSuffix(p.Stopping, toBeRemoved)
	case journal.FaultIntended, journal.FaultInjected:
		p.NotGone[e.Fault], p.Injected = true, true
	case journal.FaultRemoved:
		if e.Verified {
			delete(p.NotGone, e.Fault)
		}
	}
}

// recordExperiment takes what an event says of the experiment that goes on.
func (p *Progress) recordExperiment(e journal.Event, now time.Time) {
	c := &p.Current
	if c.Index < 0 {
		return
	}
	switch e.Kind {
	case journal.PhaseStarted:
		p.startPhase(e, now)
	case journal.CellStarted, journal.CellEnded:
		p.recordCell(e, now)
	case journal.BaselineShared:
		p.shareBaseline(e.Shared)
	case journal.HarmSeen:
		if e.Cause != nil {
			p.introduce(*e.Cause)
		}
	case journal.GuardrailTripped:
		c.Tripped, c.tripped = inert.Text(e.Detail), e
	case journal.FaultInjected, journal.FaultRemoved, journal.FaultVanished:
		_, note := Describe(p.Plan, e)
		c.Note = inert.Text(note)
		c.recordFault(p.Plan, e, now)
	}
}

// startPhase begins a phase. A guardrail does not look back to the time before the fault.
func (p *Progress) startPhase(e journal.Event, now time.Time) {
	c := &p.Current
	switch {
	case c.Phase == journal.Baseline && !c.shared:
		c.Baseline = c.Counts
	case c.Phase == journal.Fault:
		c.UnderFault = c.Counts
	}
	c.cutSample(now)
	c.Before, c.inPhase = c.Before+p.PhaseLength(), 0
	c.Phase, c.PhaseStarted, c.Counts = e.Phase, now, nil
	c.Harm.mark(string(e.Phase), e.Since)
	p.recordBaseline(e.Phase, e.Since)
}

// recordCell begins or ends what a scan tries.
func (p *Progress) recordCell(e journal.Event, now time.Time) {
	c := &p.Current
	c.cutSample(now)
	if e.Kind == journal.CellStarted {
		if c.Baseline == nil {
			c.Baseline = c.Counts
		}
		c.PhaseStarted, c.Faults, c.Tripped = now, nil, ""
		c.Harm.startCell()
	}
	c.Counts = nil
}

// Judge takes the verdict on an experiment that has ended.
func (p *Progress) Judge(e *result.Experiment) {
	p.Verdicts = append(p.Verdicts, e)
	p.enterVerdict(e)
}

// Causes are what harmed most journeys of the kind that is harmed most, in the current
// phase, or else under the fault. There are at most so many.
func (p *Progress) Causes(most int) []HarmCause {
	for _, c := range []Counts{p.Current.Counts, p.Current.UnderFault} {
		worst := p.worst(c)
		a := c.Journey(worst)
		var list []HarmCause
		for _, top := range a.TopCauses(most) {
			list = append(list, HarmCause{p.seenCause(worst, top), p.Current.examples[top.Why], a.Causes[top], a.Journeys[plan.FaultArm]})
		}
		if list != nil {
			return list
		}
	}
	return nil
}

// A HarmCause is a cause of harm, with how many of the journeys of the fault arm it harmed.
type HarmCause struct {
	journal.SeenCause
	First     *journal.Example // nil: there is none
	Count, Of int
}

// seenCause is a cause as it was introduced, or what is known of it without that.
func (p *Progress) seenCause(journey int, c Cause) journal.SeenCause {
	if seen, ok := p.Current.seen[c.Why]; ok {
		return seen
	}
	seen := journal.SeenCause{Class: cmp.Or(c.Class, "unknown")}
	if steps := p.Experiment().Journeys[journey].Steps; c.Why == 0 && c.Step >= 0 && c.Step < len(steps) {
		seen.Step = steps[c.Step].Name
	}
	return seen
}
