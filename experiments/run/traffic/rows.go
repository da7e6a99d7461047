package traffic

import (
	"slices"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/rows"
	"github.com/blastgauge/blastgauge/experiments/sampling"
)

// A lender lends the rows of a journey's data to its executions. Each arm has a share of
// the rows of its own, also where faults touch some of the journeys of one schedule, so
// that journeys that hang on one arm leave those of the other alone.
type lender struct {
	data *experiments.Data
	pool *rows.Pool // shared by all journeys with the same file
	arms []plan.Arm // in the order of their shares
}

// newLender returns nil where the journey has no data.
func (t *Traffic) newLender(e *plan.Experiment, j plan.Journey) *lender {
	if j.Data == nil || j.Data.Table == nil {
		return nil
	}
	arms := e.SentArms()
	if t.pools[j.Data.Table] == nil {
		t.pools[j.Data.Table] = rows.NewPool(j.Data.Table.Len(), len(arms))
	}
	return &lender{j.Data, t.pools[j.Data.Table], arms}
}

// draws is the stream of random numbers that decide who has which row.
const draws = 3

// lend lends a row of an arm to a journey by its number. It reports false where none is
// free.
func (l *lender) lend(arm plan.Arm, seed, number uint64) (row int, ok bool) {
	if l == nil {
		return 0, true
	}
	share := slices.Index(l.arms, arm)
	if l.data.Order == experiments.AtRandom {
		return l.pool.AtRandom(share, func(n uint64) uint64 { return sampling.Draw(seed, draws, number*rows.DrawsAtRandom+n) })
	}
	return l.pool.InTurn(share)
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
