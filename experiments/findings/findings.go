// Package findings writes the weaknesses that a scan found as experiments: a run repeats
// each of them, and shows that it is gone once somebody has repaired it.
package findings

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/scan"
)

// A File is the document of one experiment.
type File struct {
	Name string // of the file, such as payments-hang.yaml
	Text string
}

// Make makes an experiment of each finding that a scan tells, in the order of the map. p is
// the plan of the scan. Two findings about the same faults are one experiment, which is
// about the more important one.
func Make(p *plan.Plan, m *scan.Map) ([]File, error) {
	var files []File
	for _, f := range m.Top() {
		d := drafter{p, m, f}
		seen, err := d.seen()
		if err != nil {
			return nil, err
		}
		name := nameOf(seen.faults) + ".yaml"
		if slices.ContainsFunc(files, func(other File) bool { return other.Name == name }) {
			continue
		}
		files = append(files, File{name, text(d.experiment(seen.faults), p.Run, f.Code, seen.journey)})
	}
	return files, nil
}

// A drafter makes the experiment of one finding.
type drafter struct {
	plan    *plan.Plan
	scanned *scan.Map
	finding scan.Finding
}

// A seen is where a weakness was seen best.
type seen struct {
	faults  []plan.Fault      // as the plan has them
	journey *scan.CellJourney // that was harmed most; nil: none was
}

// seen finds the cell of the finding that harmed most, or a level of the search where levels
// alone show it.
func (d drafter) seen() (s seen, err error) {
	if d.finding.Latency > 0 {
		return d.seenWhenSlow()
	}
	var best *scan.Cell
	for _, c := range d.scanned.CellsOf(&d.finding) {
		if d.isLevel(c) {
			continue
		}
		if most := harmedMost(c.Journeys); best == nil || most != nil && (s.journey == nil || most.Estimate > s.journey.Estimate) {
			best, s.journey = c, most
		}
	}
	if best == nil || len(best.Faults) == 0 {
		return s, fmt.Errorf("no cell of the map shows the finding %s about %s", d.finding.Code, d.finding.Dependency)
	}
	for _, in := range best.Faults {
		f, err := d.fault(in.Dependency, in.Mode)
		if err != nil {
			return s, err
		}
		s.faults = append(s.faults, f)
	}
	return s, nil
}

// seenWhenSlow is the same of a latency: one beyond a breaking point, or the shortest level
// that shows the finding.
func (d drafter) seenWhenSlow() (s seen, err error) {
	slow, err := d.fault(d.finding.Dependency, plan.Slow)
	if err != nil {
		return s, err
	}
	at := d.finding.Latency
	if d.finding.Code == scan.LowBreaking {
		at = d.breakingPoint()
	}
	const unit = 10 * time.Millisecond
	latency := max(unit, (time.Duration(at*float64(time.Second)) + unit - 1).Truncate(unit))
	slow.Attributes = maps.Clone(slow.Attributes)
	slow.Attributes["latency"] = latency.Seconds()
	s.faults = []plan.Fault{slow}
	if row := d.scanned.Dependency(d.finding.Dependency); row != nil && row.BreakingPoint != nil {
		for _, l := range row.BreakingPoint.Levels {
			if l.Latency == at {
				s.journey = harmedMost(l.Journeys)
			}
		}
	}
	return s, nil
}

// isLevel reports whether a cell of the finding is a level of the search for a breaking
// point, which is no cell of the map's.
func (d drafter) isLevel(c *scan.Cell) bool {
	row := d.scanned.Dependency(d.finding.Dependency)
	if row == nil || len(c.Faults) != 1 || len(d.finding.Pool) > 0 {
		return false
	}
	for i := range row.Cells {
		if c == &row.Cells[i] {
			return false
		}
	}
	return true
}

// harmedMost is the journey that is harmed beyond its limit, and most; nil: none is.
func harmedMost(list []scan.CellJourney) (most *scan.CellJourney) {
	for i, j := range list {
		if j.Verdict == scan.Harmful && (most == nil || j.Estimate > most.Estimate) {
			most = &list[i]
		}
	}
	return most
}

// fault is what the scan injects into a dependency to make it fail in one way.
func (d drafter) fault(dependency string, mode plan.FailureMode) (plan.Fault, error) {
	for _, e := range d.plan.Experiments {
		for _, f := range e.Faults {
			if f.Into == dependency && f.Mode == mode {
				return f, nil
			}
		}
	}
	return plan.Fault{}, fmt.Errorf("the plan of the scan has no fault with which %s %s", dependency, mode.Does())
}

// breakingPoint is the shortest latency that is known to be beyond the breaking point, in
// seconds.
func (d drafter) breakingPoint() float64 {
	at := d.finding.Latency
	row := d.scanned.Dependency(d.finding.Dependency)
	if row == nil || row.BreakingPoint == nil {
		return at
	}
	for _, edge := range row.BreakingPoint.Edges {
		if edge.Rises && edge.Low == at {
			return edge.High
		}
	}
	return at
}

// nameOf is the id of an experiment with these faults, such as payments-hang.
func nameOf(faults []plan.Fault) string {
	var parts []string
	for _, f := range faults {
		parts = append(parts, f.Into+"-"+string(f.Mode))
	}
	return experiments.Slug(strings.Join(parts, "-"))
}

// experiment is the whole experiment, with phases that are long enough for its limit where
// any within a day and within the system's cap are.
func (d drafter) experiment(faults []plan.Fault) *experiments.Experiment {
	e := &experiments.Experiment{Version: 1, ID: nameOf(faults), Settings: experiments.Settings{Phases: plan.NoOverride()}}
	for _, f := range faults {
		e.Faults = append(e.Faults, f.Fault)
	}
	e.Title = title(faults, d.finding)
	e.Hypothesis, e.IfRefuted = hypothesis(faults, d.finding), d.scanned.Advice(&d.finding)
	e.Settings.Limits = d.limits()
	e.Settings.Phases = d.phases(e)
	return e
}

// limits are those that the scan judged by.
func (d drafter) limits() experiments.Limits {
	limit := d.scanned.Limit
	l := experiments.Limits{BlastRadius: &limit}
	for _, j := range d.scanned.Journeys {
		if j.Limit != limit {
			if l.Journeys == nil {
				l.Journeys = map[string]float64{}
			}
			l.Journeys[j.Name] = j.Limit
		}
	}
	if d.finding.Code == scan.NotBack {
		back := backWithin
		l.Recovery = &back
	}
	return l
}

// backWithin is the limit of recovery after a fault from which a system did not recover.
const backWithin = 30 * time.Second

// phases are long enough to show that the weakness is gone; unset where none are, or where
// that takes longer than the system allows.
func (d drafter) phases(e *experiments.Experiment) experiments.Phases {
	planned, err := plan.Make(&d.plan.System, []*experiments.Experiment{e}, plan.Options{Run: d.plan.Run, Seed: d.plan.Seed, Phases: plan.NoOverride()})
	if err != nil { // its usual phases are beyond the cap, say: validate tells
		return plan.NoOverride()
	}
	one := planned.Experiments[0]
	smallest := *e.Settings.Limits.BlastRadius
	for _, limit := range e.Settings.Limits.Journeys {
		smallest = min(smallest, limit)
	}
	phases, _, ok := one.PhasesFor(smallest)
	longest := d.plan.System.Caps.Duration
	if one.Repeat > 1 { // the fault takes turns with the baseline
		longest /= time.Duration(one.Repeat)
	}
	if !ok || longest > 0 && phases.Warmup+phases.Baseline+phases.Fault+phases.Recovery > longest {
		return plan.NoOverride()
	}
	return phases
}
