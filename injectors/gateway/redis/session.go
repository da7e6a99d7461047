// Package redis is the message-level hop in front of a Redis: it forwards RESP2 and
// RESP3, and lets faults meet single commands.
//
// # How a command is refused
//
// In place of a command that a fault refuses, the server is sent one that it
// cannot know, and the error that it answers with is exchanged for the fault's. So
// the server itself keeps replies in order, whatever the connection is doing: in a
// pipeline, between the messages of a subscription, under CLIENT REPLY OFF. In a
// transaction it notes the refusal, as it would one of its own, and EXEC fails.
// A read that is to find nothing is sent on with keys that are not there, so that
// what an empty answer looks like is the server's to say, in a transaction too.
//
// Everything else is passed on as it came: nothing here needs to know what a reply
// means, only where it ends. What is no RESP is passed on as well.
package redis

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"

	"github.com/blastgauge/blastgauge/injectors/gateway/faultset"
	"github.com/blastgauge/blastgauge/injectors/gateway/stream"
)

// Options are what a session needs.
type Options struct {
	Context          context.Context // ends with the connection; a session is the work that it bounds
	Force            *faultset.Force
	Client, Upstream io.ReadWriter
	Address          string // at which the client found us; MOVED points there where it is not said otherwise
	Asked            func() // called for every command that is more than a part of connecting
}

// A Session is one client's connection. Requests and Replies are called by one
// goroutine each.
type Session struct {
	Options
	up, down *stream.Stream

	multi bool // between MULTI and EXEC; of Requests

	mu      sync.Mutex
	issued  uint64 // refusals so far
	pending []exchange

	scan    scanner // of Replies, as is what follows
	instead string  // of the next reply
}

// An exchange is what the client is told when the server says that it does not
// know a command of ours, or one of several in a row.
type exchange struct {
	first, last uint64 // their numbers
	reply       string // empty: nothing
	next        string // in place of the reply that follows; empty: as it is
}

// maxPending is how many different exchanges in a row a client may wait for.
const maxPending = 1 << 17

// NewSession serves a client under the faults in force.
func NewSession(o Options) *Session {
	return &Session{Options: o, up: stream.New(o.Client, o.Upstream), down: stream.New(o.Upstream, o.Client)}
}

// marker begins the names of commands that no server knows.
const marker = "blastgauge.fault."

// Replies passes replies on, with errors exchanged, until an error says how the
// upstream ended.
func (s *Session) Replies() error {
	for {
		b := s.down.Ahead()
		if len(b) == 0 {
			if err := s.down.Fill(); err != nil {
				return err
			}
			continue
		}
		err := s.reply(b)
		if errors.Is(err, errForeign) {
			err = s.down.Rest()
		}
		if err != nil {
			return err
		}
	}
}

// reply deals with what there is of a reply.
func (s *Session) reply(b []byte) error {
	if s.scan.idle() && b[0] == '-' && s.waits() {
		if done, err := s.failure(); done || err != nil {
			return err
		}
		b = s.down.Ahead()
	}
	if s.scan.idle() && len(s.instead) > 0 && b[0] != '>' { // a push is no reply
		return s.replace()
	}
	n, _, err := s.scan.next(b)
	s.down.Keep(n)
	return err
}

func (s *Session) waits() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.pending) > 0
}

// longest is how long the part of an error is that may hold the name of the
// command that is not known.
const longest = 256

// failure looks whether an error is about a command of ours, and if so exchanges
// it.
func (s *Session) failure() (done bool, err error) {
	for {
		b := s.down.Ahead()
		line, _, whole := strings.Cut(string(b[:min(len(b), longest)]), "\n")
		if !whole && len(b) < longest {
			if err := s.down.Fill(); err != nil {
				s.down.Keep(len(s.down.Ahead()))
				s.down.Flush()
				return false, err
			}
			continue
		}
		x, ok := s.find(line)
		if !ok {
			return false, nil
		}
		if err := s.dropReply(); err != nil {
			return false, err
		}
		s.down.Put([]byte(x.reply))
		s.instead = x.next
		return true, nil
	}
}

// find takes the exchange for an error out of those that are pending. Those before
// it got no answer.
func (s *Session) find(line string) (exchange, bool) {
	i := strings.Index(line, marker)
	if i < 0 {
		return exchange{}, false
	}
	var id uint64
	for _, c := range line[i+len(marker):] {
		if c < '0' || c > '9' {
			break
		}
		id = id*10 + uint64(c-'0')
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.pending) > 0 && s.pending[0].first <= id {
		x := s.pending[0]
		if id < x.last {
			s.pending[0].first = id + 1
		} else {
			s.pending = s.pending[1:]
		}
		if id <= x.last {
			return x, true
		}
	}
	return exchange{}, false
}

// replace puts another reply in the place of the one that comes.
func (s *Session) replace() error {
	text := s.instead
	s.instead = ""
	if err := s.dropReply(); err != nil {
		return err
	}
	s.down.Put([]byte(text))
	return nil
}

// dropReply leaves one reply out.
func (s *Session) dropReply() error {
	for {
		n, over, err := s.scan.next(s.down.Ahead())
		s.down.Drop(n)
		if over || err != nil {
			return err
		}
		if err := s.down.Fill(); err != nil {
			return err
		}
	}
}
