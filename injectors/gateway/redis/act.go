package redis

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"

	"github.com/blastgauge/blastgauge/injectors/gateway/faultset"
	"github.com/blastgauge/blastgauge/injectors/gateway/stream"
)

// act does what the faults in force want with a command.
func (s *Session) act(a *asked) error {
	inMulti := s.multi
	a.queued = inMulti
	s.note(a.name)
	for _, e := range s.Force.Now() {
		r, drawn, ok := meet(e, a)
		if !ok || !drawn.Begins() {
			continue
		}
		switch {
		case e.Kind == kindLatency:
			if err := s.up.Flush(); err != nil {
				return err
			}
			if !drawn.Wait(s.Context) {
				return s.Context.Err()
			}
		case e.Kind == kindEmpty && a.class == reads:
			return s.findNothing(a)
		case a.name == "EXEC" && inMulti:
			return s.refuseExec(a, r.errorFor(a, s.Address))
		default:
			s.multi = inMulti // the command does not happen
			text := r.errorFor(a, s.Address)
			if a.name == "EXEC" {
				text = discarded + text
			}
			return s.exchange(a, "-"+text+"\r\n", "")
		}
	}
	return s.rest(a, true)
}

// discarded begins the error of an EXEC that is refused.
const discarded = "EXECABORT Transaction discarded because of: "

// note remembers what a command does to the session.
func (s *Session) note(name string) {
	switch name {
	case "MULTI":
		s.multi = true
	case "EXEC", "DISCARD", "RESET":
		s.multi = false
	}
}

// meet says whether a command meets a fault.
func meet(e *faultset.Entry, a *asked) (*rule, faultset.Act, bool) {
	r, ok := e.Rule.(*rule)
	if !ok {
		return nil, faultset.Act{}, false
	}
	e.Saw()
	if !r.match.matches(a) || r.spares != nil && r.spares(a) || e.Kind == kindEmpty && !r.empties(a) {
		return nil, faultset.Act{}, false
	}
	drawn, ok := e.Draw()
	return r, drawn, ok
}

// empties says whether a fault that empties the store has a meaning for a command.
func (r *rule) empties(a *asked) bool {
	return a.class == reads && (hasKeys(a.command) || stands(a.name) != nil) || a.class == writes && r.writes == fail
}

// errorFor is the error that a command is answered with.
func (r *rule) errorFor(a *asked, self string) string {
	switch {
	case r.text == "":
		return refusals()["READONLY"].text // of redis_empty
	case redirects(r.text):
		address := r.moved
		if address == "" {
			address = self
		}
		return fmt.Sprintf("%s %d %s", r.text, slotOf(a.key), address)
	}
	return r.text
}

// refuseExec makes a transaction fail. The server discards it because of a command
// in it that it does not know, and its answer is exchanged as well.
func (s *Session) refuseExec(a *asked, text string) error {
	if err := s.exchange(a, "", "-"+discarded+text+"\r\n"); err != nil {
		return err
	}
	s.up.Put(line("EXEC"))
	return nil
}

// exchange sends a command that the server does not know in the place of one.
func (s *Session) exchange(a *asked, reply, next string) error {
	id := s.promise(reply, next)
	if err := s.rest(a, false); err != nil {
		return err
	}
	s.up.Put(line(marker + strconv.FormatUint(id, 10)))
	return nil
}

// promise notes what is to be told instead of an error about a command of ours, and
// gives the command its number. A client that wants no replies gets none, and what
// it is not told is forgotten by and by.
func (s *Session) promise(reply, next string) (id uint64) {
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
func (s *Session) findNothing(a *asked) error {
	if other := stands(a.name); other != nil {
		if err := s.rest(a, false); err != nil {
			return err
		}
		s.up.Put(line(other...))
		return nil
	}
	args, end, err := s.all(a)
	if errors.Is(err, stream.ErrTooLarge) {
		return s.rest(a, true)
	}
	if err != nil {
		return err
	}
	for _, i := range a.keys.at(args) {
		args[i] = absent(args[i])
	}
	changed := appendArray(nil, args)
	s.up.Drop(end)
	s.up.Put(changed)
	return nil
}

// all reads a command to its end, and gives its parts, the name included.
func (s *Session) all(a *asked) (args [][]byte, end int, err error) {
	if a.words != nil {
		return a.words, a.at, nil
	}
	end = a.at
	for range a.texts {
		if _, end, err = s.text(end, maxSeen); err != nil {
			return nil, 0, err
		}
	}
	b := s.up.Ahead() // only now does it stay where it is
	for at := a.at; at < end; {
		size, text, _ := length(b, at, '$')
		at = text + int(size) + 2
		args = append(args, b[text:at-2])
	}
	return args, end, nil
}

// stands is a read that answers as another one, without keys, would of an empty
// store, in any version of the protocol: nil where there is none.
func stands(name string) []string {
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

// absent is a key that is not there. It begins as the given one does, for the sake
// of users who may see some keys only, and is in the same slot of a cluster.
func absent(key []byte) []byte {
	k := bytes.Clone(key)
	if len(key) > 0 && !bytes.ContainsAny(key, "{}") {
		k = append(append(append(k, '{'), key...), '}')
	}
	return append(k, "\x00blastgauge"...)
}

// line is a command as it is sent.
func line(args ...string) []byte {
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
