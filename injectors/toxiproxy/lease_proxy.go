package toxiproxy

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

// proxyLeaseFor is how long a lease is valid without renewal. When a run dies, its
// toxics stay in force for at most this long.
const proxyLeaseFor = 10 * time.Second

// A proxyLease is the lease on a blastgauge proxy. The server keeps the time, so
// the clocks of other machines do not matter.
type proxyLease struct {
	d   *Driver
	run string
}

type leaseRequest struct {
	Run     string  `json:"run"`
	Seconds float64 `json:"seconds"`
}

func (l *proxyLease) every() time.Duration { return lookEvery }

func (l *proxyLease) lasts() time.Duration { return proxyLeaseFor }

// acquire asks for the lease. A run that has it keeps it.
func (l *proxyLease) acquire(ctx context.Context) error {
	body := leaseRequest{Run: l.run, Seconds: proxyLeaseFor.Seconds()}
	err := l.d.api.call(ctx, "", request{method: "POST", path: "/blastgauge/leases", body: body}, nil)
	if err = l.d.asBlocked(err); isBlocked(err) {
		return err
	}
	if isConflict(err) {
		if run, asked := l.owner(ctx); asked == nil && run != "" && run != l.run {
			err = l.d.api.errorf("run %s is using this server", run)
		}
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	return err
}

// owner returns the run that has the server. When there are several, it returns
// one that is not this run.
func (l *proxyLease) owner(ctx context.Context) (string, error) {
	var leases []leaseRequest
	if err := l.d.api.call(ctx, "", request{method: "GET", path: "/blastgauge/leases"}, &leases); err != nil {
		return "", err
	}
	run := ""
	for _, lease := range leases {
		if run == "" || run == l.run {
			run = l.d.api.printable(lease.Run)
		}
	}
	return run, nil
}

// renew asks for the lease again. The server answers 410 Gone when it was told
// that the run is over.
func (l *proxyLease) renew(ctx context.Context) (renewed time.Time, err error) {
	asked := time.Now()
	err = l.acquire(ctx)
	if !isBlocked(err) && errors.Is(err, ErrRefused) || isGone(err) {
		err = fmt.Errorf("%w: %w", errLost, err)
	}
	return asked, err
}

func isGone(err error) bool {
	e, answered := errors.AsType[*StatusError](err)
	return answered && e.api && e.Status == http.StatusGone
}

func (l *proxyLease) release(ctx context.Context) error {
	err := l.d.api.call(ctx, "", request{method: "DELETE", path: "/blastgauge/leases/" + url.PathEscape(l.run)}, nil)
	if isMissing(err) {
		return nil
	}
	return err
}
