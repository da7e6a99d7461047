package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/run"
	"github.com/blastgauge/blastgauge/injectors/proxy"
)

// A cache keeps bad config after the fault is gone. Recovery is not over before the
// system serves the good value again, which the system itself says when.
func TestRecoveryWaitsForAPoisonedCache(t *testing.T) {
	t.Parallel()
	settings := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `{"price": 5}`) }))
	defer settings.Close()
	server, err := proxy.Start(proxy.Options{Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	free.Close()
	if err := server.Populate(fmt.Appendf(nil, `[{"name":"settings","listen":%q,"upstream":%q,"enabled":true}]`, address, settings.URL)); err != nil {
		t.Fatal(err)
	}
	shop := &late{config: "http://" + address}
	service := httptest.NewServer(shop)
	defer service.Close()
	e := tryPoisoned(t, server.URL(), service.URL)
	if len(e.Faults) != 1 || e.Faults[0].Exercised.Grade != result.GradeCounted || !e.Faults[0].RemovalVerified || e.Recovery == nil {
		t.Fatalf("%s: %q; recovery %+v", e.Verdict, e.Reasons, e.Recovery)
	}
	last := shop.lastBad().Sub(e.Faults[0].Removed)
	if last < behind/2 {
		t.Fatalf("the cache was bad for %v after the removal: it proves nothing", last)
	}
	// What is served is known at journeys, of which there are 25 in a second.
	if back := time.Duration(e.Recovery.Seconds * float64(time.Second)); back < last-200*time.Millisecond {
		t.Errorf("recovery is said to be over after %v, and the bad value was served for %v", back, last)
	}
	if len(e.Faults[0].Documents) != 1 || e.Faults[0].Documents[0].Fetched != e.Faults[0].Exercised.Met {
		t.Errorf("documents: %+v, met %d", e.Faults[0].Documents, e.Faults[0].Exercised.Met)
	}
}

// behind is how old the config is that the shop works with.
const behind = time.Second

// A late shop has caches in its way: what it works with is what it read a while
// ago, good or bad.
type late struct {
	config string

	mu   sync.Mutex
	seen []sighting // in the order of time; the first is in force
	bad  time.Time  // when a wrong price was answered last
}

type sighting struct {
	price json.Number
	at    time.Time
}

func (l *late) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var doc struct{ Price json.Number }
	res, err := http.Get(l.config)
	if err == nil {
		err = json.NewDecoder(res.Body).Decode(&doc)
		res.Body.Close()
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seen = append(l.seen, sighting{doc.Price, time.Now()})
	for len(l.seen) > 1 && time.Since(l.seen[1].at) > behind {
		l.seen = l.seen[1:]
	}
	price := l.seen[0].price
	if price != "5" {
		l.bad = time.Now()
	}
	fmt.Fprintf(w, `{"price": %s}`, price)
}

func (l *late) lastBad() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.bad
}

const poisonedSystem = `version: 1
system: cache
environment: staging
toxiproxy: %s
url: %s
dependencies:
  settings: {proxy: settings}
journeys:
  look: {rate: 25/s, slow_after: 500ms, timeout: 1s, steps: [{name: price, request: GET /, expect: {json: {"$.price": 5}}}]}
defaults:
  phases: {warmup: 100ms, baseline: 1500ms, fault: 2s, recovery: 3s}
`

const poisonedExperiment = `version: 1
experiment: poisoned
hypothesis: A wrong price is not kept.
faults: [{inject: http_config, into: settings, scale: {path: /price, by: 100}}]
`

func tryPoisoned(t *testing.T, api, url string) result.Experiment {
	t.Helper()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "experiments"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"blastgauge.yaml":           fmt.Sprintf(poisonedSystem, api, url),
		"experiments/poisoned.yaml": poisonedExperiment,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	a := &app{stdout: io.Discard, stderr: io.Discard, getenv: os.LookupEnv}
	o := runOptions{selection: selection{file: filepath.Join(dir, "blastgauge.yaml")}, out: filepath.Join(dir, "run")}
	loaded, err := o.plan(os.LookupEnv)
	if err != nil {
		t.Fatal(err)
	}
	options, err := a.runOptions(o)
	if err != nil {
		t.Fatal(err)
	}
	options.Embedded = true
	out, err := run.Run(t.Context(), loaded.Plan, options)
	if err != nil || out.Err != nil {
		t.Fatalf("%+v, %v", out, err)
	}
	return out.Result.Experiments[0]
}
