package postgres

import (
	"context"
	"errors"
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
	doubt    atomic.Pointer[doubt]

	limit     time.Duration // statement_timeout; 0: none, or not known
	known     bool
	answers   bool // the server has told its limit before
	refuses   bool // it has not, when it was asked
	begun     bool // something of the round has been passed on
	transient bool // the limit may have been changed in this transaction
	cancelled bool // what the client asks in this round has been: the question was in its place

	asked <-chan *question // not nil: its answer is still good when it comes
}

// A held is a statement that is held up.
type held struct {
	round int64
	alone bool // nothing that the server could be about was sent before it in its round
	end   context.CancelCauseFunc
}

// queryCanceled is the SQLSTATE of a statement that was ended.
const queryCanceled = "57014"

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
	if err := s.settle(); err != nil {
		return nil, err
	}
	if hit.Delay(ctx) {
		return nil, nil
	}
	reason := context.Cause(ctx)
	if !errors.Is(reason, errCancelled) && !errors.Is(reason, errTimeout) {
		return nil, reason
	}
	return endedBy(reason), nil
}

// endedBy returns the error of a statement that was ended, as the server would send it.
func endedBy(reason error) *pgproto3.ErrorResponse {
	const severity = "ERROR"
	return &pgproto3.ErrorResponse{Severity: severity, SeverityUnlocalized: severity, Code: queryCanceled, Message: reason.Error()}
}

// planCancelled returns the plan of what a client asks where our question was cancelled in
// its place; nil where it was not. A ROLLBACK is carried out: nobody waits for less.
func (s *Session) planCancelled(q *query) *plan {
	var st statement
	if q != nil && len(q.statements) > 0 {
		st = q.statements[0]
	}
	if !s.cancelled || st.tag == "ROLLBACK" {
		return nil
	}
	s.cancelled = false
	nobody := &faultset.Active[*Rule]{Fault: &Fault{Rule: &Rule{when: before}}}
	return &plan{hit: faultset.Hit[*Rule]{Active: nobody}, statement: st, ended: endedBy(errCancelled)}
}

// refuseCancelled makes the first message about a query fail where our question was
// cancelled in its place, and reports whether it has: the question has then aborted the
// transaction, so that the server would refuse to prepare the query, with another error.
// A COMMIT fails when it is executed.
func (s *Session) refuseCancelled(q *query, size int) (bool, error) {
	if q != nil && len(q.statements) > 0 && q.statements[0].kind == commits {
		return false, nil
	}
	p := s.planCancelled(q)
	if p == nil {
		return false, nil
	}
	if q == nil || q.isCall() {
		s.CountCall()
	}
	p.round, p.after, p.id = s.round, s.executed, s.nextID()
	s.skips = true
	s.addPlan(p)
	return true, s.replaceMessage(size, &pgproto3.Execute{Portal: missingName(p.id)})
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
		s.known, s.transient, s.asked = false, true, nil
	}
}
