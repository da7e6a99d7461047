package proxy

import (
	"sync/atomic"

	"github.com/Shopify/toxiproxy/v2/stream"
)

// Counts is what a proxy has done since it was created.
type Counts struct {
	Open       int64 `json:"open"`        // connections that are open
	Total      int64 `json:"total"`       // connections accepted, refused ones among them
	BytesUp    int64 `json:"bytes_up"`    // bytes written to the upstream
	BytesDown  int64 `json:"bytes_down"`  // bytes written to clients
	Refused    int64 `json:"refused"`     // connections that down reset; whom the port refuses is not counted
	DialFailed int64 `json:"dial_failed"` // connections that ended because the upstream could not be reached
	// Calls counts requests, as the gateway tells them apart, and connections that ended
	// before a request came. It is absent when the upstream has no scheme, so that the
	// protocol is not known.
	Calls *int64 `json:"calls,omitempty"`
	// Answers are how long the upstream took to answer, shortest first; absent before it has.
	Answers []AnswerCount `json:"answers,omitempty"`
}

// counters are the live numbers behind [Counts].
type counters struct {
	open, total, refused, dialFailed, calls atomic.Int64
	received, sent                          [stream.NumDirections]atomic.Int64 // bytes read from one side, written to the other
	answers                                 *answerTimes
}

// view reads the counters. Calls are among them when the protocol is known.
func (c *counters) view(knowsProtocol bool) Counts {
	v := Counts{
		Open: c.open.Load(), Total: c.total.Load(),
		BytesUp: c.sent[stream.Upstream].Load(), BytesDown: c.sent[stream.Downstream].Load(),
		Refused: c.refused.Load(), DialFailed: c.dialFailed.Load(), Answers: c.answers.view(),
	}
	if knowsProtocol {
		v.Calls = new(c.calls.Load())
	}
	return v
}

// toxicCounts counts the connections that a toxic acted on (met), of those that were
// open while it was in force (of).
type toxicCounts struct{ met, of atomic.Int64 }

// A meter counts one connection for one toxic, at most once.
type meter struct {
	counts *toxicCounts
	toxic  atomic.Pointer[toxic] // as it is now: a PATCH replaces it
	hit    atomic.Bool
}

// pass notes that n bytes entered the toxic, or with n = 0 the end of the stream.
func (m *meter) pass(n int) {
	if m.hit.Load() {
		return
	}
	if t := m.toxic.Load(); t != nil && t.affects(n) {
		m.count()
	}
}

func (m *meter) count() {
	if m.hit.CompareAndSwap(false, true) {
		m.counts.met.Add(1)
	}
}
