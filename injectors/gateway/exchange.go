package gateway

import (
	"io"
	"slices"
	"sync"
)

// maxPipelined is how many requests of a connection may wait for answers before
// no more are read.
const maxPipelined = 64

// An exchange is a request whose answer has not been sent in full.
type exchange struct {
	local    *answer // the gateway's own answer; the dependency is not asked
	breaks   bool    // instead of an answer the connection is reset
	last     bool    // the connection ends, behind the local answer if there is one
	effect   effect  // of faults on the dependency's answer
	document *wanted // what the effect may make bad; nil: nothing

	toHEAD   bool
	connect  bool // the method is CONNECT
	upgrades bool // a 101 may follow
	old      bool // the client does not expect another answer on the connection
}

// ours says whether the dependency has nothing to do with the exchange.
func (x *exchange) ours() bool { return x.local != nil || x.breaks || x.last }

// asks says whether the request may end HTTP on the connection.
func (x *exchange) asks() bool { return x.upgrades || x.connect }

// tunnels says whether an answer with this status does end it.
func (x *exchange) tunnels(status int) bool {
	return x.upgrades && status == 101 || x.connect && status >= 200 && status < 300
}

// A queue holds a connection's exchanges in the order of their requests, and what
// the two directions have to tell one another.
type queue struct {
	mu      sync.Mutex
	changed sync.Cond // whatever somebody may wait for
	list    []exchange
	known   bool           // the client has said what it speaks, or has gone
	raw     bool           // no HTTP any more: both directions are bytes
	over    bool           // no answer will come any more
	second  *io.PipeWriter // not nil: the client speaks HTTP/2, and this takes what the upstream sends
}

func newQueue() *queue {
	q := &queue{}
	q.changed.L = &q.mu
	return q
}

// push adds an exchange. It is false when the connection is over. An exchange of
// ours with none in front of it is not added: the caller is to carry it out.
func (q *queue) push(x exchange) (yours, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.know()
	for len(q.list) >= maxPipelined && !q.over {
		q.changed.Wait()
	}
	if q.over {
		return false, false
	}
	if len(q.list) == 0 && x.ours() {
		return true, true
	}
	q.list = append(q.list, x)
	return false, true
}

// front is the exchange whose answer is due.
func (q *queue) front() (x exchange, due bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.list) == 0 {
		return exchange{}, false
	}
	return q.list[0], true
}

// pop ends the exchange at the front.
func (q *queue) pop() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.list = slices.Delete(q.list, 0, 1)
	q.changed.Broadcast()
}

// know says that the client's protocol is known. The caller holds mu.
func (q *queue) know() {
	if !q.known {
		q.known = true
		q.changed.Broadcast()
	}
}

// leave says that the client will make no more requests.
func (q *queue) leave() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.know()
}

// speaksHTTP2 says that the client does.
func (q *queue) speaksHTTP2(w *io.PipeWriter) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.second = w
	q.know()
	if q.over {
		w.Close()
	}
}

// http2 is where the upstream's bytes go if the client speaks HTTP/2. With wait it
// is known for certain.
func (q *queue) http2(wait bool) *io.PipeWriter {
	q.mu.Lock()
	defer q.mu.Unlock()
	for wait && !q.known {
		q.changed.Wait()
	}
	return q.second
}

// goRaw says that HTTP is over on the connection, and bytes follow.
func (q *queue) goRaw() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.raw = true
	q.changed.Broadcast()
}

// end says that no answer will come any more, and why.
func (q *queue) end(err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.over = true
	for _, x := range q.list {
		x.effect.giveBack()
	}
	q.list = nil
	if q.second != nil {
		q.second.CloseWithError(err)
	}
	q.changed.Broadcast()
}

// ended says whether end has been called.
func (q *queue) ended() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.over
}

// isRaw says whether bytes follow instead of requests. When the last request asked
// for that, it waits for the answer.
func (q *queue) isRaw(asked bool) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	for asked && !q.raw && !q.over && len(q.list) > 0 {
		q.changed.Wait()
	}
	return q.raw
}
