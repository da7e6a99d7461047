package result

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// checkEvents passes on the events of a file while they are what a run, or whoever
// cleaned up after it, can have recorded there, and names the line of the first that is
// not. Nothing else looks at their numbers: what follows from them may rely on their range
// and their order.
func checkEvents(file string, events iter.Seq2[journal.Event, error]) iter.Seq2[journal.Event, error] {
	return func(yield func(journal.Event, error) bool) {
		line, last := 0, time.Duration(0)
		for e, err := range events {
			line++
			if err != nil {
				err = fmt.Errorf("%s: %w", file, err)
			} else {
				err = cmp.Or(checkOwner(file, &e), checkEvent(&e, last))
				if err != nil {
					err = fmt.Errorf("%s line %d: %w", file, line, err)
				}
			}
			if err != nil {
				yield(journal.Event{}, err)
				return
			}
			if e.Seq > 0 {
				last = e.Since
			}
			if !yield(e, nil) {
				return
			}
		}
	}
}

// checkOwner returns what is wrong with an event in a file of the run, which numbers what
// it records, or of the processes that clean up after it, which know no numbers and tell
// of nothing else. An event without a number in the run's file would be in no order.
func checkOwner(file string, e *journal.Event) error {
	if file != journal.UndoFile {
		if e.Seq < 1 {
			return fmt.Errorf("its number is %d, and a run counts its events from 1", e.Seq)
		}
		return nil
	}
	switch e.Kind {
	case journal.Fenced, journal.FaultRemoved, journal.CleanedUp:
		if e.Seq != 0 {
			return fmt.Errorf("its number is %d, and only the run numbers its events", e.Seq)
		}
		return nil
	}
	return fmt.Errorf("%.40q is nothing that is recorded after a run", e.Kind)
}

// checkEvent returns what is wrong with an event that follows one at a moment.
func checkEvent(e *journal.Event, last time.Duration) error {
	if err := e.CheckNumbers(); err != nil {
		return err
	}
	if e.Seq > 0 && e.Since < last { // events are numbered as they are recorded
		return fmt.Errorf("since is %d ns, before the event above it", e.Since)
	}
	if e.Kind == journal.PhaseStarted && !isPhase(string(e.Phase)) {
		return fmt.Errorf("%.40q is no phase", e.Phase)
	}
	c := &checker{}
	if e.Toxiproxy != nil {
		c.server(e.Toxiproxy.Kind)
	}
	if e.Kind == journal.Interrupted {
		c.signal(e.Detail)
	}
	oneOf(c, "decision", e.Decision, journal.DayDecisions()...)
	c.code("guardrail", e.Guardrail)
	c.number("guardrail", mostCount, e.Value, e.Limit)
	if e.Check != nil {
		c.number("invariant", mostCount, e.Check.Violations)
		if e.Check.New != nil {
			c.number("invariant", mostCount, *e.Check.New)
		}
	}
	c.tried(e)
	if e.Plan != nil && c.err == nil {
		return checkPlan(e.Plan)
	}
	return c.err
}

func isPhase(name string) bool {
	switch journal.Phase(name) {
	case journal.Warmup, journal.Baseline, journal.Fault, journal.Recovery:
		return true
	}
	return false
}

// What no plan exceeds. A document is held to less.
const (
	mostJourneys = 1000
	mostFaults   = 10_000
	mostTurns    = 100
	mostItems    = 1000 // of a game day
	mostAlerts   = 1000
	mostRate     = 1e6 // journeys per second
)

// checkPlan returns what is wrong with the ids and the numbers of a plan.
func checkPlan(p *plan.Plan) error {
	c := &checker{}
	c.id("run", p.Run)
	c.id("system", p.System.Name)
	if t := p.System.Traffic; t != nil && t.PerHour != 0 {
		c.traffic(t.PerHour, t.Value.Amount, t.Journey)
	}
	errs := []error{c.err}
	for _, d := range p.System.Dependencies {
		c := &checker{}
		c.criticality(string(d.Criticality))
		errs = append(errs, c.err, experiments.CheckID(d.Name))
	}
	for i := range p.Experiments {
		if err := checkPlanned(&p.Experiments[i]); err != nil {
			errs = append(errs, fmt.Errorf("experiment %d: %w", i+1, err))
		}
	}
	errs = append(errs, checkGameDay(p.GameDay), checkScanned(p))
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("the plan cannot be one: %w", err)
	}
	return nil
}

// checkGameDay returns what is wrong with the ids and the words of a game day, which may be
// absent.
func checkGameDay(g *plan.GameDay) error {
	if g == nil {
		return nil
	}
	c := &checker{}
	c.id("game day", g.Name)
	if len(g.Items) > mostItems {
		c.fail("game day", "%d experiments", len(g.Items))
	}
	for _, i := range g.Items {
		c.id("game day", i.Experiment)
		oneOf(c, "game day", i.Expect, experiments.ExpectHeld, experiments.ExpectRefuted)
	}
	return c.err
}

func checkPlanned(e *plan.Experiment) error {
	errs := []error{experiments.CheckID(e.ID)}
	if e.Control != plan.Concurrent && e.Control != plan.Baseline {
		errs = append(errs, fmt.Errorf("%.40q is no kind of control", e.Control))
	}
	if len(e.Turns) > mostTurns {
		errs = append(errs, fmt.Errorf("%d turns", len(e.Turns)))
	}
	for _, t := range e.Turns {
		if !(t.Share > 0 && t.Share <= 1) {
			errs = append(errs, fmt.Errorf("a share of %g", t.Share))
		}
	}
	if len(e.Journeys) > mostJourneys || len(e.Faults) > mostFaults || e.Repeat < 0 || e.Repeat > mostFaults {
		errs = append(errs, fmt.Errorf("%d journeys and %d faults, repeated %d times", len(e.Journeys), len(e.Faults), e.Repeat))
	}
	length := func(d time.Duration) {
		if d < 0 || d > journal.LongestRun {
			errs = append(errs, fmt.Errorf("a time of %d ns", d))
		}
	}
	for _, d := range []time.Duration{e.Phases.Warmup, e.Phases.Baseline, e.Phases.Fault, e.Phases.Recovery, e.FaultPeriod, e.Limits.Recovery} {
		length(d)
	}
	if len(e.Alerts) > mostAlerts {
		errs = append(errs, fmt.Errorf("%d alerts", len(e.Alerts)))
	}
	for _, a := range e.Alerts {
		length(a.FiresWithin)
		length(a.ClearsWithin)
	}
	c := &checker{}
	count(c, "line", e.Line)
	c.number("limits", 1, e.Limits.BlastRadius, e.Limits.Baseline)
	for _, f := range e.Faults {
		c.code("fault", f.Inject)
		c.id("fault", f.Into)
		c.number("fault", 1, f.Share)
		length(f.Until)
		if f.Period < 0 || f.Period > mostFaults {
			errs = append(errs, fmt.Errorf("a fault of period %d", f.Period))
		}
	}
	errs = append(errs, c.err)
	for _, j := range e.Journeys {
		errs = append(errs, experiments.CheckID(j.Name))
		length(j.SlowAfter)
		length(j.Timeout)
		if j.Rate < 0 || j.Rate > mostRate || j.Limit < 0 || j.Limit > 1 {
			errs = append(errs, fmt.Errorf("journey %s at %g/s with a limit of %g", j.Name, j.Rate, j.Limit))
		}
		for _, s := range j.Steps {
			length(s.Pause.Least)
			length(s.Pause.Most)
			if !(s.Weight >= 0 && s.Weight < 1) {
				errs = append(errs, fmt.Errorf("step %s with a weight of %g", s.Name, float64(s.Weight)))
			}
			errs = append(errs, experiments.CheckID(s.Name))
		}
	}
	return errors.Join(errs...)
}

// idOr is [experiments.CheckID] for an id that may be absent.
func idOr(id string) error {
	if id == "" {
		return nil
	}
	return experiments.CheckID(id)
}
