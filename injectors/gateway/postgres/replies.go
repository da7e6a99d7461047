package postgres

import (
	"cmp"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/blastgauge/blastgauge/injectors/gateway/stream"
)

// answering is what Replies remembers.
type answering struct {
	completed int   // statements in the round
	mutes     bool  // up to ReadyForQuery, as after an error
	extra     bool  // the ReadyForQuery that comes is not the client's
	last      *plan // when the round is over, the session is
	unbound   bool  // a way to log in was left out that an encrypted client could have taken
}

// maxError is the longest error that is looked at.
const maxError = 64 << 10

// Replies passes messages on, with those exchanged that faults are about, until an
// error says how the upstream ended.
func (s *Session) Replies() error {
	defer s.down.Release()
	defer s.forgetKey()
	for len(s.down.Ahead()) == 0 { // what the client asked decides what the first one is
		if err := s.down.Fill(); err != nil {
			return err
		}
	}
	if s.raw.Load() {
		return s.down.Rest()
	}
	for {
		err := s.passReply()
		if errors.Is(err, errNotPostgres) {
			err = s.down.Rest()
		}
		if errors.Is(err, io.EOF) {
			s.down.Keep(len(s.down.Ahead()))
			err = errors.Join(err, s.down.Flush())
		}
		if err != nil {
			return err
		}
	}
}

// passReply passes on one message, or what is told in its place.
func (s *Session) passReply() error {
	mark, size, err := readHeader(s.down)
	if err != nil {
		return err
	}
	if q := s.question.Load(); q != nil {
		return s.passAnswer(q, mark, size)
	}
	switch mark {
	case 'K':
		return s.passKey(size)
	case 'Z':
		return s.passReady(size)
	case 'C', 'I', 's', 'V':
		return s.passCompletion(size)
	case 'E':
		if s.unbound && s.over.Load() == 0 {
			return s.explainBinding(size)
		}
		if s.hasPlans() && !s.mutes {
			return s.exchangeError(size)
		}
	case 'R':
		if s.over.Load() == 0 {
			return s.passAuthentication(size)
		}
	case 'G': // COPY FROM
		s.agreed.Store(s.over.Load())
	case 'A', 'N', 'S': // may come at any time
		return take(s.down, size, true)
	}
	return take(s.down, size, !s.mutes)
}

// passReady deals with ReadyForQuery, the end of a round.
func (s *Session) passReady(size int) error {
	b, err := readBody(s.down, size, 1)
	if err != nil {
		return err
	}
	switch {
	case s.last != nil:
		return s.endSession(s.last)
	case s.extra:
		s.extra = false
		return take(s.down, size, false)
	}
	if len(b) > 0 {
		s.state.Store(uint32(b[0]))
	}
	s.endRound()
	s.completed, s.mutes = 0, false
	return take(s.down, size, true)
}

// passCompletion deals with a statement that the server has carried out.
func (s *Session) passCompletion(size int) error {
	n := s.completed
	s.completed++
	if s.mutes || !s.hasPlans() {
		return take(s.down, size, !s.mutes)
	}
	p := s.takePlan(func(p *plan, after int) bool { return p.id == 0 && after <= n })
	if p == nil || !s.applies(p) {
		return take(s.down, size, true)
	}
	s.mutes, s.extra = true, p.twice
	if err := take(s.down, size, false); err != nil {
		return err
	}
	if p.hit.Rule.endSession {
		s.last = p // what is to be committed is, before the client learns otherwise
		return nil
	}
	return s.sendError(p)
}

// applies reports whether a plan is carried out, and counts that. One whose statement
// has been changed must be, even if the fault has been removed meanwhile.
func (s *Session) applies(p *plan) bool {
	if p.hit.Rule.when == after {
		return p.hit.Apply()
	}
	p.countAffected()
	return true
}

// countAffected counts a statement that met a fault, once.
func (p *plan) countAffected() {
	if p.ended == nil {
		p.hit.CountAffected()
	}
}

// exchangeError exchanges the error of a statement that was made to fail.
func (s *Session) exchangeError(size int) error {
	b, err := readBody(s.down, size, maxError)
	if err != nil {
		return err
	}
	var m pgproto3.ErrorResponse
	if size > maxError || m.Decode(b) != nil {
		return take(s.down, size, true)
	}
	id, ok := idIn(m.Message)
	if !ok {
		return take(s.down, size, true)
	}
	p := s.takePlan(func(p *plan, _ int) bool { return p.id == id })
	if p == nil {
		return take(s.down, size, true)
	}
	p.countAffected()
	if err := take(s.down, size, false); err != nil {
		return err
	}
	if p.hit.Rule.endSession {
		return s.endSession(p)
	}
	return s.sendError(p)
}

// idIn returns which of our statements an error is about.
func idIn(message string) (uint64, bool) {
	_, rest, ok := strings.Cut(message, marker)
	if !ok {
		return 0, false
	}
	end := strings.IndexFunc(rest, func(c rune) bool { return c < '0' || c > '9' })
	if end < 0 {
		end = len(rest)
	}
	id, err := strconv.ParseUint(rest[:end], 10, 64)
	return id, err == nil
}

// sendError sends the fault's error.
func (s *Session) sendError(p *plan) error {
	b, err := cmp.Or(p.ended, p.hit.Rule.failure(p.statement)).Encode(nil)
	s.down.Put(b)
	return err
}

// endSession sends the fault's error, and ends the session in good order.
func (s *Session) endSession(p *plan) error {
	if err := s.sendError(p); err != nil {
		return err
	}
	if err := s.down.Flush(); err != nil {
		return err
	}
	return stream.ErrLast
}

// passAuthentication leaves out the way to log in that is bound to the encryption of the
// server, where the client has none or another.
func (s *Session) passAuthentication(size int) error {
	b, err := readBody(s.down, size, maxError)
	if err != nil {
		return err
	}
	var m pgproto3.AuthenticationSASL
	if s.Encryption == AsTheServer || m.Decode(b) != nil || !slices.Contains(m.AuthMechanisms, channelBinding) {
		return take(s.down, size, true)
	}
	s.unbound = s.Encryption == Encrypted
	m.AuthMechanisms = slices.DeleteFunc(m.AuthMechanisms, func(name string) bool { return name == channelBinding })
	changed, err := m.Encode(nil)
	if err != nil {
		return err
	}
	if err := take(s.down, size, false); err != nil {
		return err
	}
	s.down.Put(changed)
	return nil
}

// explainBinding adds to the error of a login what is to be done about it, where the
// client could not know: it has said that it would have bound itself to its encryption,
// and the server takes that for an attack. Clients that only prefer encryption try again
// without.
func (s *Session) explainBinding(size int) error {
	const invalidAuthorization = "28000"
	b, err := readBody(s.down, size, maxError)
	if err != nil {
		return err
	}
	var m pgproto3.ErrorResponse
	if size > maxError || m.Decode(b) != nil || m.Code != invalidAuthorization || m.Hint != "" {
		return take(s.down, size, true)
	}
	m.Hint = "Encryption ends at blastgauge's proxy: connect with channel_binding=disable, or give the proxy the server's own certificate (--cert, --key)."
	changed, err := m.Encode(nil)
	if err != nil {
		return err
	}
	if err := take(s.down, size, false); err != nil {
		return err
	}
	s.down.Put(changed)
	return nil
}

// channelBinding is the way to log in that is bound to an encryption.
const channelBinding = "SCRAM-SHA-256-PLUS"
