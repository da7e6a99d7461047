package preflight

import (
	"context"
	"sync"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/rows"
	"github.com/blastgauge/blastgauge/experiments/run/internal/wait"
)

// pools lend the rows of data files to the journeys of a preflight. The zero value has
// lent none.
type pools struct {
	mu      sync.Mutex
	byTable map[*rows.Table]*rows.Pool
}

func (p *pools) of(t *rows.Table) *rows.Pool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.byTable == nil {
		p.byTable = map[*rows.Table]*rows.Pool{}
	}
	if p.byTable[t] == nil {
		p.byTable[t] = rows.NewPool(t.Len(), 1)
	}
	return p.byTable[t]
}

// lookForRow is how often a row is looked for where all are lent.
const lookForRow = 20 * time.Millisecond

// lend waits for a row that no other journey has. It returns the first where the journey
// has no data, and reports false where the context ended.
func (p *pools) lend(ctx context.Context, d *experiments.Data) (row int, takeBack func(), ok bool) {
	table := tableOf(d)
	if table == nil {
		return 0, func() {}, true
	}
	pool := p.of(table)
	for {
		if row, ok = pool.InTurn(0); ok {
			return row, func() { pool.Return(row) }, true
		}
		if !wait.For(ctx, lookForRow) {
			return 0, nil, false
		}
	}
}

func tableOf(d *experiments.Data) *rows.Table {
	if d == nil {
		return nil
	}
	return d.Table
}
