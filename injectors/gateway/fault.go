package gateway

import (
	"encoding/json"
	"fmt"
	"sync/atomic"
	"time"
)

// The wire types of message-level faults.
const (
	kindError   = "http_error"
	kindLatency = "http_latency"
	kindAbort   = "http_abort"
	kindGRPC    = "grpc_error"
	kindConfig  = "http_config"
)

// Kinds are the wire types that [Parse] knows.
func Kinds() []string { return []string{kindError, kindLatency, kindAbort, kindGRPC, kindConfig} }

// A moment says when a fault acts on a request.
type moment string

const (
	before moment = "before" // the dependency never sees it
	after  moment = "after"  // the dependency has answered
	middle moment = "middle" // half of the answer's body has passed
)

// A Fault is one message-level fault, ready to be put into force. What it does
// never changes; what it has done is counted.
type Fault struct {
	kind       string
	share      float64
	attributes any // as GET shows them
	match      matcher
	when       moment
	first      int64 // how many requests it may affect; 0: all
	tally      *tally

	// What it does, by kind.
	answer  *answer       // http_error
	latency time.Duration // http_latency
	jitter  time.Duration
	status  *grpcStatus // grpc_error
	config  *config     // http_config
}

// tally is Counts while it moves.
type tally struct {
	seen, matched, affected atomic.Int64
	taken                   atomic.Int64  // of first
	stream                  atomic.Uint64 // which draws are this fault's; 0: none yet
}

// Counts are requests.
type Counts struct {
	Seen     int64 `json:"seen"`     // came while the fault was in force
	Matched  int64 `json:"matched"`  // of those, were meant
	Affected int64 `json:"affected"` // of those, met what the fault does
}

// Parse reads a fault as a toxic's type, toxicity and attributes. Its errors are
// sentences for the person who wrote the request. No attributes are an empty
// object.
func Parse(kind string, share float64, attributes json.RawMessage) (*Fault, error) {
	if !(share >= 0 && share <= 1) {
		return nil, fmt.Errorf("toxicity must be between 0 and 1: it is the share of requests that %s affects", kind)
	}
	f := &Fault{kind: kind, share: share, tally: &tally{}}
	read := map[string]func(*fields){
		kindError: f.readError, kindLatency: f.readLatency, kindAbort: f.readAbort, kindGRPC: f.readGRPC,
		kindConfig: f.readConfig,
	}[kind]
	if read == nil {
		return nil, fmt.Errorf("no message-level fault is called %q", kind)
	}
	in, err := newFields(kind, attributes)
	if err != nil {
		return nil, err
	}
	read(in)
	if err := in.done(); err != nil {
		return nil, err
	}
	return f, nil
}

// Kind is the fault's wire type.
func (f *Fault) Kind() string { return f.kind }

// Share is the share of matching requests that the fault affects.
func (f *Fault) Share() float64 { return f.share }

// Attributes are the fault's attributes as GET shows them: what [Parse] reads back
// when it is written as JSON.
func (f *Fault) Attributes() any { return f.attributes }

// Counts is what the fault has done so far.
func (f *Fault) Counts() Counts {
	return Counts{f.tally.seen.Load(), f.tally.matched.Load(), f.tally.affected.Load()}
}

// Continue makes f count on from old, which it replaces: for a change of
// attributes. It is called before f is put into force.
func (f *Fault) Continue(old *Fault) {
	f.tally = old.tally
	if f.config != nil && old.config != nil {
		f.config.record = old.config.record.again()
	}
}

// meets decides whether a request is affected, and counts it. The nth request
// that matches has the same lot in every run with the same seed.
func (e *entry) meets(m message) (lot, bool) {
	f := e.fault
	f.tally.seen.Add(1)
	if !f.match.matches(m) {
		return 0, false
	}
	n := f.tally.matched.Add(1)
	l := newLot(e.seed, f.tally.stream.Load(), uint64(n))
	if l.float() >= f.share || !f.take() {
		return 0, false
	}
	return l, true
}

// take uses up one of the first requests.
func (f *Fault) take() bool {
	if f.first == 0 {
		return true
	}
	if f.tally.taken.Add(1) > f.first {
		f.tally.taken.Add(-1)
		return false
	}
	return true
}

// giveBack undoes take for a request that did not get as far as the fault.
func (f *Fault) giveBack() {
	if f.first > 0 {
		f.tally.taken.Add(-1)
	}
}

// delay is how long the request with this lot waits: evenly spread over latency
// plus or minus jitter.
func (f *Fault) delay(l lot) time.Duration {
	if f.jitter == 0 {
		return f.latency
	}
	spread := 2*newLot(uint64(l), 0, 0).float() - 1
	return f.latency + time.Duration(spread*float64(f.jitter))
}

// A lot is what chance has for one request under one fault.
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
