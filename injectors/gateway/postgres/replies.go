package postgres

import (
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
}

// maxError is the longest error that is looked at.
const maxError = 64 << 10

// Replies passes messages on, with those exchanged that faults are about, until an
// error says how the upstream ended.
func (s *Session) Replies() error {
	for len(s.down.Ahead()) == 0 { // what the client asked decides what the first one is
		if err := s.down.Fill(); err != nil {
			return err
		}
	}
	if s.raw.Load() {
		return s.down.Rest()
	}
	for {
		err := s.reply()
		if errors.Is(err, errForeign) {
			err = s.down.Rest()
		}
		if errors.Is(err, io.EOF) {
			s.down.Keep(len(s.down.Ahead()))
			s.down.Flush()
		}
		if err != nil {
			return err
		}
	}
}

// reply deals with one message.
func (s *Session) reply() error {
	mark, size, err := head(s.down)
	if err != nil {
		return err
	}
	switch mark {
	case 'Z':
		return s.ready(size)
	case 'C', 'I', 's':
		return s.complete(size)
	case 'E':
		if s.waits() && !s.mutes {
			return s.failure(size)
		}
	case 'R':
		if s.over.Load() == 0 {
			return s.authentication(size)
		}
	case 'G': // COPY FROM
		s.agreed.Store(s.over.Load())
	case 'A', 'N', 'S': // may come at any time
		return s.down.Take(5+size, true)
	}
	return s.down.Take(5+size, !s.mutes)
}

// ready deals with the end of a round.
func (s *Session) ready(size int) error {
	b, err := body(s.down, size, 1)
	if err != nil {
		return err
	}
	switch {
	case s.last != nil:
		return s.end(s.last)
	case s.extra:
		s.extra = false
		return s.down.Take(5+size, false)
	}
	if len(b) > 0 {
		s.state.Store(uint32(b[0]))
	}
	s.endRound()
	s.completed, s.mutes = 0, false
	return s.down.Take(5+size, true)
}

// complete deals with a statement that the server has carried out.
func (s *Session) complete(size int) error {
	n := s.completed
	s.completed++
	if s.mutes || !s.waits() {
		return s.down.Take(5+size, !s.mutes)
	}
	p := s.planned(func(p *plan, after int) bool { return p.id == 0 && after <= n })
	if p == nil || !s.acts(p) {
		return s.down.Take(5+size, true)
	}
	s.mutes, s.extra = true, p.twice
	if err := s.down.Take(5+size, false); err != nil {
		return err
	}
	if p.rule.fatal {
		s.last = p // what is to be committed is, before the client learns otherwise
		return nil
	}
	return s.tell(p)
}

// acts says whether a plan is carried out. One whose statement has been changed
// must be, even if the fault has been taken away meanwhile.
func (s *Session) acts(p *plan) bool {
	if p.rule.when == after {
		return p.act.Begins()
	}
	p.act.Affects()
	return true
}

// failure exchanges the error of a statement that was made to fail.
func (s *Session) failure(size int) error {
	b, err := body(s.down, size, maxError)
	if err != nil {
		return err
	}
	var m pgproto3.ErrorResponse
	if size > maxError || m.Decode(b) != nil {
		return s.down.Take(5+size, true)
	}
	id, ok := idIn(m.Message)
	if !ok {
		return s.down.Take(5+size, true)
	}
	p := s.planned(func(p *plan, _ int) bool { return p.id == id })
	if p == nil {
		return s.down.Take(5+size, true)
	}
	p.act.Affects()
	if err := s.down.Take(5+size, false); err != nil {
		return err
	}
	if p.rule.fatal {
		return s.end(p)
	}
	return s.tell(p)
}

// idIn finds which of our statements an error is about.
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

// tell sends the fault's error.
func (s *Session) tell(p *plan) error {
	b, err := p.rule.failure(p.of).Encode(nil)
	s.down.Put(b)
	return err
}

// end sends the fault's error, and ends the session in good order.
func (s *Session) end(p *plan) error {
	if err := s.tell(p); err != nil {
		return err
	}
	if err := s.down.Flush(); err != nil {
		return err
	}
	return stream.ErrLast
}

// authentication takes out of the ways to log in the one that depends on an
// encryption that the client does not have.
func (s *Session) authentication(size int) error {
	b, err := body(s.down, size, maxError)
	if err != nil {
		return err
	}
	var m pgproto3.AuthenticationSASL
	if m.Decode(b) != nil || !slices.Contains(m.AuthMechanisms, channelBinding) {
		return s.down.Take(5+size, true)
	}
	m.AuthMechanisms = slices.DeleteFunc(m.AuthMechanisms, func(name string) bool { return name == channelBinding })
	changed, err := m.Encode(nil)
	if err != nil {
		return err
	}
	if err := s.down.Take(5+size, false); err != nil {
		return err
	}
	s.down.Put(changed)
	return nil
}

// channelBinding is the way to log in that is bound to an encryption.
const channelBinding = "SCRAM-SHA-256-PLUS"
