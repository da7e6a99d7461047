package traffic

import (
	"slices"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/rows"
	"github.com/blastgauge/blastgauge/experiments/sampling"
)

// A lender lends the rows of a journey's data to its executions on one arm. Each arm has
// a share of the rows of its own, so that journeys that hang on one arm leave those of
// the other alone.
type lender struct {
	data  *experiments.Data
	pool  *rows.Pool // shared by all journeys with the same file
	share int
}

// newLender returns nil where the journey has no data.
func (t *Traffic) newLender(e *plan.Experiment, j plan.Journey, arm plan.Arm) *lender {
	if j.Data == nil || j.Data.Table == nil {
		return nil
	}
	if t.pools[j.Data.Table] == nil {
		t.pools[j.Data.Table] = rows.NewPool(j.Data.Table.Len(), len(e.Arms()))
	}
	return &lender{j.Data, t.pools[j.Data.Table], slices.Index(e.Arms(), arm)}
}

// draws is the stream of random numbers that decide who has which row, of which each
// journey has so many.
const (
	draws         = 3
	drawsOfOneRow = 16
)

// lend lends a row to a journey by its number. It reports false where none is free.
func (l *lender) lend(seed, number uint64) (row int, ok bool) {
	switch {
	case l == nil:
		return 0, true
	case l.data.Order == experiments.AtRandom:
		return l.pool.AtRandom(l.share, func(n uint64) uint64 { return sampling.Draw(seed, draws, number*drawsOfOneRow+n) })
	}
	return l.pool.InTurn(l.share)
}

func (l *lender) takeBack(row int) {
	if l != nil {
		l.pool.Return(row)
	}
}

// lack is what a journey that gets no row is shed for.
func (l *lender) lack() string {
	const text = "no free row of "
	if name := text + l.data.File; len(name) <= journal.MaxKey {
		return name
	}
	return text + "the data"
}
