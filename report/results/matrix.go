package results

import (
	"slices"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report/words"
)

// A matrix shows which faults of which dependencies were tested.
type matrix struct {
	Kinds []string
	Rows  []matrixRow
	Left  int // experiments with several faults, which have no cell
}

// A matrixRow is one dependency.
type matrixRow struct {
	Name        string
	Criticality string // as declared
	Behaves     string // as measured: hard or soft; empty where it is not known
	Cells       []matrixCell
}

// A matrixCell holds the experiments that inject nothing but one fault.
type matrixCell struct {
	Kind string
	List []*experiment
}

// newMatrix returns the matrix of a run. It is nil where there is only one kind of
// fault: a table would say no more than the list of experiments.
func newMatrix(s *summary) *matrix {
	m := &matrix{}
	single := map[[2]string][]*experiment{}
	names := dependencies(s.r)
	for _, e := range s.order {
		if len(e.Faults) != 1 {
			m.Left++
			continue
		}
		f := e.Faults[0]
		single[[2]string{f.Into, f.Inject}] = append(single[[2]string{f.Into, f.Inject}], newExperiment(s, e))
		if !slices.Contains(names, f.Into) {
			names = append(names, f.Into)
		}
		if !slices.Contains(m.Kinds, f.Inject) {
			m.Kinds = append(m.Kinds, f.Inject)
		}
	}
	if len(m.Kinds) < 2 {
		return nil
	}
	slices.Sort(names)
	slices.Sort(m.Kinds)
	for _, name := range names {
		row := matrixRow{Name: name, Criticality: s.r.System.Dependencies[name].Criticality}
		for _, kind := range m.Kinds {
			row.Cells = append(row.Cells, matrixCell{kind, single[[2]string{name, kind}]})
		}
		row.Behaves = behaves(s.r, name)
		m.Rows = append(m.Rows, row)
	}
	return m
}

// behaves is hard if a fault in the dependency harmed journeys beyond their limit, and
// soft if it was refused or hung and no fault did. It is empty where neither is known.
func behaves(r *result.Result, dependency string) string {
	for _, b := range r.Behaviours() {
		if b.Dependency == dependency {
			return b.Behaves
		}
	}
	return ""
}

// Odd reports whether the dependency is declared soft and behaves hard.
func (r matrixRow) Odd() bool { return r.Criticality == "soft" && r.Behaves == "hard" }

// Untested counts the pairs of a dependency and a fault that no experiment tried, and
// all pairs.
func (m *matrix) Untested() (list [2]int) {
	for _, row := range m.Rows {
		for _, c := range row.Cells {
			list[1]++
			if len(c.List) == 0 {
				list[0]++
			}
		}
	}
	return list
}

// Heat is the class of a cell's tint, in six steps of one hue. Nobody needs to see
// it: the number is written in the cell.
func (e *experiment) Heat() string {
	b := e.Known()
	if b == nil || words.Unclear(b) {
		return "h0"
	}
	share := b.Estimate
	if words.IsBracket(b) {
		share = b.Low
	}
	for i, below := range []float64{0.005, 0.02, 0.05, 0.10, 0.20} {
		if share < below {
			return []string{"h0", "h1", "h2", "h3", "h4"}[i]
		}
	}
	return "h5"
}

// Figure is the number of a cell.
func (e *experiment) Figure() string {
	b := e.Known()
	switch {
	case b == nil:
		return "–"
	case words.Unclear(b):
		return "≤ " + figures.UpperPercent(b.High)
	case words.IsBracket(b):
		return "≥ " + figures.LowerPercent(b.Low)
	}
	return figures.Percent(b.Estimate)
}
