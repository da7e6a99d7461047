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

// Requests passes commands on, under the active faults, until an error says how the
// client ended. The error of a write is the upstream's, which Replies sees.
func (s *Session) Requests() error {
	defer s.up.Release()
	for {
		err := s.passCommand()
		if errors.Is(err, errNotRESP) || errors.Is(err, stream.ErrTooLarge) {
			err = s.up.Rest() // the server judges it
		}
		if errors.Is(err, io.EOF) {
			s.up.Keep(len(s.up.Ahead()))
			err = errors.Join(err, s.up.Flush())
		}
		if err != nil {
			return err
		}
	}
}

// A command is a command of a client as faults look at it.
type command struct {
	spec
	name, fullName string // without and with a subcommand, in capitals
	key            string // the first one
	hasKey         bool
	several        bool     // keys
	queued         bool     // it comes between MULTI and EXEC
	program        *program // a script that it runs; nil: none

	texts int64    // still to come, from a place in what is ahead
	at    int      //
	words [][]byte // all of a command that was written on a line; at is where it ends
}

// passCommand passes one command on, or does what a fault wants instead.
func (s *Session) passCommand() error {
	for len(s.up.Ahead()) == 0 {
		if err := s.up.Fill(); err != nil {
			return err
		}
	}
	if s.up.Ahead()[0] != '*' {
		return s.passInline()
	}
	count, at, err := s.number(0, '*')
	switch {
	case err != nil:
		return err
	case count <= 0: // it asks for nothing
		s.up.Keep(at)
		return nil
	}
	if err := s.countCall(at); err != nil {
		return err
	}
	c := command{texts: count, at: at}
	if len(s.Faults.Active()) == 0 && !s.mayChangeTransaction(at) && !s.mayTeach(at) {
		return s.passArguments(&c, true)
	}
	if err := s.identify(&c); err != nil {
		return err
	}
	return s.apply(&c)
}

// mayChangeTransaction reports whether the command whose name begins here may be MULTI,
// EXEC, DISCARD or RESET, by what is known of it: those open and end transactions.
func (s *Session) mayChangeTransaction(at int) bool {
	b := s.up.Ahead()[at:]
	return len(b) < 5 || b[0] != '$' || b[1] >= '4' && b[1] <= '7' && b[2] == '\r' && bytes.IndexByte([]byte("mMeEdDrR"), b[4]) >= 0
}

// mayTeach reports whether the command whose name begins here may be SCRIPT or FUNCTION,
// which bring programs to the server; EVAL is among what mayChangeTransaction finds.
func (s *Session) mayTeach(at int) bool {
	b := s.up.Ahead()[at:]
	return len(b) < 6 || b[0] == '$' && b[2] == '\r' && (b[1] == '6' && b[4]|0x20 == 's' && b[5]|0x20 == 'c' || b[1] == '8' && b[4]|0x20 == 'f' && b[5]|0x20 == 'u')
}

// identify reads what faults want to know of a command: its name, and its first key
// where that is not far.
func (s *Session) identify(c *command) error {
	name, at, err := s.text(c.at, maxHead)
	if err != nil {
		return err
	}
	upper := string(bytes.ToUpper(name))
	sub := ""
	if specs()[upper].class == group && c.texts > 1 {
		text, _, err := s.text(at, maxHead)
		if err != nil {
			return err
		}
		sub = string(bytes.ToUpper(text))
	}
	c.setName(upper, sub)
	if err := s.findProgram(c, at); err != nil || !hasKeys(c.spec) {
		return err
	}
	for k, i := (seeker{keys: c.keys, args: c.texts}), int64(1); i < c.texts; i++ {
		var text []byte
		if text, at, err = s.text(at, maxHead); errors.Is(err, stream.ErrTooLarge) {
			return nil
		} else if err != nil {
			return err
		}
		if c.findKey(&k, i, text) {
			break
		}
	}
	return nil
}

// findProgram notes the program that a command runs; its arguments begin at a place. One
// that is too long to be looked at may do anything.
func (s *Session) findProgram(c *command, at int) error {
	last := c.programAt(c.texts)
	if last == 0 {
		return nil
	}
	var text []byte
	for range last {
		var err error
		if text, at, err = s.text(at, maxScript); errors.Is(err, stream.ErrTooLarge) {
			text = nil
			break
		} else if err != nil {
			return err
		}
	}
	if text == nil {
		c.program = s.Scripts.unseenOf(c)
		return nil
	}
	c.program = s.Scripts.programOf(c, text)
	return nil
}

// programAt returns the argument of n that names or holds a program; 0 where none does.
func (c *command) programAt(n int64) int64 {
	switch c.fullName {
	case "EVAL", "EVAL_RO", "EVALSHA", "EVALSHA_RO", "FCALL", "FCALL_RO":
		return min(1, n-1)
	case "SCRIPT LOAD", "FUNCTION LOAD", "FUNCTION FLUSH", "FUNCTION RESTORE":
		return n - 1
	}
	return 0
}

// findKey notes an argument that is the first key. It is true when there is no need to
// look at those behind it.
func (c *command) findKey(k *seeker, i int64, text []byte) (over bool) {
	found, over := k.see(i, text)
	if found {
		c.key, c.hasKey = string(text), true
		c.several = k.count > 1 || strings.Contains(c.marks, "k")
	}
	return over
}

// setName gives a command its name, and what is known of such commands.
func (c *command) setName(name, sub string) {
	c.name = name
	c.spec, c.fullName = find(name, sub)
}

// passInline passes on a command on a line of its own, as people type it.
func (s *Session) passInline() error {
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
	if !isHousekeeping(words[0]) {
		s.CountCall()
	}
	c := command{words: words, at: end + 1}
	sub := []byte(nil)
	if len(words) > 1 {
		sub = words[1]
	}
	c.setName(string(bytes.ToUpper(words[0])), string(bytes.ToUpper(sub)))
	if i := c.programAt(int64(len(words))); i > 0 {
		c.program = s.Scripts.programOf(&c, words[i])
	}
	k := seeker{keys: c.keys, args: int64(len(words))}
	for i := 1; i < len(words); i++ {
		if c.findKey(&k, int64(i), words[i]) {
			break
		}
	}
	return s.apply(&c)
}

// split parts a line into words as the server does, with quotes and escapes in them. It
// is false where the quotes make no sense.
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

// unquoted adds a text to a word, up to its closing quote, and returns what follows
// the quote.
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

// passArguments passes on what is left of a command, or drops it.
func (s *Session) passArguments(c *command, keep bool) error {
	if c.words != nil {
		return s.up.Take(int64(c.at), keep)
	}
	at := c.at
	for range c.texts {
		size, text, state := length(s.up.Ahead(), at, '$')
		if state != complete {
			if err := s.up.Take(int64(at), keep); err != nil {
				return err
			}
			var err error
			if size, text, err = s.number(0, '$'); err != nil {
				return err
			}
		}
		if size < 0 {
			return errNotRESP
		}
		if at = text + int(size) + 2; at > len(s.up.Ahead()) {
			if err := s.up.Take(int64(at), keep); err != nil {
				return err
			}
			at = 0
		}
	}
	return s.up.Take(int64(at), keep)
}

// number reads a length that stands at a place in what is ahead, and returns where it
// ends.
func (s *Session) number(at int, mark byte) (n int64, next int, err error) {
	for {
		n, next, state := length(s.up.Ahead(), at, mark)
		switch state {
		case complete:
			return n, next, nil
		case wrong:
			return 0, 0, errNotRESP
		}
		if err := s.up.Fill(); err != nil {
			return 0, 0, err
		}
	}
}

// text reads a text that stands at a place in what is ahead, and returns where it ends.
func (s *Session) text(at, limit int) (text []byte, next int, err error) {
	size, from, err := s.number(at, '$')
	switch {
	case err != nil:
		return nil, 0, err
	case size < 0:
		return nil, 0, errNotRESP
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

// A state is how much of a length has come.
type state byte

const (
	complete state = iota
	partial
	wrong
)

// length reads a length behind its mark, and returns where it ends.
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
