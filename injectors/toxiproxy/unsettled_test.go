package toxiproxy_test

import (
	"encoding/json"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/blastgauge/blastgauge/injectors/toxiproxy"
)

// A server that answers an injection with anything but the API's own words may
// still carry it out. Then Revert looks twice; after a clear no, once is enough.
func TestAnInjectionThatWasGivenUpIsLookedForAgain(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		answer http.HandlerFunc
		looks  int
	}{
		"the server gave up":       {page(503, "<html><head><title>Timeout</title></head></html>"), 2},
		"a gateway gave up":        {page(504, "upstream timed out"), 2},
		"the connection died":      {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, 2},
		"the API refused":          {page(400, `{"error": "bad request body", "status": 400}`), 1},
		"the API had a problem":    {page(500, `{"error": "internal", "status": 500}`), 1},
		"a gateway lets nobody in": {page(403, "forbidden"), 1},
	} {
		t.Run(name, func(t *testing.T) {
			var mu sync.Mutex
			deleted := 0
			d, _ := served(t, toxiproxy.Options{}, func(w http.ResponseWriter, r *http.Request) {
				switch {
				case r.URL.Path == "/version":
					page(200, `{"version": "2.12.0"}`)(w, r)
				case r.Method == "POST":
					tt.answer(w, r)
				case r.Method == "DELETE":
					mu.Lock()
					defer mu.Unlock()
					deleted++
					page(404, `{"error": "toxic not found", "status": 404}`)(w, r)
				case r.URL.Path == "/proxies":
					page(200, `{"payments": {"name": "payments", "enabled": true, "toxics": []}}`)(w, r)
				default:
					page(200, `{"name": "payments", "enabled": true, "toxics": []}`)(w, r)
				}
			})
			f := latencyOn("payments", "1")
			if err := d.Inject(t.Context(), f); err == nil {
				t.Fatal("Inject() = nil, want an error")
			}
			if err := d.Revert(t.Context(), f); err != nil {
				t.Fatal(err)
			}
			if deleted != tt.looks {
				t.Errorf("Revert() looked %d times, want %d", deleted, tt.looks)
			}
			if err := d.Revert(t.Context(), f); err != nil || deleted != tt.looks+1 {
				t.Errorf("a second Revert() = %v after %d looks, want it settled", err, deleted)
			}
		})
	}
}

// Down closes a stock proxy's port, and another process may take it. Then down is
// not over, and Revert says so, until the port is free again.
func TestDownIsNotOverWhileThePortIsTaken(t *testing.T) {
	t.Parallel()
	url := stockServer(t)
	d := toxiproxy.New(toxiproxy.Options{URL: url})
	f := latencyOn("payments", "1")
	f.Inject, f.Attributes = "down", nil
	if err := d.Create(t.Context(), f.Proxy, "127.0.0.1:0", "127.0.0.1:1"); err != nil {
		t.Fatal(err)
	}
	if err := d.Inject(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	var p struct{ Listen string }
	if err := json.Unmarshal(send(t, "GET", url+"/proxies/"+f.Proxy, ""), &p); err != nil {
		t.Fatal(err)
	}
	squatter, err := net.Listen("tcp", p.Listen)
	if err != nil {
		t.Fatal(err)
	}
	defer squatter.Close()
	if err := d.Revert(t.Context(), f); err == nil || !strings.Contains(err.Error(), "address already in use") {
		t.Errorf("Revert() while the port is taken = %v, want it to say so", err)
	}
	if e, err := d.Check(t.Context(), f); err != nil || !e.Present {
		t.Errorf("Check() while the port is taken = %+v, %v, want it present", e, err)
	}
	squatter.Close()
	if err := d.Revert(t.Context(), f); err != nil {
		t.Errorf("Revert() once the port is free = %v", err)
	}
	if e, err := d.Check(t.Context(), f); err != nil || e.Present {
		t.Errorf("Check() after the removal = %+v, %v", e, err)
	}
}
