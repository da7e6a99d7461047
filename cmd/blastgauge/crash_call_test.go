package main

import (
	"context"
	"io"
	"log"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Ways to die in the middle of a call that changes something on the server. What
// was sent arrives all the same: at once, when the guard is at work already, or
// when it has finished.
var callDeaths = map[string]time.Duration{"ANSWER": 0, "CALL": 100 * time.Millisecond, "LATE CALL": time.Second}

// callCases are the cases of one kind of fault whose run makes n such calls.
func callCases(server string, f crashFault, n int) []victim {
	var list []victim
	for call := 1; call <= n; call++ {
		for _, death := range slices.Sorted(maps.Keys(callDeaths)) {
			v := victim{server, f, death, call}
			if v.wanted() {
				list = append(list, v)
			}
		}
	}
	return list
}

// RENEWAL is death while the run renews its lease, which arrives when the guard has
// ended it: a server of ours must not be held for nobody then.
const renewal = "RENEWAL"

// renewalCase is the only case of it, as no other run lives to renew anything.
func renewalCase() []victim {
	v := victim{"ours", crashFault{name: "latency", faults: "{inject: latency, into: shop, latency: 20ms}", phase: "4s"}, renewal, 1}
	if !v.wanted() {
		return nil
	}
	return []victim{v}
}

// A between stands between a victim and its server and brings death in the middle
// of a call. Calls count from the first that concerns a fault.
type between struct {
	*httptest.Server
	c      *crashCase
	target http.Handler
	// document is where the system finds the one that it reads when it is told.
	document string

	mu       sync.Mutex
	calls    int
	killed   time.Time
	landed   sync.WaitGroup // of what was sent before the death
	met      chan struct{}  // closed when the process is known
	let      chan struct{}  // closed when somebody else has ended the lease
	letGo    sync.Once
	has      map[string]string // the config that the system read last
	poisoned int               // how often it was a bad one
	deaf     atomic.Bool       // the system reads nothing
	run      *os.Process
}

func newBetween(c *crashCase) *between {
	b := &between{c: c, met: make(chan struct{}), let: make(chan struct{}), has: map[string]string{}}
	target, _ := url.Parse(c.url) // the server gave it
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.ErrorLog = log.New(io.Discard, "", 0)
	mux := http.NewServeMux()
	mux.Handle("/", proxy)
	mux.HandleFunc("POST /reload/{what}", b.reload)
	b.target = mux
	b.Server = httptest.NewServer(b)
	return b
}

// meet tells whom to kill.
func (b *between) meet(run *os.Process) {
	b.run = run
	close(b.met)
}

func (b *between) death() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.killed
}

func (b *between) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !b.due(r) {
		b.target.ServeHTTP(w, r)
		if r.Method == http.MethodDelete && strings.HasPrefix(r.URL.Path, "/blastgauge/leases/") {
			b.letGo.Do(func() { close(b.let) })
		}
		return
	}
	defer b.landed.Done()
	r = r.WithContext(context.WithoutCancel(r.Context())) // the caller goes, the call does not
	if b.c.death == "ANSWER" {
		b.target.ServeHTTP(httptest.NewRecorder(), r)
		b.kill()
		panic(http.ErrAbortHandler)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	r.Body = io.NopCloser(strings.NewReader(string(body)))
	b.kill()
	if b.c.death == renewal {
		select {
		case <-b.let:
		case <-time.After(10 * time.Second): // which nobody did
		}
	}
	time.Sleep(callDeaths[b.c.death])
	b.target.ServeHTTP(httptest.NewRecorder(), r)
}

// due counts calls and reports whether this is the one.
func (b *between) due(r *http.Request) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	aboutFault := strings.Contains(r.URL.Path, "/toxics") || strings.HasPrefix(r.URL.Path, "/reload/") || r.URL.Path == "/proxies/shop" || r.URL.Path == "/proxies/other"
	if r.Method == http.MethodGet || b.calls == 0 && !aboutFault || !b.killed.IsZero() {
		return false
	}
	b.calls++
	_, fatal := callDeaths[b.c.death]
	renews := r.Method == http.MethodPost && r.URL.Path == "/blastgauge/leases"
	if fatal && b.calls == b.c.event || b.c.death == renewal && renews {
		b.killed = time.Now()
		b.landed.Add(1)
		return true
	}
	return false
}

func (b *between) kill() {
	<-b.met
	b.run.Kill()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.killed = time.Now()
}
