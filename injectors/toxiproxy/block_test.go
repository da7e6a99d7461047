package toxiproxy_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/injectors/injectortest/stock"
	"github.com/blastgauge/blastgauge/injectors/proxy"
	"github.com/blastgauge/blastgauge/injectors/toxiproxy"
)

// bothServers are the URLs of one server of each kind.
func bothServers(t *testing.T) map[string]string {
	t.Helper()
	ours, err := proxy.Start(proxy.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ours.Close() })
	old, err := stock.Start("127.0.0.1:0", stock.OneAtATime)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = old.Close() })
	return map[string]string{"blastgauge": ours.URL(), "stock": old.URL()}
}

func TestABlockIsWhatWasSaid(t *testing.T) {
	t.Parallel()
	for kind, url := range bothServers(t) {
		d := toxiproxy.New(toxiproxy.Options{URL: url})
		if b, err := d.Block(t.Context()); b != nil || err != nil {
			t.Fatalf("%s: Block() = %v, %v before there is one", kind, b, err)
		}
		for _, said := range [][2]string{{"ann", "incident 4711"}, {"team a.b/c", "50% of \"orders\": 1 + 1 = 2? see https://wiki.example/x#y & more"}, {"Łukasz", "支払い"}} {
			if _, err := d.SetBlock(t.Context(), said[0], said[1]); err != nil { // the second one replaces the first
				t.Fatal(kind, err)
			}
			b, err := d.Block(t.Context())
			if err != nil || b == nil || b.By != said[0] || b.Reason != said[1] || time.Since(b.At) > time.Minute {
				t.Errorf("%s: Block() = %+v, %v, want it by %s: %s", kind, b, err, said[0], said[1])
			}
		}
		if b, err := d.Unblock(t.Context()); err != nil || b == nil {
			t.Errorf("%s: Unblock() = %v, %v", kind, b, err)
		}
		if b, err := d.Unblock(t.Context()); b != nil || err != nil {
			t.Errorf("%s: Unblock() = %v, %v once it is lifted", kind, b, err)
		}
	}
}

// A block that is added replaces none, and is lifted only while it is that one.
func TestAnAddedBlock(t *testing.T) {
	t.Parallel()
	for kind, url := range bothServers(t) {
		d := toxiproxy.New(toxiproxy.Options{URL: url})
		mine, added, err := d.AddBlock(t.Context(), "ann", "all runs are stopped")
		if err != nil || !added || mine == nil {
			t.Fatalf("%s: AddBlock() = %v, %t, %v", kind, mine, added, err)
		}
		if b, added, err := d.AddBlock(t.Context(), "bob", "all runs are stopped"); err != nil || added || b == nil || *b != *mine {
			t.Errorf("%s: AddBlock() over another one = %v, %t, %v", kind, b, added, err)
		}
		if _, err := d.SetBlock(t.Context(), "bob", "incident 4711"); err != nil {
			t.Fatal(kind, err)
		}
		if other, err := d.Lift(t.Context(), *mine); err != nil || other == nil || other.By != "bob" {
			t.Errorf("%s: Lift() of one that was replaced = %v, %v", kind, other, err)
		}
		now, err := d.Block(t.Context())
		if err != nil || now == nil || now.By != "bob" {
			t.Fatalf("%s: Block() = %v, %v", kind, now, err)
		}
		for range 2 { // the second time there is none
			if other, err := d.Lift(t.Context(), *now); err != nil || other != nil {
				t.Errorf("%s: Lift() = %v, %v", kind, other, err)
			}
		}
		if b, err := d.Block(t.Context()); b != nil || err != nil {
			t.Errorf("%s: Block() = %v, %v once it is lifted", kind, b, err)
		}
	}
}

// A block that the server could not keep is in force, and SetBlock says both.
func TestABlockThatIsNotKept(t *testing.T) {
	t.Parallel()
	state := filepath.Join(t.TempDir(), "state")
	s, err := proxy.Start(proxy.Options{State: state})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	if err := os.RemoveAll(state); err != nil {
		t.Fatal(err)
	}
	d := toxiproxy.New(toxiproxy.Options{URL: s.URL()})
	if b, err := d.SetBlock(t.Context(), "ann", "incident 4711"); err == nil || b == nil || b.By != "ann" || b.Kept {
		t.Errorf("SetBlock() = %+v, %v, want it in force, and why it is not kept", b, err)
	}
}

// While a server is blocked no run begins there; the error says who, when, why, and what
// lifts it.
func TestNoRunBeginsOnABlockedServer(t *testing.T) {
	t.Parallel()
	for kind, url := range bothServers(t) {
		d := toxiproxy.New(toxiproxy.Options{URL: url})
		if _, err := d.SetBlock(t.Context(), "ann", "incident 4711"); err != nil {
			t.Fatal(kind, err)
		}
		before := everything(t, url)
		_, err := d.Acquire(t.Context(), "run-1")
		b, ok := errors.AsType[*toxiproxy.BlockedError](err)
		if !ok || b.By != "ann" || b.Reason != "incident 4711" || !errors.Is(err, toxiproxy.ErrRefused) || !strings.Contains(err.Error(), "blastgauge stop --unblock --toxiproxy "+url) {
			t.Errorf("%s: Acquire() = %v", kind, err)
		}
		if after := everything(t, url); after != before {
			t.Errorf("%s: a run that was refused left\n%s", kind, after)
		}
		if _, err := d.Unblock(t.Context()); err != nil {
			t.Fatal(kind, err)
		}
		release, err := d.Acquire(t.Context(), "run-1")
		if err != nil {
			t.Fatalf("%s: Acquire() = %v once the block is lifted", kind, err)
		}
		if err := release(t.Context()); err != nil {
			t.Error(kind, err)
		}
	}
}

// A run that goes on learns of a block by itself, and can remove what it injected.
func TestABlockEndsARunThatGoesOn(t *testing.T) {
	t.Parallel()
	for kind, url := range bothServers(t) {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			send(t, "POST", url+"/proxies", `{"name": "payments", "listen": "127.0.0.1:0", "upstream": "127.0.0.1:1", "enabled": true}`)
			lost := make(chan error, 4)
			d := toxiproxy.New(toxiproxy.Options{URL: url, Lost: func(err error) { lost <- err }})
			release, err := d.Acquire(t.Context(), "20261129t120000z-aaaaaa")
			if err != nil {
				t.Fatal(err)
			}
			f := latencyOn("payments", "1")
			f.Name = "blastgauge.20261129t120000z-aaaaaa.1"
			if err := d.Inject(t.Context(), f); err != nil {
				t.Fatal(err)
			}
			if _, err := toxiproxy.New(toxiproxy.Options{URL: url}).SetBlock(t.Context(), "ann", "incident 4711"); err != nil {
				t.Fatal(err)
			}
			if err := d.Inject(t.Context(), latencyOn("payments", "2")); !errors.Is(err, toxiproxy.ErrRefused) {
				t.Errorf("Inject() = %v on a blocked server", err)
			}
			select {
			case err := <-lost:
				if b, ok := errors.AsType[*toxiproxy.BlockedError](err); !ok || b.By != "ann" {
					t.Errorf("the run is told %v", err)
				}
			case <-time.After(30 * time.Second): // a second, on a machine that is not busy
				t.Error("the run is not told")
			}
			if err := d.Revert(t.Context(), f); err != nil {
				t.Errorf("Revert() = %v on a blocked server", err)
			}
			if err := release(context.WithoutCancel(t.Context())); err != nil {
				t.Errorf("release() = %v on a blocked server", err)
			}
			if e, err := d.Check(t.Context(), f); e.Present {
				t.Errorf("the fault is still there: %+v, %v", e, err)
			}
		})
	}
}

// What a server says of a block commands no terminal, has a length, and repeats no token.
func TestAHostileBlock(t *testing.T) {
	t.Parallel()
	const token = "t0ken-of-the-api"
	text, err := json.Marshal("\x1b[2J\u202e" + token + strings.Repeat("x", 1<<20))
	if err != nil {
		t.Fatal(err)
	}
	block := `{"reason":` + string(text) + `,"by":` + string(text) + `,"at":"2026-11-29T12:00:00Z"}`
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/version":
			_, _ = io.WriteString(w, `{"version":"2.12.0","blastgauge":{"version":"1"}}`)
		case r.Method == http.MethodGet:
			_, _ = io.WriteString(w, block)
		default:
			w.WriteHeader(http.StatusLocked)
			_, _ = io.WriteString(w, `{"error":`+string(text[:200])+`","status":423,"block":{"reason":`+string(text[:200])+`","by":"","at":"2026-11-29T12:00:00Z"}}`)
		}
	}))
	t.Cleanup(server.Close)
	d := toxiproxy.New(toxiproxy.Options{URL: server.URL, Token: token})
	_, err = d.Acquire(t.Context(), "run-1")
	refused, ok := errors.AsType[*toxiproxy.BlockedError](err)
	if !ok {
		t.Fatalf("Acquire() = %v", err)
	}
	b, err := d.Block(t.Context())
	if err != nil || b == nil {
		t.Fatalf("Block() = %v, %v", b, err)
	}
	for _, text := range []string{refused.Error(), b.Reason, b.By} {
		if strings.ContainsAny(text, "\x1b\u202e") || strings.Contains(text, token) || len(text) > 1000 {
			t.Errorf("%d bytes: %.300q", len(text), text)
		}
	}
}
