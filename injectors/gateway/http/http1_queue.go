package http

import (
	"slices"
	"sync"
)

// maxPipelined is how many requests of a connection may wait for answers before
// no more are read.
const maxPipelined = 64

// An exchange is a request whose answer has not been sent in full.
type exchange struct {
	own      *answer          // the proxy's own answer; the dependency is not asked
	breaks   bool             // instead of an answer the connection is reset
	last     bool             // the connection ends, behind the own answer if there is one
	late     hits             // of faults on the dependency's answer
	document *documentRequest // what faults may make bad; nil: nothing

	toHEAD   bool
	connect  bool // the method is CONNECT
	upgrades bool // a 101 may follow
	old      bool // the client does not expect another answer on the connection
}

// isOwn reports whether the proxy carries the exchange out without the dependency.
func (x *exchange) isOwn() bool { return x.own != nil || x.breaks || x.last }

// mayTunnel reports whether the request asks for something else than HTTP on the
// connection.
func (x *exchange) mayTunnel() bool { return x.upgrades || x.connect }

// tunnels reports whether an answer with this status ends HTTP on the connection.
func (x *exchange) tunnels(status int) bool {
	return x.upgrades && status == 101 || x.connect && status >= 200 && status < 300
}

// A queue holds a connection's exchanges in the order of their requests, and what the
// two directions tell one another.
type queue struct {
	mu      sync.Mutex
	changed sync.Cond // broadcast at every change of what follows
	list    []exchange
	known   bool // what the client speaks is known, or it has gone
	raw     bool // HTTP is over: both directions pass bytes on
	over    bool // no answers will come any more
	http2   *way // not nil: the client speaks HTTP/2, and this takes what the upstream sends
}

func newQueue() *queue {
	q := &queue{}
	q.changed.L = &q.mu
	return q
}

// push adds an exchange. ok is false when the connection is over. An exchange of the
// proxy's own with none in front of it is not added: yours is true then, and the caller
// carries it out.
func (q *queue) push(x exchange) (yours, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.setKnown()
	for len(q.list) >= maxPipelined && !q.over {
		q.changed.Wait()
	}
	if q.over {
		return false, false
	}
	if len(q.list) == 0 && x.isOwn() {
		return true, true
	}
	q.list = append(q.list, x)
	return false, true
}

// front returns the exchange whose answer is due.
func (q *queue) front() (x exchange, due bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.list) == 0 {
		return exchange{}, false
	}
	return q.list[0], true
}

// decide notes that faults are met by the answer that is due, or given back by who asks
// them: the end of the connection gives back those of answers that do not come.
func (q *queue) decide() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.list) > 0 {
		q.list[0].late = nil
	}
}

// pop ends the exchange at the front.
func (q *queue) pop() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.list = slices.Delete(q.list, 0, 1)
	q.changed.Broadcast()
}

// setKnown notes that the client's protocol is known. The caller holds mu.
func (q *queue) setKnown() {
	if !q.known {
		q.known = true
		q.changed.Broadcast()
	}
}

// endRequests notes that the client will make no more requests.
func (q *queue) endRequests() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.setKnown()
}

// setHTTP2 notes that the client speaks HTTP/2, and where the upstream's bytes go then.
func (q *queue) setHTTP2(w *way) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.http2 = w
	q.setKnown()
}

// http2Sink returns where the upstream's bytes go if the client speaks HTTP/2. With wait
// it waits until that is known.
func (q *queue) http2Sink(wait bool) *way {
	q.mu.Lock()
	defer q.mu.Unlock()
	for wait && !q.known {
		q.changed.Wait()
	}
	return q.http2
}

// setRaw notes that HTTP is over on the connection, and bytes follow.
func (q *queue) setRaw() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.raw = true
	q.changed.Broadcast()
}

// endAnswers notes that no answers will come any more.
func (q *queue) endAnswers() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.over = true
	for _, x := range q.list {
		x.late.giveBack()
	}
	q.list = nil
	q.changed.Broadcast()
}

// awaitAnswersEnd waits until endAnswers has been called.
func (q *queue) awaitAnswersEnd() {
	q.mu.Lock()
	defer q.mu.Unlock()
	for !q.over {
		q.changed.Wait()
	}
}

// answersEnded reports whether endAnswers has been called.
func (q *queue) answersEnded() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.over
}

// isRaw reports whether bytes follow instead of requests. When the last request asked
// for that, isRaw waits for the answer.
func (q *queue) isRaw(asked bool) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	for asked && !q.raw && !q.over && len(q.list) > 0 {
		q.changed.Wait()
	}
	return q.raw
}
