package proxy

import (
	"sync/atomic"

	"github.com/Shopify/toxiproxy/v2/stream"
)

// Counts is what a proxy has done since it was created, as of now.
type Counts struct {
	Open       int64 `json:"open"`        // connections that are open
	Total      int64 `json:"total"`       // connections accepted, refused ones among them
	BytesUp    int64 `json:"bytes_up"`    // bytes written to the upstream
	BytesDown  int64 `json:"bytes_down"`  // bytes written to clients
	Refused    int64 `json:"refused"`     // connections that down refused
	DialFailed int64 `json:"dial_failed"` // connections that ended because the upstream could not be reached
	// Calls are the requests that came, as the gateway tells them apart, and the connections
	// that ended before one did. It is absent where nothing is known of the protocol.
	Calls *int64 `json:"calls,omitempty"`
}

// counters is Counts while it moves.
type counters struct {
	open, total, refused, dialFailed, calls atomic.Int64
	received, sent                          [stream.NumDirections]atomic.Int64 // bytes read from one side, written to the other
}

// view reads the counters; speaks says whether calls are among them.
func (c *counters) view(speaks bool) Counts {
	v := Counts{
		Open: c.open.Load(), Total: c.total.Load(),
		BytesUp: c.sent[stream.Upstream].Load(), BytesDown: c.sent[stream.Downstream].Load(),
		Refused: c.refused.Load(), DialFailed: c.dialFailed.Load(),
	}
	if speaks {
		v.Calls = new(c.calls.Load())
	}
	return v
}

// A tally counts the connections that a toxic acted on, of those that were open
// or opened while it was in force.
type tally struct{ met, of atomic.Int64 }

// A meter counts one connection under one toxic, at most once.
type meter struct {
	tally *tally
	toxic atomic.Pointer[toxic] // nil when the connection is not among those affected
	hit   atomic.Bool
}

// pass notes that n bytes, or the end of the stream, entered the toxic.
func (m *meter) pass(n int) {
	if m.hit.Load() {
		return
	}
	if t := m.toxic.Load(); t != nil && t.touches(n) {
		m.count()
	}
}

func (m *meter) count() {
	if m.hit.CompareAndSwap(false, true) {
		m.tally.met.Add(1)
	}
}
