package postgres

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/blastgauge/blastgauge/injectors/gateway/faultset"
	"github.com/blastgauge/blastgauge/injectors/gateway/stream"
)

// sides is what a session reads from and writes to, without sockets.
type sides struct {
	io.Reader
	io.Writer
}

// inPieces reads so many bytes at a time.
type inPieces struct {
	r    io.Reader
	size int
}

func (p *inPieces) Read(b []byte) (int, error) { return p.r.Read(b[:min(len(b), p.size)]) }

func pieces(b []byte, size int) io.Reader { return &inPieces{bytes.NewReader(b), max(1, size)} }

func fault(t testing.TB, kind string, share float64, attributes string) *Fault {
	t.Helper()
	f, err := Parse(kind, share, json.RawMessage(strings.ReplaceAll(attributes, "'", `"`)))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// passed is what a server gets of what a client sends, and what the client is told
// by us.
func passed(sent []byte, size int, faults ...*Fault) (got, told []byte, err error) {
	f := faultset.NewSet[*Rule](1)
	f.Replace(faults)
	var up, down bytes.Buffer
	s := NewSession(Options{
		Context: context.Background(), Faults: f, CountCall: func() {}, SpareConnection: func() {},
		Client: sides{pieces(sent, size), &down}, Upstream: sides{strings.NewReader(""), &up},
	})
	err = s.Requests()
	return up.Bytes(), down.Bytes(), err
}

func encoded(t testing.TB, messages ...interface{ Encode([]byte) ([]byte, error) }) []byte {
	t.Helper()
	var b []byte
	for _, m := range messages {
		var err error
		if b, err = m.Encode(b); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

func startup(t testing.TB) []byte {
	return encoded(t, &pgproto3.StartupMessage{ProtocolVersion: pgproto3.ProtocolVersion30, Parameters: map[string]string{"user": "shop"}})
}

// conversation is what a client sends in both protocols.
func conversation(t testing.TB) []byte {
	return append(startup(t), encoded(t,
		&pgproto3.PasswordMessage{Password: "secret"},
		&pgproto3.Query{String: "BEGIN"}, &pgproto3.Query{String: "INSERT INTO t VALUES (1)"}, &pgproto3.Query{String: "COMMIT"},
		&pgproto3.Parse{Name: "a", Query: "UPDATE t SET v = $1"}, &pgproto3.Describe{ObjectType: 'S', Name: "a"}, &pgproto3.Sync{},
		&pgproto3.Bind{PreparedStatement: "a", Parameters: [][]byte{[]byte("1")}}, &pgproto3.Execute{}, &pgproto3.Flush{}, &pgproto3.Sync{},
		&pgproto3.Parse{Query: "COMMIT"}, &pgproto3.Bind{}, &pgproto3.Execute{}, &pgproto3.Sync{},
		&pgproto3.Parse{Query: "COPY t FROM STDIN"}, &pgproto3.Bind{}, &pgproto3.Execute{}, &pgproto3.Sync{},
		&pgproto3.CopyData{Data: []byte("1\n")}, &pgproto3.CopyDone{}, &pgproto3.Sync{},
		&pgproto3.Close{ObjectType: 'S', Name: "a"}, &pgproto3.Sync{}, &pgproto3.FunctionCall{}, &pgproto3.Terminate{})...)
}

// FuzzRequests: without faults, what a client sends is what the server gets, byte
// for byte, but for the question about encryption; with faults nothing crashes or
// hangs.
func FuzzRequests(f *testing.F) {
	f.Add(conversation(f), 7)
	f.Add(append([]byte("\x00\x00\x00\x08\x04\xd2\x16\x2f"), conversation(f)...), 1000)
	f.Add([]byte("\x00\x00\x00\x10\x04\xd2\x16\x2e\x00\x00\x00\x01\x00\x00\x00\x02"), 3)
	f.Add([]byte("GET / HTTP/1.1\r\n\r\n"), 5)
	f.Add(append(startup(f), encoded(f, &pgproto3.FunctionCall{Function: 952, ArgFormatCodes: []uint16{0, 1}, Arguments: [][]byte{nil, {0, 2, 0, 0}}},
		&pgproto3.FunctionCall{Function: 955}, &pgproto3.Query{String: "declare c cursor for table t; fetch c"})...), 9)
	f.Add(append(startup(f), "Q\xff\xff\xff\xff Q\x00\x00\x00\x00"...), 2)
	f.Fuzz(func(t *testing.T, sent []byte, size int) {
		size = max(1, size%4096)
		want := sent
		for range 3 {
			if len(want) >= 8 && bytes.HasPrefix(want, []byte("\x00\x00\x00\x08\x04\xd2\x16")) && (want[7] == 0x2f || want[7] == 0x30) {
				want = want[8:]
			}
		}
		never := []*Fault{fault(t, "postgres_error", 0, `{'sqlstate':'40001'}`), fault(t, "postgres_error", 0, `{'sqlstate':'53300'}`)}
		for _, faults := range [][]*Fault{nil, never} {
			if got, _, err := passed(sent, size, faults...); !bytes.Equal(got, want) || !errors.Is(err, io.EOF) {
				t.Fatalf("%q arrives as %q: %v", sent, got, err)
			}
		}
		for _, always := range []string{`{'sqlstate':'40001','match':{'statement':'any'}}`, `{'sqlstate':'57P01','when':'after'}`, `{'sqlstate':'53300'}`} {
			if _, _, err := passed(sent, size, fault(t, "postgres_error", 1, always)); !errors.Is(err, io.EOF) && !errors.Is(err, stream.ErrLast) {
				t.Fatalf("%q: %v", sent, err)
			}
		}
	})
}

// FuzzReplies: what a server sends that is not about a statement of ours is what
// the client gets, byte for byte, also while one waits.
func FuzzReplies(f *testing.F) {
	f.Add(encoded(f,
		&pgproto3.AuthenticationSASL{AuthMechanisms: []string{"SCRAM-SHA-256"}}, &pgproto3.AuthenticationOk{}, &pgproto3.ParameterStatus{Name: "a", Value: "b"},
		&pgproto3.ReadyForQuery{TxStatus: 'I'}, &pgproto3.RowDescription{}, &pgproto3.DataRow{Values: [][]byte{[]byte("x")}}, &pgproto3.CommandComplete{CommandTag: []byte("SELECT 1")},
		&pgproto3.NoticeResponse{Message: "m"}, &pgproto3.ErrorResponse{Message: "relation blastgauge_fault_ is not there"}, &pgproto3.ReadyForQuery{TxStatus: 'E'},
		&pgproto3.NotificationResponse{Channel: "c"}), 9)
	f.Add([]byte("E\x00\x00\x00\x04Z\x00\x00\x00\x04C\x00\x00\x00\x05xR\x00\x00\x00\x03"), 4)
	f.Fuzz(func(t *testing.T, sent []byte, size int) {
		if bytes.Contains(sent, []byte(marker+"1")) || bytes.Contains(sent, []byte(channelBinding)) {
			return
		}
		for _, waits := range []bool{false, true} {
			var got bytes.Buffer
			s := NewSession(Options{Client: sides{nil, &got}, Upstream: sides{pieces(sent, size%4096), nil}})
			if waits {
				s.plans = []*plan{{id: 1, round: 1 << 40}}
			}
			if err := s.Replies(); !errors.Is(err, io.EOF) {
				t.Fatal(err)
			}
			if !bytes.Equal(got.Bytes(), sent) {
				t.Fatalf("%q arrives as %q", sent, got.Bytes())
			}
		}
	})
}

// The way to log in that needs an encryption is not offered.
func TestChannelBindingIsNotOffered(t *testing.T) {
	t.Parallel()
	var got bytes.Buffer
	sent := encoded(t, &pgproto3.AuthenticationSASL{AuthMechanisms: []string{"SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"}}, &pgproto3.AuthenticationOk{})
	s := NewSession(Options{Client: sides{nil, &got}, Upstream: sides{pieces(sent, 5), nil}})
	s.Replies()
	if want := encoded(t, &pgproto3.AuthenticationSASL{AuthMechanisms: []string{"SCRAM-SHA-256"}}, &pgproto3.AuthenticationOk{}); !bytes.Equal(got.Bytes(), want) {
		t.Errorf("got %q, want %q", got.Bytes(), want)
	}
}

// A client that asks for encryption is told that there is none, and goes on.
func TestEncryptionIsDeclined(t *testing.T) {
	t.Parallel()
	ask := []byte("\x00\x00\x00\x08\x04\xd2\x16\x30\x00\x00\x00\x08\x04\xd2\x16\x2f")
	got, told, _ := passed(append(ask, conversation(t)...), 3)
	if string(told) != "NN" || !bytes.Equal(got, conversation(t)) {
		t.Errorf("it is told %q, and the server gets %q", told, got)
	}
}

func TestRefusedAttributes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ kind, given, part string }{
		{"postgres_error", ``, "postgres_error needs sqlstate"},
		{"postgres_error", `{"sqlstate":"4000"}`, "sqlstate must be five digits or capitals"},
		{"postgres_error", `{"sqlstate":"40p01"}`, "sqlstate must be five digits or capitals"},
		{"postgres_error", `{"sqlstate":"00000"}`, "sqlstate must be"},
		{"postgres_error", `{"sqlstate":40001}`, "sqlstate must be a text"},
		{"postgres_error", `{"sqlstate":"40001","when":"later"}`, `when must be before, after or connect, not "later"`},
		{"postgres_error", `{"sqlstate":"53300","match":{"statement":"write"}}`, "a client that is not let in has made no statement"},
		{"postgres_error", `{"sqlstate":"40001","match":{"statement":"writes"}}`, `statement must be any, read, write, select, insert`},
		{"postgres_error", `{"sqlstate":"40001","match":{"table":"x"}}`, `match has no attribute "table"; it has statement, sql and not`},
		{"postgres_latency", `{}`, "postgres_latency needs latency"},
	} {
		if _, err := Parse(tt.kind, 1, json.RawMessage(tt.given)); err == nil || !strings.Contains(err.Error(), tt.part) {
			t.Errorf("%s %s: %v, want a sentence with %q", tt.kind, tt.given, err, tt.part)
		}
	}
}

func TestShownAttributes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ kind, given, shown string }{
		{"postgres_error", `{"sqlstate":"40001"}`, `{"sqlstate":"40001","when":"before"}`},
		{"postgres_error", `{"sqlstate":"53300"}`, `{"sqlstate":"53300","when":"connect"}`},
		{"postgres_error", `{"sqlstate":"53300","when":"before","match":{"statement":"commit","sql":"*x*"},"first":3,"message":"m"}`,
			`{"sqlstate":"53300","message":"m","when":"before","match":{"statement":"commit","sql":"*x*"},"first":3}`},
		{"postgres_latency", `{"latency":5}`, `{"latency":5,"jitter":0}`},
	} {
		for range 2 {
			shown, err := json.Marshal(fault(t, tt.kind, 0.5, tt.given).Attributes)
			if err != nil || string(shown) != tt.shown {
				t.Errorf("%s %s is shown as %s, want %s (%v)", tt.kind, tt.given, shown, tt.shown, err)
			}
			tt.given = tt.shown
		}
	}
}

// A client that names ever new statements and portals, and closes none, meets faults
// as on the first day.
func TestNewNamesWithoutEnd(t *testing.T) {
	t.Parallel()
	sent := startup(t)
	for i := range 2*maxNames + 1 {
		name := strconv.Itoa(i)
		sent = append(sent, encoded(t, &pgproto3.Parse{Name: name, Query: "UPDATE t SET v = 1"}, &pgproto3.Bind{DestinationPortal: name, PreparedStatement: name})...)
		if i == 0 || i == 2*maxNames {
			sent = append(sent, encoded(t, &pgproto3.Execute{Portal: name}, &pgproto3.Sync{})...)
		}
	}
	f := fault(t, "postgres_error", 1, `{'sqlstate':'40001'}`)
	got, _, err := passed(sent, 4096, f)
	if n := bytes.Count(got, []byte(marker)); n != 2 || !errors.Is(err, io.EOF) {
		t.Errorf("%d of 2 statements met the fault (%v)", n, err)
	}
}
