package run_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/loopback"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/run"
	"github.com/blastgauge/blastgauge/experiments/run/systemtest"
	"github.com/blastgauge/blastgauge/experiments/scan"
	"github.com/blastgauge/blastgauge/injectors/proxy"
)

// The dependencies of a standby bench.
const (
	primary = "primary"
	standby = "standby"
)

// standbySystem is patient, because a busy machine is slow: it may hold journeys up for a tenth
// of slow_after. Its entries fail long before that.
const standbySystem = `version: 1
system: standby
environment: test
toxiproxy: %s
url: %s
control_url: %s
dependencies:
  primary: {proxy: primary, listen: %q, upstream: %q, criticality: soft}
  standby: {proxy: standby, listen: %q, upstream: %[5]q, criticality: soft}
journeys:
  visit: {rate: 40/s, slow_after: 3s, timeout: 6s, steps: [{name: visit, request: GET /}]}
defaults:
  phases: {warmup: 100ms, baseline: 2s, fault: 10s, recovery: 0s}
  limits: {blast_radius: 20%%, baseline: 100%%}
`

// A standbyBench is a system of two dependencies behind proxies of one server, with a control
// that calls both directly, and the options of a run on it.
type standbyBench struct {
	dir     string
	api     string // URL of the proxy server
	options run.Options
}

// newStandbyBench starts a system whose entry gets the URLs of its dependencies. Its proxy
// server is that at api.
func newStandbyBench(t *testing.T, api string, entry func(primary, standby string) http.Handler) *standbyBench {
	t.Helper()
	serve := func(h http.Handler) (url string) {
		s := httptest.NewServer(h)
		t.Cleanup(s.Close)
		return s.URL
	}
	upstream := serve(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	listen := reserve(t, 2)
	first, second := listen[0], listen[1]
	err1, err2 := systemtest.CreateProxy(api, primary, first, upstream), systemtest.CreateProxy(api, standby, second, upstream)
	dir := t.TempDir()
	document := fmt.Appendf(nil, standbySystem, api, serve(entry("http://"+first, "http://"+second)), serve(entry(upstream, upstream)), first, upstream, second)
	if err := errors.Join(err1, err2, os.WriteFile(filepath.Join(dir, systemtest.SystemFile), document, 0o600)); err != nil {
		t.Fatal(err)
	}
	return &standbyBench{dir: dir, api: api, options: standbyOptions(dir)}
}

// reserve returns n addresses that are the test's until it ends, also while nothing
// listens there.
func reserve(t *testing.T, n int) []string {
	t.Helper()
	ports, err := loopback.Reserve(n)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ports.Close() })
	return ports.Addresses()
}

func standbyOptions(dir string) run.Options {
	return run.Options{
		Dir: filepath.Join(dir, "run"), Registry: journal.OpenRegistry(state(dir)), Watchdog: []string{os.Args[0], watchdogArgument, state(dir)},
	}
}

// proxiesArgument makes the test binary a proxy server of ours that says where its API is,
// until its standard input ends:
//
//	run.test proxies
const proxiesArgument = "proxies"

func serveProxies() error {
	server, err := proxy.Start(proxy.Options{Version: "test", Seed: 1})
	if err != nil {
		return err
	}
	fmt.Println(server.URL())
	_, err = io.Copy(io.Discard, os.Stdin)
	_ = server.Close() // connections of journeys may be open
	return err
}

// startProxies starts a proxy server of ours and returns the URL of its API.
func startProxies(t *testing.T) (api string) {
	t.Helper()
	server, err := proxy.Start(proxy.Options{Version: "test", Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() }) // connections of journeys may be open
	return server.URL()
}

// planStandby plans a scan of the standby bench in a directory.
func planStandby(dir string, o plan.ScanOptions) (*plan.Plan, error) {
	return (&systemtest.System{Dir: dir}).PlanScan(o, func(*experiments.System) {})
}

// standsIn is an entry that waits a little for its primary, and calls the standby then.
func standsIn(primary, standby string) http.Handler {
	first, second := systemtest.Client(300*time.Millisecond), systemtest.Client(2*time.Second)
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if !systemtest.Answers(first, primary) && !systemtest.Answers(second, standby) {
			w.WriteHeader(http.StatusBadGateway)
		}
	})
}

// needsBoth is an entry that waits a while for both.
func needsBoth(primary, standby string) http.Handler {
	client := systemtest.Client(700 * time.Millisecond)
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if !systemtest.Answers(client, primary) || !systemtest.Answers(client, standby) {
			w.WriteHeader(http.StatusBadGateway)
		}
	})
}

// unclean is what is left on the server and in the registry; empty: nothing.
func (b *standbyBench) unclean(t *testing.T) (left []string) {
	t.Helper()
	for path, want := range map[string]string{
		"/proxies/" + primary + "/toxics": "[]", "/proxies/" + standby + "/toxics": "[]", "/blastgauge/leases": "[]",
	} {
		if got := get(t, b.api+path); got != want {
			left = append(left, path+" is "+got)
		}
	}
	if proxies := get(t, b.api+"/proxies"); strings.Count(proxies, `"enabled":true`) != 2 {
		left = append(left, proxies)
	}
	if list, err := b.options.Registry.All(); len(list) > 0 || err != nil {
		left = append(left, fmt.Sprintf("open runs: %+v, %v", list, err))
	}
	return left
}

func (b *standbyBench) wantClean(t *testing.T) {
	t.Helper()
	if left := b.unclean(t); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
}

func scanForPairs(t *testing.T) (*standbyBench, *run.Outcome) {
	t.Helper()
	b := newStandbyBench(t, startProxies(t), standsIn)
	p, err := planStandby(b.dir, plan.ScanOptions{Budget: 2 * time.Minute, Modes: []plan.FailureMode{plan.Hang}, Pairs: true})
	if err != nil {
		t.Fatal(err)
	}
	out, err := run.Run(t.Context(), p, b.options)
	if err != nil || out.Err != nil {
		t.Fatal(err, out)
	}
	return b, out
}

// A dependency that nobody misses, because another one stands in for it, and both of them at
// once: the scan finds who stands in, and the harm, without being told.
func TestScanFindsAFallbackAndItsPair(t *testing.T) {
	t.Parallel()
	b, out := scanForPairs(t)
	for again := 1; again < busyTries && !slices.ContainsFunc(out.Result.Scan.Pairs, func(c scan.Cell) bool { return c.Verdict == scan.Harmful }); again++ {
		b, out = scanForPairs(t)
	}
	m := out.Result.Scan
	first, second := m.Dependencies[0], m.Dependencies[1]
	if alone := second.Cells[0].Verdict; first.Cells[0].Verdict != scan.Harmless || alone != scan.NotExercised && alone != scan.Harmless { // a busy machine calls it early
		t.Errorf("alone: %+v, %+v", first.Cells, second.Cells)
	}
	if len(first.Fallbacks) != 1 || first.Fallbacks[0].To != standby || first.Fallbacks[0].Calls < 0.5 || len(second.Fallbacks) > 0 {
		t.Errorf("fallbacks %+v, %+v", first.Fallbacks, second.Fallbacks)
	}
	if len(m.Pairs) != 1 || m.Pairs[0].Verdict != scan.Harmful || len(m.Pairs[0].Faults) != 2 {
		t.Fatalf("pairs %+v, and the scan ended as %s", m.Pairs, m.Ended)
	}
	found := slices.ContainsFunc(m.Findings, func(f scan.Finding) bool {
		return f.Code == scan.FallbackHarms && f.Dependency == primary && f.Other == standby && slices.Equal(f.Cells, []int{m.Pairs[0].Number})
	})
	if !found || len(m.Findings) != 1 || out.Result.Run.ExitCode != result.ExitRefuted || m.Ended != journal.ScanComplete {
		t.Errorf("exit code %d, ended as %s, findings %+v", out.Result.Run.ExitCode, m.Ended, m.Findings)
	}
	wantGone(t, out.Result, 2)
	b.wantClean(t)
}
