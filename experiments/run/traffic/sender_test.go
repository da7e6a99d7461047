package traffic

import (
	"context"
	"time"

	"github.com/blastgauge/blastgauge/experiments/run/internal/wait"
	"github.com/blastgauge/blastgauge/experiments/run/journey"
)

// A sender is a system without sockets, so that a test can run in fake time.
type sender func(ctx context.Context, req *journey.Request, resp *journey.Response) error

func (s sender) Send(ctx context.Context, req *journey.Request, resp *journey.Response) error {
	return s(ctx, req, resp)
}

// taking answers 200 after the time that d returns for a request, unless the
// request's deadline or its context ends before.
func taking(d func(req *journey.Request) time.Duration) sender {
	return func(ctx context.Context, req *journey.Request, resp *journey.Response) error {
		ctx, cancel := context.WithDeadline(ctx, req.Deadline)
		defer cancel()
		if !wait.For(ctx, d(req)) {
			return ctx.Err()
		}
		resp.Status, resp.Body = 200, nil
		return nil
	}
}

func always(d time.Duration) func(*journey.Request) time.Duration {
	return func(*journey.Request) time.Duration { return d }
}
