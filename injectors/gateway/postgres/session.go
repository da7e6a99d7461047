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
	"slices"
	"sync"
	"sync/atomic"

	"github.com/blastgauge/blastgauge/injectors/gateway/faultset"
	"github.com/blastgauge/blastgauge/injectors/gateway/stream"
)

// Options are what a session needs.
type Options struct {
	Context          context.Context // ends with the connection; a session is the work that it bounds
	Force            *faultset.Force
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
	up, down *stream.Stream

	asking                // of Requests
	answering             // of Replies
	raw       atomic.Bool // nothing is looked at any more: set before the first reply

	mu     sync.Mutex
	plans  []*plan
	joints []joint

	over   atomic.Int64 // rounds that are over
	agreed atomic.Int64 // the last round in which the server agreed to a COPY FROM
	state  atomic.Uint32
}

// NewSession serves a client under the faults in force.
func NewSession(o Options) *Session {
	s := &Session{Options: o, up: stream.New(o.Client, o.Upstream), down: stream.New(o.Upstream, o.Client)}
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
	act   faultset.Act
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

// A joint is rounds that are one if the server agrees to the COPY in the first.
type joint struct {
	from, to int64
	executed int // statements of the first; those of the last come behind them
}

// joint is that of the round that is being answered: it alone, most times. The
// caller holds mu.
func (s *Session) joint() joint {
	now := s.over.Load()
	for _, j := range s.joints {
		if j.from == now && s.agreed.Load() == now {
			return j
		}
	}
	return joint{from: now, to: now}
}

// planned takes the first plan for the round that is being answered that is meant:
// after so many completions.
func (s *Session) planned(meant func(p *plan, after int) bool) *plan {
	s.mu.Lock()
	defer s.mu.Unlock()
	j := s.joint()
	for i, p := range s.plans {
		after := p.after
		if p.round > j.from {
			after += j.executed
		}
		if p.round >= j.from && p.round <= j.to && meant(p, after) {
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

// endRound ends the round that is being answered, and gives back what was drawn for
// it and was not met: the round has failed before it came to that.
func (s *Session) endRound() {
	s.mu.Lock()
	defer s.mu.Unlock()
	last := s.joint().to
	s.plans = slices.DeleteFunc(s.plans, func(p *plan) bool {
		if p.round <= last {
			p.act.GiveBack()
		}
		return p.round <= last
	})
	s.joints = slices.DeleteFunc(s.joints, func(j joint) bool { return j.from <= last })
	s.over.Store(last + 1)
}

// errForeign is what is none of the protocol's messages: it is passed on as it is.
var errForeign = errors.New("it is no message of PostgreSQL's")

// maxMessage is the longest message that there may be.
const maxMessage = 1 << 30

// head gives the type and the length of the message that comes, both without the
// five bytes in which they stand.
func head(s *stream.Stream) (mark byte, size int, err error) {
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
func body(s *stream.Stream, size, limit int) ([]byte, error) {
	n := min(size, limit)
	for len(s.Ahead()) < 5+n {
		if err := s.FillUpTo(5 + limit); err != nil {
			return nil, err
		}
	}
	return s.Ahead()[5 : 5+n], nil
}
