package redis

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/blastgauge/blastgauge/injectors/gateway/stream"
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
		if errors.Is(err, errForeign) || errors.Is(err, stream.ErrTooLarge) {
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
	several     bool // keys
	queued      bool // it comes between MULTI and EXEC

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
	if !hasKeys(a.command) {
		return nil
	}
	for k, i := (seeker{keys: a.keys, args: a.texts}), int64(1); i < a.texts; i++ {
		var text []byte
		if text, at, err = s.text(at, maxHead); errors.Is(err, stream.ErrTooLarge) {
			return nil
		} else if err != nil {
			return err
		}
		if a.shown(&k, i, text) {
			break
		}
	}
	return nil
}

// shown looks whether an argument is the first key. It is true when there is no
// need to look at those behind it.
func (a *asked) shown(k *seeker, i int64, text []byte) (over bool) {
	found, over := k.see(i, text)
	if found {
		a.key, a.hasKey = string(text), true
		a.several = k.count > 1 || strings.Contains(a.marks, "k")
	}
	return over
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
	words, ok := split(s.up.Ahead()[:end])
	if len(words) == 0 || !ok { // it asks for nothing, or the server judges it
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
	k := seeker{keys: a.keys, args: int64(len(words))}
	for i := 1; i < len(words) && !a.shown(&k, int64(i), words[i]); i++ {
	}
	return s.act(&a)
}

// split parts a line into words as the server does, with quotes and what is escaped
// in them. It is false where the quotes make no sense.
func split(line []byte) (words [][]byte, ok bool) {
	line, _, _ = bytes.Cut(line, []byte{0})
	for line = bytes.TrimLeft(line, blanks); len(line) > 0; line = bytes.TrimLeft(line, blanks) {
		word := []byte{}
		for len(line) > 0 && bytes.IndexByte([]byte(blanks), line[0]) < 0 {
			quote := line[0]
			if quote != '"' && quote != '\'' {
				word, line = append(word, quote), line[1:]
				continue
			}
			if word, line, ok = unquoted(word, line[1:], quote); !ok || len(line) > 0 && bytes.IndexByte([]byte(blanks), line[0]) < 0 {
				return nil, false
			}
		}
		words = append(words, word)
	}
	return words, true
}

const blanks = " \t\r\n\v\f"

// unquoted adds a text to a word, up to its closing quote, and gives what follows
// that.
func unquoted(word, line []byte, quote byte) (whole, rest []byte, ok bool) {
	for len(line) > 0 {
		c := line[0]
		switch {
		case c == quote:
			return word, line[1:], true
		case c != '\\' || len(line) == 1 || quote == '\'' && line[1] != '\'':
			word, line = append(word, c), line[1:]
			continue
		case quote == '"' && len(line) >= 4 && line[1] == 'x':
			if b, err := strconv.ParseUint(string(line[2:4]), 16, 8); err == nil {
				word, line = append(word, byte(b)), line[4:]
				continue
			}
		}
		c = line[1]
		if i := strings.IndexByte("nrtba", c); i >= 0 && quote == '"' {
			c = "\n\r\t\b\a"[i]
		}
		word, line = append(word, c), line[2:]
	}
	return nil, nil, false
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
		return nil, 0, stream.ErrTooLarge
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
