package checkout

import (
	"context"
	"log/slog"
	"time"
)

// backlog is work that was promised to a customer and may be done later. It delivers
// one item after the other, and retries each until it succeeds or fails permanently.
type backlog[T any] struct {
	name    string
	queue   chan T
	pause   time.Duration // between attempts
	deliver func(context.Context, T) error
	log     *slog.Logger
}

func newBacklog[T any](name string, size int, log *slog.Logger, deliver func(context.Context, T) error) *backlog[T] {
	return &backlog[T]{name: name, queue: make(chan T, size), pause: 200 * time.Millisecond, deliver: deliver, log: log}
}

// add queues item. It returns false if the queue is full.
func (b *backlog[T]) add(item T) bool {
	select {
	case b.queue <- item:
		return true
	default:
		return false
	}
}

// work delivers until ctx ends.
func (b *backlog[T]) work(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			if left := len(b.queue); left > 0 {
				b.log.Warn("promised work is left undone", "work", b.name, "items", left)
			}
			return
		case item := <-b.queue:
			b.deliverUntilDone(ctx, item)
		}
	}
}

func (b *backlog[T]) deliverUntilDone(ctx context.Context, item T) {
	for {
		err := b.deliver(ctx, item)
		if err == nil {
			return
		}
		if permanent(err) {
			b.log.Error("promised work is impossible", "work", b.name, "error", err)
			return
		}
		select {
		case <-ctx.Done():
			b.log.Warn("promised work is left undone", "work", b.name, "items", 1, "error", err)
			return
		case <-time.After(b.pause):
		}
	}
}
