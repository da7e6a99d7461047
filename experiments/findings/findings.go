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

// Make makes an experiment of each finding of a scan, in the order of the map. p is the
// plan of the scan. Two findings about the same faults are one experiment, which is about
// the more important one.
func Make(p *plan.Plan, m *scan.Map) ([]File, error) {
	var files []File
	for _, f := range m.Findings {
		d := drafter{p, m, f}
		faults, err := d.faults()
		if err != nil {
			return nil, err
		}
		name := nameOf(faults) + ".yaml"
		if slices.ContainsFunc(files, func(other File) bool { return other.Name == name }) {
			continue
		}
		files = append(files, File{name, text(d.experiment(faults), p.Run, f)})
	}
	return files, nil
}

// A drafter makes the experiment of one finding.
type drafter struct {
	plan    *plan.Plan
	scanned *scan.Map
	finding scan.Finding
}

// faults are those of the cell that shows the weakness best, as the plan has them.
func (d drafter) faults() ([]plan.Fault, error) {
	if d.finding.Code == scan.LowBreaking {
		slow, err := d.fault(d.finding.Dependency, plan.Slow)
		if err != nil {
			return nil, err
		}
		slow.Attributes = maps.Clone(slow.Attributes)
		slow.Attributes["latency"] = d.breakingPoint().Seconds()
		return []plan.Fault{slow}, nil
	}
	var list []plan.Fault
	for _, in := range d.cell().Faults {
		f, err := d.fault(in.Dependency, in.Mode)
		if err != nil {
			return nil, err
		}
		list = append(list, f)
	}
	if len(list) > 0 {
		return list, nil
	}
	if len(d.finding.Modes) == 0 {
		return nil, fmt.Errorf("the finding %s about %s names no failure mode", d.finding.Code, d.finding.Dependency)
	}
	f, err := d.fault(d.finding.Dependency, d.finding.Modes[0])
	return []plan.Fault{f}, err
}

// cell is the first cell that shows the finding; without faults where there is none.
func (d drafter) cell() scan.Cell {
	all := slices.Clone(d.scanned.Pairs)
	for _, dep := range d.scanned.Dependencies {
		all = append(all, dep.Cells...)
	}
	for _, number := range d.finding.Cells {
		for _, c := range all {
			if c.Number == number && !c.Pooled {
				return c
			}
		}
	}
	return scan.Cell{}
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

// breakingPoint is the shortest latency that is known to be beyond the breaking point.
func (d drafter) breakingPoint() time.Duration {
	at := d.finding.Latency
	for _, dep := range d.scanned.Dependencies {
		if dep.Name != d.finding.Dependency || dep.BreakingPoint == nil {
			continue
		}
		for _, edge := range dep.BreakingPoint.Edges {
			if edge.Rises && edge.Low <= at && at <= edge.High {
				at = edge.High
			}
		}
	}
	const unit = 10 * time.Millisecond
	return max(unit, (time.Duration(at*float64(time.Second)) + unit - 1).Truncate(unit))
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
	e.Hypothesis, e.IfRefuted = hypothesis(faults, d.finding), remedy(d.finding)
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
