package postgres

import (
	"bytes"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"
)

// keysOf counts the keys by which sessions can be cancelled.
func keysOf(s *Sessions) (n int) {
	s.byKey.Range(func(any, any) bool { n++; return true })
	return n
}

// A server, or what stands before it, may give a session more than one key. None of them
// outlives the session, and the last one counts.
func TestKeysDoNotOutliveTheirSession(t *testing.T) {
	t.Parallel()
	var given []byte
	for i := range uint32(1000) {
		given = append(given, encoded(t, &pgproto3.BackendKeyData{ProcessID: i, SecretKey: []byte{1, 2, 3, 4}})...)
	}
	var all Sessions
	var got bytes.Buffer
	s := NewSession(Options{Client: sides{nil, &got}, Upstream: sides{pieces(given, 4096), nil}, Sessions: &all})
	if err := s.passKeys(1000); err != nil {
		t.Fatal(err)
	}
	if n := keysOf(&all); n != 1 {
		t.Errorf("%d keys of one session", n)
	}
	if err := s.Replies(); err == nil || !bytes.Equal(got.Bytes(), given) {
		t.Errorf("%d bytes of %d come to the client: %v", got.Len(), len(given), err)
	}
	if n := keysOf(&all); n != 0 {
		t.Errorf("%d keys of a session that is over", n)
	}
}

// passKeys passes on so many messages.
func (s *Session) passKeys(n int) error {
	for range n {
		if err := s.passReply(); err != nil {
			return err
		}
	}
	return nil
}

// An error about our question is ours, in whatever language the server speaks. One that
// ends the session is the client's.
func TestErrorsAboutOurQuestion(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		severity, unlocalized string
		ours                  bool
	}{
		{"ERROR", "ERROR", true}, {"FEHLER", "ERROR", true}, {"ERROR", "", true},
		{"FATAL", "FATAL", false}, {"ERROR", "FATAL", false}, {"PANIK", "PANIC", false},
	} {
		sent := encoded(t, &pgproto3.ErrorResponse{Severity: c.severity, SeverityUnlocalized: c.unlocalized, Code: "57014", Message: "m"})
		var got bytes.Buffer
		s := NewSession(Options{Client: sides{nil, &got}, Upstream: sides{pieces(sent, 4096), nil}})
		s.question.Store(&question{answer: make(chan *question, 1)})
		if err := s.Replies(); err == nil {
			t.Fatal("the replies do not end")
		}
		if passes := bytes.Equal(got.Bytes(), sent); passes == c.ours {
			t.Errorf("%+v passes: %t", c, passes)
		}
	}
}
