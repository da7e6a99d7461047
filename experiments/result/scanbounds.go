package result

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/scan"
)

// What no scan exceeds.
const (
	mostCells        = 10_000 // a day of scanning
	mostDependencies = 200    // of a system
	mostModes        = 100    // of failure: later versions know more of them
	mostInvariants   = 1000
	mostProxies      = 10_000 // of a server, which others may use as well
)

// list holds at most so much.
func (c *checker) list(field string, n, most int) {
	if n > most {
		c.fail(field, "%d of them, at most %d are read", n, most)
	}
}

// checkScanned returns what is wrong with the plan of a scan.
func checkScanned(p *plan.Plan) error {
	if p.Scan == nil {
		return nil
	}
	if len(p.Experiments) != 1 || p.Experiments[0].ID != plan.ScanID {
		return fmt.Errorf("a scan of %d experiments", len(p.Experiments))
	}
	c := &checker{}
	c.span("budget", p.Scan.Budget)
	c.span("slow", p.Scan.Slow)
	c.id("earlier scan", p.Scan.Since)
	for _, m := range p.Scan.Modes {
		c.mode(m)
	}
	if len(p.Scan.Dependencies) > mostDependencies || len(p.Scan.Modes) > len(plan.FailureModes()) {
		c.fail("scan", "%d dependencies in %d modes", len(p.Scan.Dependencies), len(p.Scan.Modes))
	}
	errs := []error{}
	for _, name := range p.Scan.Dependencies {
		errs = append(errs, experiments.CheckID(name))
	}
	for _, u := range p.Scan.Unavailable {
		c.id("dependency", u.Dependency)
		c.mode(u.Mode)
	}
	for _, f := range p.Experiments[0].Faults {
		c.mode(f.Mode)
	}
	c.known(p.Scan.Known)
	return errors.Join(append(errs, c.err)...)
}

// known checks what was taken over from an earlier scan. What is none says nothing.
func (c *checker) known(text []byte) {
	var k scan.Known
	if len(text) == 0 || json.Unmarshal(text, &k) != nil {
		return
	}
	c.list("taken over", max(len(k.Dependencies), len(k.Pairs)), mostCells)
	for i := range k.Dependencies {
		c.scannedDependency(&k.Dependencies[i])
	}
	for i := range k.Pairs {
		c.cell(&k.Pairs[i])
	}
}

// mode is absent, or a failure mode. Later versions know more of them.
func (c *checker) mode(m plan.FailureMode) {
	if m != "" && !modeForm(m) {
		c.fail("failure mode", "%.80q is no word for programs", string(m))
	}
}

func modeForm(m plan.FailureMode) bool {
	return slices.Contains(plan.FailureModes(), m) || codeForm.MatchString(string(m))
}

// span is a time within a run.
func (c *checker) span(field string, list ...time.Duration) {
	for _, d := range list {
		if d < 0 || d > journal.LongestRun {
			c.fail(field, "a time of %d ns", d)
		}
	}
}

// tried checks what a scan wrote down.
func (c *checker) tried(e *journal.Event) {
	if x := e.Exercise; x != nil {
		c.span("exercise", x.From, x.To)
		c.list("exercise", max(len(x.Journeys), len(x.Started), len(x.Late)), mostJourneys)
		c.list("exercise", max(len(x.Idle), len(x.Answers)), mostProxies)
		for i := range x.Journeys {
			c.armCounts(&x.Journeys[i])
		}
		c.carried(x.Carried)
		for _, r := range x.Idle {
			c.number("idle rate", mostCount, r.Connections, r.Calls, r.Seconds)
		}
		for _, a := range x.Answers {
			c.span("answers", a.P99)
		}
		c.late(x.Late)
	}
	if x := e.Cell; x != nil {
		c.cellNumber(x.Number)
		c.list("faults of a cell", len(x.Faults), mostDependencies)
		for _, f := range x.Faults {
			c.code("fault", f.Inject)
			c.id("fault", f.Into)
			c.mode(f.Mode)
			c.number("fault", 1, f.Share)
			c.bounds("latency", mostSeconds, 0, f.Attributes.Number("latency"))
			c.span("fault", f.Until)
		}
	}
	if e.Kind == journal.ScanEnded {
		c.code("end", e.Detail)
	}
	if x := e.CellEnd; x != nil {
		c.cellEnd(x)
	}
}

func (c *checker) cellEnd(x *journal.CellEnd) {
	c.cellNumber(x.Number)
	c.code("cell", x.Why)
	c.span("cell", x.From, x.To)
	if x.From > x.To {
		c.fail("cell", "it ended %s before its faults were in force", figures.Span(x.From-x.To))
	}
	if x.Back != -1 {
		c.span("cell", x.Back)
	}
	c.list("journeys of a cell", max(len(x.Journeys), len(x.Late), len(x.LateAfter)), mostJourneys)
	c.list("faults of a cell", len(x.Met), mostDependencies)
	c.list("invariants of a cell", max(len(x.Broken), len(x.Unjudged)), mostInvariants)
	for i := range x.Journeys {
		j := &x.Journeys[i]
		c.armCounts(&j.ArmCounts)
		c.armCounts(&j.Before)
		count(c, "journeys", j.Started)
		oneOf(c, "decision", j.Decision, journal.Harmful, journal.Harmless)
		c.number("evidence", math.MaxFloat64, j.Harmful, j.Harmless)
		c.number("share", mostShare, j.Share.Estimate)
		c.bounds("share", mostShare, j.Share.Low, j.Share.High)
	}
	for _, m := range x.Met {
		count(c, "met", m.Met, m.Of)
	}
	c.carried(x.Carried)
	c.late(x.Late)
	c.late(x.LateAfter)
	for _, list := range [][]journal.CheckResult{x.Broken, x.Unjudged} {
		for _, r := range list {
			c.number("invariant", mostCount, r.Violations)
			if r.New != nil {
				c.number("invariant", mostCount, *r.New)
			}
		}
	}
}

func (c *checker) cellNumber(n int) {
	if n < 0 || n > mostCells {
		c.fail("cell", "%d is no number of a cell", n)
	}
}

func (c *checker) armCounts(a *journal.ArmCounts) {
	for _, t := range []journal.Tally{a.Fault, a.Control} {
		count(c, "journeys", t.Harmed, t.Of)
		if t.Harmed > t.Of {
			c.fail("journeys", "%d of %d were harmed", t.Harmed, t.Of)
		}
	}
}

func (c *checker) late(list []journal.Lateness) {
	for _, l := range list {
		c.number("lateness", mostSeconds, l.P99)
		count(c, "lateness", l.Shed)
	}
}

func (c *checker) carried(list []journal.Traffic) {
	c.list("traffic", len(list), mostProxies)
	for _, t := range list {
		count(c, "traffic", t.Connections, t.Bytes, t.DialFailed)
		if t.Calls != nil {
			count(c, "traffic", *t.Calls)
		}
	}
}

// scanned checks the map of a scan. A result of another kind has none.
func (c *checker) scanned(r *Result) {
	if (r.Scan != nil) != (r.Schema == ScanSchema) || r.Scan != nil && len(r.Experiments) > 0 {
		c.fail("scan", "it does not fit its schema, %q", r.Schema)
	}
	for _, f := range r.ScanFaults {
		c.code("fault", f.Inject)
		c.id("fault", f.Dependency)
		c.mode(f.Mode)
		count(c, "fault", f.Times)
	}
	m := r.Scan
	if m == nil {
		return
	}
	c.number("limit", 1, m.Limit)
	c.number("scan", mostSeconds, m.Budget, m.Spent)
	oneOf(c, "control", m.Control, plan.Concurrent, plan.Baseline)
	c.code("end", m.Ended)
	c.id("earlier scan", m.Since)
	c.code("addresses", m.Addresses)
	for _, mode := range m.Modes {
		c.mode(mode)
	}
	for _, j := range m.Journeys {
		c.id("journey", j.Name)
		c.number("journey", mostCount, j.Limit, j.Rate, j.SlowAfter, j.Late)
		count(c, "journey", j.Harmed, j.Of)
	}
	c.list("scan", max(len(m.Dependencies), len(m.Pools), len(m.Pairs), len(m.Findings)), mostCells)
	for i := range m.Dependencies {
		c.scannedDependency(&m.Dependencies[i])
	}
	for _, list := range [][]scan.Cell{m.Pools, m.Pairs} {
		for i := range list {
			c.cell(&list[i])
		}
	}
	for i := range m.Findings {
		c.finding(&m.Findings[i])
	}
}

func (c *checker) scannedDependency(d *scan.Dependency) {
	c.id("dependency", d.Name)
	c.criticality(d.Declared)
	c.code("dependency", d.Behaves)
	if d.Calls != nil {
		c.number("dependency", mostCount, *d.Calls)
	}
	c.list("cells of a dependency", len(d.Cells), mostModes)
	c.list("fallbacks", len(d.Fallbacks), mostDependencies*mostModes)
	for i := range d.Cells {
		c.cell(&d.Cells[i])
	}
	for _, f := range d.Fallbacks {
		c.id("fallback", f.To)
		c.mode(f.Mode)
		c.cellNumber(f.Number)
		c.number("fallback", mostCount, f.Calls, f.Before)
	}
	b := d.BreakingPoint
	if b == nil {
		return
	}
	c.code("breaking point", b.Kind)
	if b.P99 != nil {
		c.number("breaking point", mostSeconds, *b.P99)
	}
	c.list("levels", max(len(b.Levels), len(b.Edges)), mostCells)
	for _, l := range b.Levels {
		c.number("breaking point", mostSeconds, l.Latency, l.Seconds)
		c.cellNumber(l.Number)
		c.scanVerdict(l.Verdict)
		c.cellJourneys(l.Journeys)
	}
	for _, e := range b.Edges {
		c.bounds("breaking point", mostSeconds, e.Low, e.High)
	}
}

func (c *checker) cell(x *scan.Cell) {
	c.cellNumber(x.Number)
	c.scanVerdict(x.Verdict)
	c.number("cell", mostSeconds, x.Seconds)
	if x.Back != nil {
		c.number("cell", mostSeconds, *x.Back)
	}
	c.list("faults of a cell", len(x.Faults), mostDependencies)
	c.list("invariants of a cell", max(len(x.Broken), len(x.Unjudged)), mostInvariants)
	for _, f := range x.Faults {
		c.id("fault", f.Dependency)
		c.mode(f.Mode)
		c.code("fault", f.Inject)
		for _, n := range []*int64{f.Met, f.Of} {
			if n != nil {
				count(c, "fault", *n)
			}
		}
	}
	c.cellJourneys(x.Journeys)
	for _, b := range x.Broken {
		c.number("invariant", mostCount, b.Violations)
	}
}

func (c *checker) scanVerdict(v scan.Verdict) {
	oneOf(c, "verdict", v, scan.Harmful, scan.Harmless, scan.Undecided, scan.NotMet, scan.NotExercised, scan.NotReached, scan.Unavailable)
}

func (c *checker) cellJourneys(list []scan.CellJourney) {
	c.list("journeys of a cell", len(list), mostJourneys)
	for _, j := range list {
		c.id("journey", j.Journey)
		c.scanVerdict(j.Verdict)
		c.number("journey", mostShare, j.Estimate)
		c.bounds("journey", mostShare, j.Low, j.High)
		count(c, "journey", j.Harmed, j.N, j.ControlHarmed, j.ControlN, j.ControlShed)
		c.number("journey", mostSeconds, j.Late)
		c.code("cause", j.Class)
		c.number("journey", math.MaxFloat64, j.HarmfulE, j.HarmlessE)
	}
}

func (c *checker) finding(f *scan.Finding) {
	c.code("finding", string(f.Code))
	c.id("finding", f.Dependency)
	c.id("finding", f.Other)
	c.list("finding", len(f.Pool), mostDependencies)
	for _, name := range f.Pool {
		c.id("finding", name)
	}
	c.id("finding", f.Journey)
	for _, m := range f.Modes {
		c.mode(m)
	}
	for _, n := range f.Cells {
		c.cellNumber(n)
	}
	c.number("finding", mostShare, f.Estimate)
	c.bounds("finding", mostShare, f.Low, f.High)
	c.number("finding", mostSeconds, f.Latency)
}
