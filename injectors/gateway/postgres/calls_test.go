package postgres

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/blastgauge/blastgauge/injectors/gateway/faultset"
)

// What a client has executed is a call, in both protocols; what sets up its session
// is none.
func TestWhatIsACall(t *testing.T) {
	t.Parallel()
	type message = interface{ Encode([]byte) ([]byte, error) }
	query := func(sql string) message { return &pgproto3.Query{String: sql} }
	prepared := func(sql string) []message {
		return []message{&pgproto3.Parse{Query: sql}, &pgproto3.Describe{ObjectType: 'S'}, &pgproto3.Bind{}, &pgproto3.Execute{}, &pgproto3.Sync{}}
	}
	for name, tt := range map[string]struct {
		sent []message
		want int
	}{
		"a query":              {[]message{query("SELECT 1")}, 1},
		"several in one":       {[]message{query("BEGIN; INSERT INTO t VALUES (1); COMMIT")}, 1},
		"a transaction":        {[]message{query("begin"), query("INSERT INTO t VALUES (1)"), query("commit")}, 3},
		"nothing":              {[]message{query("-- ping"), query(";"), query("")}, 0},
		"a session's set-up":   {[]message{query("SET application_name = 'shop'"), query("SHOW server_version"), query("RESET ALL; DISCARD ALL"), query("DEALLOCATE ALL")}, 0},
		"a SET and a query":    {[]message{query("SET LOCAL lock_timeout = 1; UPDATE t SET v = 1")}, 1},
		"an execution":         {prepared("UPDATE t SET v = 1"), 1},
		"a SET, executed":      {prepared("SET lock_timeout = 1"), 0},
		"no more than a Parse": {[]message{&pgproto3.Parse{Name: "a", Query: "SELECT 1"}, &pgproto3.Describe{ObjectType: 'S', Name: "a"}, &pgproto3.Sync{}}, 0},
		"twice in a round":     {append(prepared("SELECT 1")[:4], prepared("SELECT 2")...), 2},
		"of what is unknown":   {[]message{&pgproto3.Execute{Portal: "cursor"}, &pgproto3.Sync{}}, 1},
		"a function":           {[]message{&pgproto3.FunctionCall{}}, 1},
		"a COPY":               {[]message{query("COPY t FROM STDIN"), &pgproto3.CopyData{Data: []byte("1\n")}, &pgproto3.CopyDone{}}, 1},
		"nobody stays":         {[]message{&pgproto3.PasswordMessage{Password: "secret"}, &pgproto3.Terminate{}}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			sent := append(startup(t), encoded(t, tt.sent...)...)
			met := fault(t, "postgres_error", 1, `{'sqlstate':'40001','when':'after','match':{'statement':'any'}}`)
			for _, faults := range [][]*Fault{nil, {met}} {
				for _, size := range []int{1, 1 << 16} {
					calls := 0
					f := faultset.NewSet[*Rule](1)
					f.Replace(faults)
					s := NewSession(Options{
						Context: context.Background(), Faults: f, CountCall: func() { calls++ }, SpareConnection: func() { t.Error("it is spared") },
						Client: sides{pieces(sent, size), io.Discard}, Upstream: sides{strings.NewReader(""), new(bytes.Buffer)},
					})
					if err := s.Requests(); !errors.Is(err, io.EOF) || calls != tt.want {
						t.Errorf("in pieces of %d, %d faults: %d calls, want %d (%v)", size, len(faults), calls, tt.want, err)
					}
				}
			}
		})
	}
}

// A connection that cancels, and one that a client leaves because there is no
// encryption, are no attempt to call.
func TestConnectionsForNoCall(t *testing.T) {
	t.Parallel()
	ask := encoded(t, &pgproto3.SSLRequest{})
	for name, tt := range map[string]struct {
		sent []byte
		want int
	}{
		"a cancellation":            {encoded(t, &pgproto3.CancelRequest{ProcessID: 1, SecretKey: []byte("abcd")}), 1},
		"no encryption, so no":      {ask, 1},
		"twice, and so no":          {append(encoded(t, &pgproto3.GSSEncRequest{}), ask...), 1},
		"no encryption, never mind": {append(ask, startup(t)...), 0},
		"nothing":                   {nil, 0},
		"something else":            {[]byte("GET / HTTP/1.1\r\n\r\n"), 0},
	} {
		spared := 0
		s := NewSession(Options{
			Context: context.Background(), Faults: faultset.NewSet[*Rule](1), CountCall: func() { t.Error("it is a call") }, SpareConnection: func() { spared++ },
			Client: sides{pieces(tt.sent, 3), io.Discard}, Upstream: sides{strings.NewReader(""), io.Discard},
		})
		if err := s.Requests(); !errors.Is(err, io.EOF) || spared != tt.want {
			t.Errorf("%s: spared %d times, want %d (%v)", name, spared, tt.want, err)
		}
	}
}
