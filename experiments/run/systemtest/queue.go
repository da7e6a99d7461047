package systemtest

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"time"
)

// A Queue is a planted system that retries keep down: an entry whose clients wait for an
// answer and then ask again, and a server with a queue, whose workers call the dependency
// once for each attempt. The server does not know who has given up, and works off what
// nobody waits for any more.
type Queue struct {
	Workers  int
	Service  time.Duration // that a call takes, unless something is wrong
	Patience time.Duration // that a client has with one attempt
	Attempts int           // of a visit, one after the other

	mu     sync.Mutex
	work   *sync.Cond // there is an attempt, or no more to come
	queued []chan struct{}
	took   []time.Duration // by each call that was answered
	spare  time.Duration
	closed bool
	all    sync.WaitGroup // workers
}

// Entry starts the workers, and is where visits enter. It answers 503 after the last
// attempt.
func (q *Queue) Entry(backend string) http.Handler {
	client := Client(time.Minute)
	q.Start(func() bool { return Answers(client, backend) })
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !q.Visit(r.Context()) {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
}

// Start starts the workers, once, before any visit. Each attempt is a call; one that fails
// is not answered.
func (q *Queue) Start(call func() bool) {
	q.work = sync.NewCond(&q.mu)
	for range q.Workers {
		q.all.Go(func() {
			for answered, ok := q.next(); ok; answered, ok = q.next() {
				began := time.Now()
				if call() {
					close(answered)
					q.note(time.Since(began))
				}
			}
		})
	}
}

// note keeps how long a call took. What it took beyond its service is made up for, little
// by little; a call that something slows down says nothing of that.
func (q *Queue) note(took time.Duration) {
	const smooth = 100
	q.mu.Lock()
	defer q.mu.Unlock()
	q.took = append(q.took, took)
	if took < 2*q.Service {
		q.spare = max(0, min(q.spare+(took-q.Service)/smooth, q.Service/10))
	}
}

// Spare is what making a call takes beside its service, lately. A dependency that works so
// much shorter gives the server the capacity that was planted, on any machine.
func (q *Queue) Spare() time.Duration {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.spare
}

// Took is how long a call mostly took, the median; 0 without calls. A machine that is too
// busy makes it longer, and the system another one than was planted.
func (q *Queue) Took() time.Duration {
	q.mu.Lock()
	sorted := slices.Sorted(slices.Values(q.took))
	q.mu.Unlock()
	if len(sorted) == 0 {
		return 0
	}
	return sorted[len(sorted)/2]
}

// next waits for an attempt. It reports false when there are no more.
func (q *Queue) next() (answered chan struct{}, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.queued) == 0 && !q.closed {
		q.work.Wait()
	}
	if q.closed {
		return nil, false
	}
	answered = q.queued[0]
	q.queued = q.queued[1:]
	return answered, true
}

// Visit reports whether one of its attempts was answered in time.
func (q *Queue) Visit(ctx context.Context) bool {
	for range q.Attempts {
		answered := make(chan struct{})
		q.mu.Lock()
		q.queued = append(q.queued, answered)
		q.mu.Unlock()
		q.work.Signal()
		patience := time.NewTimer(q.Patience)
		select {
		case <-answered:
			patience.Stop()
			return true
		case <-patience.C:
		case <-ctx.Done():
			patience.Stop()
			return false
		}
	}
	return false
}

// Close ends the workers, after the call that each is at. Attempts that are queued are
// never answered.
func (q *Queue) Close() {
	q.mu.Lock()
	q.closed = true
	q.mu.Unlock()
	if q.work != nil {
		q.work.Broadcast()
	}
	q.all.Wait()
}
