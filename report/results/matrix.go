package results

import (
	"slices"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report/words"
)

// A matrix shows in which ways dependencies failed, and what that harmed.
type matrix struct {
	Kinds    []matrixKind
	Rows     []matrixRow // of dependencies with a test
	Untested []string    // dependencies without one of their own
	Left     int         // experiments with several faults, which have no cell
}

// A matrixKind is the head of a column.
type matrixKind struct {
	Name string
	Idle bool // nothing was tested in it
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
	Idle bool // nothing was tested in its column, which paper has no room for
}

// newMatrix returns the matrix of a run. It is nil where it would have one cell: a table
// would say no more than the experiment.
func newMatrix(s *summary) *matrix {
	m := &matrix{}
	single := map[[2]string][]*experiment{}
	names := dependencies(s.r)
	var tried []string
	for _, e := range s.order {
		if len(e.Faults) != 1 {
			m.Left++
			continue
		}
		f := &e.Faults[0]
		way := words.Way(f)
		single[[2]string{f.Into, way}] = append(single[[2]string{f.Into, way}], newExperiment(s, e))
		tried = append(tried, way)
		if !slices.Contains(names, f.Into) {
			names = append(names, f.Into)
		}
	}
	if len(single) < 2 {
		return nil
	}
	for _, way := range words.Ways(tried) {
		m.Kinds = append(m.Kinds, matrixKind{way, !slices.Contains(tried, way)})
	}
	slices.Sort(names)
	for _, name := range names {
		row := matrixRow{Name: name, Criticality: s.r.System.Dependencies[name].Criticality, Behaves: behaves(s.r, name)}
		for _, kind := range m.Kinds {
			row.Cells = append(row.Cells, matrixCell{kind.Name, single[[2]string{name, kind.Name}], kind.Idle})
		}
		if !slices.ContainsFunc(row.Cells, func(c matrixCell) bool { return len(c.List) > 0 }) {
			m.Untested = append(m.Untested, name)
			continue
		}
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

// coverage says of how many pairs of a dependency and a way to fail something is known: "9 of
// 60 dependency × fault pairs have a valid measurement". A pair counts where a fault was in it
// alone, and what was measured can be trusted. It is empty where the system has no
// dependencies.
func (s *summary) coverage() string {
	pairs := map[[2]string]bool{}
	names := dependencies(s.r)
	var tried []string
	for _, e := range s.order {
		if len(e.Faults) != 1 {
			continue
		}
		f := &e.Faults[0]
		tried = append(tried, words.Way(f))
		if !slices.Contains(names, f.Into) {
			names = append(names, f.Into)
		}
		if e.Verdict != result.NotRun && e.Verdict != result.Invalid {
			pairs[[2]string{f.Into, words.Way(f)}] = true
		}
	}
	if len(names) == 0 {
		return ""
	}
	have := "have"
	if len(pairs) == 1 {
		have = "has"
	}
	return figures.Count(len(pairs)) + " of " + figures.Count(len(names)*len(words.Ways(tried))) + " dependency × fault pairs " + have + " a valid measurement"
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
