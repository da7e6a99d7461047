package fleet

import (
	"context"
	"errors"
	"slices"

	"github.com/blastgauge/blastgauge/injectors/toxiproxy"
)

// A Status is who may use one Toxiproxy, and who does.
type Status struct {
	URL   string
	Kind  string           // as [journal.Toxiproxy] names it; empty: it does not answer
	Block *toxiproxy.Block // nil: there is none
	Run   string           // that has its lease; empty: none has
	Added bool             // the block was put there by this call
	Err   error            // why it is not known, or not as it was asked for
}

// Statuses asks every server for its block and for the run that has it. A name that cannot
// be looked up has a row of its own.
func (f *Fleet) Statuses(ctx context.Context) []Status {
	return f.onEach(ctx, func(s *server, row *Status) {
		var blocked, owned error
		row.Block, blocked = s.driver.Block(ctx)
		row.Run, owned = s.driver.Owner(ctx)
		row.Err = errors.Join(blocked, owned)
	})
}

// Block takes every server away from all runs, see [toxiproxy.Driver.SetBlock]. One that does
// not answer keeps no other waiting. A server that comes later to a name is not blocked, but
// no run takes it without the others. A row with a block and an error is blocked, but not in
// every way.
func (f *Fleet) Block(ctx context.Context, by, reason string) []Status {
	return f.onEach(ctx, func(s *server, row *Status) {
		row.Block, row.Err = s.driver.SetBlock(ctx, by, reason)
		row.Added = row.Block != nil
	})
}

// AddBlocks blocks the servers that are not blocked yet, see [toxiproxy.Driver.AddBlock]. The
// rows have the blocks that are in force, and say which of them were added.
func (f *Fleet) AddBlocks(ctx context.Context, by, reason string) []Status {
	return f.onEach(ctx, func(s *server, row *Status) {
		row.Block, row.Added, row.Err = s.driver.AddBlock(ctx, by, reason)
	})
}

// LiftAdded lifts the blocks that [Fleet.AddBlocks] has added, given by the URLs of its rows.
// One that somebody has put there since stays, and its row has it. Other servers have no row.
func (f *Fleet) LiftAdded(ctx context.Context, added map[string]toxiproxy.Block) []Status {
	rows := f.onEach(ctx, func(s *server, row *Status) {
		if b, ok := added[s.driver.Shown()]; ok {
			row.Block, row.Err = s.driver.Lift(ctx, b)
		}
	})
	return slices.DeleteFunc(rows, func(row Status) bool {
		_, ok := added[row.URL]
		return !ok
	})
}

// Unblock lets runs use every server again. The rows have the blocks that were lifted.
func (f *Fleet) Unblock(ctx context.Context) []Status {
	return f.onEach(ctx, func(s *server, row *Status) { row.Block, row.Err = s.driver.Unblock(ctx) })
}

// Blocked returns a [toxiproxy.BlockedError] where a server that is needed is blocked. One
// that cannot be asked is not: a run that needs it says so by itself.
func (f *Fleet) Blocked(ctx context.Context) error {
	for _, g := range f.groups {
		_ = f.refresh(ctx, g) // see above
	}
	err := each(f.ofNeed(f.here()), func(s *server) error {
		b, err := s.driver.Block(ctx)
		if err != nil || b == nil {
			return nil //nolint:nilerr // see above
		}
		return &toxiproxy.BlockedError{Block: *b, URL: s.driver.Shown()}
	})
	if blocked, ok := errors.AsType[*toxiproxy.BlockedError](err); ok {
		return blocked // one of them says it
	}
	return nil
}

// onEach fills in a row for every server that is there, side by side.
func (f *Fleet) onEach(ctx context.Context, do func(s *server, row *Status)) []Status {
	var lost []Status
	for _, g := range f.groups {
		if err := f.refresh(ctx, g); err != nil {
			lost = append(lost, Status{URL: g.sources[0], Err: err})
		}
	}
	list := f.here()
	rows := make([]Status, len(list))
	_ = each(list, func(s *server) error { // a row has its error
		row := &rows[slices.Index(list, s)]
		row.URL = s.driver.Shown()
		kind, err := s.driver.Identify(ctx)
		if row.Kind, row.Err = kind.Kind, err; err == nil {
			do(s, row)
		}
		return nil
	})
	return append(rows, lost...)
}
