package run_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/run"
	"github.com/blastgauge/blastgauge/experiments/run/systemtest"
)

// A cache keeps bad config after the fault is gone. Recovery is not over before the
// system serves the good value again, and the system itself says when that is.
func TestRecoveryWaitsForAPoisonedCache(t *testing.T) {
	t.Parallel()
	shop := &staleShop{client: systemtest.Client(2 * time.Second)}
	s, err := systemtest.Start(t.TempDir(), systemtest.Options{
		Backend: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `{"price": 5}`) // a client that left does not read it
		}),
		Entry: shop.entry, Rate: "25/s", Expect: `{json: {"$.price": 5}}`,
		Faults:    "{inject: http_config, into: backend, scale: {path: /price, by: 100}}",
		SlowAfter: "2s", Timeout: "4s", Limits: "{blast_radius: 20%, baseline: 100%}",
		Phases: "{warmup: 100ms, baseline: 1500ms, fault: 5s, recovery: 7s}",
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	out, err := perform(t, s, run.Options{})
	if err != nil {
		t.Fatal(err)
	}
	e := out.Result.Experiments[0]
	if len(e.Faults) != 1 || e.Faults[0].Exercised.Grade != result.GradeCounted || !e.Faults[0].RemovalVerified || e.Recovery == nil {
		t.Fatalf("%s: %q; recovery %+v", e.Verdict, e.Reasons, e.Recovery)
	}
	last := shop.lastBad().Sub(e.Faults[0].Removed)
	if last < cacheAge/2 {
		t.Fatalf("the cache was bad for %v after the removal: it proves nothing", last)
	}
	// Recovery counts journeys by their intended start, the shop by its answers,
	// which a busy machine delays.
	if back := time.Duration(e.Recovery.Seconds * float64(time.Second)); back < last-cacheAge/2 {
		t.Errorf("recovery is said to be over after %v, and the bad value was served for %v", back, last)
	}
	if len(e.Faults[0].Documents) != 1 || e.Faults[0].Documents[0].Fetched != e.Faults[0].Exercised.Met {
		t.Errorf("documents: %+v, met %d", e.Faults[0].Documents, e.Faults[0].Exercised.Met)
	}
}

// cacheAge is how old the config is that the shop works with.
const cacheAge = 3 * time.Second

// A staleShop works with the config that it read a while ago, good or bad.
type staleShop struct {
	client *http.Client

	mu      sync.Mutex
	read    []reading // in the order of time; the first is in use
	answers time.Time // when a wrong price was answered last
}

type reading struct {
	price json.Number
	at    time.Time
}

func (s *staleShop) entry(config string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		var doc struct{ Price json.Number }
		resp, err := s.client.Get(config)
		if err == nil {
			err = json.NewDecoder(resp.Body).Decode(&doc)
			resp.Body.Close()
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		fmt.Fprintf(w, `{"price": %s}`, s.use(doc.Price))
	})
}

// use keeps what was read and returns the price to work with.
func (s *staleShop) use(price json.Number) json.Number {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.read = append(s.read, reading{price, time.Now()})
	for len(s.read) > 1 && time.Since(s.read[1].at) > cacheAge {
		s.read = s.read[1:]
	}
	if s.read[0].price != "5" {
		s.answers = time.Now()
	}
	return s.read[0].price
}

func (s *staleShop) lastBad() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.answers
}
