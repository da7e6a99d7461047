package systemtest

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"time"
)

// CountedOptions describe a shop that has customers of its own, counts what becomes of
// them, and is scraped by a real Prometheus.
type CountedOptions struct {
	System   Options
	Scrape   time.Duration // default 1s
	PerArm   float64       // checkouts a second on each arm; default 50
	Replicas int           // that count, each by itself; default 2
	Lanes    bool          // half of the customers take a lane past the proxy: the control arm
	Restart  bool          // a replica begins anew, two seconds after the first harm of the fault, between two scrapes that are there
	Outage   bool          // Prometheus is killed then, and started again after eight scrapes
	Gone     bool          // Prometheus is killed then, for good
	Timeout  string        // of a checkout, as the document says it; default 1s
}

// A Counted is such a shop while it runs.
type Counted struct {
	*System
	Prometheus string // its URL

	o         CountedOptions
	replicas  []*replica
	customers context.CancelFunc
	all       sync.WaitGroup
	server    *prometheusServer
	entries   [2]http.Handler // by lane
	event     sync.Once
}

// keepEntries keeps the handlers where customers enter: they need no connection of their own.
func (c *Counted) keepEntries() {
	keep := func(entry func(string) http.Handler, lane int) func(string) http.Handler {
		return func(backend string) http.Handler {
			c.entries[lane] = entry(backend)
			return c.entries[lane]
		}
	}
	if c.o.System.Entry == nil {
		c.o.System.Entry = Calls
	}
	c.o.System.Entry = keep(c.o.System.Entry, 0)
	if c.o.System.Control != nil {
		c.o.System.Control = keep(c.o.System.Control, 1)
	}
}

// StartCounted starts a shop and a Prometheus, and writes the documents that measure it. The
// error is of class [exec.ErrNotFound] where there is no Prometheus.
func StartCounted(dir string, o CountedOptions) (c *Counted, err error) {
	o.Scrape, o.PerArm, o.Replicas = cmp.Or(o.Scrape, time.Second), cmp.Or(o.PerArm, 50), cmp.Or(o.Replicas, 2)
	if _, err := exec.LookPath("prometheus"); err != nil {
		return nil, err
	}
	c = &Counted{o: o}
	c.keepEntries()
	if c.System, err = Start(dir, c.o.System); err != nil {
		return nil, err
	}
	if o.Lanes && c.entries[1] == nil {
		c.entries[1] = Calls(c.BackendURL)
	}
	var targets []string
	for range o.Replicas {
		r := &replica{}
		c.replicas = append(c.replicas, r)
		r.address = strings.TrimPrefix(c.serve(r), "http://")
		targets = append(targets, r.address)
	}
	if c.server, err = startPrometheus(dir, o.Scrape, targets); err != nil {
		return nil, errors.Join(err, c.System.Close())
	}
	c.Prometheus = c.server.url
	ctx, cancel := context.WithCancel(context.Background())
	c.customers = cancel
	c.all.Go(func() { c.send(ctx, c.entries[0], "fault") })
	if o.Lanes {
		c.all.Go(func() { c.send(ctx, c.entries[1], "control") })
	}
	return c, errors.Join(c.writeMeasure(), c.server.await(o.Scrape))
}

// Close ends the customers, the Prometheus and the shop.
func (c *Counted) Close() error {
	c.customers()
	c.all.Wait()
	return errors.Join(c.server.stop(), c.System.Close())
}

// Totals are what all replicas have counted so far, restarts or not: checkouts, and those
// of them that were harmed.
func (c *Counted) Totals() (checkouts, harmed int) {
	for _, r := range c.replicas {
		r.mu.Lock()
		checkouts, harmed = checkouts+r.ever, harmed+r.everHarmed
		r.mu.Unlock()
	}
	return checkouts, harmed
}

// RestartReplica lets the counters of the first replica begin anew.
func (c *Counted) RestartReplica() { c.replicas[0].restart() }

// send lets customers come by chance, as they do, at the rate of an arm.
func (c *Counted) send(ctx context.Context, entry http.Handler, lane string) {
	var under sync.WaitGroup
	defer under.Wait()
	next := time.Now()
	for {
		next = next.Add(time.Duration(rand.ExpFloat64() / c.o.PerArm * float64(time.Second)))
		if wait := time.Until(next); wait > 0 {
			select {
			case <-ctx.Done():
				return
			case <-time.After(wait):
			}
		}
		if ctx.Err() != nil {
			return
		}
		under.Go(func() {
			begun := time.Now()
			answer := httptest.NewRecorder()
			entry.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/", nil))
			ok := answer.Code == http.StatusOK
			c.replicas[rand.IntN(len(c.replicas))].count(lane, ok, time.Since(begun))
			if !ok {
				c.firstHarm(ctx)
			}
		})
	}
}

// firstHarm lets happen what is to happen under a fault.
func (c *Counted) firstHarm(ctx context.Context) {
	if !c.o.Restart && !c.o.Outage && !c.o.Gone || Answers(Client(time.Second), "http://"+c.Listen) {
		return // harmed without it
	}
	c.event.Do(func() {
		c.all.Go(func() {
			select {
			case <-ctx.Done():
				return
			case <-time.After(2 * time.Second):
			}
			if c.o.Restart {
				c.restart(ctx)
			}
			if c.o.Outage || c.o.Gone {
				_ = c.server.stop() // it says so where it cannot be started again
			}
			if c.o.Outage {
				time.Sleep(8 * c.o.Scrape)
				_ = c.server.start()
			}
		})
	})
}

const measureDocument = `version: 1
system: planted
environment: test
toxiproxy: %s
dependencies:
  %s: {proxy: %[2]s, listen: %q, upstream: %q}
measure:
  prometheus: %s
  scrape: %s
  journeys:
    visit:
      total: shop_checkouts_total{job="shop"}
      harmed: shop_checkouts_total{job="shop",code=~"5.."}
      rate: %g/s
      timeout: %s
      duration: {histogram: 'shop_checkout_seconds_bucket{job="shop"}'}
%sinvariants:
  - {name: its counters can be read, request: GET %[5]s/-/healthy, expect: {status: 200}}
defaults:
  phases: %[10]s
  limits: %[11]s
`

// writeMeasure writes the system file anew: it is measured, and nothing is sent.
func (c *Counted) writeMeasure() error {
	arm, arms := "", 1.0
	if c.o.Lanes {
		arm, arms = "      arm: lane\n", 2
	}
	o := c.o.System
	text := fmt.Appendf(nil, measureDocument, c.Toxiproxy, Dependency, c.Listen, c.Upstream, c.Prometheus, c.o.Scrape, c.o.PerArm*arms, cmp.Or(c.o.Timeout, "1s"), arm,
		cmp.Or(o.Phases, "{warmup: 2s, baseline: 18s, fault: 20s, recovery: 5s}"), cmp.Or(o.Limits, "{blast_radius: 20%, baseline: 100%}"))
	return os.WriteFile(filepath.Join(c.Dir, SystemFile), append(text, o.OfSystem...), 0o600)
}

// A replica counts checkouts, and forgets them when it restarts.
type replica struct {
	address string // where it is scraped: the label instance

	mu               sync.Mutex
	counts           map[[2]string]int // by code and lane
	seconds          map[string][]int  // by lane and edge
	ever, everHarmed int
}

// edges are those of the buckets, in seconds.
func edges() []float64 { return []float64{0.005, 0.01, 0.05, 0.1, 0.5, 1, 5} }

func (r *replica) count(lane string, ok bool, took time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.counts == nil {
		r.counts, r.seconds = map[[2]string]int{}, map[string][]int{}
	}
	r.ever++
	if !ok {
		r.everHarmed++
		r.counts[[2]string{"502", lane}]++
		return
	}
	r.counts[[2]string{"200", lane}]++
	if r.seconds[lane] == nil {
		r.seconds[lane] = make([]int, len(edges())+1)
	}
	for i, edge := range edges() {
		if took.Seconds() <= edge {
			r.seconds[lane][i]++
		}
	}
	r.seconds[lane][len(edges())]++
}

func (r *replica) restart() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.counts, r.seconds = map[[2]string]int{}, map[string][]int{}
}

// ServeHTTP writes what Prometheus reads.
func (r *replica) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	w.Header().Set("Content-Type", "text/plain; version=0.0.4")
	var text bytes.Buffer
	text.WriteString("# TYPE shop_checkouts_total counter\n")
	for of, n := range r.counts {
		fmt.Fprintf(&text, "shop_checkouts_total{code=%q,lane=%q} %d\n", of[0], of[1], n)
	}
	text.WriteString("# TYPE shop_checkout_seconds histogram\n")
	for lane, counts := range r.seconds {
		for i, edge := range edges() {
			fmt.Fprintf(&text, "shop_checkout_seconds_bucket{lane=%q,le=\"%g\"} %d\n", lane, edge, counts[i])
		}
		fmt.Fprintf(&text, "shop_checkout_seconds_bucket{lane=%q,le=\"+Inf\"} %d\n", lane, counts[len(edges())])
	}
	_, _ = w.Write(text.Bytes()) // a scrape that is gone is missing
}

// A prometheusServer is a real Prometheus.
type prometheusServer struct {
	dir, address, url string

	mu  sync.Mutex
	cmd *exec.Cmd
	log *os.File
}

func startPrometheus(dir string, scrape time.Duration, targets []string) (*prometheusServer, error) {
	return startPrometheusWith(dir, fmt.Sprintf("global: {scrape_interval: %s, scrape_timeout: %[1]s}\nscrape_configs:\n  - job_name: shop\n    static_configs: [{targets: ['%s']}]\n", scrape, strings.Join(targets, "', '")))
}

// startPrometheusWith starts a Prometheus with a config.
func startPrometheusWith(dir, config string) (*prometheusServer, error) {
	s := &prometheusServer{dir: dir, address: anyAddress}
	if err := os.WriteFile(filepath.Join(dir, "prometheus.yml"), []byte(config), 0o600); err != nil {
		return nil, err
	}
	err := s.start()
	if err == nil {
		s.address, err = listensAt(filepath.Join(dir, prometheusLog))
	}
	if err != nil {
		return nil, errors.Join(err, s.stop())
	}
	s.url = "http://" + s.address
	return s, nil
}

// anyAddress lets a server take a port that is free. One that its test chose could be taken
// before the server comes to it.
const anyAddress = "127.0.0.1:0"

// prometheusLog is where a Prometheus writes what it does, in its directory.
const prometheusLog = "prometheus.log"

// listensAt waits until a Prometheus or an Alertmanager has written to its log where it listens.
func listensAt(log string) (address string, err error) {
	says := regexp.MustCompile(`msg="Listening on" address=(127\.0\.0\.1:[0-9]+)`)
	var text []byte
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if text, err = os.ReadFile(log); err != nil {
			return "", err
		}
		if found := says.FindSubmatch(text); found != nil {
			return string(found[1]), nil
		}
	}
	return "", fmt.Errorf("it listens nowhere: %s", text)
}

func (s *prometheusServer) start() (err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.log, err = os.OpenFile(filepath.Join(s.dir, prometheusLog), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600); err != nil {
		return err
	}
	s.cmd = exec.Command("prometheus", "--config.file="+filepath.Join(s.dir, "prometheus.yml"), "--storage.tsdb.path="+filepath.Join(s.dir, "tsdb"), "--web.listen-address="+s.address,
		"--rules.alert.resend-delay=1s") // an Alertmanager that is found after the first evaluation gets what fires then
	s.cmd.Stdout, s.cmd.Stderr = s.log, s.log
	return s.cmd.Start()
}

func (s *prometheusServer) stop() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cmd == nil {
		return nil
	}
	_ = s.cmd.Process.Signal(syscall.SIGKILL)
	_ = s.cmd.Wait() // it was killed
	s.cmd = nil
	return s.log.Close()
}

// await waits until some scrapes are there.
func (s *prometheusServer) await(scrape time.Duration) error {
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		resp, err := http.Get(s.url + "/api/v1/query?query=min(count_over_time(shop_checkouts_total[" + (10 * scrape).String() + "]))")
		if err != nil {
			continue
		}
		text, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close() // it was only read
		if err == nil && !strings.Contains(string(text), `"result":[]`) && !strings.HasSuffix(string(text), `,"1"]}]}}`) && !strings.HasSuffix(string(text), `,"2"]}]}}`) && resp.StatusCode == http.StatusOK {
			return nil
		}
	}
	text, _ := os.ReadFile(filepath.Join(s.dir, prometheusLog))
	return fmt.Errorf("no scrape of the shop came: %s", text)
}
