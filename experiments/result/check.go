package result

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/lazyregexp"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// Bounds of what a result can hold. What lies beyond them was not measured.
const (
	mostSeconds = 1e9  // of any time: thirty years
	mostCount   = 1e15 // of anything; up to there JSON has exact numbers
	mostTraffic = 1e9  // checkouts an hour, and what one is worth
	mostShare   = 1e3  // an interval may be wider than a share can be, not so much wider
)

// A checker finds the first thing in a result that no run can have found. Others made
// the result: names stand in addresses and commands, and numbers decide how much is
// drawn. Texts may be anything; reports escape them.
type checker struct{ err error }

// fail reports what is wrong with one field.
func (c *checker) fail(field, format string, args ...any) {
	if c.err == nil {
		c.err = fmt.Errorf("%s: %s", field, fmt.Sprintf(format, args...))
	}
}

// id is absent, or one as documents have it.
func (c *checker) id(field, id string) {
	if err := idOr(id); err != nil {
		c.fail(field, "%v", err)
	}
}

// codeForm is the form of words for programs. Later versions know more of them.
var codeForm = lazyregexp.New(`^[a-z][a-z0-9_]{0,62}$`)

// code is absent, or a word for programs.
func (c *checker) code(field, word string) {
	if word != "" && !codeForm.MatchString(word) {
		c.fail(field, "%.80q is no word for programs", word)
	}
}

// oneOf is absent, or one of a few words. There will be no others in this version of
// the schema, as exit codes and colours depend on them.
func oneOf[T ~string](c *checker, field string, word T, known ...T) {
	if word != "" && !slices.Contains(known, word) {
		c.fail(field, "%.80q is unknown, known are %q", string(word), known)
	}
}

func (c *checker) verdict(field string, v Verdict) {
	oneOf(c, field, v, Held, Refuted, Inconclusive, Invalid, NotRun)
}

func (c *checker) server(kind string) {
	oneOf(c, "toxiproxy", kind, "blastgauge", "stock", "embedded")
}

func (c *checker) signal(name string) { oneOf(c, "signal", name, "HUP", "INT", "TERM") }

func (c *checker) criticality(word string) {
	oneOf(c, "criticality", experiments.Criticality(word), experiments.Hard, experiments.Soft)
}

func (c *checker) traffic(perHour, value float64, journey string) {
	c.number("traffic", mostTraffic, perHour, value)
	c.id("traffic", journey)
}

// number is finite and at most so large, with either sign.
func (c *checker) number(field string, most float64, values ...float64) {
	for _, v := range values {
		if math.IsNaN(v) || math.Abs(v) > most {
			c.fail(field, "%g is out of range", v)
		}
	}
}

// count is not negative.
func count[T int | int64](c *checker, field string, values ...T) {
	for _, n := range values {
		if n < 0 || int64(n) > mostCount {
			c.fail(field, "%d is no count", n)
		}
	}
}

// bounds are in order, and within most.
func (c *checker) bounds(field string, most, low, high float64) {
	c.number(field, most, low, high)
	if low > high {
		c.fail(field, "its bounds are %g and %g, the lower one above the upper", low, high)
	}
}

// time is one that a report can write.
func (c *checker) time(field string, list ...time.Time) {
	for _, at := range list {
		if at.Year() < 1 || at.Year() > 9999 {
			c.fail(field, "its year is %d", at.Year())
		}
	}
}

// check returns what no run can have found. It wraps ErrForeign.
func (r *Result) check() error {
	c := &checker{}
	c.server(r.Toxiproxy.Kind)
	c.id("run", r.Run.ID)
	c.time("run", r.Run.Started, r.Run.Ended)
	oneOf(c, "outcome", r.Run.Outcome, Completed, Interrupted, FailedRun)
	c.signal(r.Run.Signal)
	c.written("interrupted by", r.Run.InterruptedBy, journal.MostAuthor)
	c.written("interrupted why", r.Run.InterruptedWhy, journal.MostReason)
	c.notes(r.Run.Notes)
	count(c, "exit code", r.Run.ExitCode)
	c.id("system", r.System.Name)
	for name, d := range r.System.Dependencies {
		c.id("dependency", name)
		c.criticality(d.Criticality)
	}
	if t := r.System.Traffic; t != nil {
		c.traffic(t.CheckoutsPerHour, t.Value, t.Journey)
	}
	for i := range r.Experiments {
		c.experiment(&r.Experiments[i])
	}
	for _, b := range r.Behaviour {
		c.behaviour(b)
	}
	c.gameDay(r.GameDay)
	c.scanned(r)
	if c.err != nil {
		return fmt.Errorf("%w: its %w", ErrForeign, c.err)
	}
	return nil
}

func (c *checker) experiment(e *Experiment) {
	c.id("experiment", e.ID)
	c.verdict("verdict", e.Verdict)
	count(c, "line", e.Line)
	for _, code := range slices.Concat(e.ReasonCodes, e.Void) {
		c.code("reason code", string(code))
	}
	if p := e.Past; p != nil {
		c.verdict("past", p.Verdict)
		c.verdict("past", p.Before)
		c.time("past", p.Last, p.Since)
	}
	c.number("limits", mostSeconds, e.Limits.BlastRadius, e.Limits.Recovery, e.Limits.Baseline)
	c.radius(e.BlastRadius)
	for _, k := range e.Criteria {
		c.code("criterion", string(k.Kind))
		c.verdict("criterion", k.Verdict)
		c.code("criterion", string(k.Code))
	}
	for i := range e.Journeys {
		c.journey(&e.Journeys[i])
	}
	for _, p := range e.Phases {
		if !isPhase(p.Name) {
			c.fail("phase", "%.80q is unknown", p.Name)
		}
		c.time("phase", p.From, p.To)
		c.bounds("phase", mostSeconds, p.Start, p.End)
	}
	for _, v := range e.Events {
		c.time("event", v.At)
		c.number("event", mostSeconds, v.Second)
	}
	for i := range e.Faults {
		c.fault(&e.Faults[i])
	}
	c.effects(e)
	c.generator(e.Generator)
	c.measured(e.Measured)
	for i := range e.Outages {
		o := &e.Outages[i]
		c.time("outage", o.From, o.To)
		c.number("outage", mostSeconds, o.Second, o.ToSecond)
		count(c, "outage", o.Refused)
	}
	c.saturation(e.Saturation)
	for i := range e.Alerts {
		c.alert(&e.Alerts[i])
	}
	for _, v := range e.Invariants {
		for _, n := range []*float64{v.Before, v.During, v.After, v.NewDuring, v.NewAfter} {
			if n != nil {
				c.number("invariant", mostCount, *n)
			}
		}
	}
}

// gameDay checks what came of a game day, which may be absent.
func (c *checker) gameDay(g *GameDay) {
	if g == nil {
		return
	}
	c.id("game day", g.Name)
	for _, i := range g.Items {
		c.id("game day", i.Experiment)
		c.verdict("game day", i.Verdict)
		oneOf(c, "game day", i.Expect, Held, Refuted)
		oneOf(c, "game day", journal.DayDecision(i.Decision), journal.DayDecisions()...)
		c.time("game day", i.Decided)
		c.number("game day", mostSeconds, i.Waited)
		for _, s := range i.Surprises {
			c.code("surprise", string(s.Code))
		}
	}
	for _, u := range g.FollowUps {
		c.id("follow-up", u.Experiment)
		c.code("follow-up", string(u.Of))
		c.time("follow-up", u.At)
	}
}

func (c *checker) behaviour(b Behaviour) {
	c.id("behaviour", b.Dependency)
	c.criticality(b.Declared)
	oneOf(c, "behaviour", b.Behaves, BehavesHard, BehavesSoft)
	for _, m := range b.Manners {
		c.code("behaviour", string(m.Manner))
		oneOf(c, "behaviour", m.Behaves, BehavesHard, BehavesSoft, Corrupts)
		c.number("behaviour", 1, m.Share)
		for _, id := range m.Experiments {
			c.id("behaviour", id)
		}
	}
}

// measured checks what counters told, which may be absent.
func (c *checker) measured(m *Measured) {
	if m == nil {
		return
	}
	oneOf(c, "measured", m.By, ByPrometheus)
	c.number("measured", mostSeconds, m.Scrape)
	for _, k := range m.Counters {
		c.id("measured", k.Journey)
		oneOf(c, "measured", k.Arm, plan.FaultArm.String(), plan.ControlArm.String())
		count(c, "measured", int64(k.Targets), k.Total, k.Harmed)
	}
	for _, l := range m.Losses {
		c.id("measured", l.Journey)
		oneOf(c, "measured", l.Arm, plan.FaultArm.String(), plan.ControlArm.String())
		c.code("measured", l.Why)
		c.bounds("measured", mostSeconds, l.From, l.To)
		count(c, "measured", l.Targets, l.Of)
		c.number("measured", 1, l.Share)
	}
}

// latencyBounds checks between which edges percentiles are, which may be absent.
func (c *checker) latencyBounds(b *LatencyBounds) {
	if b == nil {
		return
	}
	for _, p := range slices.Concat(b.Fault, b.Control, b.Baseline) {
		c.number("latency bounds", 1, p.P)
		c.number("latency bounds", mostSeconds, p.Low, p.High)
		if p.High > 0 {
			c.bounds("latency bounds", mostSeconds, p.Low, p.High)
		}
	}
}

// generator checks what came of the journeys of another program, which may be absent.
func (c *checker) generator(g *Generator) {
	if g == nil {
		return
	}
	count(c, "generator", g.Lines)
	for _, b := range g.Bad {
		c.code("generator", b.Kind)
		count(c, "generator", b.Count)
	}
	for _, j := range g.Journeys {
		c.id("generator", j.Journey)
		if !isArm(j.Arm) || !isPhase(j.Phase) {
			c.fail("generator", "%.80q, %.80q is no arm and phase", j.Arm, j.Phase)
		}
		count(c, "generator", j.Planned, j.Seen, j.Behind)
	}
}

// radius checks a blast radius, which may be absent.
func (c *checker) radius(b *BlastRadius) {
	if b == nil {
		return
	}
	c.id("blast radius", b.Journey)
	c.number("blast radius", mostShare, b.Estimate, b.Confidence)
	c.bounds("blast radius", mostShare, b.Low, b.High)
	oneOf(c, "control", b.Control, ConcurrentControl, BaselineControl, ContaminatedControl)
	count(c, "blast radius", b.Batches)
	c.number("blast radius", mostCount, b.Effective)
	if i := b.Independent; i != nil {
		c.bounds("blast radius", mostShare, i.Low, i.High)
	}
	c.number("blast radius", mostShare, b.Base)
	for _, a := range []*Amount{b.ArmsBefore, b.SpillOver, b.AgainstBaseline, b.AllHarm} {
		if a != nil {
			c.number("blast radius", mostShare, a.Estimate)
			c.bounds("blast radius", mostShare, a.Low, a.High)
		}
	}
	for _, name := range slices.Concat(b.CountedAt, b.Beside) {
		c.id("blast radius", name)
	}
}

func (c *checker) journey(j *Journey) {
	c.id("journey", j.Name)
	c.verdict("journey", j.Verdict)
	c.number("journey", mostCount, j.Rate, j.Limit, j.SlowAfter)
	c.radius(j.BlastRadius)
	for _, n := range []*Counts{&j.Arms.Fault, j.Arms.Control, &j.Baseline.Fault, j.Baseline.Control, j.InFlight, j.Released} {
		if n != nil {
			count(c, "journey", n.Journeys, n.OK, n.Slow, n.Wrong, n.Failed, n.FailedBy.Timeout, n.FailedBy.Status, n.FailedBy.Error, n.FailedBy.Shed)
		}
	}
	c.latency(&j.Latency)
	c.latency(j.Sent)
	c.latencyBounds(j.LatencyBounds)
	if e := j.Ended; e != nil {
		c.latency(&Latency{Fault: slices.Concat(e.Completed, e.Wrong, e.Failed)})
	}
	for _, s := range j.Steps {
		c.id("step", s.Name)
		count(c, "step", s.Failed, s.Wrong, s.Slow, s.Taken)
		c.number("step", 1, s.Share)
		c.number("step", mostShare, s.Excess)
		c.bounds("step", mostShare, s.Low, s.High)
		c.latency(s.Latency)
		c.latency(s.Sent)
	}
	for i := range j.Causes {
		c.cause(&j.Causes[i])
	}
	c.number("series", mostSeconds, j.Series.Bucket, j.Series.First)
	for _, list := range [][]Bucket{j.Series.Fault, j.Series.Control} {
		for _, b := range list {
			count(c, "series", b.Journeys, b.Harmed)
			c.number("series", mostSeconds, b.P95)
		}
	}
}

func (c *checker) cause(x *Cause) {
	c.id("cause", x.Step)
	c.code("cause", x.Class)
	for _, n := range []CauseCounts{x.Baseline, x.Fault, x.Recovery} {
		count(c, "cause", n.Fault)
		if n.Control != nil {
			count(c, "cause", *n.Control)
		}
	}
	for _, e := range x.Examples {
		c.time("cause", e.At)
		c.number("cause", mostSeconds, e.Second)
		oneOf(c, "arm", e.Arm, plan.FaultArm.String(), plan.ControlArm.String())
		count(c, "cause", e.Status)
		if e.Phase != "" && !isPhase(e.Phase) {
			c.fail("cause", "%.80q is no phase", e.Phase)
		}
	}
}

// latency checks percentiles, which may be absent.
func (c *checker) latency(l *Latency) {
	if l == nil {
		return
	}
	for _, list := range [][]Percentile{l.Fault, l.Control, l.Baseline} {
		for _, p := range list {
			c.number("latency", 1, p.P)
			c.number("latency", mostSeconds, p.Seconds)
			c.bounds("latency", mostSeconds, p.Low, p.High)
		}
	}
	if done := l.Completed; done != nil {
		for _, share := range []*float64{&done.Fault, done.Control, done.Baseline} {
			if share != nil && !(*share >= 0 && *share <= 1) {
				c.fail("latency", "%g is no share of journeys", *share)
			}
		}
	}
	for _, r := range l.Ratio {
		c.number("latency", 1, r.P)
		c.number("latency", mostCount, r.Times)
		c.bounds("latency", mostCount, r.Low, r.High)
	}
}

func (c *checker) fault(f *Fault) {
	c.code("fault", f.Inject)
	c.id("fault", f.Into)
	c.number("fault", 1, f.Share)
	c.time("fault", f.Injected, f.Removed)
	oneOf(c, "grade", f.Exercised.Grade, GradeCounted, GradeObserved, GradeSparse, GradeProbed, GradeNo)
	c.code("fault", string(f.Exercised.Unmet))
	count(c, "fault", f.Exercised.Met, f.Exercised.Of, f.Exercised.DialFailed, f.Exercised.Requests)
	if n := f.Exercised.Connections; n != nil {
		count(c, "fault", *n)
	}
	for _, m := range f.Exercised.Missed {
		count(c, "fault", m.Count)
	}
	c.number("fault", mostCount, f.Exercised.Expected)
	if n := f.Exercised.Instances; n != nil {
		count(c, "instances", n.Proven, n.Of)
		count(c, "instances", n.InForce)
		c.number("instances", mostSeconds, n.PartialFor)
		if n.Coverage != nil {
			c.number("instances", 1, *n.Coverage)
		}
	}
	for _, i := range f.Instances {
		c.code("instance", i.State)
		count(c, "instance", i.Met, i.Of)
	}
	for _, n := range f.Passed {
		count(c, "fault", n)
	}
	for _, d := range f.Documents {
		count(c, "document", d.Fetched)
		for _, n := range d.By {
			count(c, "document", n)
		}
	}
}

// effects checks what followed from the fault.
func (c *checker) effects(e *Experiment) {
	for _, a := range e.Amplification {
		c.id("amplification", a.Dependency)
		oneOf(c, "amplification", a.Unit, Calls, Connections)
		c.number("amplification", mostCount, a.Fault, a.Baseline, a.Factor)
		c.bounds("amplification", mostCount, a.Low, a.High)
		count(c, "amplification", a.Batches)
	}
	for _, s := range e.Spread {
		c.id("spread", s.Journey)
		count(c, "spread", s.Harmed, s.Journeys)
		c.number("spread", mostShare, s.Estimate)
		c.bounds("spread", mostShare, s.Low, s.High)
	}
	for _, u := range e.Unchecked {
		c.id("unchecked step", u.Journey)
		c.id("unchecked step", u.Step)
		c.id("unchecked step", u.Dependency)
		oneOf(c, "unchecked step", u.Unit, Calls, Connections)
		c.number("unchecked step", mostCount, u.Passed, u.Baseline, u.Fault)
	}
	if i := e.Impact; i != nil {
		c.id("impact", i.Journey)
		c.amount(&i.Checkouts)
		c.amount(i.Money)
	}
	if r := e.Recovery; r != nil {
		c.number("recovery", mostSeconds, r.Seconds, r.Harmed)
		if r.FellAt != nil {
			c.number("recovery", mostSeconds, r.FellAt.Seconds)
			c.bounds("recovery", mostSeconds, r.FellAt.Low, r.FellAt.High)
		}
	}
	if g := e.Guardrail; g != nil {
		c.code("guardrail", g.Kind)
		c.time("guardrail", g.At)
		c.number("guardrail", mostCount, g.Value, g.Limit)
	}
	if l := e.Lateness; l != nil {
		c.number("lateness", mostSeconds, l.P50, l.P99, l.Max)
	}
}

// amount checks an estimate of something in an hour, which may be absent.
func (c *checker) amount(a *Amount) {
	if a != nil {
		c.number("impact", mostTraffic*mostTraffic, a.Estimate)
		c.bounds("impact", mostTraffic*mostTraffic, a.Low, a.High)
	}
}
