// Package faultset is what the gateways of all protocols share of faults: how they
// are read, put into force on live connections, drawn for messages and counted.
//
// What a fault does to which messages is its protocol's business, in
// [Fault.Rule]. The faults in force are one atomic pointer, read once per message:
// [Force.Set] acts on the next message of connections that are open, and a message
// that waits under a fault that is taken away is let go at once.
package faultset

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// A Fault is one message-level fault, ready to be put into force. What it does
// never changes; what it has done is counted.
type Fault struct {
	// Kind is its wire type.
	Kind string
	// Share is the share of matching messages that it affects.
	Share float64
	// Attributes are its attributes as GET shows them: a struct with JSON tags,
	// which can be parsed again.
	Attributes any
	// Rule is what its protocol makes of it.
	Rule any
	// First is how many messages it may affect; 0 is all.
	First int64
	// Latency and Jitter are of faults that delay.
	Latency, Jitter time.Duration

	tally *tally
}

// New is a fault of a kind that does nothing yet.
func New(kind string, share float64) *Fault {
	return &Fault{Kind: kind, Share: share, tally: &tally{}}
}

// tally is Counts while it moves.
type tally struct {
	seen, matched, affected atomic.Int64
	taken                   atomic.Int64  // of First
	stream                  atomic.Uint64 // which draws are this fault's; 0: none yet
}

// Counts are messages.
type Counts struct {
	Seen     int64 `json:"seen"`     // came while the fault was in force
	Matched  int64 `json:"matched"`  // of those, were meant
	Affected int64 `json:"affected"` // of those, met what the fault does
}

// Counts is what the fault has done so far.
func (f *Fault) Counts() Counts {
	return Counts{f.tally.seen.Load(), f.tally.matched.Load(), f.tally.affected.Load()}
}

// Continue makes f count on from old, which it replaces: for a change of
// attributes. It is called before f is put into force. A rule that has Continue
// is told, too.
func (f *Fault) Continue(old *Fault) {
	f.tally = old.tally
	if r, ok := f.Rule.(interface{ Continue(old any) }); ok {
		r.Continue(old.Rule)
	}
}

// take uses up one of the first messages.
func (f *Fault) take() bool {
	if f.First == 0 {
		return true
	}
	if f.tally.taken.Add(1) > f.First {
		f.tally.taken.Add(-1)
		return false
	}
	return true
}

// GiveBack undoes a draw for a message that did not get as far as the fault.
func (f *Fault) GiveBack() {
	if f.First > 0 {
		f.tally.taken.Add(-1)
	}
}

// Affects counts a message that met what the fault does.
func (f *Fault) Affects() { f.tally.affected.Add(1) }

// delay is how long the message with this lot waits: evenly spread over latency
// plus or minus jitter.
func (f *Fault) delay(l lot) time.Duration {
	if f.Jitter == 0 {
		return f.Latency
	}
	spread := 2*newLot(uint64(l), 0, 0).float() - 1
	return f.Latency + time.Duration(spread*float64(f.Jitter))
}

// A Force is the faults in force on one proxy.
type Force struct {
	seed uint64
	now  atomic.Pointer[inForce] // nil: no faults

	mu      sync.Mutex // held by Set
	streams uint64     // of draws, given out so far
}

// With has no faults yet. The seed decides which messages a share of less than 1
// hits.
func With(seed uint64) *Force { return &Force{seed: seed} }

// Set puts faults into force, in this order, in place of those before: from the
// next message on, also on connections that are open. A message that waits under
// a fault that is no longer among them goes on at once, and is not harmed by it
// any more.
func (g *Force) Set(faults []*Fault) {
	g.mu.Lock()
	defer g.mu.Unlock()
	before := g.now.Load()
	if len(faults) == 0 {
		g.now.Store(nil)
		before.retire(nil)
		return
	}
	next := &inForce{}
	for _, f := range faults {
		next.list = append(next.list, g.entry(before, f))
	}
	g.now.Store(next)
	before.retire(next)
}

// Now lists the faults in force; it is empty on most proxies at most times.
func (g *Force) Now() []*Entry {
	now := g.now.Load()
	if now == nil {
		return nil
	}
	return now.list
}

// entry is the fault as it is in force, or newly so.
func (g *Force) entry(before *inForce, f *Fault) *Entry {
	if e := before.find(f); e != nil {
		return e
	}
	if f.tally.stream.Load() == 0 {
		g.streams++
		f.tally.stream.CompareAndSwap(0, g.streams)
	}
	return &Entry{Fault: f, Seed: g.seed, Since: time.Now(), gone: make(chan struct{})}
}

// inForce is the faults of a proxy at one time.
type inForce struct{ list []*Entry }

// An Entry is a fault from when it is set until it is taken out.
type Entry struct {
	*Fault
	Seed  uint64
	Since time.Time
	gone  chan struct{} // closed when the fault is taken out
}

// Over says whether the fault has been taken out.
func (e *Entry) Over() bool {
	select {
	case <-e.gone:
		return true
	default:
		return false
	}
}

// Saw counts a message that came, meant or not.
func (e *Entry) Saw() { e.tally.seen.Add(1) }

// Draw decides whether a message that is meant is affected, and counts it. The nth
// that is meant has the same lot in every run with the same seed.
func (e *Entry) Draw() (Act, bool) {
	n := e.tally.matched.Add(1)
	l := newLot(e.Seed, e.tally.stream.Load(), uint64(n))
	if l.float() >= e.Share || !e.take() {
		return Act{}, false
	}
	return Act{e, l}, true
}

// An Act is a fault that a message was drawn for.
type Act struct {
	*Entry
	lot lot
}

// Begins says whether the fault still acts, and counts it.
func (a Act) Begins() bool {
	if a.Over() {
		return false
	}
	a.Affects()
	return true
}

// Wait delays a message under a fault that does so. It is cut short when the fault
// is taken out, and false when ctx is over.
func (a Act) Wait(ctx context.Context) bool {
	t := time.NewTimer(a.delay(a.lot))
	defer t.Stop()
	select {
	case <-t.C:
	case <-a.gone:
	case <-ctx.Done():
		return false
	}
	return true
}

func (s *inForce) find(f *Fault) *Entry {
	if s == nil {
		return nil
	}
	i := slices.IndexFunc(s.list, func(e *Entry) bool { return e.Fault == f })
	if i < 0 {
		return nil
	}
	return s.list[i]
}

// retire lets go of what waits under faults that next does not have.
func (s *inForce) retire(next *inForce) {
	if s == nil {
		return
	}
	for _, e := range s.list {
		if next.find(e.Fault) == nil {
			close(e.gone)
		}
	}
}

// A lot is what chance has for one message under one fault.
type lot uint64

// newLot mixes as SplitMix64 does.
func newLot(seed, stream, n uint64) lot {
	x := seed + stream*0xd1b54a32d192ed03 + n*0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return lot(x ^ x>>31)
}

// float is evenly spread over 0 <= f < 1.
func (l lot) float() float64 { return float64(l>>11) / (1 << 53) }
