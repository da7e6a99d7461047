// Package redis stands between a client and a Redis: it forwards RESP2 and RESP3, and
// lets faults affect single commands.
//
// # How a command is refused
//
// In place of a command that a fault refuses, the server is sent one that it cannot
// know, and its error is exchanged for the fault's on the way back. So
// the server itself keeps replies in order, whatever the connection is doing: in a
// pipeline, between the messages of a subscription, under CLIENT REPLY OFF. In a
// transaction it notes the refusal, as it would one of its own, and EXEC fails.
// A read that is to find nothing is sent on with keys that are not there, so that
// what an empty answer looks like is the server's to say, in a transaction too.
//
// Everything else is passed on as it came: nothing here needs to know what a reply
// means, only where it ends. Anything that is not RESP is passed on, too.
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
	Faults           *faultset.Set[*Rule]
	Client, Upstream io.ReadWriter
	Address          string // at which the client reached the proxy; MOVED points there by default
	CountCall        func() // called for every command that is not housekeeping of the connection
	Buffers          *stream.Buffers
	Scripts          *Scripts // of the upstream; nil: what this connection brings to it
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

// An exchange is what the client is told instead of the server's error about a command
// of ours, or about each of several in a row.
type exchange struct {
	first, last uint64 // their numbers
	reply       string // empty: nothing
	next        string // in place of the reply that follows; empty: as it is
}

// maxPending is how many different exchanges in a row a client may wait for.
const maxPending = 1 << 17

// NewSession returns a session that serves a client under the active faults.
func NewSession(o Options) *Session {
	if o.Scripts == nil {
		o.Scripts = NewScripts()
	}
	return &Session{Options: o, up: stream.New(o.Client, o.Upstream, o.Buffers), down: stream.New(o.Upstream, o.Client, o.Buffers)}
}

// marker begins the names of commands that no server knows.
const marker = "blastgauge.fault."

// Replies passes replies on, with errors exchanged, until an error says how the
// upstream ended.
func (s *Session) Replies() error {
	defer s.down.Release()
	for {
		b := s.down.Ahead()
		if len(b) == 0 {
			if err := s.down.Fill(); err != nil {
				return err
			}
			continue
		}
		err := s.passReply(b)
		if errors.Is(err, errNotRESP) {
			err = s.down.Rest()
		}
		if err != nil {
			return err
		}
	}
}

// passReply passes on what there is of a reply, or what is told in its place.
func (s *Session) passReply(b []byte) error {
	if s.scan.idle() && b[0] == '-' && s.hasPending() {
		if done, err := s.exchangeError(); done || err != nil {
			return err
		}
		b = s.down.Ahead()
	}
	if s.scan.idle() && len(s.instead) > 0 && b[0] != '>' { // a push is no reply
		return s.replaceReply()
	}
	n, _, err := s.scan.next(b)
	s.down.Keep(n)
	return err
}

// hasPending reports whether errors are to be exchanged.
func (s *Session) hasPending() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.pending) > 0
}

// maxErrorLine is how much of an error is searched for the name of a command of ours.
const maxErrorLine = 256

// exchangeError exchanges an error that is about a command of ours. It reports whether
// it was one.
func (s *Session) exchangeError() (done bool, err error) {
	for {
		b := s.down.Ahead()
		line, _, whole := strings.Cut(string(b[:min(len(b), maxErrorLine)]), "\n")
		if !whole && len(b) < maxErrorLine {
			if err := s.down.Fill(); err != nil {
				s.down.Keep(len(s.down.Ahead()))
				return false, errors.Join(err, s.down.Flush())
			}
			continue
		}
		x, ok := s.takePending(line)
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

// takePending takes the exchange for an error out of those that are pending. Those
// before it got no answer.
func (s *Session) takePending(line string) (exchange, bool) {
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

// replaceReply puts another reply in place of the one that comes.
func (s *Session) replaceReply() error {
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
