package rows

import "sync"

// A Pool lends rows. Each is lent to one borrower at a time. The rows are divided into
// shares, so that those who keep the rows of one share leave the others alone. It may be
// used by several goroutines.
type Pool struct {
	mu     sync.Mutex
	shares []share
	lent   []bool // by row
}

// A share is every row whose index, divided by the number of shares, leaves its own.
type share struct {
	size int
	free int
	next int // where the next row in turn is looked for
}

// NewPool returns a pool of rows that are all free, in a number of shares that differ by
// one row at the most.
func NewPool(rows, shares int) *Pool {
	p := &Pool{shares: make([]share, shares), lent: make([]bool, rows)}
	for i := range p.shares {
		n := (rows - i + shares - 1) / shares
		p.shares[i] = share{size: n, free: n}
	}
	return p
}

// InTurn lends the next free row of a share, from the first to the last and then anew.
// It reports false where none is free.
func (p *Pool) InTurn(of int) (row int, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.from(of, p.shares[of].next)
}

// DrawsAtRandom is how often a row is drawn that is not free, before the next free one is
// taken.
const DrawsAtRandom = 16

// AtRandom lends a row of a share, as the numbers say that draw returns for 0, 1, 2 and
// so on. It reports false where none is free.
func (p *Pool) AtRandom(of int, draw func(n uint64) uint64) (row int, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := &p.shares[of]
	if s.free == 0 {
		return 0, false
	}
	at := 0
	for n := range uint64(DrawsAtRandom) {
		at = int(draw(n) % uint64(s.size))
		if !p.lent[p.row(of, at)] {
			break
		}
	}
	return p.from(of, at)
}

// from lends the first free row of a share from a place in it on.
func (p *Pool) from(of, at int) (row int, ok bool) {
	s := &p.shares[of]
	if s.free == 0 {
		return 0, false
	}
	for p.lent[p.row(of, at)] {
		at = (at + 1) % s.size
	}
	row = p.row(of, at)
	p.lent[row] = true
	s.free--
	s.next = (at + 1) % s.size
	return row, true
}

// row is the index of a row by its place in a share.
func (p *Pool) row(of, at int) int { return at*len(p.shares) + of }

// Return takes a row back.
func (p *Pool) Return(row int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.lent[row] {
		p.lent[row] = false
		p.shares[row%len(p.shares)].free++
	}
}
