package gateway

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/blastgauge/blastgauge/injectors/gateway/postgres"
	"github.com/blastgauge/blastgauge/injectors/gateway/redis"
	"github.com/blastgauge/blastgauge/injectors/gateway/stream"
)

// A dialogue is a connection of a protocol that is not HTTP. Each of the two is
// called by one goroutine, and returns how its source ended, or [stream.ErrSink] when
// nothing more can be written.
type dialogue interface {
	Requests() error
	Replies() error
}

func (g *Gateway) speaksHTTP() bool { return slices.Contains(families()[0].schemes, g.options.Scheme) }

// begin sets up a connection.
func (l *leg) begin(ctx context.Context, calls *caller) (dialogue, error) {
	g := l.gateway
	isPostgres := slices.Contains(postgres.Schemes(), g.options.Scheme)
	if g.options.UpstreamTLS != nil {
		if isPostgres {
			if err := postgres.AskTLS(l.upstream); err != nil {
				return nil, fmt.Errorf("TLS with %s: %w", g.options.Address, err)
			}
		}
		secured, err := g.handshake(ctx, l.upstream)
		if err != nil {
			return nil, err
		}
		l.upstream = secured
	}
	if isPostgres {
		return postgres.NewSession(postgres.Options{
			Context: ctx, Force: g.force, Client: l.client, Upstream: l.upstream, Asked: calls.call, Spared: calls.spare,
		}), nil
	}
	return redis.NewSession(redis.Options{
		Context: ctx, Force: g.force, Client: l.client, Upstream: l.upstream,
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
	var over, last atomic.Bool // the client's side ends, or has; we have had the last word
	replies.Go(func() {
		err := d.Replies()
		over.Store(true)
		cancel()
		l.replied(orderly(err) || errors.Is(err, stream.ErrLast) || last.Load())
	})
	err = d.Requests()
	if errors.Is(err, stream.ErrSink) { // what the dependency still says counts
		_, err = io.Copy(io.Discard, l.client)
	}
	switch {
	case over.Load():
	case errors.Is(err, stream.ErrLast):
		last.Store(true)
		l.upstream.Close()
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
func (l *leg) replied(orderly bool) {
	if !orderly {
		reset(l.client)
		abort(l.upstream)
		return
	}
	closeWrite(l.client)
	l.client.SetReadDeadline(time.Now().Add(lingerTime))
	l.upstream.Close()
}
