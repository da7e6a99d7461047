package toxiproxy

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
)

// A holder keeps one server for one run. Each kind of server has its own.
type holder interface {
	// acquire takes the server, or says who has it; the latter is of class
	// ErrRefused.
	acquire(ctx context.Context) error
	// renew keeps it. It is of class errLost when somebody else has it.
	renew(ctx context.Context) error
	// release gives it back; what is not held any more is released already.
	release(ctx context.Context) error
	// who has the server now; empty: nobody.
	who(ctx context.Context) (run string, err error)
	// lasts is how long a hold is good for without renewal.
	lasts() time.Duration
}

// errLost means that a hold is over although nobody released it.
var errLost = errors.New("the hold on the server is lost")

// Hold reserves the server for one run: with a lease on a blastgauge proxy, so
// that the run's toxics go when the run does, and with a disabled proxy that
// carries the run and its expiry on a stock server. The hold is renewed until
// release, which waits for the renewing to end. Where another run has it, the
// error is of class [ErrRefused] and names it.
func (d *Driver) Acquire(ctx context.Context, run string) (release func(context.Context) error, err error) {
	ours, err := d.ours(ctx)
	if err != nil {
		return nil, err
	}
	h := d.holder(run, ours)
	if err := h.acquire(ctx); err != nil {
		return nil, err
	}
	return d.held(ctx, h), nil
}

// held renews a hold until the release that it returns.
func (d *Driver) held(ctx context.Context, h holder) (release func(context.Context) error) {
	// Renewing outlives the call that began it, and ends with release alone. A
	// renewal under way is not cut off then: one that was sent and arrives after the
	// release would take the server again, for nobody.
	ctx = context.WithoutCancel(ctx)
	renewing, stop := context.WithCancel(ctx)
	calls, abort := context.WithCancel(ctx)
	var renewals sync.WaitGroup
	renewals.Go(func() { d.keep(renewing, calls, h) })
	return func(ctx context.Context) error {
		stop()
		late := time.AfterFunc(renewalEnds, abort)
		defer late.Stop()
		defer context.AfterFunc(ctx, abort)()
		renewals.Wait()
		return h.release(ctx)
	}
}

// renewalEnds is how long a release waits for a renewal that is under way.
const renewalEnds = time.Second

func (d *Driver) holder(run string, ours bool) holder {
	if ours {
		return &lease{d: d, run: run}
	}
	return &lock{d: d, run: run}
}

// Release ends the hold of a run that has died, whoever asks. That it has none is
// well; a hold of another run stays.
func (d *Driver) Release(ctx context.Context, run string) error {
	ours, err := d.ours(ctx)
	if err != nil {
		return err
	}
	return d.holder(run, ours).release(ctx)
}

// Owner is the run that holds the server now; empty where none does.
func (d *Driver) Owner(ctx context.Context) (run string, err error) {
	ours, err := d.ours(ctx)
	if err != nil {
		return "", err
	}
	return d.holder("", ours).who(ctx)
}

// keep renews until renewing ends or the hold is lost; calls is what its calls end
// with. A renewal that fails is tried
// again until the hold has lapsed: a server may stumble.
func (d *Driver) keep(renewing, calls context.Context, h holder) {
	every := h.lasts() / 4
	good := time.Now()
	for {
		select {
		case <-renewing.Done():
			return
		case <-time.After(every):
		}
		asked := time.Now()
		err := h.renew(calls)
		switch {
		case renewing.Err() != nil:
			return
		case err == nil:
			good = asked
		case errors.Is(err, errLost) || time.Since(good) > h.lasts():
			d.lost(err)
			return
		}
	}
}

// LockProxy is the disabled proxy that says which run uses a stock server. It
// never listens: its upstream is a text, not a place.
const LockProxy = "blastgauge-lock"

// lockFor is how long a lock is good for without renewal. Clocks of the
// machines that share a server may differ by most of it.
const lockFor = time.Minute

// lockSettle is how long a run that takes over a lapsed lock waits before it
// believes that it has it: of several that try at once, the last one wins.
const lockSettle = 300 * time.Millisecond

// A lock holds a stock server.
type lock struct {
	d   *Driver
	run string
}

// A claim is what a lock says.
type claim struct {
	run   string
	until time.Time
}

const untilForm = "20060102t150405z"

// String is the claim as the upstream of a proxy that nobody can ever reach.
func (c claim) String() string {
	return c.run + ".until-" + c.until.UTC().Format(untilForm) + ".blastgauge.invalid:1"
}

func parseClaim(upstream string) (claim, bool) {
	run, rest, ok := strings.Cut(upstream, ".until-")
	text, end, _ := strings.Cut(rest, ".")
	until, err := time.Parse(untilForm, text)
	if !ok || run == "" || end != "blastgauge.invalid:1" || err != nil {
		return claim{}, false
	}
	return claim{run, until}, true
}

func (l *lock) lasts() time.Duration { return lockFor }

func (l *lock) mine() string { return claim{l.run, time.Now().Add(lockFor)}.String() }

// acquire creates the lock, which is atomic, or takes over one that has lapsed.
func (l *lock) acquire(ctx context.Context) error {
	body := creation{Name: LockProxy, Listen: "127.0.0.1:0", Upstream: l.mine()}
	for range 5 {
		err := l.d.api.call(ctx, LockProxy, request{method: "POST", path: "/proxies", body: body}, nil)
		if err == nil || !conflict(err) {
			return err
		}
		c, err := l.read(ctx)
		if missing(err) {
			continue // released between the two calls
		}
		if err != nil {
			return err
		}
		if c.run != l.run && time.Now().Before(c.until) {
			return l.taken(c)
		}
		return l.takeOver(ctx)
	}
	return fmt.Errorf("%w: %w", ErrRefused, l.d.api.errorf("proxy %s keeps coming and going: other runs are starting", LockProxy))
}

func (l *lock) read(ctx context.Context) (claim, error) {
	s, err := l.d.proxy(ctx, LockProxy)
	if err != nil {
		return claim{}, err
	}
	c, ok := parseClaim(s.Upstream)
	if !ok {
		return claim{}, fmt.Errorf("%w: %w", ErrRefused, l.d.api.errorf("proxy %s is not a lock of blastgauge's: its upstream is %s", LockProxy, printable(s.Upstream)))
	}
	return c, nil
}

func (l *lock) who(ctx context.Context) (string, error) {
	c, err := l.read(ctx)
	switch {
	case missing(err), err == nil && time.Now().After(c.until):
		return "", nil
	case err != nil:
		return "", err
	}
	return printable(c.run), nil
}

func (l *lock) taken(c claim) error {
	return fmt.Errorf("%w: %w", ErrRefused, l.d.api.errorf("run %s is using this server; its lock ends at %s unless renewed",
		printable(c.run), c.until.Format(time.RFC3339)))
}

func (l *lock) takeOver(ctx context.Context) error {
	if err := l.write(ctx); err != nil {
		return err
	}
	select {
	case <-time.After(lockSettle):
	case <-ctx.Done():
		return l.d.api.errorf("taking over the lock: %w", context.Cause(ctx))
	}
	c, err := l.read(ctx)
	if err == nil && c.run != l.run {
		return l.taken(c)
	}
	return err
}

// write puts our claim on the lock. The proxy stays disabled, also where
// somebody's /reset has enabled it.
func (l *lock) write(ctx context.Context) error {
	body := map[string]any{"upstream": l.mine(), "enabled": false}
	return l.d.api.call(ctx, LockProxy, request{method: "POST", path: proxyPath(LockProxy), body: body}, nil)
}

func (l *lock) renew(ctx context.Context) error {
	c, err := l.read(ctx)
	switch {
	case missing(err):
		return l.acquire(ctx) // the server was restarted, or somebody tidied up
	case err != nil:
		return err
	case c.run != l.run:
		return fmt.Errorf("%w: %w", errLost, l.taken(c))
	}
	return l.write(ctx)
}

func (l *lock) release(ctx context.Context) error {
	c, err := l.read(ctx)
	switch {
	case missing(err), err == nil && c.run != l.run:
		return nil
	case err != nil:
		return err
	}
	return l.d.Delete(ctx, LockProxy)
}
