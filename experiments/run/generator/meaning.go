package generator

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

const (
	// graceLine is how long a line may take to come once its journey has to be over.
	graceLine = 5 * time.Second
	// skew is by how much the clock of the program may be ahead of ours.
	skew = 500 * time.Millisecond
	// stopWithin is how long after the order to stop journeys may still start.
	stopWithin = time.Second
)

// Kinds of lines that say nothing of a journey of the experiment.
const (
	Malformed      = "malformed"       // no JSON object, an unknown key, a value that no journey has
	UnknownJourney = "unknown_journey" // none of the experiment
	UnknownArm     = "unknown_arm"     // none of the experiment, or none where there are two
	UnknownStep    = "unknown_step"    // none of the journey
	UnknownOutcome = "unknown_outcome"
	TooLong        = "too_long"   // beyond [MaxLine]
	BeforeRun      = "before_run" // a start before that of the program
	Future         = "future"     // a start or an end that is yet to come
	TooLate        = "late"       // it came long after the journey must have been over
	TooMany        = "too_many"   // of more journeys than an arm starts in a second
	ToldTwice      = "told_twice" // of a journey that a line has told of, by its trace
	AfterStop      = "after_stop" // a start although no journey may start any more
)

// A badLine is why a line says nothing of a journey of the experiment.
type badLine struct{ kind, why string }

func (b *badLine) Error() string { return b.why }

func bad(kind, format string, args ...any) *badLine {
	return &badLine{kind, fmt.Sprintf(format, args...)}
}

// A vocabulary is what lines of an experiment may speak of.
type vocabulary struct {
	experiment int
	epoch      time.Time
	began      time.Duration // when the program was started; all times are since epoch
	journeys   []plan.Journey
	together   []int // by journey: how many a line may be of
	arms       []plan.Arm
}

func newVocabulary(o Options) vocabulary {
	e := &o.Plan.Experiments[o.Experiment]
	v := vocabulary{experiment: o.Experiment, epoch: o.Epoch, began: time.Since(o.Epoch), journeys: e.Journeys, arms: e.Arms()}
	for _, j := range e.Journeys {
		v.together = append(v.together, e.MostTogether(j))
	}
	return v
}

// moment is what time says of a line.
type moment struct {
	now     time.Duration
	stopped time.Duration // when no journey might start any more; 0: not yet
}

func arms() []string { return []string{plan.FaultArm.String(), plan.ControlArm.String()} }

// A said is what a line says, as an observation without its cause by number.
type said struct {
	journal.Observation
	key, detail, trace string
}

// read reads a line.
func (v *vocabulary) read(text []byte, m moment) (said, *badLine) {
	l, err := parseLine(text)
	if err != nil {
		return said{}, bad(Malformed, "%s", err)
	}
	index, wrong := v.journey(l.journey)
	if wrong != nil {
		return said{}, wrong
	}
	j := v.journeys[index]
	o := said{Observation: journal.Observation{Experiment: v.experiment, Journey: index, Late: l.late, Took: l.took}, detail: l.detail, trace: l.trace}
	if most := v.together[index]; l.count > most {
		return said{}, bad(TooMany, "count is %d, and at most %d journeys of %s may start in one second: write a line for those of each second", l.count, most, j.Name)
	}
	if l.count > 1 {
		o.Count, o.Paused = l.count, spreadOf(j) // one of them may have started so much later
	}
	if o.Arm, wrong = v.arm(l.arm); wrong != nil {
		return said{}, wrong
	}
	if o.Intended = l.since; l.start != nil {
		o.Intended = l.start.Sub(v.epoch)
	}
	if wrong := v.checkTimes(&o, m, j); wrong != nil {
		return said{}, wrong
	}
	if wrong := o.setOutcome(l, j); wrong != nil {
		return said{}, wrong
	}
	if o.Step, wrong = stepIn(l, j, o.Harmed()); wrong != nil {
		return said{}, wrong
	}
	return o, nil
}

// spreadOf is how far apart the starts of journeys in one line may be: none of them may
// leave the time in which the fault harms them.
func spreadOf(j plan.Journey) time.Duration { return min(plan.SpreadOfLine, j.SlowAfter) }

func (v *vocabulary) journey(name string) (int, *badLine) {
	known := make([]string, len(v.journeys))
	for i, j := range v.journeys {
		if j.Name == name {
			return i, nil
		}
		known[i] = j.Name
	}
	return 0, bad(UnknownJourney, "no journey of the experiment is named %q: they are %s", name, strings.Join(known, ", "))
}

func (v *vocabulary) arm(name string) (plan.Arm, *badLine) {
	if name == "" && len(v.arms) == 1 {
		return v.arms[0], nil
	}
	for _, a := range v.arms {
		if a.String() == name {
			return a, nil
		}
	}
	switch {
	case name == "":
		return 0, bad(UnknownArm, "arm is missing, and the experiment has two: fault and control")
	case name == plan.ControlArm.String():
		return 0, bad(UnknownArm, "the experiment has no control arm: BLASTGAUGE_TRAFFIC lists its arms")
	}
	return 0, bad(UnknownArm, "no arm is named %q: they are fault and control", name)
}

// checkTimes checks that a journey can have been as the line says.
func (v *vocabulary) checkTimes(o *said, m moment, j plan.Journey) *badLine {
	switch {
	case o.Intended < v.began-skew:
		return bad(BeforeRun, "start is %s before the program was started", round(v.began-o.Intended))
	case o.Intended > m.now+skew:
		return bad(Future, "start is %s ahead: the clocks differ, or start is not in seconds since BLASTGAUGE_EPOCH", round(o.Intended-m.now))
	case o.Intended+o.Took > m.now+skew:
		return bad(Future, "the journey ends only in %s: took is in seconds from start, and a line is written when its journey has ended", round(o.Intended+o.Took-m.now))
	case m.now-o.Intended > mostAge(j)+o.Paused:
		return bad(TooLate, "the line came %s after start: timeout is %s, and a line must come within %s more", round(m.now-o.Intended), figures.Span(j.Timeout), graceLine)
	case m.stopped > 0 && o.Intended > m.stopped+stopWithin:
		return bad(AfterStop, "start is %s after the order to stop", round(o.Intended-m.stopped))
	}
	return nil
}

// mostAge is how old a journey may be when its line comes.
func mostAge(j plan.Journey) time.Duration { return j.Timeout + graceLine }

func round(d time.Duration) time.Duration { return d.Round(10 * time.Millisecond) }

// setOutcome sets how the journey ended. Whatever a program calls it, a journey that took
// longer than it may is harmed.
func (o *said) setOutcome(l line, j plan.Journey) *badLine {
	switch l.outcome {
	case outcomeOK:
		o.Outcome = journal.OK
	case outcomeSlow:
		o.Outcome, o.Cause, o.key = journal.Slow, journal.TooSlow, figures.Span(j.SlowAfter)
	case outcomeWrong:
		o.Outcome, o.Cause = journal.Wrong, journal.Unmet
	case outcomeFailed:
		o.Outcome, o.Cause = journal.Failed, journal.Broken
	case outcomeShed:
		o.Outcome, o.Cause = journal.Failed, journal.Shed
	default:
		return bad(UnknownOutcome, "no outcome is named %q: they are %s", l.outcome, strings.Join(outcomes(), ", "))
	}
	if o.Outcome == journal.OK && o.Took > j.SlowAfter {
		o.Outcome, o.Cause, o.key = journal.Slow, journal.TooSlow, figures.Span(j.SlowAfter)
	}
	if l.cause == "" {
		return nil
	}
	class, key := causeIn(l.cause)
	if o.key = key; l.outcome != outcomeShed {
		o.Cause = class
	}
	return nil
}

// causeIn reads a cause: a class, or a class and a key. Any other text is the key of an
// error: every program has names of its own for what went wrong.
func causeIn(text string) (journal.Cause, string) {
	name, key, _ := strings.Cut(text, ":")
	if class, known := journal.CauseNamed(strings.TrimSpace(name)); known {
		return class, strings.TrimSpace(key)
	}
	return journal.Broken, text
}

// stepIn is the step of a line, as its index in the journey; -1: it is not known, or none.
func stepIn(l line, j plan.Journey, harmed bool) (int, *badLine) {
	switch {
	case !l.hasStep && harmed && len(j.Steps) == 1:
		return 0, nil
	case !l.hasStep:
		return -1, nil
	case l.hasIndex && l.index < len(j.Steps):
		return l.index, nil
	case l.hasIndex:
		return 0, bad(UnknownStep, "step %d is none of %s, which has %d, counted from 0", l.index, j.Name, len(j.Steps))
	}
	names := make([]string, len(j.Steps))
	for i, s := range j.Steps {
		if s.Name == l.step {
			return i, nil
		}
		names[i] = s.Name
	}
	return 0, bad(UnknownStep, "no step of %s is named %s: they are %s", j.Name, strconv.Quote(l.step), strings.Join(names, ", "))
}
