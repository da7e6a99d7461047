package toxiproxy

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// A lease reserves one server for one run. Each kind of server has its own.
type lease interface {
	// acquire takes the server. Where another run has it, the error is of class
	// ErrRefused and names that run; where it is blocked, it is a [BlockedError].
	acquire(ctx context.Context) error
	// renew extends the lease, once that is due, and returns when that was last asked for
	// with success: the lease lasts from then on. The error is of class errLost when another
	// run has taken the server, and a [BlockedError] when a person has taken it from all.
	renew(ctx context.Context) (renewed time.Time, err error)
	// release gives the server back. It succeeds when the run has no lease.
	release(ctx context.Context) error
	// owner returns the run that has the server now, or "" when none has.
	owner(ctx context.Context) (run string, err error)
	// every returns how often renew is called. A run notices so soon that its server was
	// blocked.
	every() time.Duration
	// lasts returns how long the lease is valid without renewal.
	lasts() time.Duration
}

// lookEvery is how often a run looks whether its server was taken away.
const lookEvery = time.Second

func isBlocked(err error) bool {
	_, ok := errors.AsType[*BlockedError](err)
	return ok
}

// errLost means that a lease ended before its release.
var errLost = errors.New("the lease on the server is lost")

// errHeldUp means that this process did not get to renew a lease.
var errHeldUp = errors.New("this machine is too busy, or was suspended: lower the rate, or give it less other work")

// Acquire reserves the server for one run. On a blastgauge proxy it takes a lease:
// when the run dies, its toxics are removed with the lease. On a stock server it
// creates a disabled proxy that names the run and the time when the lease ends.
// The lease is renewed until release is called; release waits for the renewals to
// end. When another run has the server, the error is of class [ErrRefused] and
// names that run. When a person has blocked it, the error is a [BlockedError].
func (d *Driver) Acquire(ctx context.Context, run string) (release func(context.Context) error, err error) {
	ours, err := d.isOurs(ctx)
	if err != nil {
		return nil, err
	}
	l := d.leaseFor(run, ours)
	err = l.acquire(ctx)
	d.noteAsked(ours, l.lasts(), err)
	if err != nil {
		return nil, err
	}
	return d.startRenewing(ctx, l), nil
}

// Release ends the lease of a run that has died, whichever process calls it. It
// succeeds when the run has no lease. The lease of another run stays.
func (d *Driver) Release(ctx context.Context, run string) error {
	ours, err := d.isOurs(ctx)
	if err != nil {
		return err
	}
	return d.leaseFor(run, ours).release(ctx)
}

// Owner returns the run that has the server now, or "" when none has.
func (d *Driver) Owner(ctx context.Context) (run string, err error) {
	ours, err := d.isOurs(ctx)
	if err != nil {
		return "", err
	}
	return d.leaseFor("", ours).owner(ctx)
}

func (d *Driver) leaseFor(run string, ours bool) lease {
	if ours {
		return &proxyLease{d: d, run: run}
	}
	return &lock{d: d, run: run}
}

// noteAsked remembers when the lease of the run ends at the latest, now that it was asked
// for. A request that failed may have arrived, unless there was no connection for it.
func (d *Driver) noteAsked(ours bool, lasts time.Duration, err error) {
	_, unsent := errors.AsType[unsentError](err)
	if !ours || unsent {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lapses = time.Now().Add(lasts)
}

// Lapses returns when the lease that this driver has asked for ends at the latest, with all
// toxics of the run, even if the server does not answer any more. It reports false where
// none was asked for, and on a stock server, where toxics outlive a lease.
func (d *Driver) Lapses() (time.Time, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.lapses, !d.lapses.IsZero()
}

// startRenewing renews a lease until the caller calls release.
func (d *Driver) startRenewing(ctx context.Context, l lease) (release func(context.Context) error) {
	// Renewals outlive the call that began them; only release ends them. It does not
	// cut off a renewal under way: a request that was sent and arrives after the
	// release would take the server again for a run that is over.
	ctx = context.WithoutCancel(ctx)
	renewing, stop := context.WithCancel(ctx)
	calls, abort := context.WithCancel(ctx)
	var renewals sync.WaitGroup
	renewals.Go(func() { d.renew(renewing, calls, l) })
	return func(ctx context.Context) error {
		stop()
		late := time.AfterFunc(maxRenewal, abort)
		defer late.Stop()
		defer context.AfterFunc(ctx, abort)()
		renewals.Wait()
		return l.release(ctx)
	}
}

// maxRenewal is how long a release waits for a renewal under way.
const maxRenewal = time.Second

// renew renews a lease until renewing ends or the lease is lost. The context of
// each call is calls. A renewal that fails is tried again until the lease has run
// out, because a server may fail for a moment.
func (d *Driver) renew(renewing, calls context.Context, l lease) {
	every := l.every()
	renewed := time.Now()
	for {
		select {
		case <-renewing.Done():
			return
		case <-time.After(every):
		}
		idle := time.Since(renewed)
		extended, err := l.renew(calls)
		_, ours := l.(*proxyLease)
		d.noteAsked(ours, l.lasts(), err)
		switch {
		case renewing.Err() != nil:
			return
		case err == nil:
			renewed = extended
		case errors.Is(err, errLost) || isBlocked(err) || time.Since(renewed) > l.lasts():
			d.lost(late(err, idle, l.lasts()))
			return
		}
	}
}

// late adds to the loss of a lease that nobody renewed in time whose fault that is.
func late(err error, idle, lasts time.Duration) error {
	if !errors.Is(err, errLost) || idle <= lasts {
		return err
	}
	return fmt.Errorf("%w: nobody renewed it for %s, and it lasts %s: %w", err, idle.Round(time.Second), lasts, errHeldUp)
}
