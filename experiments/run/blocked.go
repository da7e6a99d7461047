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
	return fmt.Errorf("%w: %s has blocked the runs of this user since %s: %s; `blastgauge stop --unblock` lifts that", experiments.ErrRefused, b.By, b.At.Format(time.RFC3339), b.Reason)
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

// announce lists the run as one that goes on, for those who want to stop it.
func (r *run) announce(dir string) (release func()) {
	abs, err := filepath.Abs(dir)
	if err == nil {
		release, err = r.o.Registry.Announce(journal.LiveRun{Run: r.plan.Run, Dir: abs, PID: os.Getpid(), Started: time.Now().UTC()})
	}
	if err != nil {
		r.o.logf("warning: %v: `blastgauge stop` finds this run by its directory only", err)
	}
	if release == nil {
		return func() {}
	}
	return release
}

// watchOrders ends the run once somebody asks for it, in its directory or for all runs of
// this user. The function that it returns ends the watch.
func (r *run) watchOrders(root *os.Root) (done func()) {
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
			order, found, err := journal.FindStop(root)
			if err != nil && !warned {
				warned = true
				r.o.logf("warning: the file %s in the run's directory is not obeyed: %v", journal.StopFile, err)
			}
			if b, err := r.o.Registry.Block(); !found && err == nil && b != nil {
				order, found = journal.Order{By: b.By, Why: b.Reason}, true
			}
			if found {
				_ = r.control.Stop(order.By, order.Why) // it is over already, or ends
				return
			}
		}
	})
	return func() {
		cancel()
		watch.Wait()
	}
}
