package proxy

import (
	"time"

	"github.com/Shopify/toxiproxy/v2/stream"
	"github.com/Shopify/toxiproxy/v2/toxics"
)

// A resetter is the state of a connection under reset_peer.
type resetter interface {
	// reset ends the connection with a TCP reset on both sides.
	reset()
}

// resetPeer resets a connection some time after the first data, or the end of the
// stream, reaches it. The library's own needs the raw socket, and must be in force
// when the connection is made.
type resetPeer struct {
	Timeout int64 `json:"timeout"` // milliseconds from the first data to the reset
}

func (t *resetPeer) Pipe(stub *toxics.ToxicStub) {
	select {
	case <-stub.Interrupt:
	case c := <-stub.Input:
		t.fire(stub, c)
	}
}

func (t *resetPeer) fire(stub *toxics.ToxicStub, c *stream.StreamChunk) {
	timer := time.NewTimer(time.Duration(t.Timeout) * time.Millisecond)
	defer timer.Stop()
	select {
	case <-stub.Interrupt:
		if c != nil {
			stub.Output <- c // removed in time: nothing happened
		}
	case <-timer.C:
		stub.State.(resetter).reset()
		<-stub.Interrupt // sent when the dead connection is cleaned up
	}
}

// timeout stops all data, and ends the connection after a while without any, or not at
// all. The library's own passes the end of the stream on, and a dependency that ends its
// connection after each answer (HTTP/1.0, Connection: close) would not hang: its client
// would read an empty answer at once.
type timeout struct{ toxics.TimeoutToxic }

// waited is the state of a connection under timeout: closed when the client has ended its
// side, and nobody waits any more.
type waited <-chan struct{}

func (t *timeout) Pipe(stub *toxics.ToxicStub) {
	input, left := stub.Input, waited(nil)
	over := t.after()
	for {
		select {
		case <-stub.Interrupt:
			return
		case <-over:
			stub.Close()
			return
		case c := <-input:
			if c != nil { // dropped
				over = t.after()
				continue
			}
			input, left = nil, stub.State.(waited) // the end, kept back while somebody waits
		case <-left:
			stub.Close()
			return
		}
	}
}

// after returns when no data may have come any more; nil: that may be for ever.
func (t *timeout) after() <-chan time.Time {
	if t.Timeout <= 0 {
		return nil
	}
	return time.After(time.Duration(t.Timeout) * time.Millisecond)
}

// limitData ends a connection after so many bytes. The library's own cannot say that it
// held bytes back where the stream ends right behind them.
type limitData struct {
	Bytes int64 `json:"bytes"`
}

// limited is the state of a connection under limit_data.
type limited struct {
	passed int64  // bytes
	count  func() // counts the connection
}

func (t *limitData) Pipe(stub *toxics.ToxicStub) {
	state := stub.State.(*limited)
	for {
		select {
		case <-stub.Interrupt:
			return
		case c := <-stub.Input:
			if c == nil {
				stub.Close()
				return
			}
			if left := max(0, t.Bytes-state.passed); int64(len(c.Data)) > left {
				state.count() // first, so that who sees the end of the stream sees it counted
				c = &stream.StreamChunk{Data: c.Data[:left], Timestamp: c.Timestamp}
			}
			if len(c.Data) > 0 {
				stub.Output <- c
				state.passed += int64(len(c.Data))
			}
			if state.passed >= t.Bytes {
				stub.Close()
				return
			}
		}
	}
}

// down refuses new connections and resets live ones. It acts at the port, or, on a share
// of connections, when they are accepted, and not in a link.
type down struct{}

func (down) Pipe(stub *toxics.ToxicStub) { new(toxics.NoopToxic).Pipe(stub) }

// bandwidth limits the rate of a connection. The library's own logs every interruption
// to a logger that belongs to the whole process.
type bandwidth struct {
	Rate int64 `json:"rate"` // KB/s, of 1,000 bytes
}

// paced is the longest time that the bytes take which bandwidth passes on at once.
const paced = 100 * time.Millisecond

func (t *bandwidth) Pipe(stub *toxics.ToxicStub) {
	var due time.Time // when the bytes sent so far would have arrived at this rate
	for {
		select {
		case <-stub.Interrupt:
			return
		case c := <-stub.Input:
			if c == nil {
				stub.Close()
				return
			}
			var interrupted bool
			if due, interrupted = t.pass(stub, c, due); interrupted {
				return
			}
		}
	}
}

// pass sends a chunk in pieces, each when it is due. When it is interrupted, it sends
// the rest at once. Timers that fire late do not lower the rate: bytes that have waited
// since they were due are made up for.
func (t *bandwidth) pass(stub *toxics.ToxicStub, c *stream.StreamChunk, due time.Time) (after time.Time, interrupted bool) {
	if due.Before(c.Timestamp) {
		due = c.Timestamp // idle time does not add up
	}
	for left := c.Data; len(left) > 0; {
		n := int(min(int64(len(left)), t.Rate*int64(paced/time.Millisecond)))
		if earliest := time.Now().Add(-paced); due.Before(earliest) {
			due = earliest // nor does the time that a slow reader takes
		}
		due = due.Add(time.Duration(int64(n) * int64(time.Millisecond) / t.Rate))
		timer := time.NewTimer(time.Until(due))
		select {
		case <-timer.C:
			stub.Output <- &stream.StreamChunk{Data: left[:n], Timestamp: c.Timestamp}
		case <-stub.Interrupt:
			timer.Stop()
			stub.Output <- &stream.StreamChunk{Data: left, Timestamp: c.Timestamp}
			return due, true
		}
		left = left[n:]
	}
	return due, false
}
