package redis

import (
	"errors"

	"github.com/blastgauge/blastgauge/injectors/gateway/stream"
)

// shortestName and longestName are the lengths between which the names lie that
// isHousekeeping knows.
const shortestName, longestName = 4, 9

// isHousekeeping reports whether a command, by its name, is about the connection and
// not about what the connection is for: who the client is, which database it wants,
// whether the server is there. Clients send up to five of them on every new connection,
// and others as often as they like, so that a fault that costs connections would look
// like a storm of calls. MULTI and EXEC are calls: a journey waits for each.
func isHousekeeping(name []byte) bool {
	if len(name) < shortestName || len(name) > longestName {
		return false
	}
	var capitals [longestName]byte
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

// countCall counts the command whose name begins here, unless it is housekeeping. Most
// names show by their length alone that they are not.
func (s *Session) countCall(at int) error {
	if b := s.up.Ahead()[at:]; len(b) > 2 && b[0] == '$' && b[2] == '\r' && b[1] < '0'+shortestName {
		s.CountCall()
		return nil
	}
	name, _, err := s.text(at, maxHead)
	if err != nil && !errors.Is(err, stream.ErrTooLarge) { // no command, or not all of it
		return err
	}
	if err != nil || !isHousekeeping(name) {
		s.CountCall()
	}
	return nil
}
