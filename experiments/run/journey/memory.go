package journey

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/blastgauge/blastgauge/experiments/run/journey/httpclient"
)

// How much the answers of a run may hold at once, in bytes. The sum is what a run
// needs for them at most; the garbage collector lets a process grow to about twice
// that.
const (
	sharedMemory = 24 << 20 // of all answers together
	spareMemory  = 8 << 20  // beyond that, of answers that hold less than smallAnswer
	firstMemory  = 56 << 20 // of the one answer that everybody else waits for
	keptMemory   = 16 << 20 // of captured values, cookies and redirects
	smallAnswer  = 128 << 10
)

// errTooMuch means that one answer alone needs more than a run may hold for it.
var errTooMuch = errors.New("the answer needs more than 56 MiB to be judged")

// errTooMuchKept means that the journeys under way have captured more than a run may
// hold.
var errTooMuchKept = errors.New("the values, cookies and redirects that all journeys under way keep need more than 16 MiB")

// errNotJudged is the error of a request whose answer this machine did not read,
// decode or compare before the deadline. It is a time-out.
var errNotJudged = httpclient.TimeoutError("no time to judge the answer: this machine is too busy")

// isOurs reports whether an error says that this machine could not do its part, and
// nothing about the system.
func isOurs(err error) bool {
	return errors.Is(err, errNotJudged) || errors.Is(err, errTooMuch) || errors.Is(err, errTooMuchKept)
}

// A Memory bounds what the answers of all journeys of a run hold at once. Journeys
// start when they are due, however many answers are still being read or judged, so
// without a bound large answers pile up. What does not fit waits, up to the deadline
// of its journey.
//
// No answer waits for another for ever: where all hold something and none can have
// more, the one that has waited longest is first and gets what it needs.
type Memory struct {
	mu      sync.Mutex
	used    int       // captured values included
	kept    int       // captured values
	most    int       // that was used at once
	first   *lease    // what it holds is not counted as shared
	waiting []*wanted // the longest first
}

// A wanted is what a lease waits for.
type wanted struct {
	lease *lease
	n     int
	ready chan struct{} // closed when it is there
}

// NewMemory returns a memory of which nothing is used.
func NewMemory() *Memory { return &Memory{} }

// fits reports whether n more bytes can be had at once.
func (m *Memory) fits(l *lease, n int) bool {
	limit := sharedMemory
	if l.held+n <= smallAnswer {
		limit += spareMemory
	}
	if m.first == l {
		return true
	}
	shared := m.used - m.kept
	if m.first != nil {
		shared -= m.first.held
	}
	return shared+n <= limit
}

// grant hands out what fits.
func (m *Memory) grant(l *lease, n int) {
	m.used += n
	m.most = max(m.most, m.used)
	l.held += n
}

// take hands out n bytes at once or says what to wait for.
func (m *Memory) take(l *lease, n int) *wanted {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.first == nil && len(m.waiting) == 0 && !m.fits(l, n) {
		m.first = l
	}
	if m.fits(l, n) {
		m.grant(l, n)
		return nil
	}
	w := &wanted{l, n, make(chan struct{})}
	m.waiting = append(m.waiting, w)
	return w
}

// giveUp reports false where what was wanted is there already.
func (m *Memory) giveUp(w *wanted) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	i := slices.Index(m.waiting, w)
	if i < 0 {
		return false
	}
	m.waiting = slices.Delete(m.waiting, i, i+1)
	return true
}

// release takes n bytes of a lease back. A lease that is over is no longer first.
func (m *Memory) release(l *lease, n int, over bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.used -= n
	l.held -= n
	if over && m.first == l {
		m.first = nil
	}
	m.waiting = slices.DeleteFunc(m.waiting, func(w *wanted) bool {
		if !m.fits(w.lease, w.n) {
			if m.first != nil {
				return false
			}
			m.first = w.lease
		}
		m.grant(w.lease, w.n)
		close(w.ready)
		return true
	})
}

// A lease is what one journey holds of a memory. It implements
// [jsonpath.Bounds]: work on an answer ends with its journey. It is not safe for
// concurrent use.
type lease struct {
	memory   *Memory
	ctx      context.Context
	deadline time.Time     // of the request; zero: none
	held     int           // bytes; guarded by the memory's mutex while this lease waits
	kept     int           // bytes of captured values, which stay until the journey ends
	waited   time.Duration // for memory, since the last request began
}

// begin is called before each request.
func (l *lease) begin(ctx context.Context, deadline time.Time) {
	l.drop()
	l.ctx, l.deadline, l.waited = ctx, deadline, 0
}

// Hold takes n bytes, and waits for them where the memory is used up.
func (l *lease) Hold(n int) error {
	if n <= 0 {
		return nil
	}
	if l.held+n > firstMemory {
		return errTooMuch
	}
	w := l.memory.take(l, n)
	if w == nil {
		return nil
	}
	begun := time.Now()
	defer func() { l.waited += time.Since(begun) }()
	var late <-chan time.Time
	if !l.deadline.IsZero() {
		timer := time.NewTimer(time.Until(l.deadline))
		defer timer.Stop()
		late = timer.C
	}
	select {
	case <-w.ready:
		return nil
	case <-late:
	case <-l.ctx.Done():
	}
	if !l.memory.giveUp(w) {
		return nil // it came at the same moment: the next look at the time says no
	}
	return l.ended()
}

// ended returns why the journey ends.
func (l *lease) ended() error {
	if l.ctx.Err() != nil {
		return context.Cause(l.ctx)
	}
	return errNotJudged
}

// Release gives n bytes back.
func (l *lease) Release(n int) {
	if n > 0 {
		l.memory.release(l, n, false)
	}
}

// Err returns why work on the answer must end; nil while there is time.
func (l *lease) Err() error {
	if l.ctx.Err() != nil || !l.deadline.IsZero() && !time.Now().Before(l.deadline) {
		return l.ended()
	}
	return nil
}

// drop gives back what the last answer held.
func (l *lease) drop() { l.memory.release(l, l.held, true) }

// end gives everything back.
func (l *lease) end() {
	_ = l.keep(-l.kept) // giving back never fails
	l.drop()
}

// keep takes n bytes until the journey ends. It waits for none: journeys that wait for
// each other's captured values would all wait in vain.
func (l *lease) keep(n int) error {
	m := l.memory
	m.mu.Lock()
	defer m.mu.Unlock()
	if n > 0 && m.kept+n > keptMemory {
		return errTooMuchKept
	}
	m.kept += n
	m.used += n
	m.most = max(m.most, m.used)
	l.kept += n
	return nil
}

// A keeper holds what it is asked to hold until the journey ends.
type keeper struct{ *lease }

// Hold is that of captured values.
func (k keeper) Hold(n int) error { return k.keep(n) }

// Release is that of captured values.
func (k keeper) Release(n int) { _ = k.keep(-n) } // giving back never fails
