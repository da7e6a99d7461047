package check

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// What a database sends for one check is bounded over all its connections, and renewed
// for the next check.
func TestDatabasesSendNoMoreThanAllowed(t *testing.T) {
	t.Parallel()
	a := &allowance{}
	dial := a.bound(func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		go func() {
			for err := error(nil); err == nil; { // until the test closes its end
				_, err = theirs.Write(make([]byte, 1<<20))
			}
		}()
		return ours, nil
	})
	for range 2 {
		a.renew()
		read := int64(0)
		for range 2 {
			c, err := dial(t.Context(), "tcp", "127.0.0.1:1")
			if err != nil {
				t.Fatal(err)
			}
			n, err := io.Copy(io.Discard, io.LimitReader(c, maxAnswer*3/4))
			read += n
			if spent := read >= maxAnswer*3/4 && err != nil; spent != a.spent() || spent && !errors.Is(err, errTooMuch) {
				t.Errorf("%d bytes read, spent %t: %v", read, a.spent(), err)
			}
			_ = c.Close()
		}
		if read > maxAnswer || !a.spent() {
			t.Errorf("%d bytes could be read for one check, at most %d are allowed", read, maxAnswer)
		}
	}
}

// The length that a message of PostgreSQL announces reserves no more than allowed.
func TestAnnouncedMessagesAreBounded(t *testing.T) {
	t.Parallel()
	config, err := pgx.ParseConfig("postgres://127.0.0.1/x")
	if err != nil {
		t.Fatal(err)
	}
	for announced, refused := range map[string]bool{"D\x00\x00\x00\x06\x00\x00": false, "D\x3f\xff\xff\xff\x00\x00": true, "D\x00\x90\x00\x00\x00\x00": true} {
		build := boundMessages(config.BuildFrontend)
		_, err := build(strings.NewReader(announced), io.Discard).Receive()
		if refused != (err != nil && strings.Contains(err.Error(), "at most")) || !refused && err != nil {
			t.Errorf("a message that begins with %q: %v", announced, err)
		}
	}
}

// Queries whose rows are too large say nothing about the data.
func TestRowsAreBounded(t *testing.T) {
	t.Parallel()
	queries := map[string][]string{
		"sqlite":   {"SELECT hex(zeroblob(10000000))", "SELECT zeroblob(900000000)"},
		"postgres": {"SELECT repeat('x', 9000000)", "SELECT repeat('x', 100000) FROM generate_series(1, 300)"},
		"mysql":    {"SELECT repeat('x', 15000000), repeat('x', 15000000)", "SELECT repeat('x', 100000) FROM seq_1_to_300"},
	}
	for name, start := range tills(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := start(t)
			for _, query := range queries[name] {
				if got := b.ask(t, query); got.Error == "" || got.Violations != 0 || strings.Contains(got.Error, "no answer within") {
					t.Errorf("%s: %+v, want an error about its size", query, got)
				}
			}
		})
	}
}
