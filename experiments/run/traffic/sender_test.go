package traffic

import (
	"context"
	"time"

	"github.com/blastgauge/blastgauge/experiments/run/internal/wait"
	"github.com/blastgauge/blastgauge/experiments/run/journey/httpclient"
)

// A sender is a system without sockets, so that a test can run in fake time.
type sender func(ctx context.Context, req *httpclient.Request, resp *httpclient.Response) error

func (s sender) Send(ctx context.Context, req *httpclient.Request, resp *httpclient.Response) error {
	return s(ctx, req, resp)
}

// taking answers 200 after the time that d returns for a request, unless the
// request's deadline or its context ends before.
func taking(d func(req *httpclient.Request) time.Duration) sender {
	return func(ctx context.Context, req *httpclient.Request, resp *httpclient.Response) error {
		ctx, cancel := context.WithDeadline(ctx, req.Deadline)
		defer cancel()
		if !wait.For(ctx, d(req)) {
			return ctx.Err()
		}
		resp.Status, resp.Body = 200, nil
		return nil
	}
}

func always(d time.Duration) func(*httpclient.Request) time.Duration {
	return func(*httpclient.Request) time.Duration { return d }
}
