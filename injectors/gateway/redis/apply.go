package redis

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/blastgauge/blastgauge/injectors/gateway/faultset"
	"github.com/blastgauge/blastgauge/injectors/gateway/stream"
)

// apply does what the active faults want with a command.
func (s *Session) apply(c *command) error {
	inMulti := s.multi
	c.queued = inMulti
	s.trackTransaction(c.name)
	for _, a := range s.Faults.Active() {
		hit, ok := hitBy(a, c)
		if !ok || !hit.Apply() {
			continue
		}
		switch {
		case a.Kind == kindLatency:
			if err := s.up.Flush(); err != nil {
				return err
			}
			if !hit.Delay(s.Context) {
				return s.Context.Err()
			}
		case a.Kind == kindEmpty && c.class == reads:
			return s.findNothing(c)
		case inMulti && c.program != nil && a.Rule.within(c):
			return s.endScript(c, a.Rule.errorFor(c, s.Address))
		case c.name == "EXEC" && inMulti:
			return s.refuseExec(c, a.Rule.errorFor(c, s.Address))
		default:
			s.multi = inMulti // the command does not happen
			text := a.Rule.errorFor(c, s.Address)
			if c.name == "EXEC" {
				text = discarded + text
			}
			return s.refuse(c, "-"+text+"\r\n", "")
		}
	}
	return s.passArguments(c, true)
}

// discarded begins the error of an EXEC that is refused.
const discarded = "EXECABORT Transaction discarded because of: "

// trackTransaction remembers whether a transaction is open after a command.
func (s *Session) trackTransaction(name string) {
	switch name {
	case "MULTI":
		s.multi = true
	case "EXEC", "DISCARD", "RESET":
		s.multi = false
	}
}

// hitBy counts a command that comes under a fault, and returns the hit if the fault is
// to affect it.
func hitBy(a *faultset.Active[*Rule], c *command) (faultset.Hit[*Rule], bool) {
	a.CountSeen()
	r := a.Rule
	if !r.filter.matches(c) || r.spares != nil && r.spares(c) || a.Kind == kindEmpty && !r.empties(c) {
		a.CountMissed(kindOf(c))
		return faultset.Hit[*Rule]{}, false
	}
	return a.Sample()
}

// kindOf is what tells commands apart that a fault is not about: their names, as far as
// these are known. Others may be anything.
func kindOf(c *command) string {
	if _, known := specs()[c.name]; !known {
		return "another command"
	}
	return c.name
}

// empties reports whether a fault that empties the store has a meaning for a command.
func (r *Rule) empties(c *command) bool {
	return c.class == reads && (hasKeys(c.spec) || emptyStoreRead(c.name) != nil) || isWrite(c) && r.failWrites
}

// errorFor returns the error that a command is answered with; proxy is the address
// at which the client reached the proxy.
func (r *Rule) errorFor(c *command, proxy string) string {
	switch {
	case redirects(r.text):
		return fmt.Sprintf("%s %d %s", r.text, slotOf(c.key), cmp.Or(r.redirect, proxy))
	case r.ends != nil && c.program != nil && (!c.queued || !needsQueue(r.text)):
		return r.text + c.program.suffix(r.ends(c.program))
	}
	return r.text
}

// within reports whether a server lets a script begin, and ends it with the error.
func (r *Rule) within(c *command) bool {
	return r.ends != nil && r.ends(c.program).within && !needsQueue(r.text)
}

// needsQueue reports whether an error is one that keeps commands out of a transaction.
func needsQueue(text string) bool { return strings.HasPrefix(text, "OOM ") }

// endScript sends a script that only ends with an error in place of one, for a
// transaction: there the server finds out what a script does when EXEC runs it, and
// serves the commands around it.
func (s *Session) endScript(c *command, text string) error {
	if err := s.passArguments(c, false); err != nil {
		return err
	}
	s.up.Put(encode("EVAL", "return redis.error_reply(ARGV[1])", "0", text))
	return nil
}

// refuseExec makes a transaction fail. The server discards it because of a command in
// it that the server does not know; the answer to EXEC is exchanged as well.
func (s *Session) refuseExec(c *command, text string) error {
	if err := s.refuse(c, "", "-"+discarded+text+"\r\n"); err != nil {
		return err
	}
	s.up.Put(encode("EXEC"))
	return nil
}

// refuse sends a command that the server does not know in place of one. The client is
// told reply instead of the server's error, and next instead of the reply behind it.
func (s *Session) refuse(c *command, reply, next string) error {
	id := s.expectError(reply, next)
	if err := s.passArguments(c, false); err != nil {
		return err
	}
	s.up.Put(encode(marker + strconv.FormatUint(id, 10)))
	return nil
}

// expectError notes what the client is to be told instead of an error about a command
// of ours, and gives that command its number. A client that wants no replies gets none:
// what it is not told is forgotten by and by.
func (s *Session) expectError(reply, next string) (id uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.issued++
	if i := len(s.pending) - 1; i >= 0 && s.pending[i].reply == reply && s.pending[i].next == "" && next == "" {
		s.pending[i].last = s.issued
		return s.issued
	}
	if len(s.pending) == maxPending {
		s.pending = append(s.pending[:0], s.pending[maxPending/2:]...)
	}
	s.pending = append(s.pending, exchange{first: s.issued, last: s.issued, reply: reply, next: next})
	return s.issued
}

// findNothing sends a read on with keys that are not there.
func (s *Session) findNothing(c *command) error {
	if other := emptyStoreRead(c.name); other != nil {
		if err := s.passArguments(c, false); err != nil {
			return err
		}
		s.up.Put(encode(other...))
		return nil
	}
	args, end, err := s.readArguments(c)
	if errors.Is(err, stream.ErrTooLarge) {
		return s.passArguments(c, true)
	}
	if err != nil {
		return err
	}
	for _, i := range c.keys.at(args) {
		args[i] = absent(args[i])
	}
	changed := appendArray(nil, args)
	s.up.Drop(end)
	s.up.Put(changed)
	return nil
}

// readArguments reads a command to its end, and returns its parts, the name included,
// and where it ends.
func (s *Session) readArguments(c *command) (args [][]byte, end int, err error) {
	if c.words != nil {
		return c.words, c.at, nil
	}
	end = c.at
	for range c.texts {
		if _, end, err = s.text(end, maxSeen); err != nil {
			return nil, 0, err
		}
	}
	b := s.up.Ahead() // only now does it stay where it is
	for at := c.at; at < end; {
		size, text, _ := length(b, at, '$')
		at = text + int(size) + 2
		args = append(args, b[text:at-2])
	}
	return args, end, nil
}

// emptyStoreRead returns a read of a key that is not there which answers as the named
// one, which takes no keys, would with an empty store; nil where there is none. It does
// so in each version of the protocol.
func emptyStoreRead(name string) []string {
	nowhere := string(absent(nil))
	switch name {
	case "DBSIZE":
		return []string{"EXISTS", nowhere}
	case "RANDOMKEY":
		return []string{"GET", nowhere}
	case "KEYS":
		return []string{"LRANGE", nowhere, "0", "-1"}
	case "SCAN":
		return []string{"SSCAN", nowhere, "0"}
	}
	return nil
}

// absent returns a key that is not there. It begins as the given one does, for users
// who may see some keys only, and is in the same slot of a cluster.
func absent(key []byte) []byte {
	k := bytes.Clone(key)
	if len(key) > 0 && !bytes.ContainsAny(key, "{}") {
		k = append(append(append(k, '{'), key...), '}')
	}
	return append(k, "\x00blastgauge"...)
}

// encode writes a command as it is sent.
func encode(args ...string) []byte {
	var list [][]byte
	for _, a := range args {
		list = append(list, []byte(a))
	}
	return appendArray(nil, list)
}

func appendArray(b []byte, args [][]byte) []byte {
	b = append(strconv.AppendInt(append(b, '*'), int64(len(args)), 10), "\r\n"...)
	for _, a := range args {
		b = append(strconv.AppendInt(append(b, '$'), int64(len(a)), 10), "\r\n"...)
		b = append(append(b, a...), "\r\n"...)
	}
	return b
}
