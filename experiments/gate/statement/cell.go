package statement

import (
	"strings"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/scan"
)

// cellsOf are the cells of a scan's map as experiments, named DEPENDENCY/MODE, or two such
// names joined by + for a pair. Their document is that of the system. What could not be
// tried, and what no journey calls, is no cell here.
func cellsOf(r *result.Result, system Digest) []Experiment {
	var list []Experiment
	removed := map[string]bool{}
	for _, f := range r.ScanFaults {
		removed[f.Dependency+"/"+string(f.Mode)] = f.RemovalVerified
	}
	add := func(cells []scan.Cell, verdict func(*scan.Cell) result.Verdict) {
		for i := range cells {
			c := &cells[i]
			if len(c.Faults) > 0 && c.Verdict != scan.Unavailable && c.Verdict != scan.NotExercised {
				x := cellOf(r.Scan, c, system, removed)
				x.Verdict = verdict(c)
				list = append(list, x)
			}
		}
	}
	for i := range r.Scan.Dependencies {
		d := &r.Scan.Dependencies[i]
		hard := d.Declared == string(experiments.Hard)
		add(d.Cells, func(c *scan.Cell) result.Verdict { return judged(c, r.Scan.Weak(d, c), hard) })
	}
	add(r.Scan.Pairs, func(c *scan.Cell) result.Verdict { return judged(c, r.Scan.WeakPair(c), false) })
	return list
}

// isCell reports whether an experiment is a cell of a scan.
func (e *Experiment) isCell() bool { return strings.Contains(e.ID, "/") }

// judged is the verdict on a cell. Harm where it was declared, or that weakens nothing more,
// refutes nothing; harm that does not stand among all cells decides nothing.
func judged(c *scan.Cell, weak, hard bool) result.Verdict {
	switch {
	case c.Verdict != scan.Harmful:
		return cellVerdict(c.Verdict)
	case weak:
		return result.Refuted
	case c.Significant || hard:
		return result.Held
	}
	return result.Inconclusive
}

func cellOf(m *scan.Map, c *scan.Cell, system Digest, removed map[string]bool) Experiment {
	x := Experiment{
		Digest: system, Reasons: []result.ReasonCode{},
		Journeys: []Journey{}, Faults: []Fault{}, Invariants: []Invariant{},
	}
	var names []string
	for _, f := range c.Faults {
		name := f.Dependency + "/" + string(f.Mode)
		names = append(names, name)
		fault := Fault{Name: name, Kind: f.Inject, Target: f.Dependency, Counted: f.Met != nil, RemovalVerified: removed[name]}
		if f.Met != nil && f.Of != nil {
			fault.Met, fault.Of = *f.Met, *f.Of
		}
		x.Faults = append(x.Faults, fault)
	}
	x.ID = strings.Join(names, "+")
	if c.Number > 0 && len(c.Journeys) > 0 {
		x.Control = ControlBefore
		if string(m.Control) == result.ConcurrentControl {
			x.Control = ControlConcurrent
		}
	}
	for _, j := range c.Journeys {
		x.Journeys = append(x.Journeys, Journey{
			Name: j.Journey, Harm: &Harm{j.Estimate, j.Low, j.High, 0.95}, Limit: limitOf(m, j.Journey),
			N: N{j.N, j.ControlN}, Verdict: cellVerdict(j.Verdict),
		})
	}
	for _, b := range c.Broken {
		x.Invariants = append(x.Invariants, Invariant{Name: b.Invariant, NewViolations: b.Violations})
	}
	return x
}

// limitOf is the limit of harm of a journey of a scan.
func limitOf(m *scan.Map, journey string) float64 {
	for _, j := range m.Journeys {
		if j.Name == journey {
			return j.Limit
		}
	}
	return m.Limit
}

// cellVerdict is the verdict on a cell in the words of experiments.
func cellVerdict(v scan.Verdict) result.Verdict {
	switch v {
	case scan.Harmful:
		return result.Refuted
	case scan.Harmless:
		return result.Held
	case scan.Undecided, scan.NotMet:
		return result.Inconclusive
	}
	return result.NotRun
}
