package redis

import (
	"bytes"
	"errors"
	"io"

	"github.com/blastgauge/blastgauge/injectors/gateway/relay"
)

const (
	// maxInline is the longest command without lengths; servers accept no longer
	// one either.
	maxInline = 64 << 10
	// maxHead is how much is read of a command for its name and first keys.
	maxHead = 64 << 10
	// maxSeen is the longest command that is looked at as a whole, as reads that
	// are to find nothing are.
	maxSeen = 8 << 20
)

// Requests passes commands on, under the faults in force, until an error says how
// the client ended. The error of a write is the upstream's, which Replies sees.
func (s *Session) Requests() error {
	for {
		err := s.request()
		if errors.Is(err, errForeign) || errors.Is(err, relay.ErrTooLarge) {
			err = s.up.Rest() // the server judges it
		}
		if errors.Is(err, io.EOF) {
			s.up.Keep(len(s.up.Ahead()))
			s.up.Flush()
		}
		if err != nil {
			return err
		}
	}
}

// An asked is a command as faults look at it.
type asked struct {
	command
	name, whole string // without and with a subcommand, in capitals
	key         string // the first one
	hasKey      bool

	texts int64    // still to come, from a place in what is ahead
	at    int      //
	words [][]byte // all of a command that was written on a line; at is where it ends
}

// request deals with one command.
func (s *Session) request() error {
	for len(s.up.Ahead()) == 0 {
		if err := s.up.Fill(); err != nil {
			return err
		}
	}
	if s.up.Ahead()[0] != '*' {
		return s.inline()
	}
	count, at, err := s.number(0, '*')
	switch {
	case err != nil:
		return err
	case count <= 0: // it asks for nothing
		s.up.Keep(at)
		return nil
	}
	if err := s.counts(at); err != nil {
		return err
	}
	a := asked{texts: count, at: at}
	if len(s.Force.Now()) == 0 && !s.opens(at) {
		return s.rest(&a, true)
	}
	if err := s.look(&a); err != nil {
		return err
	}
	return s.act(&a)
}

// opens looks whether a command that begins here may change what the session has
// to remember: MULTI, EXEC, DISCARD and RESET do.
func (s *Session) opens(at int) bool {
	b := s.up.Ahead()[at:]
	return len(b) < 5 || b[0] != '$' || b[1] >= '4' && b[1] <= '7' && b[2] == '\r' && bytes.IndexByte([]byte("mMeEdDrR"), b[4]) >= 0
}

// look reads what faults want to know of a command: its name, and its first key
// where that is not far.
func (s *Session) look(a *asked) error {
	name, at, err := s.text(a.at, maxHead)
	if err != nil {
		return err
	}
	upper := string(bytes.ToUpper(name))
	sub := ""
	if commands[upper].class == group && a.texts > 1 {
		text, _, err := s.text(at, maxHead)
		if err != nil {
			return err
		}
		sub = string(bytes.ToUpper(text))
	}
	a.is(upper, sub)
	first := a.keys.place()
	if first == 0 || int64(first) >= a.texts {
		return nil
	}
	for range first {
		var key []byte
		if key, at, err = s.text(at, maxHead); errors.Is(err, relay.ErrTooLarge) {
			a.hasKey = false
			return nil
		} else if err != nil {
			return err
		}
		a.key, a.hasKey = string(key), true
	}
	return nil
}

// is gives a command its name.
func (a *asked) is(name, sub string) {
	a.name = name
	a.command, a.whole = find(name, sub)
}

// inline deals with a command on a line of its own, as people type it.
func (s *Session) inline() error {
	end := -1
	for {
		if end = bytes.IndexByte(s.up.Ahead(), '\n'); end >= 0 {
			break
		}
		if err := s.up.FillUpTo(maxInline); err != nil {
			return err
		}
	}
	words := bytes.Fields(s.up.Ahead()[:end])
	if len(words) == 0 {
		s.up.Keep(end + 1)
		return nil
	}
	if !attends(words[0]) {
		s.Asked()
	}
	a := asked{words: words, at: end + 1}
	sub := []byte(nil)
	if len(words) > 1 {
		sub = words[1]
	}
	a.is(string(bytes.ToUpper(words[0])), string(bytes.ToUpper(sub)))
	if first := a.keys.place(); first > 0 && first < len(words) {
		a.key, a.hasKey = string(words[first]), true
	}
	return s.act(&a)
}

// rest goes over what is left of a command.
func (s *Session) rest(a *asked, keep bool) error {
	if a.words != nil {
		return s.up.Take(a.at, keep)
	}
	at := a.at
	for range a.texts {
		size, text, state := length(s.up.Ahead(), at, '$')
		if state != complete {
			if err := s.up.Take(at, keep); err != nil {
				return err
			}
			var err error
			if size, text, err = s.number(0, '$'); err != nil {
				return err
			}
		}
		if size < 0 {
			return errForeign
		}
		if at = text + int(size) + 2; at > len(s.up.Ahead()) {
			if err := s.up.Take(at, keep); err != nil {
				return err
			}
			at = 0
		}
	}
	return s.up.Take(at, keep)
}

// number reads a length that stands at a place in what is ahead, and says where
// what follows it is.
func (s *Session) number(at int, mark byte) (n int64, next int, err error) {
	for {
		n, next, state := length(s.up.Ahead(), at, mark)
		switch state {
		case complete:
			return n, next, nil
		case wrong:
			return 0, 0, errForeign
		}
		if err := s.up.Fill(); err != nil {
			return 0, 0, err
		}
	}
}

// text reads a text that stands at a place in what is ahead, and says where what
// follows it is.
func (s *Session) text(at, limit int) (text []byte, next int, err error) {
	size, from, err := s.number(at, '$')
	switch {
	case err != nil:
		return nil, 0, err
	case size < 0:
		return nil, 0, errForeign
	case int64(from)+size+2 > int64(limit):
		return nil, 0, relay.ErrTooLarge
	}
	next = from + int(size) + 2
	for len(s.up.Ahead()) < next {
		if err := s.up.FillUpTo(limit); err != nil {
			return nil, 0, err
		}
	}
	return s.up.Ahead()[from : next-2], next, nil
}

// A state is how much there is of something.
type state byte

const (
	complete state = iota
	partial
	wrong
)

// length reads a length behind its mark, and says where what follows it is.
func length(b []byte, at int, mark byte) (n int64, next int, s state) {
	if at >= len(b) {
		return 0, 0, partial
	}
	if b[at] != mark {
		return 0, 0, wrong
	}
	var v number
	end := bytes.IndexByte(b[at:], '\n')
	line := b[at+1:]
	if end >= 0 {
		line = b[at+1 : at+end]
	}
	switch ok := v.read(line); {
	case !ok || v.endless:
		return 0, 0, wrong
	case end < 0:
		return 0, 0, partial
	}
	if n, ok := v.value(); ok {
		return n, at + end + 1, complete
	}
	return 0, 0, wrong
}
