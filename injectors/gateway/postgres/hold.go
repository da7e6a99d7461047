package postgres

import (
	"cmp"
	"context"
	"errors"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/blastgauge/blastgauge/injectors/gateway/faultset"
)

// This is about statements that a fault holds up. While they are held the server knows
// nothing of them, so that what would end a slow statement has to end them here: the
// client's request to cancel it, and the session's statement_timeout.

// holding is what is remembered of that.
type holding struct {
	key      string               // by which the client can cancel, as the server gave it
	held     atomic.Pointer[held] // nil: no statement is held
	question atomic.Pointer[question]

	limit     time.Duration // statement_timeout; 0: none, or not known
	known     bool
	answers   bool // the server has told its limit before
	refuses   bool // it has not, when it was asked
	begun     bool // something of the round has been passed on
	transient bool // the limit may have been changed in this transaction
}

// A held is a statement that is held up.
type held struct {
	round int64
	alone bool // nothing that the server could be about was sent before it in its round
	end   context.CancelCauseFunc
}

// The reasons to end a statement that is held up.
var (
	errCancelled = errors.New("canceling statement due to user request")
	errTimeout   = errors.New("canceling statement due to statement timeout")
)

// hold makes a statement that came at a time wait under a fault. It returns the error that
// the client is to get where something ends the statement meanwhile.
func (s *Session) hold(hit faultset.Hit[*Rule], since time.Time) (*pgproto3.ErrorResponse, error) {
	// A session that waits for its client may be ended by idle_session_timeout or
	// idle_in_transaction_session_timeout. A Flush does nothing but stop their clocks.
	flush, err := (&pgproto3.Flush{}).Encode(nil)
	if err != nil {
		return nil, err
	}
	s.up.Put(flush)
	if err := s.up.Flush(); err != nil {
		return nil, err
	}
	ctx, end := context.WithCancelCause(s.Context)
	defer end(nil)
	if s.known && s.limit > 0 {
		var stop context.CancelFunc
		ctx, stop = context.WithDeadlineCause(ctx, since.Add(s.limit), errTimeout)
		defer stop()
	}
	s.held.Store(&held{round: s.round, alone: s.executed == 0, end: end})
	defer s.held.Store(nil)
	if hit.Delay(ctx) {
		return nil, nil
	}
	reason := context.Cause(ctx)
	if !errors.Is(reason, errCancelled) && !errors.Is(reason, errTimeout) {
		return nil, reason
	}
	const queryCanceled, severity = "57014", "ERROR"
	return &pgproto3.ErrorResponse{Severity: severity, SeverityUnlocalized: severity, Code: queryCanceled, Message: reason.Error()}, nil
}

// A question is what a server is asked by us: how long a statement may take.
type question struct {
	limit  time.Duration
	known  bool
	answer chan<- *question // has room for this one
}

// askName is the name of the statement that asks, and of its portal.
const askName = "blastgauge_statement_timeout"

// beginRound is called for each message that asks for something. Before the first of a
// round it learns how long a statement may take, if a fault could hold one up.
func (s *Session) beginRound() error {
	if s.begun {
		return nil
	}
	s.begun = true
	if s.known || s.refuses || !s.mayHold() || s.copying != nil || s.over.Load() != s.round {
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
	select {
	case q := <-answer:
		s.limit, s.known, s.answers, s.refuses = q.limit, q.known, q.known, !q.known
		return nil
	case <-s.Context.Done():
		return s.Context.Err()
	}
}

// passAnswer deals with a message that comes while the server is asked by us.
func (s *Session) passAnswer(q *question, mark byte, size int) error {
	switch mark {
	case 'A', 'N', 'S': // may come at any time
		return take(s.down, size, true)
	case 'E':
		return s.passAnswerError(size)
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
		s.question.Store(nil)
		q.answer <- q
	}
	return take(s.down, size, false)
}

// passAnswerError passes on an error that ends the session, and no other: that is about
// the question.
func (s *Session) passAnswerError(size int) error {
	b, err := readBody(s.down, size, maxError)
	if err != nil {
		return err
	}
	var m pgproto3.ErrorResponse
	isOurs := size <= maxError && m.Decode(b) == nil && cmp.Or(m.SeverityUnlocalized, m.Severity) == "ERROR" // servers translate the other one
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

// followLimit notes that a query may change how long a statement may take: by its own
// words, in a block of code, or because the end of a transaction takes a change back.
func (s *Session) followLimit(q *query) {
	text := strings.ToLower(q.text)
	changes := strings.Contains(text, "statement_timeout") || strings.Contains(text, "set_config")
	for _, st := range q.statements {
		switch {
		case st.tag == "RESET" || st.tag == "DISCARD" || st.tag == "CALL" || st.tag == "DO":
			changes = true
		case st.kind == commits || st.kind == rollback || st.tag == "ROLLBACK":
			changes = changes || s.transient
			s.transient = s.transient && st.tag == "ROLLBACK" && st.kind == other // to a savepoint
		}
	}
	if changes {
		s.known, s.transient = false, true
	}
}
