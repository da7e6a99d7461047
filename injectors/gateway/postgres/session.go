// Package postgres is the message-level hop in front of a PostgreSQL: it forwards
// the protocol's version 3, and lets faults meet clients that connect and single
// statements.
//
// # How a statement fails
//
// In place of a statement that a fault refuses, the server is sent one that cannot
// but fail: a query that is no SQL, or the execution of a portal that is not there.
// What it answers is exchanged for the fault's error, and all the rest is the
// server's own doing: it aborts the transaction, skips what a client has sent
// ahead, and says with ReadyForQuery in which state the session is. A COMMIT that
// fails is sent as a ROLLBACK. A fault that comes after the work lets the statement
// through, and exchanges the answer.
//
// Everything else is passed on as it came, COPY, notifications and cancellations
// too. Clients are told that there is no encryption; what leads to the server may
// have it.
package postgres

import (
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"

	"github.com/blastgauge/blastgauge/injectors/gateway/force"
	"github.com/blastgauge/blastgauge/injectors/gateway/relay"
)

// Options are what a session needs.
type Options struct {
	Context          context.Context // ends with the connection; a session is the work that it bounds
	Force            *force.Force
	Client, Upstream io.ReadWriter
	Asked            func() // called for every query, execution and function call, but for those that only set up the session
	Spared           func() // called where a connection is for no call at all: it cancels one, or only asks for encryption
}

// A Session is one client's connection. Requests and Replies are called by one
// goroutine each.
//
// What a client asks is counted in rounds: what ends in one ReadyForQuery. The
// first is the start-up.
type Session struct {
	Options
	up, down *relay.Stream

	asking                // of Requests
	answering             // of Replies
	raw       atomic.Bool // nothing is looked at any more: set before the first reply

	mu    sync.Mutex
	plans []*plan

	over  atomic.Int64 // rounds that are over
	state atomic.Uint32
}

// NewSession serves a client under the faults in force.
func NewSession(o Options) *Session {
	s := &Session{Options: o, up: relay.New(o.Client, o.Upstream), down: relay.New(o.Upstream, o.Client)}
	s.prepared, s.portals = map[string]*query{}, map[string]*query{}
	return s
}

// The states of a session, as ReadyForQuery has them.
const (
	idle    = 'I'
	inBlock = 'T'
	aborted = 'E'
)

// A plan is what is to be done with the answer to a statement.
type plan struct {
	act   force.Act
	rule  *rule
	of    statement
	id    uint64 // of a statement that fails; 0: the server carries something out
	round int64
	after int  // completions in the round before the one that is meant
	twice bool // a ReadyForQuery follows that is not the client's
}

// promise notes a plan. It is called before the server is asked.
func (s *Session) promise(p *plan) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.plans = append(s.plans, p)
}

// planned takes the first plan for a round that is meant.
func (s *Session) planned(round int64, meant func(*plan) bool) *plan {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, p := range s.plans {
		if p.round == round && meant(p) {
			s.plans = append(s.plans[:i], s.plans[i+1:]...)
			return p
		}
	}
	return nil
}

// waits says whether there are plans.
func (s *Session) waits() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.plans) > 0
}

// expire gives back what was drawn for a round that is over and was not met: the
// round has failed before it came to that.
func (s *Session) expire(round int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	kept := s.plans[:0]
	for _, p := range s.plans {
		if p.round > round {
			kept = append(kept, p)
			continue
		}
		p.act.GiveBack()
	}
	s.plans = kept
}

// errForeign is what is none of the protocol's messages: it is passed on as it is.
var errForeign = errors.New("it is no message of PostgreSQL's")

// maxMessage is the longest message that there may be.
const maxMessage = 1 << 30

// head gives the type and the length of the message that comes, both without the
// five bytes in which they stand.
func head(s *relay.Stream) (mark byte, size int, err error) {
	for len(s.Ahead()) < 5 {
		if err := s.Fill(); err != nil {
			return 0, 0, err
		}
	}
	b := s.Ahead()
	size = int(uint32(b[1])<<24|uint32(b[2])<<16|uint32(b[3])<<8|uint32(b[4])) - 4
	if size < 0 || size > maxMessage {
		return 0, 0, errForeign
	}
	return b[0], size, nil
}

// body gives the message that comes, or as much of it as limit.
func body(s *relay.Stream, size, limit int) ([]byte, error) {
	n := min(size, limit)
	for len(s.Ahead()) < 5+n {
		if err := s.FillUpTo(5 + limit); err != nil {
			return nil, err
		}
	}
	return s.Ahead()[5 : 5+n], nil
}
