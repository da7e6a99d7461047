package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
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
	plantedRuns   = flag.Int("planted", 0, "how often each cell of the end-to-end truth is run; 20 are the README's")
	reactions     = flag.Int("reactions", 0, "how often a guardrail's reaction is measured")
	plantedAtOnce = flag.Int("planted.parallel", 8, "how many of these runs at once")
)

// planted is harm by plan: of every hundred journeys exactly so many are harmed, at places
// drawn anew for each hundred, or next to each other.
type planted struct {
	mu     sync.Mutex
	rng    *rand.Rand
	bursts bool
	left   []bool
}

func (p *planted) harms(percent int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.left) == 0 {
		p.left = make([]bool, 100)
		for i := range percent {
			p.left[i] = true
		}
		if by := p.rng.IntN(100); p.bursts {
			p.left = slices.Concat(p.left[by:], p.left[:by])
		} else {
			p.rng.Shuffle(100, func(i, k int) { p.left[i], p.left[k] = p.left[k], p.left[i] })
		}
	}
	harmed := p.left[0]
	p.left = p.left[1:]
	return harmed
}

// base is the share of journeys, in percent, that the planted system harms anyway.
const base = 1

// A cell is one kind of planted truth.
type cell struct {
	percent    int // harmed by the fault, beyond base
	bursts     bool
	concurrent bool
	guarded    bool // by a guardrail of 2 %, at 50 journeys/s
}

func (c cell) String() string {
	pattern, control := "scattered", "baseline"
	if c.bursts {
		pattern = "in bursts"
	}
	if c.concurrent {
		control = "concurrent"
	}
	return fmt.Sprintf("%d %%\t%s\t%s", c.percent, pattern, control)
}

// system is the planted one: an entry that asks a dependency for every journey,
// and harms by plan when the dependency does not answer as usual.
func (c cell) system(t *testing.T, seed uint64, dependency string) string {
	usual := &planted{rng: rand.New(rand.NewPCG(seed, 1))}
	faulted := &planted{rng: rand.New(rand.NewPCG(seed, 2)), bursts: c.bursts}
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 100}, Timeout: 5 * time.Second}
	entry := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		resp, err := client.Get(dependency)
		harmed := false
		if err == nil {
			resp.Body.Close()
		}
		if err != nil || resp.StatusCode != http.StatusOK {
			harmed = faulted.harms(base + c.percent)
		} else {
			harmed = usual.harms(base)
		}
		if harmed {
			w.WriteHeader(http.StatusInternalServerError)
		}
	}))
	t.Cleanup(entry.Close)
	return entry.URL
}

const plantedSystem = `version: 1
system: planted
environment: test
toxiproxy: %s
url: %s
%sdependencies:
  asked: {proxy: asked}
journeys:
  visit: {rate: %d/s, slow_after: 1s, timeout: 2s, steps: [{name: visit, request: GET /}]}
defaults:
  phases: {warmup: 300ms, baseline: %s, fault: 18s, recovery: 0s}
  limits: {blast_radius: %s, baseline: 5%%}
`

const plantedExperiment = `version: 1
experiment: planted
hypothesis: No more is harmed than is allowed.
faults: [{inject: http_error, into: asked, status: 503}]
`

// run measures the cell once with the command, and gives what it found.
func (c cell) run(t *testing.T, seed uint64) (result.Experiment, error) {
	dependency := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer dependency.Close()
	server, err := proxy.Start(proxy.Options{Version: "test"})
	if err != nil {
		return result.Experiment{}, err
	}
	defer server.Close()
	listen, err := makeProxy(server.URL(), "asked", dependency.URL)
	if err != nil {
		return result.Experiment{}, err
	}
	control, rate, baseline, limit := "", 30, "18s", "50%"
	if c.concurrent {
		control, rate, baseline = "control_url: "+c.system(t, seed+1<<32, dependency.URL)+"\n", 60, "4s"
	}
	if c.percent == 0 {
		limit = "0%" // refuted by any excess that is shown
	}
	experiment := plantedExperiment
	if c.guarded {
		rate, experiment = 50, plantedExperiment+"guardrails: [{blast_radius: 2%}]\n"
	}
	dir := t.TempDir()
	system := fmt.Sprintf(plantedSystem, server.URL(), c.system(t, seed, "http://"+listen), control, rate, baseline, limit)
	for name, text := range map[string]string{"blastgauge.yaml": system, "planted.yaml": experiment} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return result.Experiment{}, err
		}
	}
	var out bytes.Buffer
	code := run([]string{"run", "-f", filepath.Join(dir, "blastgauge.yaml"), "--progress", "none", "--out", filepath.Join(dir, "run"), filepath.Join(dir, "planted.yaml")}, nil, &out, &out)
	text, err := os.ReadFile(filepath.Join(dir, "run", "result.json"))
	var r result.Result
	if err == nil {
		err = json.Unmarshal(text, &r)
	}
	if err != nil || len(r.Experiments) != 1 {
		return result.Experiment{}, fmt.Errorf("exit %d: %w\n%s", code, err, &out)
	}
	return r.Experiments[0], nil
}

// makeProxy makes a proxy and says where it listens.
func makeProxy(api, name, upstream string) (string, error) {
	body := fmt.Sprintf(`{"name":%q,"listen":"127.0.0.1:0","upstream":%q,"enabled":true}`, name, upstream)
	resp, err := http.Post(api+"/proxies", "application/json", strings.NewReader(body))
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	var made struct{ Listen string }
	err = json.NewDecoder(resp.Body).Decode(&made)
	if err == nil && made.Listen == "" {
		err = fmt.Errorf("make a proxy: %s", resp.Status)
	}
	return made.Listen, err
}

// A plantedScore is what became of the runs of one cell.
type plantedScore struct {
	cell
	runs, covered, refuted, void int
	width                        float64
	why                          []string
}

func (s *plantedScore) add(e result.Experiment) {
	b := e.BlastRadius
	if e.Verdict == result.Invalid || b == nil {
		s.void++
		s.why = append(s.why, strings.Join(e.Reasons, "; "))
		return
	}
	s.runs++
	truth := float64(s.percent) / 100
	if b.Low <= truth && truth <= b.High {
		s.covered++
	}
	if e.Verdict == result.Refuted {
		s.refuted++
	}
	s.width += b.High - b.Low
}

// TestPlantedTruth measures systems whose harm is known, through the command, the
// proxy and the traffic:
//
//	go test ./cmd/blastgauge -run TestPlantedTruth -planted 20 -timeout 60m -v
//
// prints how often the interval held the truth, and how often the fault was blamed
// where it did nothing. A run that says of itself that the machine was too busy is
// void, and is counted as that.
func TestPlantedTruth(t *testing.T) {
	if *plantedRuns == 0 {
		t.Skip("it takes minutes: -planted 20")
	}
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	var cells []*plantedScore
	for _, percent := range []int{0, 5, 30} {
		cells = append(cells, &plantedScore{cell: cell{percent, false, true, false}}, &plantedScore{cell: cell{percent, true, true, false}}, &plantedScore{cell: cell{percent, false, false, false}})
	}
	var (
		mu    sync.Mutex
		runs  sync.WaitGroup
		turns = make(chan struct{}, *plantedAtOnce)
	)
	for i := range *plantedRuns {
		for k, c := range cells {
			turns <- struct{}{}
			runs.Go(func() {
				defer func() { <-turns }()
				e, err := c.run(t, uint64(i*len(cells)+k))
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					t.Error(err)
					return
				}
				c.add(e)
			})
		}
	}
	runs.Wait()
	judgePlanted(t, cells)
}

func judgePlanted(t *testing.T, cells []*plantedScore) {
	t.Helper()
	w := tabwriter.NewWriter(t.Output(), 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "harms\tthe harm is\tcontrol\truns\tinterval holds the truth\trefuted\tmean width, points\tvoid")
	var all, none plantedScore
	for _, c := range cells {
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%.1f\t%d\n", c.cell, c.runs, c.covered, c.refuted, 100*c.width/float64(max(1, c.runs)), c.void)
		all.runs, all.covered = all.runs+c.runs, all.covered+c.covered
		if c.percent == 0 {
			none.runs, none.refuted = none.runs+c.runs, none.refuted+c.refuted
		}
		for _, why := range c.why {
			t.Logf("void: %s", why)
		}
	}
	w.Flush()
	t.Logf("covered in %d of %d runs; blamed without harm in %d of %d", all.covered, all.runs, none.refuted, none.runs)
	if float64(all.covered) < 0.9*float64(all.runs) || float64(none.refuted) > 0.05*float64(none.runs) {
		t.Error("the interval must hold the truth in 90 % of runs, and blame no fault that does nothing in more than 5 %")
	}
}

// TestGuardrailReacts measures how long a fault stays that makes harm jump from 1 %
// to 20 %, from its injection to its proven removal:
//
//	go test ./cmd/blastgauge -run TestGuardrailReacts -reactions 20 -v
func TestGuardrailReacts(t *testing.T) {
	if *reactions == 0 {
		t.Skip("it takes a minute: -reactions 20")
	}
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	var (
		mu    sync.Mutex
		runs  sync.WaitGroup
		turns = make(chan struct{}, *plantedAtOnce)
		took  []float64
	)
	for i := range *reactions {
		turns <- struct{}{}
		runs.Go(func() {
			defer func() { <-turns }()
			e, err := cell{percent: 19, concurrent: true, guarded: true}.run(t, uint64(i))
			mu.Lock()
			defer mu.Unlock()
			if err != nil || e.Guardrail == nil || !e.Guardrail.Tripped {
				t.Errorf("not stopped: %v, %s %q", err, e.Verdict, e.Reasons)
				return
			}
			took = append(took, e.Faults[0].Removed.Sub(e.Faults[0].Injected).Seconds())
		})
	}
	runs.Wait()
	if len(took) == 0 {
		return
	}
	slices.Sort(took)
	t.Logf("%d faults were gone after %.2f s (median), %.2f s at the fastest and %.2f s at the slowest", len(took), took[len(took)/2], took[0], took[len(took)-1])
	if took[len(took)/2] > 3 {
		t.Error("the median is more than 3 s")
	}
}
