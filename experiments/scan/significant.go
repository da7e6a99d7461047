package scan

import (
	"slices"

	"github.com/blastgauge/blastgauge/experiments/stats"
)

// markSignificant marks the cells that stay harmful where all cells are looked at together:
// of forty harmless ones, two would look harmful by chance. The evidence of a cell is the
// mean over its journeys, which is an e-value as well, however they depend on each other.
// An invariant that broke is seen, and needs no statistics.
func (m *Map) markSignificant() {
	cells, evidence := m.measured(), []float64(nil)
	for _, c := range cells {
		evidence = append(evidence, c.evidence())
	}
	for i, significant := range stats.Discoveries(evidence, stats.FalseDiscoveries) {
		c := cells[i]
		c.Significant = c.Verdict == Harmful && (significant || len(c.Broken) > 0)
	}
}

// measured are the cells of the map that have evidence of their own.
func (m *Map) measured() []*Cell {
	list := m.all()
	for i := range m.Pools {
		list = append(list, &m.Pools[i])
	}
	return slices.DeleteFunc(list, func(c *Cell) bool {
		return c.Pooled || c.untrusted() && len(c.Broken) == 0 || len(c.Journeys) == 0 && len(c.Broken) == 0
	})
}

// evidence is the e-value of harm to any journey.
func (c *Cell) evidence() float64 {
	if c.untrusted() {
		return 0
	}
	sum := 0.0
	for _, j := range c.Journeys {
		sum += j.HarmfulE / float64(len(c.Journeys))
	}
	return sum
}
