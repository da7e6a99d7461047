package run_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/run"
	"github.com/blastgauge/blastgauge/experiments/run/systemtest"
)

// passing is an entry that passes baggage on to its backend with every call. Of the calls
// that take long no more than pooled may be under way; 0: as many as come. A journey that
// finds no room is turned away, whether it is slow itself or not.
func passing(pooled int) func(string) http.Handler {
	return func(backend string) http.Handler {
		client := systemtest.Client(time.Minute) // a busy machine is no harm
		room := make(chan struct{}, max(1, pooled))
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if pooled > 0 {
				select {
				case room <- struct{}{}:
					defer func() { <-room }()
				default:
					w.WriteHeader(http.StatusServiceUnavailable)
					return
				}
			}
			req, err := http.NewRequestWithContext(r.Context(), http.MethodGet, backend, nil)
			if err != nil {
				w.WriteHeader(http.StatusInternalServerError)
				return
			}
			req.Header["Baggage"] = r.Header["Baggage"]
			resp, err := client.Do(req)
			if err != nil || resp.Body.Close() != nil || resp.StatusCode != http.StatusOK {
				w.WriteHeader(http.StatusBadGateway)
			}
		})
	}
}

func saturated(entry func(string) http.Handler, fault string) systemtest.Options {
	return systemtest.Options{
		Entry: entry, Rate: "40/s", SlowAfter: "1500ms", OfSystem: "propagates: baggage\n", Faults: fault,
		Phases: "{warmup: 300ms, baseline: 3s, fault: 24s, recovery: 1s}", More: "saturation: [20%, 80%]\n", Seed: 1,
	}
}

// Through a real proxy: what a fault touches fails, and what it does not touch is as well
// off as before, unless both share something that runs out. The verdict may be that the
// machine was too busy.
func TestTouchedAndUntouched(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		options   systemtest.Options
		spillsAt  func(share float64) bool
		concludes result.Interference
	}{
		"nothing shared": {saturated(passing(0), "{inject: http_error, into: backend, status: 503}"), func(float64) bool { return false }, result.Isolated},
		// Eight journeys a second that take 0.45 s fill four places, 32 more than nine.
		"a pool of nine": {saturated(passing(9), "{inject: http_latency, into: backend, latency: 450ms}"), func(share float64) bool { return share == 0.8 }, result.Interferes},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newBench(t, tt.options).run(t.Context(), t).Result.Experiments[0]
			s := e.Saturation
			if s == nil || len(s.Rows) != 2 {
				t.Fatalf("%s %q: %+v", e.Verdict, e.Reasons, s)
			}
			for i, share := range []float64{0.2, 0.8} {
				row := s.Rows[i]
				if row.Share != share || row.Others == nil || row.Touched.Journeys < 10 || row.Others.Journeys < 10 {
					t.Fatalf("row %d: %+v, others %+v", i, row, row.Others)
				}
				if spills := float64(row.Others.Harmed) > 0.2*float64(row.Others.Journeys); spills != tt.spillsAt(share) {
					t.Errorf("at %g %d of %d untouched journeys were harmed", share, row.Others.Harmed, row.Others.Journeys)
				}
			}
			if got := s.Interference; got != tt.concludes && got != result.Unsettled {
				t.Errorf("interference %s: %s", got, s.Sentence)
			}
			if name == "nothing shared" && s.Rows[1].Touched.Harmed != s.Rows[1].Touched.Journeys {
				t.Errorf("every touched journey fails: %+v", s.Rows[1].Touched)
			}
			if e.Faults[0].Exercised.Grade != result.GradeCounted {
				t.Errorf("%s, %q", e.Verdict, e.Reasons)
			}
		})
	}
}

// A system that says that it passes baggage on and does not is found out before anything
// is injected.
func TestSaturationWithoutBaggage(t *testing.T) {
	t.Parallel()
	b := newBench(t, saturated(nil, "{inject: http_error, into: backend, status: 503}"))
	out, err := run.Run(t.Context(), b.plan, b.options)
	if out != nil || !errors.Is(err, plan.ErrImpossible) {
		t.Errorf("%+v, %v, want ErrImpossible", out, err)
	}
	b.wantClean(t)
}
