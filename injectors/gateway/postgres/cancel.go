package postgres

import (
	"encoding/binary"
	"sync"

	"github.com/blastgauge/blastgauge/injectors/gateway/stream"
)

// Sessions are the sessions that clients can cancel, by the keys that their servers gave
// them. The zero value is ready to use; several gateways may share one, as a client may
// come by way of another.
type Sessions struct{ byKey sync.Map }

// maxKey is the longest key that a server gives: the number of a process and a secret of
// up to 256 bytes, of four bytes up to version 3.0 of the protocol.
const maxKey = 4 + 256

// passKey notes the key by which a client can cancel what it asks.
func (s *Session) passKey(size int) error {
	b, err := readBody(s.down, size, maxKey)
	if err != nil {
		return err
	}
	if s.Sessions != nil && size <= maxKey {
		s.forgetKey() // a server that gives another one has taken it back
		s.key = string(b)
		s.Sessions.byKey.Store(s.key, s)
	}
	return take(s.down, size, true)
}

// forgetKey is called when the session is over, or has another key.
func (s *Session) forgetKey() {
	if s.key != "" {
		s.Sessions.byKey.CompareAndDelete(s.key, s)
	}
}

// passCancel deals with the request to cancel what another session is about. The server
// gets it, unless it has nothing of that session to cancel.
func (s *Session) passCancel() error {
	s.SpareConnection()
	s.raw.Store(true)
	const before = 8 // its length, and what it asks
	size := int(binary.BigEndian.Uint32(s.up.Ahead()))
	if s.Sessions == nil || size <= before || size > before+maxKey {
		return errNotPostgres
	}
	for len(s.up.Ahead()) < size {
		if err := s.up.Fill(); err != nil {
			return err
		}
	}
	found, ok := s.Sessions.byKey.Load(string(s.up.Ahead()[before:size]))
	if !ok {
		return errNotPostgres
	}
	meant := found.(*Session)
	meant.awaitDoubt(s.Context)
	if meant.cancelHeld() {
		return stream.ErrLast
	}
	return errNotPostgres
}

// cancelHeld cancels the statement that a fault holds up, if there is one and all that
// was asked before it is done. It reports whether the server has nothing to cancel.
func (s *Session) cancelHeld() bool {
	h := s.held.Load()
	if h == nil || h.round != s.over.Load() {
		return false
	}
	h.end(errCancelled)
	return h.alone
}
