package report

import "slices"

// A matrix shows which faults of which dependencies were tested.
type matrix struct {
	Kinds []string
	Rows  []matrixRow
	Left  int // experiments with several faults, which have no cell
}

type matrixRow struct {
	Name        string
	Criticality string
	Odd         bool // declared soft, behaves hard
	Cells       []matrixCell
}

// A matrixCell holds the experiments with that fault alone.
type matrixCell struct {
	Kind string
	List []*experiment
}

// newMatrix is nil where a table would say no more than one line.
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
			list := single[[2]string{name, kind}]
			row.Odd = row.Odd || slices.ContainsFunc(list, (*experiment).SoftBehavesHard)
			row.Cells = append(row.Cells, matrixCell{kind, list})
		}
		m.Rows = append(m.Rows, row)
	}
	return m
}

// Untested counts the pairs of a dependency and a fault that no experiment
// tried, and all pairs.
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

// Heat is the step of tint of a cell: one hue, and the number is the label.
func (e *experiment) Heat() string {
	b := e.Known()
	if b == nil || unclear(b) {
		return "h0"
	}
	for i, below := range []float64{0.005, 0.02, 0.05, 0.10, 0.20} {
		if b.Estimate < below {
			return []string{"h0", "h1", "h2", "h3", "h4"}[i]
		}
	}
	return "h5"
}

// Figure is what a cell says first.
func (e *experiment) Figure() string {
	b := e.Known()
	switch {
	case b == nil:
		return "–"
	case unclear(b):
		return "≤ " + ceiling(b.High)
	}
	return percent(b.Estimate)
}
