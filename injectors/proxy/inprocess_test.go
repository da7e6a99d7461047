package proxy_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/injectors/proxy"
)

// What the API does can be done from Go, on a server without a port.
func TestWithoutAnAPI(t *testing.T) {
	t.Parallel()
	s := proxy.New(proxy.Options{})
	t.Cleanup(func() {
		for range 2 { // as often as one likes
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}
	})
	if err := s.Populate([]byte(`[{"name":"web","listen":"127.0.0.1:0","upstream":"http://` + shop(t) + `"}]`)); err != nil {
		t.Fatal(err)
	}
	toxic := []byte(`{"name":"broken","type":"http_error","attributes":{"status":503,"match":{"path":"/"}}}`)
	if err := s.AddToxic("web", toxic); err != nil {
		t.Fatal(err)
	}
	address := s.Status()[0].Listen
	if err := buy(customer(t), address); err == nil || !strings.Contains(err.Error(), "503") {
		t.Errorf("under http_error: %v", err)
	}
	for body, says := range map[string]string{
		string(toxic):                               "toxic already exists",
		`{"type":"http_error"}`:                     "http_error needs status",
		`{"type":"redis_empty"}`:                    "redis_empty acts on requests of redis",
		`{"type":"latency","attributes":{"lag":1}}`: `latency has no attribute "lag"`,
	} {
		if err := s.AddToxic("web", []byte(body)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %s", body, err, says)
		}
	}
	if now := s.Status()[0].Toxics; len(now) != 1 || now[0].Met != 1 {
		t.Errorf("what was refused has changed something: %+v", now)
	}
	last, err := s.RemoveToxic("web", "broken")
	if err != nil || last.Met != 1 || last.Of != 1 || last.Seen != 1 {
		t.Errorf("removed: %+v, %v", last, err)
	}
	if err := buy(customer(t), address); err != nil {
		t.Errorf("afterwards: %v", err)
	}
	if _, err := s.RemoveToxic("web", "broken"); err == nil {
		t.Error("removed twice")
	}
	if err := s.AddToxic("none", toxic); err == nil {
		t.Error("a proxy that is not there has a toxic")
	}
}

// Who reads to the end of a stream that limit_data cut short has met it, also where the
// upstream had no more to say.
func TestLimitDataOfAnUpstreamThatEnds(t *testing.T) {
	t.Parallel()
	s := proxy.New(proxy.Options{})
	t.Cleanup(func() { _ = s.Close() })
	greets := one(t, func(c *net.TCPConn) {
		io.WriteString(c, "hello")
		c.Close()
	})
	if err := s.Populate([]byte(`[{"name":"x","listen":"127.0.0.1:0","upstream":"` + greets + `"}]`)); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ limit, met, get string }{{"1", "1", "h"}, {"0", "1", ""}, {"4", "1", "hell"}, {"6", "0", "hello"}} {
		for range 50 {
			if err := s.AddToxic("x", []byte(`{"name":"cut","type":"limit_data","attributes":{"bytes":`+tt.limit+`}}`)); err != nil {
				t.Fatal(err)
			}
			now, err := s.Proxy("x")
			if err != nil {
				t.Fatal(err)
			}
			got := readAll(t, now.Listen)
			last, err := s.RemoveToxic("x", "cut")
			if err != nil || fmt.Sprint(last.Met) != tt.met || got != tt.get {
				t.Fatalf("limit %s: %q, met by %d, %v, want %q and %s", tt.limit, got, last.Met, err, tt.get, tt.met)
			}
		}
	}
}

func readAll(t *testing.T, address string) string {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(soon))
	text, _ := io.ReadAll(c) // the connection may be reset, once everything is read
	return string(text)
}

// What is not there, and what has ended, is told apart from mistakes.
func TestNotFound(t *testing.T) {
	t.Parallel()
	s := proxy.New(proxy.Options{})
	if err := s.Populate([]byte(`[{"name":"web","listen":"127.0.0.1:0","upstream":"127.0.0.1:1"}]`)); err != nil {
		t.Fatal(err)
	}
	if now, err := s.Proxy("web"); err != nil || now.Name != "web" || !now.Enabled {
		t.Errorf("%+v, %v", now, err)
	}
	_, noProxy := s.Proxy("shop")
	_, noToxic := s.RemoveToxic("web", "slow")
	for _, err := range []error{noProxy, noToxic, s.AddToxic("shop", []byte(`{"type":"down"}`))} {
		if !errors.Is(err, proxy.ErrNotFound) {
			t.Errorf("%v", err)
		}
	}
	if err := s.AddToxic("web", []byte(`{"type":"lag"}`)); err == nil || errors.Is(err, proxy.ErrNotFound) {
		t.Errorf("a mistake: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.AddToxic("web", []byte(`{"type":"down"}`)); err == nil {
		t.Error("a server that has ended takes a toxic")
	}
}

// A handler that somebody else serves is for those on this machine alone.
func TestTheHandlerAlone(t *testing.T) {
	t.Parallel()
	s := proxy.New(proxy.Options{})
	t.Cleanup(func() { _ = s.Close() })
	for host, want := range map[string]int{"127.0.0.1:8474": 200, "evil.example": 403} {
		r, w := httptest.NewRequest("GET", "/proxies", nil), httptest.NewRecorder()
		r.Host = host
		if s.Handler().ServeHTTP(w, r); w.Code != want {
			t.Errorf("asked as %s: %d, want %d", host, w.Code, want)
		}
	}
}
