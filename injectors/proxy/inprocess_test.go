package proxy_test

import (
	"net/http/httptest"
	"strings"
	"testing"

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
