package redis

import (
	"errors"

	"github.com/blastgauge/blastgauge/injectors/gateway/stream"
)

// shortest and longestAttendant are the lengths between which the names lie that
// attends knows.
const shortest, longestAttendant = 4, 9

// attends tells whether a command, by its name, comes with a connection and not
// with what it was opened for: who the client is, which database it wants, whether
// somebody is there. Clients send up to five of them on every new connection and
// others as often as they like, so that a fault that costs connections would look
// like a storm of calls. MULTI and EXEC are none of them: a journey waits for each.
func attends(name []byte) bool {
	if len(name) < shortest || len(name) > longestAttendant {
		return false
	}
	var capitals [longestAttendant]byte
	for i, c := range name {
		if 'a' <= c && c <= 'z' {
			c -= 'a' - 'A'
		}
		capitals[i] = c
	}
	switch string(capitals[:len(name)]) {
	case "AUTH", "HELLO", "CLIENT", "SELECT", "PING", "ECHO", "QUIT", "RESET", "COMMAND", "ASKING", "READONLY", "READWRITE":
		return true
	}
	return false
}

// counts counts the command that begins here, unless it only attends. Most names
// are told by their length alone.
func (s *Session) counts(at int) error {
	if b := s.up.Ahead()[at:]; len(b) > 2 && b[0] == '$' && b[2] == '\r' && b[1] < '0'+shortest {
		s.Asked()
		return nil
	}
	name, _, err := s.text(at, maxHead)
	if err != nil && !errors.Is(err, stream.ErrTooLarge) { // no command, or not all of it
		return err
	}
	if err != nil || !attends(name) {
		s.Asked()
	}
	return nil
}
