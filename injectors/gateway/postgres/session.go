// Package postgres stands between a client and a PostgreSQL: it forwards version 3 of
// the protocol, and lets faults affect clients that connect and single statements.
//
// # How a statement fails
//
// In place of a statement that a fault refuses, the server is sent one that must fail:
// a query that is not SQL, or the execution of a portal that does not exist. Its answer
// is exchanged for the fault's error, and all the rest is the server's own doing: it
// aborts the transaction, skips what a client has sent ahead, and says with ReadyForQuery
// in which state the session is. A COMMIT that fails is sent as a ROLLBACK. A fault that
// comes after the work lets the statement through, and exchanges the answer.
//
// A statement that is late fails in the same way where a cancellation or
// statement_timeout would have ended a slow one.
//
// Everything else is passed on as it came, COPY and notifications too, and cancellations
// but for one that ends a statement which is held up here. Encryption ends here, on either
// side: see [ReadWish] and [TLS].
package postgres

import (
	"context"
	"errors"
	"io"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/blastgauge/blastgauge/injectors/gateway/faultset"
	"github.com/blastgauge/blastgauge/injectors/gateway/stream"
)

// Options are what a session needs.
type Options struct {
	Context          context.Context // ends with the connection; a session is the work that it bounds
	Faults           *faultset.Set[*Rule]
	Client, Upstream io.ReadWriter
	CountCall        func() // called for every query, execution and function call, but for those that only set up the session
	SpareConnection  func() // called where a connection is for no call at all: it cancels one, or only asks for encryption
	Buffers          *stream.Buffers
	Sessions         *Sessions  // nil: nothing that waits under a fault can be cancelled
	Encryption       Encryption // of the client's side
}

// Encryption is what is between a client and the gateway.
type Encryption int

// The encryptions.
const (
	Unencrypted Encryption = iota
	Encrypted
	AsTheServer // both sides, under the server's own certificate: what binds a login to it works
)

// A Session is one client's connection. Requests and Replies are called by one
// goroutine each.
//
// What a client asks is counted in rounds: what ends in one ReadyForQuery. The
// first is the start-up.
type Session struct {
	Options
	up, down *stream.Stream

	asking    // of Requests
	answering // of Replies
	holding
	raw atomic.Bool // both sides pass everything on unseen: set before the first reply

	mu     sync.Mutex
	plans  []*plan
	merges []mergedRounds

	over   atomic.Int64  // how many rounds are over
	agreed atomic.Int64  // the last round in which the server agreed to a COPY FROM
	state  atomic.Uint32 // as the last ReadyForQuery has it
}

// NewSession returns a session that serves a client under the active faults.
func NewSession(o Options) *Session {
	s := &Session{Options: o, up: stream.New(o.Client, o.Upstream, o.Buffers), down: stream.New(o.Upstream, o.Client, o.Buffers)}
	s.prepared, s.portals = map[string]*query{}, map[string]*query{}
	return s
}

// The states of a session, as ReadyForQuery has them.
const (
	idle    = 'I'
	inBlock = 'T'
	aborted = 'E'
)

// A plan is what is to be done with the answer to a statement that a fault affects.
type plan struct {
	hit       faultset.Hit[*Rule]
	statement statement
	id        uint64 // of a statement that was made to fail; 0: the server carries something out
	round     int64
	after     int                     // completions in the round before the one that is meant
	twice     bool                    // a ReadyForQuery follows that is not the client's
	ended     *pgproto3.ErrorResponse // not nil: this has ended the statement; a fault that it met is counted already
}

// addPlan notes a plan. It is called before the server is asked.
func (s *Session) addPlan(p *plan) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.plans = append(s.plans, p)
}

// mergedRounds are rounds that are one if the server agrees to the COPY in the first.
type mergedRounds struct {
	from, to int64
	executed int // statements of the first; those of the last come behind them
}

// currentRounds returns the round that is being answered, together with those that are
// one with it; most often it stands alone. The caller holds mu.
func (s *Session) currentRounds() mergedRounds {
	now := s.over.Load()
	for _, m := range s.merges {
		if m.from == now && s.agreed.Load() == now {
			return m
		}
	}
	return mergedRounds{from: now, to: now}
}

// takePlan takes out the first plan for the round that is being answered for which
// meant is true; after is how many completions come before its statement.
func (s *Session) takePlan(meant func(p *plan, after int) bool) *plan {
	s.mu.Lock()
	defer s.mu.Unlock()
	current := s.currentRounds()
	for i, p := range s.plans {
		after := p.after
		if p.round > current.from {
			after += current.executed
		}
		if p.round >= current.from && p.round <= current.to && meant(p, after) {
			s.plans = append(s.plans[:i], s.plans[i+1:]...)
			return p
		}
	}
	return nil
}

// hasPlans reports whether answers are to be exchanged.
func (s *Session) hasPlans() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.plans) > 0
}

// endRound ends the round that is being answered, and gives back the hits that were not
// met in it: the round has failed before it came to them.
func (s *Session) endRound() {
	s.mu.Lock()
	defer s.mu.Unlock()
	last := s.currentRounds().to
	s.plans = slices.DeleteFunc(s.plans, func(p *plan) bool {
		if p.round <= last && p.ended == nil {
			p.hit.GiveBack()
		}
		return p.round <= last
	})
	s.merges = slices.DeleteFunc(s.merges, func(m mergedRounds) bool { return m.from <= last })
	s.over.Store(last + 1)
}

// errNotPostgres is the error of what is not a message of the protocol: it is passed on
// as it is.
var errNotPostgres = errors.New("it is not a message of PostgreSQL's protocol")

// maxMessage is the longest message that there may be.
const maxMessage = 1 << 30

// headerSize is the length of a message's header: its type, and its length in four
// bytes, which counts itself.
const headerSize = 5

// readHeader returns the type of the next message and the length of its body.
func readHeader(s *stream.Stream) (mark byte, size int, err error) {
	for len(s.Ahead()) < headerSize {
		if err := s.Fill(); err != nil {
			return 0, 0, err
		}
	}
	b := s.Ahead()
	size = int(uint32(b[1])<<24|uint32(b[2])<<16|uint32(b[3])<<8|uint32(b[4])) - 4
	if size < 0 || size > maxMessage {
		return 0, 0, errNotPostgres
	}
	return b[0], size, nil
}

// readBody returns the body of the next message, or its first limit bytes.
func readBody(s *stream.Stream, size, limit int) ([]byte, error) {
	n := min(size, limit)
	for len(s.Ahead()) < headerSize+n {
		if err := s.FillUpTo(headerSize + limit); err != nil {
			return nil, err
		}
	}
	return s.Ahead()[headerSize : headerSize+n], nil
}

// take keeps or drops the next message, whose body has this length.
func take(s *stream.Stream, size int, keep bool) error {
	return s.Take(headerSize+int64(size), keep)
}
