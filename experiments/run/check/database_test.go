package check

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/run/journey"
)

// postgresWithoutTLS is a server that has no TLS and refuses every login with an error
// of a code.
func postgresWithoutTLS(t *testing.T, code, message string) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	refuse := func(c net.Conn) {
		defer c.Close()
		for {
			head := make([]byte, 8)
			if _, err := io.ReadFull(c, head); err != nil {
				return
			}
			if _, err := io.CopyN(io.Discard, c, int64(binary.BigEndian.Uint32(head))-8); err != nil {
				return
			}
			if binary.BigEndian.Uint32(head[4:]) != 80877103 { // SSLRequest
				break
			}
			if _, err := c.Write([]byte("N")); err != nil {
				return
			}
		}
		fields := "SFATAL\x00VFATAL\x00C" + code + "\x00M" + message + "\x00\x00"
		_, _ = c.Write(append(binary.BigEndian.AppendUint32([]byte("E"), uint32(4+len(fields))), fields...))
	}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go refuse(c)
		}
	}()
	return l.Addr().String()
}

// A login that fails is told in the server's own words, and not in those of the
// attempt with TLS before it.
func TestADatabaseIsToldInItsOwnWords(t *testing.T) {
	t.Parallel()
	for code, message := range map[string]string{
		"28P01": `password authentication failed for user "shop"`,
		"3D000": `database "shop" does not exist`,
		"28000": `role "shop" is not permitted to log in`,
		"53300": "sorry, too many clients already",
	} {
		for _, mode := range []string{"", "?sslmode=prefer", "?sslmode=allow", "?sslmode=disable"} {
			address := postgresWithoutTLS(t, code, message)
			facts := journey.Facts{Env: func(string) (string, bool) {
				return "postgres://shop:" + url.QueryEscape(canary) + "@" + address + "/shop" + mode, true
			}}
			r := Once(t.Context(), &experiments.System{}, experiments.Invariant{DSN: "${env:DSN}", SQL: "SELECT 1"}, facts, nil, nil)
			if !strings.Contains(r.Error, message) || strings.Contains(strings.ToLower(r.Error), "tls") || !strings.Contains(r.Error, address) {
				t.Errorf("%s %s: %q", code, mode, r.Error)
			}
		}
	}
}

// An error says of what class it is: a host that is not allowed ends a run otherwise
// than a database that is down.
func TestAHostThatIsNotAllowedIsKnown(t *testing.T) {
	t.Parallel()
	dsn := func(text string) journey.Facts {
		return journey.Facts{Env: func(string) (string, bool) { return text, true }}
	}
	sql := experiments.Invariant{DSN: "${env:DSN}", SQL: "SELECT 1"}
	for name, tt := range map[string]struct {
		inv   experiments.Invariant
		facts journey.Facts
		want  bool
	}{
		"postgres":      {sql, dsn("postgres://shop@192.0.2.1/shop"), true},
		"mysql":         {sql, dsn("mysql://shop@192.0.2.1:3306/shop"), true},
		"request":       {experiments.Invariant{Request: experiments.Request{Target: "http://192.0.2.1/"}}, journey.Facts{}, true},
		"nobody there":  {sql, dsn("postgres://shop@" + closed + "/shop"), false},
		"nobody either": {experiments.Invariant{Request: experiments.Request{Target: "http://" + closed}}, journey.Facts{}, false},
	} {
		r := Once(t.Context(), &experiments.System{URL: "http://127.0.0.1"}, tt.inv, tt.facts, nil, nil)
		if r.Error == "" || errors.Is(r.Err, experiments.ErrRefused) != tt.want {
			t.Errorf("%s: %q, of class %v", name, r.Error, r.Err)
		}
	}
}

// One look takes no time to settle.
func TestOnceLooksOnce(t *testing.T) {
	t.Parallel()
	begun := time.Now()
	r := Once(t.Context(), &experiments.System{}, experiments.Invariant{Name: "x", Command: []string{"sh", "-c", "echo key; exit 1"}, Within: time.Hour}, journey.Facts{}, nil, nil)
	if r.Holds || r.Error != "" || r.Invariant != "x" || len(r.All) != 1 || time.Since(begun) > time.Minute {
		t.Errorf("%+v after %s", r, time.Since(begun))
	}
}
