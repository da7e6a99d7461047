// Package faultset holds the message-level faults that are active on a proxy: it
// decides which messages they affect, delays those, and counts them.
//
// What a fault does to a message is its protocol's business: the type parameter R is
// the protocol's rule. The active faults are one atomic pointer, read once per
// message: [Set.Replace] acts on the next message of connections that are open, and a
// message that waits under a fault that is removed goes on at once.
package faultset

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/blastgauge/blastgauge/experiments/sampling"
	"github.com/blastgauge/blastgauge/injectors"
)

// A Fault is one message-level fault, ready to be activated. What it does never
// changes; what it has done is counted.
type Fault[R any] struct {
	Spec
	// Rule is what the fault does, and to which messages.
	Rule R
}

// A Spec is what the faults of all protocols have.
type Spec struct {
	// Kind is the fault's type in Toxiproxy's API.
	Kind string
	// Share is the share of matching messages that are affected, from 0 to 1.
	Share float64
	// Attributes are the fault's attributes as the API shows them: a JSON object that
	// can be read again.
	Attributes json.RawMessage
	// First is how many messages may be affected; 0 means all.
	First int64
	// Latency and Jitter are how long a fault that delays does so.
	Latency, Jitter time.Duration

	counters *counters
}

// counters are Counts while they move.
type counters struct {
	seen, matched, affected atomic.Int64
	taken                   atomic.Int64  // of First
	stream                  atomic.Uint64 // which random numbers are this fault's; 0: none yet
	missed                  missed
}

// Counts are numbers of messages.
type Counts struct {
	Seen     int64 `json:"seen"`     // came while the fault was active
	Matched  int64 `json:"matched"`  // of those, matched the fault
	Affected int64 `json:"affected"` // of those, met what the fault does
}

// Read reads a fault from a toxic's type, toxicity and attributes; rule makes the
// protocol's rule from the attributes, which are right and complete then. Errors are
// sentences for the person who wrote the request, as [*injectors.AttributeError]
// where one attribute is wrong.
func Read[R any](kind string, share float64, object json.RawMessage, rule func(injectors.Attributes) (R, error)) (*Fault[R], error) {
	known, ok := injectors.LookupWire(kind)
	if !ok {
		return nil, fmt.Errorf("no fault is called %q", kind)
	}
	if !(share >= 0 && share <= 1) { // NaN, too
		return nil, fmt.Errorf("toxicity must be between 0 and 1: it is the share of %s that %s affects", known.Acts, kind)
	}
	given, err := known.ReadWire(object)
	if err != nil {
		return nil, err
	}
	attributes := known.WithDefaults(given)
	shown, err := known.ShowWire(attributes)
	if err != nil {
		return nil, err
	}
	f := &Fault[R]{Spec: Spec{
		Kind: kind, Share: share, Attributes: shown, First: int64(attributes.Number("first")),
		Latency: attributes.Duration("latency"), Jitter: attributes.Duration("jitter"), counters: &counters{},
	}}
	f.Rule, err = rule(attributes)
	return f, err
}

// Counts returns what the fault has done so far.
func (s *Spec) Counts() Counts {
	return Counts{s.counters.seen.Load(), s.counters.matched.Load(), s.counters.affected.Load()}
}

// Continue makes the fault count on from old, which it replaces: for a change of
// attributes. It is called before the fault is activated.
func (s *Spec) Continue(old *Spec) { s.counters = old.counters }

// take uses up one of the first messages.
func (s *Spec) take() bool {
	if s.First == 0 {
		return true
	}
	if s.counters.taken.Add(1) > s.First {
		s.counters.taken.Add(-1)
		return false
	}
	return true
}

// delay returns how long a message waits: evenly spread over latency plus or minus
// jitter.
func (s *Spec) delay(sample uint64) time.Duration {
	if s.Jitter == 0 {
		return s.Latency
	}
	spread := 2*sampling.Share(sampling.Draw(sample, 0, 0)) - 1
	return s.Latency + time.Duration(spread*float64(s.Jitter))
}

// A Set is the faults that are active on one proxy.
type Set[R any] struct {
	seed uint64
	now  atomic.Pointer[[]*Active[R]] // nil: no faults

	mu      sync.Mutex // held by Replace
	streams uint64     // of random numbers, given out so far
}

// NewSet returns a set without faults. The seed decides which messages a share of less
// than 1 affects.
func NewSet[R any](seed uint64) *Set[R] { return &Set[R]{seed: seed} }

// Replace activates faults, in this order, in place of those before. A message that
// waits under a fault that is no longer among them goes on at once.
func (s *Set[R]) Replace(faults []*Fault[R]) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := s.Active()
	next := make([]*Active[R], len(faults))
	for i, f := range faults {
		next[i] = s.activate(before, f)
	}
	s.now.Store(&next)
	for _, a := range before {
		if !slices.Contains(next, a) {
			close(a.removed)
		}
	}
}

// Active lists the active faults; it is empty on most proxies at most times.
func (s *Set[R]) Active() []*Active[R] {
	now := s.now.Load()
	if now == nil {
		return nil
	}
	return *now
}

// activate returns the fault as it is active already, or newly so.
func (s *Set[R]) activate(before []*Active[R], f *Fault[R]) *Active[R] {
	if i := slices.IndexFunc(before, func(a *Active[R]) bool { return a.Fault == f }); i >= 0 {
		return before[i]
	}
	if f.counters.stream.Load() == 0 {
		s.streams++
		f.counters.stream.CompareAndSwap(0, s.streams)
	}
	return &Active[R]{Fault: f, Seed: s.seed, Since: time.Now(), removed: make(chan struct{})}
}

// An Active is a fault from when it is activated until it is removed.
type Active[R any] struct {
	*Fault[R]
	Seed    uint64
	Since   time.Time
	removed chan struct{} // closed when the fault is removed
}

// Removed reports whether the fault has been removed.
func (a *Active[R]) Removed() bool {
	select {
	case <-a.removed:
		return true
	default:
		return false
	}
}

// Removal returns a channel that is closed when the fault is removed.
func (a *Active[R]) Removal() <-chan struct{} { return a.removed }

// CountSeen counts a message that came, whether it matches or not.
func (a *Active[R]) CountSeen() { a.counters.seen.Add(1) }

// CountAffected counts a message that met what the fault does.
func (a *Active[R]) CountAffected() { a.counters.affected.Add(1) }

// Sample counts a message that matches the fault, and decides whether it is affected.
// The nth that matches has the same fate in every run with the same seed.
func (a *Active[R]) Sample() (Hit[R], bool) {
	n := a.counters.matched.Add(1)
	sample := sampling.Draw(a.Seed, a.counters.stream.Load(), uint64(n))
	if sampling.Share(sample) >= a.Share || !a.take() {
		return Hit[R]{}, false
	}
	return Hit[R]{a, sample}, true
}

// A Hit is a fault that is to affect one message.
type Hit[R any] struct {
	*Active[R]
	sample uint64
}

// Apply reports whether the fault is still active, and counts the message as affected
// if it is. Otherwise it gives the hit back.
func (h Hit[R]) Apply() bool {
	if h.Removed() {
		h.GiveBack()
		return false
	}
	h.CountAffected()
	return true
}

// GiveBack undoes the hit of a message that did not get as far as the fault: another
// message may be one of the first in its place.
func (h Hit[R]) GiveBack() {
	if h.First > 0 {
		h.counters.taken.Add(-1)
	}
}

// Delay makes a message wait under a fault that delays. It is cut short when the fault
// is removed, and false when ctx is over.
func (h Hit[R]) Delay(ctx context.Context) bool {
	t := time.NewTimer(h.delay(h.sample))
	defer t.Stop()
	select {
	case <-t.C:
	case <-h.removed:
	case <-ctx.Done():
		return false
	}
	return true
}
