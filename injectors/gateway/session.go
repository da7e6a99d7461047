package gateway

import (
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"

	"github.com/blastgauge/blastgauge/injectors/gateway/stream"
)

// A session is a proxied connection of a protocol that is not HTTP. Each of its methods
// is called by one goroutine, and returns how its source ended, [stream.ErrSink] when
// nothing more can be written, or [stream.ErrLast] when the client has been told the
// last word.
type session interface {
	Requests() error
	Replies() error
}

// serveSession serves a session until both sides have ended, each as the other one did.
func (c *connection) serveSession(ctx context.Context, begin func(context.Context) session) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s := begin(ctx)
	var replies sync.WaitGroup
	var clientEnds, toldLast atomic.Bool // the client's side ends or has; it was told the last word
	replies.Go(func() {
		err := s.Replies()
		clientEnds.Store(true)
		cancel()
		c.endClient(stream.Orderly(err) || errors.Is(err, stream.ErrLast) || toldLast.Load())
	})
	err := s.Requests()
	if errors.Is(err, stream.ErrSink) { // what the dependency still says counts
		_, err = io.Copy(io.Discard, c.client)
	}
	switch {
	case clientEnds.Load():
	case errors.Is(err, stream.ErrLast):
		toldLast.Store(true)
		_ = c.upstream.Close() // ends the replies
	case stream.Orderly(err):
		_ = c.upstream.CloseWrite() // an upstream that has gone already ends the replies, too
	default:
		stream.Abort(c.upstream)
	}
	replies.Wait()
	_, _ = io.Copy(io.Discard, c.client) // ends by the deadline that endClient has set
}

// endClient ends the client's side as the dependency ended its own.
func (c *connection) endClient(orderly bool) {
	if !orderly {
		stream.Reset(c.client)
		stream.Abort(c.upstream)
		return
	}
	stream.Linger(c.client)
	_ = c.upstream.Close() // nothing is wanted of it any more
}
