package run

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/redact"
	"github.com/blastgauge/blastgauge/experiments/run/engine"
	"github.com/blastgauge/blastgauge/experiments/run/internal/injectorset"
	"github.com/blastgauge/blastgauge/injectors/toxiproxy"
)

const (
	askBlockTimeout = 2 * time.Second        // for all Toxiproxies of a system together
	lookForOrders   = 250 * time.Millisecond // between two looks whether the run is to end
)

// CheckBlocked refuses, with an error of class [experiments.ErrRefused], while a person has
// blocked the runs of this user or a Toxiproxy of the system. A Toxiproxy that cannot be
// asked is not blocked: a run that needs it says so by itself. Of the options it uses the
// registry, the token and the environment.
func CheckBlocked(ctx context.Context, s *experiments.System, o Options) error {
	o = o.withDefaults()
	if err := o.checkOwnBlock(); err != nil {
		return err
	}
	if s.Toxiproxy == experiments.Embedded || len(s.Toxiproxies()) == 0 {
		return nil
	}
	all, err := injectorset.NewFleet(s, o.Token, o.Getenv, nil)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, askBlockTimeout)
	defer cancel()
	return all.Blocked(ctx)
}

// checkOwnBlock refuses while the runs of this user are blocked.
func (o Options) checkOwnBlock() error {
	b, err := o.Registry.Block()
	if err != nil || b == nil {
		return err
	}
	doubt := ""
	if b.Shared {
		doubt = " (others than this user can write the file that says so)"
	}
	return fmt.Errorf("%w: %s has blocked the runs of this user since %s: %s%s; `blastgauge stop --unblock` lifts that", experiments.ErrRefused, b.By, b.At.Format(time.RFC3339), b.Reason, doubt)
}

// leaseLost ends the run when its lease is over. Where a person has blocked the server, that
// is the order to end.
func (r *run) leaseLost(err error) {
	if b, ok := errors.AsType[*toxiproxy.BlockedError](err); ok {
		r.stop(interrupt(r.hide(b.By, journal.MostAuthor), r.hide(b.Reason, journal.MostReason)))
		return
	}
	r.stop(fmt.Errorf("the lease of Toxiproxy was lost: %w", err))
}

// announce lists a run as one that goes on, for those who want to stop it, until the caller
// calls release. From now on the context ends, as by Ctrl-C, once somebody asks for that: also
// while the system starts, and before the run has a directory.
func (o Options) announce(ctx context.Context, p *plan.Plan) (ordered context.Context, release func()) {
	dir := o.Dir
	if dir == "" {
		dir = filepath.Join(filepath.FromSlash(DefaultRuns), p.Run)
	}
	end := func() {}
	abs, err := filepath.Abs(dir)
	if err == nil {
		end, err = o.Registry.Announce(journal.LiveRun{Run: p.Run, Dir: abs, PID: os.Getpid(), Started: time.Now().UTC()})
	}
	if err != nil {
		o.logf("warning: %v: `blastgauge stop` finds this run by its directory only", err)
	}
	ordered, stop := context.WithCancelCause(ctx)
	hiding := &run{plan: p, secrets: redact.FromEnv(p.EnvNames(), o.Getenv)}
	done := o.watch(func() (journal.Order, bool, error) { return o.findOrder(p.Run) }, func(order journal.Order) {
		stop(interrupt(hiding.hide(order.By, journal.MostAuthor), hiding.hide(order.Why, journal.MostReason)))
	})
	return ordered, func() {
		done()
		stop(nil)
		end()
	}
}

// findOrder looks for an order to this run, and for a block of all runs of this user. A block
// that others can write ends none: see [journal.Block].
func (o Options) findOrder(run string) (journal.Order, bool, error) {
	order, found, err := o.Registry.FindStop(run)
	if b, unknown := o.Registry.Block(); !found && unknown == nil && b != nil && !b.Shared {
		return journal.Order{By: b.By, Why: b.Reason, At: b.At}, true, nil
	}
	return order, found, err
}

// notBegun is why nothing was run. Where a person or a signal ended it before, the error says
// so, whatever that cut short.
func (o Options) notBegun(ctx context.Context, err error) error {
	cause, interrupted := errors.AsType[*engine.Interrupt](context.Cause(ctx))
	if _, said := errors.AsType[*engine.Interrupt](err); !interrupted {
		return err
	} else if blocked := o.checkOwnBlock(); blocked != nil && !errors.Is(err, engine.ErrNotRemoved) {
		return blocked
	} else if said {
		return err
	}
	return fmt.Errorf("%w: %w", cause, err)
}

// watchOrders ends the run once somebody asks for it in its directory. The function that it
// returns ends the watch.
func (r *run) watchOrders(root *os.Root) (done func()) {
	find := func() (journal.Order, bool, error) { return journal.FindStop(root) }
	return r.o.watch(find, func(order journal.Order) {
		_ = r.control.Stop(order.By, order.Why) // it is over already, or ends
	})
}

// watch looks for an order until there is one, or done is called, which waits for that.
func (o Options) watch(find func() (journal.Order, bool, error), obey func(journal.Order)) (done func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var watch sync.WaitGroup
	watch.Go(func() {
		tick := time.NewTicker(lookForOrders)
		defer tick.Stop()
		warned := false
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			order, found, err := find()
			if err != nil && !warned {
				warned = true
				o.logf("warning: an order to stop this run is not obeyed: %v", err)
			}
			if found {
				obey(order)
				return
			}
		}
	})
	return func() {
		cancel()
		watch.Wait()
	}
}
