package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/injectors/proxy"
)

//nolint:gochecknoglobals // flags
var (
	recoveries = flag.Int("recoveries", 0, "how often each recovery is compared with what the system itself counted")
	flatFor    = flag.Duration("flat", 0, "for how long the memory of a run is watched")
)

// A relapse is a system whose own count of what it harmed after a fault was gone is
// compared with the recovery that is measured.
type relapse struct {
	name    string
	measure func(*testing.T) (e result.Experiment, own float64, err error) // own: seconds from the removal to the last harm

	void   int
	tool   []float64
	counts []float64
}

// TestRecoveryAgrees takes a dependency away for five seconds or so and compares the
// recovery with what the system counted itself: when the last journey came that it
// harmed. The shop's storefronts recover at once, or when their breaker lets a call
// through; the planted systems after a time that is known.
//
//	go test ./cmd/blastgauge -run TestRecoveryAgrees -recoveries 5 -timeout 60m -v
func TestRecoveryAgrees(t *testing.T) {
	if *recoveries == 0 {
		t.Skip("it takes a minute and a half each time: -recoveries 5")
	}
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	shops, planted := relapses()
	for range *recoveries {
		for _, r := range shops {
			r.add(t)
		}
		var runs sync.WaitGroup
		for _, r := range planted {
			runs.Go(func() { r.add(t) })
		}
		runs.Wait()
	}
	w := tabwriter.NewWriter(t.Output(), 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "system\truns\tvoid\trecovery, s\tits own count, s\tfurthest apart, s")
	for _, r := range slices.Concat(shops, planted) {
		apart := 0.0
		for i := range r.tool {
			apart = max(apart, math.Abs(r.tool[i]-r.counts[i]))
		}
		fmt.Fprintf(w, "%s\t%d\t%d\t%.2f\t%.2f\t%.2f\n", r.name, len(r.tool), r.void, r.tool, r.counts, apart)
		if apart > 0.5 || len(r.tool) == 0 {
			t.Errorf("%s: the recovery and the system's own count differ by %.2f s in %d runs", r.name, apart, len(r.tool))
		}
	}
	w.Flush()
}

// add measures once more. What is invalid, as on a machine that is too busy, is void.
func (r *relapse) add(t *testing.T) {
	t.Helper()
	e, own, err := r.measure(t)
	switch {
	case err != nil:
		t.Errorf("%s: %v", r.name, err)
	case e.Verdict == result.Invalid:
		r.void++
		t.Logf("%s: void: %q", r.name, e.Reasons)
	case e.Recovery == nil || e.Recovery.Censored:
		t.Errorf("%s: recovery %+v: %s %q", r.name, e.Recovery, e.Verdict, e.Reasons)
	default:
		r.tool, r.counts = append(r.tool, e.Recovery.Seconds), append(r.counts, own)
	}
}

// relapses are those of the shop, which are measured one at a time, and planted ones.
func relapses() (shops, planted []*relapse) {
	shop := func(build, dependency string, down time.Duration) *relapse {
		return &relapse{name: fmt.Sprintf("%s shop, %s down for %s", build, dependency, down), measure: func(t *testing.T) (result.Experiment, float64, error) {
			return relapseOfShop(t, build, dependency, down)
		}}
	}
	// The breaker before inventory opens as soon as it is down and tries again every
	// second: half a second is left of one of them.
	shops = append(shops, shop("naive", "payments", 5*time.Second), shop("hardened", "inventory", 5500*time.Millisecond))
	for _, lasts := range []time.Duration{time.Second, 2 * time.Second, 4 * time.Second} {
		for _, c := range []cell{{percent: 100, concurrent: true}, {percent: 100}, {percent: 30, concurrent: true}} {
			planted = append(planted, &relapse{
				name: fmt.Sprintf("planted, ill for %s more; harms %s", lasts, strings.ReplaceAll(c.String(), "\t", ", ")),
				measure: func(t *testing.T) (result.Experiment, float64, error) {
					return (&convalescent{cell: c, lasts: lasts}).measure(t)
				},
			})
		}
	}
	return shops, planted
}

// A convalescent is a system that goes on harming for a while after its dependency
// has come back, and knows when it harmed last.
type convalescent struct {
	cell  // of journeys that it harms, without the dependency and for a while after
	lasts time.Duration

	mu     sync.Mutex
	harm   planted
	down   bool
	back   time.Time // when the dependency had come back
	harmed time.Time // when the last journey came that was harmed
}

// entry is where journeys enter, before a dependency.
func (c *convalescent) entry(dependency string) http.HandlerFunc {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 100}, Timeout: time.Second}
	return func(w http.ResponseWriter, _ *http.Request) {
		came := time.Now()
		resp, err := client.Get(dependency)
		if err == nil {
			resp.Body.Close()
		}
		if !c.answers(came, err == nil && resp.StatusCode == http.StatusOK) {
			w.WriteHeader(http.StatusInternalServerError)
		}
	}
}

// answers tells whether a journey is answered, that came at a moment and found the
// dependency up or not.
func (c *convalescent) answers(came time.Time, up bool) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.down && up {
		c.back = time.Now()
	}
	c.down = !up
	ill := c.down || !c.back.IsZero() && time.Since(c.back) < c.lasts
	if !ill || !c.harm.harms(c.percent) {
		return true
	}
	if came.After(c.harmed) {
		c.harmed = came
	}
	return false
}

func (c *convalescent) measure(t *testing.T) (e result.Experiment, own float64, err error) {
	t.Helper()
	c.harm.rng = rand.New(rand.NewPCG(rand.Uint64(), 1))
	dependency := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer dependency.Close()
	server, err := proxy.Start(proxy.Options{Version: "test"})
	if err != nil {
		return e, 0, err
	}
	defer server.Close()
	listen, err := makeProxy(server.URL(), "asked", dependency.URL)
	if err != nil {
		return e, 0, err
	}
	entry := httptest.NewServer(c.entry("http://" + listen))
	defer entry.Close()
	control, rate := "", 20
	if c.concurrent {
		control, rate = "control_url: "+dependency.URL+"\n", 40
	}
	dir := t.TempDir()
	err = errors.Join(
		os.WriteFile(filepath.Join(dir, "blastgauge.yaml"), fmt.Appendf(nil, plantedSystem, server.URL(), entry.URL, control, rate, "5s", "50%"), 0o600),
		os.WriteFile(filepath.Join(dir, "planted.yaml"), []byte(plantedExperiment), 0o600))
	if err == nil {
		e, err = measureIn(dir, fmt.Sprintf("warmup=300ms,baseline=5s,fault=5s,recovery=%s", c.lasts+6*time.Second), "planted.yaml")
	}
	if err != nil {
		return e, 0, err
	}
	return e, max(0, c.harmed.Sub(e.Faults[0].Removed).Seconds()), nil
}

// relapseOfShop takes a dependency of the shop down.
func relapseOfShop(t *testing.T, build, dependency string, down time.Duration) (e result.Experiment, own float64, err error) {
	t.Helper()
	dir := t.TempDir()
	shop, err := raise(t.Context(), demoOptions{storefront: build}, dir)
	if err != nil {
		return e, 0, err
	}
	defer func() { err = errors.Join(err, shop.close()) }()
	experiment := fmt.Sprintf("version: 1\nexperiment: away\nhypothesis: Nobody notices.\nfaults: [{inject: down, into: %s}]\n", dependency)
	if err := os.WriteFile(filepath.Join(dir, "away.yaml"), []byte(experiment), 0o600); err != nil {
		return e, 0, err
	}
	if e, err = measureIn(dir, fmt.Sprintf("warmup=1s,baseline=8s,fault=%s,recovery=10s", down), "away.yaml"); err != nil {
		return e, 0, err
	}
	return e, lastHarm(t, dir, e.Faults[0].Removed), nil
}

// measureIn runs one experiment of a directory.
func measureIn(dir, phases, experiment string) (result.Experiment, error) {
	var out bytes.Buffer
	code := run([]string{"run", "-f", filepath.Join(dir, "blastgauge.yaml"), "--phases", phases, "--progress", "none", "--out", filepath.Join(dir, "run"),
		filepath.Join(dir, experiment)}, nil, &out, &out)
	text, err := os.ReadFile(filepath.Join(dir, "run", "result.json"))
	var r result.Result
	if err == nil {
		err = json.Unmarshal(text, &r)
	}
	if err == nil && len(r.Experiments) != 1 {
		err = fmt.Errorf("%d experiments", len(r.Experiments))
	}
	if err != nil {
		return result.Experiment{}, fmt.Errorf("exit %d: %w\n%s", code, err, &out)
	}
	return r.Experiments[0], nil
}

// lastHarm asks the storefront's counters when the last checkout came that it failed,
// or answered too late, to a hundredth of a second; 0 where none did after the removal.
func lastHarm(t *testing.T, dir string, removed time.Time) float64 {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "blastgauge.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	entry := regexp.MustCompile(`(?m)^url: (\S+)$`).FindSubmatch(text)
	if entry == nil {
		t.Fatal("the shop's document has no url")
	}
	from, to, last := time.Duration(0), 10*time.Second, time.Duration(-1)
	for _, step := range []time.Duration{100 * time.Millisecond, 10 * time.Millisecond} {
		for at := from; at < to; at += step {
			window := url.Values{"from": {removed.Add(at).Format(time.RFC3339Nano)}, "to": {removed.Add(at + step).Format(time.RFC3339Nano)}}
			var counted struct{ Checkouts struct{ Failed, Slow int } }
			if err := fetch(string(entry[1])+"/counters?"+window.Encode(), &counted); err != nil {
				t.Fatal(err)
			}
			if counted.Checkouts.Failed+counted.Checkouts.Slow > 0 {
				last = at
			}
		}
		if last < 0 {
			return 0
		}
		from, to = last, last+step
	}
	return last.Seconds()
}

// TestMemoryIsFlat watches the memory of a run of 400 journeys a second, as the
// system counts it, until its report is written:
//
//	go test ./cmd/blastgauge -run TestMemoryIsFlat -flat 10m -timeout 20m -v
func TestMemoryIsFlat(t *testing.T) {
	if *flatFor == 0 {
		t.Skip("it takes as long as it is told: -flat 10m")
	}
	dependency := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer dependency.Close()
	server, err := proxy.Start(proxy.Options{Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	listen, err := makeProxy(server.URL(), "asked", dependency.URL)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	system := fmt.Sprintf(plantedSystem, server.URL(), "http://"+listen, "control_url: "+dependency.URL+"\n", 400, *flatFor/3, "100%")
	for name, text := range map[string]string{"blastgauge.yaml": system, "planted.yaml": plantedExperiment} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	phase := fmt.Sprintf("warmup=2s,baseline=%[1]s,fault=%[1]s,recovery=%[1]s", *flatFor/3)
	path, err := exec.LookPath("blastgauge")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, "run", "-f", "blastgauge.yaml", "--phases", phase, "--progress", "none", "--out", "run", "planted.yaml")
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "XDG_STATE_HOME="+t.TempDir())
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	start, sending, most := watchMemory(t, cmd, *flatFor)
	if _, err := os.Stat(filepath.Join(dir, "run", "report.html")); err != nil {
		t.Fatalf("%v\n%s", err, &out)
	}
	t.Logf("%.0f MB at the start, at most %.0f MB while journeys were sent, %.0f MB with the report", start, sending, most)
	if most-start > 64 {
		t.Errorf("memory grew by %.0f MB", most-start)
	}
}

var resident = regexp.MustCompile(`(?m)^Vm(RSS|HWM):\s+([0-9]+) kB$`)

// watchMemory follows a process to its end: its memory in MB after a second, the
// most of it while it sends, and the most of all.
func watchMemory(t *testing.T, cmd *exec.Cmd, sends time.Duration) (start, sending, most float64) {
	t.Helper()
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for begun := time.Now(); ; {
		select {
		case <-ended:
			return start, sending, most
		case <-time.After(100 * time.Millisecond):
		}
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", cmd.Process.Pid))
		if err != nil {
			continue // it has just ended, or this is no Linux: then nothing was seen
		}
		for _, m := range resident.FindAllSubmatch(text, -1) {
			kb, err := strconv.Atoi(string(m[2]))
			if err != nil {
				t.Fatal(err)
			}
			mb := float64(kb) / 1000
			switch {
			case string(m[1]) == "HWM":
				most = max(most, mb)
			case time.Since(begun) < time.Second:
				start = mb
			case time.Since(begun) < sends:
				sending = max(sending, mb)
			}
		}
	}
}
