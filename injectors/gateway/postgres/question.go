package postgres

import (
	"bytes"
	"cmp"
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"
)

// A question is what a server is asked by us: how long a statement may take.
type question struct {
	limit     time.Duration
	known     bool
	cancelled bool             // in place of what the client asks
	answer    chan<- *question // has room for this one
}

// maxAsking is how long an answer is waited for. A server that is slower than this, or
// hangs, holds no client up by our question: a limit that is not known ends nothing.
const maxAsking = 2 * time.Second

// A doubt is the time in which the server is asked and nobody has the client's statement:
// neither the server, nor a fault. What comes to cancel it waits.
type doubt struct{ over chan struct{} }

// askName is the name of the statement that asks, and of its portal.
const askName = "blastgauge_statement_timeout"

// beginRound is called for each message that asks for something. Before the first of a
// round it learns how long a statement may take, if a fault could hold one up.
func (s *Session) beginRound() error {
	if s.begun {
		return nil
	}
	s.begun = true
	select {
	case q := <-s.asked:
		s.learn(q)
	default:
	}
	if s.known || s.refuses || !s.mayHold() || s.question.Load() != nil || s.copying != nil || s.over.Load() != s.round {
		return nil
	}
	// A server that does not know the question must not spoil a transaction with its error.
	if state := s.stateNow(); state != idle && (state != inBlock || !s.answers) {
		return nil
	}
	return s.ask()
}

// mayHold reports whether an active fault holds statements up.
func (s *Session) mayHold() bool {
	for _, a := range s.Faults.Active() {
		if a.Kind == kindLatency {
			return true
		}
	}
	return false
}

// ask asks the server for statement_timeout: clients set it in many ways, and roles,
// databases and the server have defaults. The question is a round of its own, between two
// of the client's, and by names of its own: it touches nothing that the client has
// prepared, and takes no snapshot.
func (s *Session) ask() error {
	answer := make(chan *question, 1)
	s.asked = answer
	s.doubt.Store(&doubt{over: make(chan struct{})})
	s.question.Store(&question{answer: answer})
	var b []byte
	for _, m := range []pgproto3.FrontendMessage{
		&pgproto3.Parse{Name: askName, Query: "SHOW statement_timeout"}, &pgproto3.Bind{DestinationPortal: askName, PreparedStatement: askName},
		&pgproto3.Execute{Portal: askName}, &pgproto3.Close{ObjectType: 'P', Name: askName}, &pgproto3.Close{ObjectType: 'S', Name: askName}, &pgproto3.Sync{},
	} {
		var err error
		if b, err = m.Encode(b); err != nil {
			return err
		}
	}
	s.up.Put(b)
	if err := s.up.Flush(); err != nil {
		return err
	}
	patience := time.NewTimer(maxAsking)
	defer patience.Stop()
	select {
	case q := <-answer:
		s.learn(q)
		s.cancelled = q.cancelled
		return nil
	case <-patience.C:
		return nil
	case <-s.Context.Done():
		return s.Context.Err()
	}
}

// learn notes what the server has answered.
func (s *Session) learn(q *question) {
	s.limit, s.known, s.answers, s.refuses, s.asked = q.limit, q.known, q.known, !q.known && !q.cancelled, nil
}

// settle ends the doubt when what the client asks has gone to the server, or is held.
func (s *Session) settle() error {
	d := s.doubt.Load()
	if d == nil {
		return nil
	}
	err := s.up.Flush()
	s.doubt.Store(nil)
	close(d.over)
	return err
}

// settleBehind settles behind a message that the server acts on.
func (s *Session) settleBehind(mark byte) error {
	if bytes.IndexByte([]byte("QEHSF"), mark) < 0 {
		return nil
	}
	return s.settle()
}

// awaitDoubt waits until it is known who has what the client of a session asks.
func (s *Session) awaitDoubt(ctx context.Context) {
	d := s.doubt.Load()
	if d == nil {
		return
	}
	patience := time.NewTimer(maxAsking)
	defer patience.Stop()
	select {
	case <-d.over:
	case <-patience.C:
	case <-ctx.Done():
	}
}

// passAnswer deals with a message that comes while the server is asked by us.
func (s *Session) passAnswer(q *question, mark byte, size int) error {
	switch mark {
	case 'A', 'N', 'S': // may come at any time
		return take(s.down, size, true)
	case 'E':
		return s.passAnswerError(q, size)
	case 'D':
		b, err := readBody(s.down, size, maxError)
		if err != nil {
			return err
		}
		var row pgproto3.DataRow
		if size <= maxError && row.Decode(b) == nil && len(row.Values) == 1 {
			q.limit, q.known = parseLimit(string(row.Values[0]))
		}
	case 'Z':
		b, err := readBody(s.down, size, 1)
		if err != nil {
			return err
		}
		if len(b) > 0 { // a question that is cancelled aborts a transaction
			s.state.Store(uint32(b[0]))
		}
		s.question.Store(nil)
		q.answer <- q
	}
	return take(s.down, size, false)
}

// passAnswerError passes on an error that ends the session, and no other: that is about
// the question.
func (s *Session) passAnswerError(q *question, size int) error {
	b, err := readBody(s.down, size, maxError)
	if err != nil {
		return err
	}
	var m pgproto3.ErrorResponse
	isOurs := size <= maxError && m.Decode(b) == nil && cmp.Or(m.SeverityUnlocalized, m.Severity) == "ERROR" // servers translate the other one
	q.cancelled = isOurs && m.Code == queryCanceled
	return take(s.down, size, !isOurs)
}

// parseLimit reads a time as SHOW has it: a number and a unit, or 0.
func parseLimit(text string) (time.Duration, bool) {
	end := strings.IndexFunc(text, func(c rune) bool { return c < '0' || c > '9' })
	if end < 0 {
		end = len(text)
	}
	units := map[string]time.Duration{"": time.Millisecond, "us": time.Microsecond, "ms": time.Millisecond, "s": time.Second, "min": time.Minute, "h": time.Hour, "d": 24 * time.Hour}
	unit, ok := units[text[end:]]
	n, err := strconv.ParseInt(text[:end], 10, 32)
	return time.Duration(n) * unit, ok && err == nil
}
