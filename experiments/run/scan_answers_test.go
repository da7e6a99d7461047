package run_test

import (
	"net/http"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/run/systemtest"
	"github.com/blastgauge/blastgauge/experiments/scan"
)

// A dependency that is slow in three of a hundred calls, called by an entry that gives up
// sooner and tries once more: nobody is harmed without a fault, and the scan tells that the
// time-out is below what the dependency takes by itself.
func TestATimeoutBelowTheDependencysOwnP99(t *testing.T) {
	if testing.Short() {
		t.Skip("the search for a breaking point takes its time")
	}
	t.Parallel()
	const usual, seldom, timeout = 5 * time.Millisecond, 400 * time.Millisecond, 200 * time.Millisecond
	const again = "/again" // where the second try goes, so that it is never slow by itself
	var calls atomic.Int64
	b := newBench(t, systemtest.Options{
		Rate: "200/s", SlowAfter: "600ms", Timeout: "1s", Phases: "{warmup: 100ms, baseline: 2500ms, fault: 10s, recovery: 0s}", Limits: "{blast_radius: 20%, baseline: 50%}",
		Backend: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			if r.URL.Path != again && calls.Add(1)%33 == 0 { // odd, so that it is not always the same arm
				time.Sleep(seldom)
				return
			}
			time.Sleep(usual)
		}),
		Entry: func(backend string) http.Handler {
			client := systemtest.Client(timeout)
			return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if !systemtest.Answers(client, backend) && !systemtest.Answers(client, backend+again) {
					w.WriteHeader(http.StatusBadGateway)
				}
			})
		},
	})
	var err error
	if b.plan, err = b.system.PlanScan(plan.ScanOptions{Budget: 30 * time.Second, Modes: []plan.FailureMode{plan.Slow}, Thresholds: true}, nil); err != nil {
		t.Fatal(err)
	}
	out := b.run(t.Context(), t)
	m := out.Result.Scan
	if out.Err != nil || m == nil || m.Dependencies[0].BreakingPoint == nil {
		t.Fatalf("%v, map %+v", out.Err, m)
	}
	// What its callers did not wait for is known as a bound alone.
	point := m.Dependencies[0].BreakingPoint
	if point.P99 == nil {
		t.Fatal("nobody timed the dependency")
	}
	if *point.P99 < timeout.Seconds()*3/4 || !point.P99AtLeast {
		t.Errorf("p99 %v, only a bound: %v", *point.P99, point.P99AtLeast)
	}
	if j := m.Journeys[0]; j.Of < 100 || j.Harmed > j.Of/10 {
		t.Errorf("%d of %d journeys were harmed in the baseline", j.Harmed, j.Of)
	}
	b.wantClean(t)
	if slices.ContainsFunc(point.Levels, func(l scan.Level) bool { return l.Why == journal.CellLate }) {
		t.Log("this machine is too busy to search a breaking point: the scan says so, and names none")
		return
	}
	i := slices.IndexFunc(m.Findings, func(f scan.Finding) bool { return f.Code == scan.LowBreaking })
	if i < 0 || m.Findings[i].Dependency != systemtest.Dependency || m.Findings[i].Latency > timeout.Seconds() {
		t.Errorf("findings %+v, breaking point %+v", m.Findings, point)
	}
}
