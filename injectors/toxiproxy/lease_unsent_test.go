package toxiproxy

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"
)

// A run believes in its lock no longer than the others do: a look at a server that does not
// answer prolongs nothing.
func TestALockOfAServerOutOfReachIsLostInTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		began, lostAt := time.Now(), time.Duration(0)
		d := New(Options{
			URL:  "http://127.0.0.1:1",
			Dial: func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("no route") },
			Lost: func(error) { lostAt = time.Since(began) },
		})
		d.renew(t.Context(), t.Context(), &lock{d: d, run: "r", wrote: began})
		if most := lockFor + lookEvery; lostAt == 0 || lostAt > most {
			t.Errorf("lost after %s, want at most %s", lostAt, most)
		}
	})
}

// A lease that the server cannot have heard of is not prolonged: its faults have ended by
// the time that was known before.
func TestARequestWithoutAConnectionProlongsNothing(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		dial  func(ctx context.Context) (net.Conn, error)
		noted bool
	}{
		"refused": {func(context.Context) (net.Conn, error) { return nil, errors.New("refused") }, false},
		"nobody answers": {func(context.Context) (net.Conn, error) {
			time.Sleep(time.Minute)
			return nil, errors.New("no route")
		}, false},
		"it may have arrived": {func(context.Context) (net.Conn, error) {
			ours, theirs := net.Pipe()
			go func() { _, _ = io.Copy(io.Discard, theirs) }()
			return ours, nil
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := New(Options{URL: "http://127.0.0.1:1", Dial: func(ctx context.Context, _, _ string) (net.Conn, error) { return tt.dial(ctx) }})
				ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second) // in which one renewal is tried
				defer cancel()
				d.renew(ctx, t.Context(), &proxyLease{d: d, run: "r"})
				if _, noted := d.Lapses(); noted != tt.noted {
					t.Errorf("it is noted: %t", noted)
				}
				time.Sleep(2 * time.Minute) // for the dial, which outlives its request
			})
		})
	}
}
