package toxiproxy

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// LockProxy is the disabled proxy that says which run uses a stock server. It
// never listens, and its upstream is a text and not an address.
const LockProxy = "blastgauge-lock"

const (
	// lockFor is how long a lock is valid without renewal. The clocks of the machines
	// that share a server may differ by most of it.
	lockFor = time.Minute

	// lockSettle is how long a run waits after it took over an expired lock, before it
	// reads who has it: when several runs try at once, the last one to write wins.
	lockSettle = 300 * time.Millisecond
)

// A lock is the lease on a stock server.
type lock struct {
	d     *Driver
	run   string
	wrote time.Time // when the claim was last written, or rather before
}

// A claim is what the lock says: which run has the server, and until when.
type claim struct {
	run   string
	until time.Time
}

const claimTime = "20060102t150405z"

// String returns the claim as the upstream of a proxy. Nobody can connect to it.
func (c claim) String() string {
	return c.run + ".until-" + c.until.UTC().Format(claimTime) + ".blastgauge.invalid:1"
}

func parseClaim(upstream string) (claim, bool) {
	run, rest, ok := strings.Cut(upstream, ".until-")
	text, end, _ := strings.Cut(rest, ".")
	until, err := time.Parse(claimTime, text)
	if !ok || run == "" || end != "blastgauge.invalid:1" || err != nil {
		return claim{}, false
	}
	return claim{run, until}, true
}

func (l *lock) every() time.Duration { return lookEvery }

func (l *lock) lasts() time.Duration { return lockFor }

func (l *lock) claim() string { return claim{l.run, time.Now().Add(lockFor)}.String() }

// acquire takes the lock, unless the server is blocked. A block that comes meanwhile is
// seen once the run has the lock: it gives it back.
func (l *lock) acquire(ctx context.Context) error {
	if err := l.d.blocked(ctx); err != nil {
		return err
	}
	asked := time.Now()
	if err := l.take(ctx); err != nil {
		return err
	}
	l.wrote = asked
	if err := l.d.blocked(ctx); err != nil {
		return errors.Join(err, l.release(ctx))
	}
	return nil
}

// take creates the lock, which is atomic, or takes over one that has expired.
func (l *lock) take(ctx context.Context) error {
	body := newProxy{Name: LockProxy, Listen: "127.0.0.1:0", Upstream: l.claim()}
	for range 5 {
		err := l.d.post(ctx, body)
		if err == nil || !isConflict(err) {
			return err
		}
		c, err := l.read(ctx)
		if isMissing(err) {
			continue // released between the two calls
		}
		if err != nil {
			return err
		}
		if c.run != l.run && time.Now().Before(c.until) {
			return l.errTaken(c)
		}
		return l.takeOver(ctx)
	}
	return fmt.Errorf("%w: %w", ErrRefused, l.d.api.errorf("proxy %s keeps being created and deleted: other runs are starting", LockProxy))
}

func (l *lock) read(ctx context.Context) (claim, error) {
	s, err := l.d.proxy(ctx, LockProxy)
	if err != nil {
		return claim{}, err
	}
	c, ok := parseClaim(s.Upstream)
	if !ok {
		return claim{}, fmt.Errorf("%w: %w", ErrRefused, l.d.api.errorf("proxy %s is not a lock of blastgauge's: its upstream is %s", LockProxy, l.d.api.printable(s.Upstream)))
	}
	return c, nil
}

func (l *lock) owner(ctx context.Context) (string, error) {
	c, err := l.read(ctx)
	switch {
	case isMissing(err), err == nil && time.Now().After(c.until):
		return "", nil
	case err != nil:
		return "", err
	}
	return l.d.api.printable(c.run), nil
}

func (l *lock) errTaken(c claim) error {
	return fmt.Errorf("%w: %w", ErrRefused, l.d.api.errorf("run %s is using this server; its lock ends at %s unless renewed",
		l.d.api.printable(c.run), c.until.Format(time.RFC3339)))
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
		return l.errTaken(c)
	}
	return err
}

// write puts this run's claim on the lock. It also disables the proxy again, which
// a POST /reset by another client has enabled.
func (l *lock) write(ctx context.Context) error {
	body := map[string]any{"upstream": l.claim(), "enabled": false}
	return l.d.api.call(ctx, LockProxy, request{method: "POST", path: proxyPath(LockProxy), body: body}, nil)
}

// renew looks each time whether the server is blocked, and writes the claim when a quarter of
// its time is over. A look that failed or succeeded prolongs nothing.
func (l *lock) renew(ctx context.Context) (renewed time.Time, err error) {
	err = l.d.blocked(ctx)
	if err == nil && time.Since(l.wrote) >= lockFor/4 {
		err = l.rewrite(ctx)
	}
	return l.wrote, err
}

func (l *lock) rewrite(ctx context.Context) error {
	c, err := l.read(ctx)
	switch {
	case isMissing(err):
		return l.acquire(ctx) // the server was restarted, or another client deleted the lock
	case err != nil:
		return err
	case c.run != l.run:
		return fmt.Errorf("%w: %w", errLost, l.errTaken(c))
	}
	asked := time.Now()
	if err = l.write(ctx); err == nil {
		l.wrote = asked
	}
	return err
}

func (l *lock) release(ctx context.Context) error {
	c, err := l.read(ctx)
	switch {
	case isMissing(err), err == nil && c.run != l.run:
		return nil
	case err != nil:
		return err
	}
	return l.d.Delete(ctx, LockProxy)
}
