package toxiproxy

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

// leaseFor is how long a lease is good for without renewal: a run that dies
// leaves its toxics in force for no longer.
const leaseFor = 10 * time.Second

// A lease holds a blastgauge proxy. The server keeps the time, so clocks do not
// matter.
type lease struct {
	d   *Driver
	run string
}

type leaseRequest struct {
	Run     string  `json:"run"`
	Seconds float64 `json:"seconds"`
}

func (l *lease) lasts() time.Duration { return leaseFor }

// acquire asks for the lease; a run that has it already keeps it.
func (l *lease) acquire(ctx context.Context) error {
	body := leaseRequest{Run: l.run, Seconds: leaseFor.Seconds()}
	err := l.d.api.call(ctx, "", request{method: "POST", path: "/blastgauge/leases", body: body}, nil)
	if conflict(err) {
		if run, asked := l.who(ctx); asked == nil && run != "" && run != l.run {
			err = l.d.api.errorf("run %s is using this server", run)
		}
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	return err
}

// who has the server; of several runs, one that is not ours.
func (l *lease) who(ctx context.Context) (string, error) {
	var leases []struct {
		Run string `json:"run"`
	}
	if err := l.d.api.call(ctx, "", request{method: "GET", path: "/blastgauge/leases"}, &leases); err != nil {
		return "", err
	}
	run := ""
	for _, held := range leases {
		if run == "" || run == l.run {
			run = printable(held.Run)
		}
	}
	return run, nil
}

// renew asks again. A server that was told that the run is over says so.
func (l *lease) renew(ctx context.Context) error {
	err := l.acquire(ctx)
	if errors.Is(err, ErrRefused) || over(err) {
		return fmt.Errorf("%w: %w", errLost, err)
	}
	return err
}

func over(err error) bool {
	e, answered := errors.AsType[*StatusError](err)
	return answered && e.api && e.Status == http.StatusGone
}

func (l *lease) release(ctx context.Context) error {
	err := l.d.api.call(ctx, "", request{method: "DELETE", path: "/blastgauge/leases/" + url.PathEscape(l.run)}, nil)
	if missing(err) {
		return nil
	}
	return err
}
