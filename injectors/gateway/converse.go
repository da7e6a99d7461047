package gateway

import (
	"context"
	"errors"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/blastgauge/blastgauge/injectors/gateway/redis"
	"github.com/blastgauge/blastgauge/injectors/gateway/relay"
)

// A dialogue is a connection of a protocol that is not HTTP. Each of the two is
// called by one goroutine, and returns how its source ended, or [relay.ErrSink] when
// nothing more can be written.
type dialogue interface {
	Requests() error
	Replies() error
}

func (g *Gateway) speaksHTTP() bool { return slices.Contains(families()[0].schemes, g.options.Scheme) }

// begin sets up a connection.
func (l *leg) begin(ctx context.Context, calls *caller) (dialogue, error) {
	if l.gateway.options.Scheme == "rediss" {
		secured, err := l.gateway.handshake(ctx, l.upstream)
		if err != nil {
			return nil, err
		}
		l.upstream = secured
	}
	return redis.NewSession(redis.Options{
		Context: ctx, Force: l.gateway.force, Client: l.client, Upstream: l.upstream,
		Address: l.client.LocalAddr().String(), Asked: calls.call,
	}), nil
}

// converse serves what is not HTTP: until both sides have ended, each as the other
// one did.
func (l *leg) converse(ctx context.Context, calls *caller) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	d, err := l.begin(ctx, calls)
	if err != nil {
		reset(l.client)
		return err
	}
	var replies sync.WaitGroup
	var over atomic.Bool // the client's side ends, or has
	replies.Go(func() {
		err := d.Replies()
		over.Store(true)
		cancel()
		l.replied(err)
	})
	err = d.Requests()
	if errors.Is(err, relay.ErrSink) { // what the dependency still says counts
		_, err = io.Copy(io.Discard, l.client)
	}
	switch {
	case over.Load():
	case orderly(err):
		l.upstream.CloseWrite()
	default:
		abort(l.upstream)
	}
	replies.Wait()
	io.Copy(io.Discard, l.client) // ends by the deadline that replied has set
	return nil
}

// replied ends the client's side as the dependency ended its own.
func (l *leg) replied(err error) {
	if !orderly(err) {
		reset(l.client)
		abort(l.upstream)
		return
	}
	closeWrite(l.client)
	l.client.SetReadDeadline(time.Now().Add(lingerTime))
	l.upstream.Close()
}
