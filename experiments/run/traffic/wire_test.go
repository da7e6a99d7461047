package traffic

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/run/journey/journeytest"
)

// observeSome runs traffic over real sockets until n journeys have ended. Those in
// flight end as well.
func observeSome(t *testing.T, traffic *Traffic, n int) []journal.Observation {
	t.Helper()
	var list []journal.Observation
	traffic.Run(t.Context(), func(o journal.Observation) {
		if list = append(list, o); len(list) == n {
			traffic.Stop()
		}
	})
	return list
}

// Over real sockets: Run leaves a system that hangs at once, and leaves nothing
// behind. The test counts goroutines, so that it does not run in parallel.
func TestCancelLeavesAHangingSystem(t *testing.T) {
	before := runtime.NumGoroutine()
	var open atomic.Int64
	hang := journeytest.Listen(t, func(c *net.TCPConn) {
		open.Add(1)
		defer open.Add(-1)
		_, _ = io.Copy(io.Discard, c)
	})
	fine := journeytest.Listen(t, journeytest.Reply("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))
	p := aPlan(func(p *plan.Plan) {
		p.System.URL, p.System.ControlURL = hang, fine
		j := &p.Experiments[0].Journeys[0]
		j.Rate, j.SlowAfter, j.Timeout = 400, time.Minute, 2*time.Minute // a machine that stands still is no harm
	})
	traffic, err := New(Options{Plan: p})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	enough := make(chan struct{}, 1)
	ok := 0
	wg.Go(func() {
		traffic.Run(ctx, func(o journal.Observation) {
			if o.Arm == plan.FaultArm || o.Outcome != journal.OK {
				t.Errorf("observed %+v, want only journeys of the control, all ok", o)
			}
			if ok++; ok == 50 {
				enough <- struct{}{}
			}
		})
	})
	select {
	case <-enough:
	case <-time.After(time.Minute):
		t.Error("50 journeys took too long")
	}
	cancel()
	begun := time.Now()
	wg.Wait()
	if took := time.Since(begun); took > 20*time.Second {
		t.Errorf("Run() returned %v after the end of its context", took)
	}
	for _, c := range traffic.clients {
		if n := c.Connections(); n != 0 {
			t.Errorf("%d connections left open", n)
		}
	}
	// The two servers have an accepting goroutine each.
	for deadline := time.Now().Add(time.Minute); runtime.NumGoroutine() > before+2 || open.Load() > 0; {
		if time.Now().After(deadline) {
			t.Fatalf("%d goroutines where there were %d, %d connections", runtime.NumGoroutine(), before, open.Load())
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func TestRefusedDialIsKept(t *testing.T) {
	t.Parallel()
	base := journeytest.Listen(t, journeytest.Reply("HTTP/1.1 200 OK\r\nContent-Length: 33\r\n\r\n{\"next\": \"http://192.0.2.1:9/pay\"}"))
	p := aPlan(func(p *plan.Plan) {
		p.System.URL, p.System.ControlURL, p.Experiments[0].Control = base, "", plan.Baseline
		steps := p.Experiments[0].Journeys[0].Steps
		steps[0].Captures = []experiments.Capture{{Name: "next", From: experiments.FromRegex, Expr: `http[^"]*`}}
		steps[1].Request.Target = "${next}"
	})
	traffic, err := New(Options{Plan: p})
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range observeSome(t, traffic, 3) {
		if o.Outcome != journal.Failed || o.Cause != journal.NotAllowed || o.Step != 1 {
			t.Errorf("observed %+v, want failed at step 1", o)
		}
	}
	if err := traffic.Refused(); !errors.Is(err, experiments.ErrRefused) {
		t.Errorf("Refused() = %v, want a refusal", err)
	}
}

// A system that would have a journey take a secret to another host harms the journey, and
// the traffic goes on: no rule of the documents was broken.
func TestARedirectOfASecretIsHarm(t *testing.T) {
	t.Parallel()
	var asked, taken atomic.Int64
	other := serveHTTP(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { taken.Add(1) }))
	base := serveHTTP(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1)%2 == 0 {
			w.Header().Set("Location", other+"/auth")
			w.WriteHeader(http.StatusTemporaryRedirect)
		}
	}))
	p := aPlan(func(p *plan.Plan) {
		p.System.URL, p.System.ControlURL, p.Experiments[0].Control = base, "", plan.Baseline
		j := &p.Experiments[0].Journeys[0]
		j.Steps = []experiments.Step{{Name: "login", Follow: 5, Request: experiments.Request{Method: "POST", Target: "/login", Body: "pw=${env:PW}"}}}
	})
	traffic, err := New(Options{Plan: p, Env: func(string) (string, bool) { return "t0ps3cret", true }})
	if err != nil {
		t.Fatal(err)
	}
	list := observeSome(t, traffic, 10)
	causes, _ := introduced(t, list)
	harmed := 0
	for _, o := range list {
		if !o.Harmed() {
			continue
		}
		harmed++
		if c := causes[o.Why]; o.Outcome != journal.Failed || o.Cause != journal.Redirects || c.Step != "login" || c.Key != journal.SecretBody || c.Example != nil && (c.Example.Status != http.StatusTemporaryRedirect || strings.Contains(fmt.Sprintf("%+v", *c.Example), "t0ps3cret")) {
			t.Errorf("%+v for %+v", c, o)
		}
	}
	if harmed < 4 || harmed == len(list) || taken.Load() > 0 || traffic.Refused() != nil {
		t.Errorf("%d of %d harmed, %d at the other host, refused: %v", harmed, len(list), taken.Load(), traffic.Refused())
	}
}

func TestRequestsCarryTheRun(t *testing.T) {
	t.Parallel()
	var plain, marked atomic.Int64
	handler := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Blastgauge-Run") == "20260101t000000z-abcdef" && r.Host == "shop.test" {
			marked.Add(1)
		} else {
			plain.Add(1)
		}
	})
	p := aPlan(func(p *plan.Plan) {
		p.System.URL, p.System.ControlURL, p.System.Host = serveHTTP(t, handler), serveHTTP(t, handler), "shop.test"
	})
	traffic, err := New(Options{Plan: p})
	if err != nil {
		t.Fatal(err)
	}
	list := observeSome(t, traffic, 4)
	if n := int64(len(list)); marked.Load() != 2*n || plain.Load() != 0 {
		t.Errorf("%d journeys of two steps: %d requests marked, %d not", n, marked.Load(), plain.Load())
	}
}

// serveHTTP serves until the test ends.
func serveHTTP(t *testing.T, h http.Handler) (url string) {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}
