package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/live"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/injectors/proxy"
)

// A fifth of a dependency's answers are 503, behind a service that does not try
// again, for three seconds at 50 journeys per second. Every run has to refute a
// limit of 5 %, and to know by how much: 19 of 20 intervals should hold the share
// that the service itself counted.
//
//	BLASTGAUGE_TRIALS=20 go test ./cmd/blastgauge -run OneInFive -v
func TestOneInFive(t *testing.T) {
	trials, err := strconv.Atoi(os.Getenv("BLASTGAUGE_TRIALS"))
	if err != nil {
		t.Skip("BLASTGAUGE_TRIALS says how often")
	}
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	refuted, known := 0, 0
	for i := range trials {
		counter, e := tryOnce(t, i)
		for again := 0; e.Verdict == result.Invalid && again < 2; again++ { // other work on the machine
			t.Logf("run %2d: %q: once more", i, e.Reasons)
			counter, e = tryOnce(t, i)
		}
		counted := counter.share()
		b := e.BlastRadius
		if b == nil {
			t.Errorf("run %d: %s: %q", i, e.Verdict, e.Reasons)
			continue
		}
		if e.Verdict == result.Refuted {
			refuted++
		}
		if b.Low <= counted && counted <= b.High {
			known++
		}
		t.Logf("run %2d: %s, %4.1f %% (%4.1f to %4.1f); the service counted %4.1f %%; %d of %d answers were the fault's",
			i, e.Verdict, 100*b.Estimate, 100*b.Low, 100*b.High, 100*counted, e.Faults[0].Exercised.Met, e.Faults[0].Exercised.Of)
	}
	t.Logf("refuted %d of %d; the counted share within the interval %d times", refuted, trials, known)
	if refuted < trials || known < trials*17/20 {
		t.Error("a fifth of all answers is not known for what it is")
	}
}

func tryOnce(t *testing.T, i int) (*counter, result.Experiment) {
	t.Helper()
	c := newCounter(t, uint64(i))
	return c, c.try(t)
}

// A counter is a service that sells, and counts how often it cannot while its
// dependency answers 503.
type counter struct {
	file         string
	sold, spoilt atomic.Int64
}

const counterSystem = `version: 1
system: counter
environment: staging
toxiproxy: %s
url: %s
dependencies:
  payments: {proxy: payments}
journeys:
  buy: {rate: 50/s, slow_after: 300ms, timeout: 1s, steps: [{name: pay, request: POST /}]}
defaults:
  phases: {warmup: 200ms, baseline: 1500ms, fault: 3s, recovery: 500ms}
  limits: {blast_radius: 5%%}
`

const counterExperiment = `version: 1
experiment: one-in-five
hypothesis: Customers notice nothing.
faults: [{inject: http_error, into: payments, status: 503, share: 20%}]
`

func newCounter(t *testing.T, seed uint64) *counter {
	t.Helper()
	payments := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("paid")) }))
	t.Cleanup(payments.Close)
	server, err := proxy.Start(proxy.Options{Version: "trial", Seed: seed})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	free.Close()
	if err := server.Populate(fmt.Appendf(nil, `[{"name":"payments","listen":%q,"upstream":%q,"enabled":true}]`, address, payments.URL)); err != nil {
		t.Fatal(err)
	}
	c := &counter{file: filepath.Join(t.TempDir(), "blastgauge.yaml")}
	service := httptest.NewServer(c.selling("http://" + address))
	t.Cleanup(service.Close)
	if err := os.Mkdir(filepath.Join(filepath.Dir(c.file), "experiments"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		c.file: fmt.Sprintf(counterSystem, server.URL(), service.URL),
		filepath.Join(filepath.Dir(c.file), "experiments", "one-in-five.yaml"): counterExperiment,
	} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// selling asks once and passes on what it is told. It begins to count with the
// first failure and leaves out what comes after the last.
func (c *counter) selling(payments string) http.HandlerFunc {
	var since atomic.Int64
	return func(w http.ResponseWriter, _ *http.Request) {
		answer, err := http.Post(payments, "text/plain", nil)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		answer.Body.Close()
		since.Add(1)
		if answer.StatusCode != http.StatusOK {
			c.spoilt.Add(1)
			c.sold.Add(since.Swap(0))
		} else if c.spoilt.Load() == 0 {
			since.Store(0)
		}
		w.WriteHeader(answer.StatusCode)
	}
}

func (c *counter) share() float64 { return float64(c.spoilt.Load()) / float64(c.sold.Load()) }

func (c *counter) try(t *testing.T) result.Experiment {
	t.Helper()
	a := &app{stdout: io.Discard, stderr: io.Discard, getenv: os.LookupEnv}
	o := runOptions{selection: selection{file: c.file}, out: filepath.Join(filepath.Dir(c.file), "run")}
	p, err := o.plan(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	r, _, err := a.perform(context.Background(), p, o, func(*plan.Plan) live.View { return live.Silent{} })
	if err != nil || r == nil {
		t.Fatalf("%v, %v", r, err)
	}
	return r.Experiments[0]
}
