package stop

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/blastgauge/blastgauge/experiments/redact"
	"github.com/blastgauge/blastgauge/injectors/fleet"
	"github.com/blastgauge/blastgauge/injectors/toxiproxy"
)

const (
	clearWithin = 15 * time.Second // until a run that has a blocked server gives it back
	clearEvery  = 250 * time.Millisecond
)

// blockedOf are the URLs of the servers that are blocked.
func blockedOf(rows []fleet.Status) (urls []string) {
	for _, row := range rows {
		if row.Block != nil {
			urls = append(urls, row.URL)
		}
	}
	return urls
}

// awaitClear waits until no run has a server of these URLs. Those on other machines see its
// block within a second. A server that does not answer is not known to be clear.
func (o Options) awaitClear(ctx context.Context, targets []target, urls []string) error {
	deadline := time.Now().Add(clearWithin)
	for len(urls) > 0 {
		rows := once(o.onEach(ctx, targets, statuses))
		busy := slices.DeleteFunc(slices.Clone(rows), func(row fleet.Status) bool {
			return row.Run == "" && row.Err == nil || !slices.Contains(urls, row.URL)
		})
		if len(busy) == 0 {
			return nil
		}
		if time.Now().After(deadline) {
			return errBusy(busy[0])
		}
		select {
		case <-time.After(clearEvery):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

func errBusy(row fleet.Status) error {
	if row.Run == "" {
		return fmt.Errorf("whether a run still has %s is not known: %w", row.URL, row.Err)
	}
	return fmt.Errorf("run %s still has %s: its process may be stopped or dead; `blastgauge recover --toxiproxy %s` removes toxics of runs that are over", row.Run, row.URL, row.URL)
}

// freeServers ends the runs that have the named servers, by blocks that it lifts again. A
// server that is blocked already ends them by itself; whoever blocked it lifts that.
func (o Options) freeServers(ctx context.Context) error {
	targets := o.targets()
	inUse := func(row fleet.Status) bool { return row.Run != "" || row.Err != nil }
	if !slices.ContainsFunc(once(o.onEach(ctx, targets, statuses)), inUse) {
		o.printf("no run has a server")
		return nil
	}
	added := newAddedBlocks()
	why := cmp.Or(o.Why, "all runs are stopped")
	rows := once(o.onEach(ctx, targets, func(ctx context.Context, f *fleet.Fleet) []fleet.Status {
		return added.note(f.AddBlocks(ctx, o.By, why))
	}))
	var errs []error
	for _, row := range rows {
		errs = append(errs, row.Err)
	}
	errs = append(errs, o.awaitClear(ctx, targets, blockedOf(rows)))
	return errors.Join(append(errs, o.lift(context.WithoutCancel(ctx), targets, added))...)
}

// addedBlocks are those that this command lifts again, by the URL of the server.
type addedBlocks struct {
	mu   sync.Mutex
	list map[string]toxiproxy.Block
}

func newAddedBlocks() *addedBlocks { return &addedBlocks{list: map[string]toxiproxy.Block{}} }

func (a *addedBlocks) note(rows []fleet.Status) []fleet.Status {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, row := range rows {
		if row.Added {
			a.list[row.URL] = *row.Block
		}
	}
	return rows
}

// lift lifts the blocks that were added, unless somebody has put others in their place.
func (o Options) lift(ctx context.Context, targets []target, added *addedBlocks) error {
	rows := once(o.onEach(ctx, targets, func(ctx context.Context, f *fleet.Fleet) []fleet.Status { return f.LiftAdded(ctx, added.list) }))
	var errs []error
	for _, row := range rows {
		switch {
		case row.Err != nil:
			errs = append(errs, errLeft(row.URL, row.Err))
		case row.Block != nil:
			o.printf("blocked   %s: %s has blocked it since %s: %s", row.URL, row.Block.By, row.Block.At.Format(time.RFC3339), row.Block.Reason)
		default:
			o.printf("free      %s", row.URL)
		}
	}
	for url := range added.list { // a name may not lead to it any more
		if !slices.ContainsFunc(rows, func(row fleet.Status) bool { return row.URL == redact.Logins(url) }) {
			errs = append(errs, errLeft(redact.Logins(url), errors.New("it is not found any more")))
		}
	}
	return errors.Join(errs...)
}

func errLeft(url string, err error) error {
	return fmt.Errorf("it may still be blocked: %w; `blastgauge stop --unblock --toxiproxy %s` lifts that", err, url)
}
