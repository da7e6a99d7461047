package traffic

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/run/journey/journeytest"
)

// TestMain lets this binary be a process that only sends traffic, so that the
// processor time it takes can be told from that of the system it is sent to.
func TestMain(m *testing.M) {
	if url := os.Getenv(trafficTo); url != "" {
		if err := sendTraffic(url, os.Getenv(trafficRate), os.Getenv(trafficSteps)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

const (
	trafficTo    = "BLASTGAUGE_TRAFFIC_TO"
	trafficRate  = "BLASTGAUGE_TRAFFIC_RATE"
	trafficSteps = "BLASTGAUGE_TRAFFIC_STEPS"
)

// sendTraffic sends journeys of five steps, or of one, until its standard input
// ends, keeps what became of them in a journal as a run does, and prints how many
// failed.
func sendTraffic(url, rate, steps string) (err error) {
	perSecond, err := strconv.ParseFloat(rate, 64)
	if err != nil {
		return err
	}
	j := experiments.Journey{Name: "checkout", Rate: perSecond, SlowAfter: time.Second, Steps: journeytest.Steps()}
	if steps == "1" {
		j.Steps = j.Steps[:1]
	}
	traffic, err := New(Options{Plan: &plan.Plan{Run: "r", System: experiments.System{URL: url},
		Experiments: []plan.Experiment{{ID: "e", Control: plan.Baseline, Journeys: []plan.Journey{{Journey: j}}}}}})
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "blastgauge-traffic-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	log, err := journal.Create(root)
	if err != nil {
		return err
	}
	defer log.Close()
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		traffic.Stop()
	}()
	failed := 0
	traffic.Run(context.Background(), func(o journal.Observation) {
		if o.Outcome == journal.Failed {
			failed++
		}
		if e := log.Observe(o); e != nil {
			err = e
		}
	})
	fmt.Println(failed)
	return err
}

// A witness is the system under load. What it sees is measured for everybody in
// the same way.
type witness struct {
	url    string
	orders atomic.Int64 // journeys that came to their end
	resets atomic.Int64

	mu       sync.Mutex
	arrivals []time.Time // of the first step
}

// newWitness serves the shop. One that resets does so to every connection that
// comes with a second request.
func newWitness(b *testing.B, resets bool) *witness {
	w := &witness{}
	w.url = journeytest.Listen(b, func(c *net.TCPConn) {
		if resets {
			w.once(c)
			return
		}
		journeytest.Serve(c, func(first string) {
			switch {
			case strings.HasPrefix(first, "GET /products "):
				now := time.Now()
				w.mu.Lock()
				w.arrivals = append(w.arrivals, now)
				w.mu.Unlock()
			case strings.HasPrefix(first, "POST /orders "):
				w.orders.Add(1)
			}
		})
	})
	return w
}

// once answers one request and meets the next one with a reset.
func (w *witness) once(c *net.TCPConn) {
	in := bufio.NewReader(c)
	if _, err := journeytest.ReadRequest(in); err != nil {
		return
	}
	body := journeytest.Catalogue()
	_, _ = fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	if _, err := in.ReadByte(); err != nil {
		return
	}
	w.resets.Add(1)
	_ = c.SetLinger(0)
}

// lateness is how much later than the most punctual one in the same second the
// first steps came, at the 99th percentile, in seconds.
func (w *witness) lateness(rate int) float64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	slices.SortFunc(w.arrivals, time.Time.Compare)
	var late []float64
	for second := range slices.Chunk(w.arrivals, rate) {
		var behind []float64
		for i, at := range second {
			behind = append(behind, at.Sub(second[0]).Seconds()-float64(i)/float64(rate))
		}
		best := slices.Min(behind)
		for _, d := range behind {
			late = append(late, d-best)
		}
	}
	w.arrivals = nil
	slices.Sort(late)
	return late[len(late)*99/100]
}

// A sending is a process that sends traffic until it is told to stop.
type sending struct {
	b    *testing.B
	cmd  *exec.Cmd
	in   io.Closer
	out  bytes.Buffer
	note string // a file with what it found
}

func ours(b *testing.B, url string, rate int, steps string) *sending {
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	s := &sending{b: b, cmd: exec.Command(self)}
	s.cmd.Env = append(os.Environ(), trafficTo+"="+url, trafficRate+"="+strconv.Itoa(rate), trafficSteps+"="+steps)
	return s.start()
}

// k6 sends the same journeys by a script as its manual would write it.
func k6(b *testing.B, url string, rate int, steps string) *sending {
	dir := b.TempDir()
	script := filepath.Join(dir, "script.js")
	if err := os.WriteFile(script, fmt.Appendf(nil, k6Script, rate, url, steps), 0o600); err != nil {
		b.Fatal(err)
	}
	note := filepath.Join(dir, "summary.json")
	s := &sending{b: b, note: note, cmd: exec.Command("k6", "run", "--quiet", "--no-usage-report", "--summary-export", note, script)}
	return s.start()
}

const k6Script = `
import http from 'k6/http';
import { check } from 'k6';
export const options = { scenarios: { checkout: {
  executor: 'constant-arrival-rate', rate: %d, timeUnit: '1s', duration: '10m', preAllocatedVUs: 100, maxVUs: 500, gracefulStop: '1s',
} } };
const base = '%s', steps = %s, json = { headers: { 'Content-Type': 'application/json' } };
export default function () {
  let r = http.get(base + '/products');
  check(r, { 'browse': (r) => r.status === 200 });
  if (steps === 1) return;
  const products = r.json('products');
  const sku = products[Math.floor(Math.random() * products.length)].sku;
  r = http.get(base + '/products/' + sku);
  check(r, { 'view': (r) => r.status === 200 });
  r = http.post(base + '/carts', JSON.stringify({ sku: sku, quantity: 1 + Math.floor(Math.random() * 3) }), json);
  check(r, { 'cart': (r) => r.status === 201 });
  const cart = r.json('id'), quoted = r.json('total');
  r = http.post(base + '/carts/' + cart + '/shipping', JSON.stringify({ zip: '12345' }), json);
  check(r, { 'shipping': (r) => r.status === 200 });
  const key = 'k-' + __VU + '-' + __ITER;
  r = http.post(base + '/orders', JSON.stringify({ cart: cart }), { headers: { 'Content-Type': 'application/json', 'Idempotency-Key': key } });
  check(r, { 'pay': (r) => r.status === 201 && r.json('charged') === quoted });
}
`

// vegeta sends single requests.
func vegeta(b *testing.B, url string, rate int, _ string) *sending {
	note := filepath.Join(b.TempDir(), "results.bin")
	s := &sending{b: b, note: note, cmd: exec.Command("vegeta", "attack", "-rate", strconv.Itoa(rate), "-duration", "10m", "-output", note)}
	s.cmd.Stdin = strings.NewReader("GET " + url + "/products\n")
	return s.start()
}

func (s *sending) start() *sending {
	var err error
	if s.cmd.Stdin == nil {
		s.in, err = s.cmd.StdinPipe()
	}
	s.cmd.Stdout, s.cmd.Stderr = &s.out, &s.out
	if err == nil {
		err = s.cmd.Start()
	}
	if err != nil {
		s.b.Fatal(err)
	}
	return s
}

// cpu is the processor time that the process has taken so far, in seconds.
func (s *sending) cpu() float64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.cmd.Process.Pid))
	if err != nil {
		s.b.Skipf("processor time of another process: %v", err)
	}
	_, rest, _ := strings.Cut(string(text), ") ") // the name may hold spaces
	fields := strings.Fields(rest)
	ticks := 0.0
	for _, f := range fields[11:13] { // utime and stime
		n, err := strconv.ParseFloat(f, 64)
		if err != nil {
			s.b.Fatal(err)
		}
		ticks += n
	}
	return ticks / 100
}

func (s *sending) stop() {
	if s.in != nil && s.note == "" {
		s.in.Close()
	} else if err := s.cmd.Process.Signal(syscall.SIGINT); err != nil {
		s.b.Error(err)
	}
	err := s.cmd.Wait()
	if err != nil && s.note == "" {
		s.b.Fatalf("%v: %s", err, s.out.Bytes())
	}
}

// The comparison with load generators, before the same shop, in interleaved rounds.
// It needs k6 and vegeta in PATH, and takes two minutes a round:
//
//	go install go.k6.io/k6@v1.8.1 && go install github.com/tsenart/vegeta/v12@v12.13.0
//	go test ./experiments/run/traffic -run '^$' -bench AgainstPeers -benchtime 3x
//
// Figures are medians over the rounds.
func BenchmarkAgainstPeers(b *testing.B) {
	for _, name := range []string{"k6", "vegeta"} {
		if _, err := exec.LookPath(name); err != nil {
			b.Skipf("%s is not installed", name)
		}
	}
	for _, rate := range []int{100, 400} {
		b.Run(fmt.Sprintf("cpu-at-%d", rate), func(b *testing.B) { againstCPU(b, rate) })
	}
	b.Run("lateness-at-1000", againstLateness)
	b.Run("resets", againstResets)
}

const (
	settle = 3 * time.Second // until a process has started and is warm
	window = 10 * time.Second
)

func againstCPU(b *testing.B, rate int) {
	w := newWitness(b, false)
	perJourney := map[string][]float64{}
	for range b.N {
		for name, send := range map[string]func(*testing.B, string, int, string) *sending{"ours": ours, "k6": k6} {
			s := send(b, w.url, rate, "5")
			time.Sleep(settle)
			taken, made := s.cpu(), w.orders.Load()
			time.Sleep(window)
			taken, made = s.cpu()-taken, w.orders.Load()-made
			s.stop()
			if want := float64(rate) * window.Seconds(); float64(made) < 0.95*want {
				b.Fatalf("%s made %d journeys instead of %.0f: %s", name, made, want, s.out.Bytes())
			}
			perJourney[name] = append(perJourney[name], taken/float64(made))
		}
	}
	var ratios []float64
	for i := range perJourney["ours"] {
		ratios = append(ratios, perJourney["ours"][i]/perJourney["k6"][i])
	}
	b.ReportMetric(middle(perJourney["ours"])*1e6, "µs/journey")
	b.ReportMetric(middle(perJourney["k6"])*1e6, "k6-µs/journey")
	b.ReportMetric(middle(ratios), "of-k6")
	b.ReportMetric(0, "ns/op")
}

func middle(list []float64) float64 {
	slices.Sort(list)
	return list[len(list)/2]
}

func againstLateness(b *testing.B) {
	const rate = 1000
	w := newWitness(b, false)
	late := map[string][]float64{}
	for range b.N {
		for name, send := range map[string]func(*testing.B, string, int, string) *sending{"ours": ours, "k6": k6, "vegeta": vegeta} {
			s := send(b, w.url, rate, "1")
			time.Sleep(settle)
			w.mu.Lock()
			w.arrivals = nil
			w.mu.Unlock()
			time.Sleep(window)
			late[name] = append(late[name], w.lateness(rate))
			s.stop()
			w.mu.Lock()
			w.arrivals = nil
			w.mu.Unlock()
		}
	}
	for name, list := range late {
		b.ReportMetric(middle(list)*1e3, name+"-p99-ms")
	}
	b.ReportMetric(0, "ns/op")
}

// againstResets counts what each says of a server that resets connections.
func againstResets(b *testing.B) {
	found := map[string]func(*sending) float64{
		"ours": func(s *sending) float64 { return number(b, strings.TrimSpace(s.out.String())) },
		"k6": func(s *sending) float64 {
			var summary struct {
				Metrics map[string]struct{ Passes float64 }
			}
			text, err := os.ReadFile(s.note)
			if err == nil {
				err = json.Unmarshal(text, &summary)
			}
			if err != nil {
				b.Fatal(err)
			}
			return summary.Metrics["http_req_failed"].Passes // of "failed"
		},
		"vegeta": func(s *sending) float64 {
			out, err := exec.Command("vegeta", "report", "-type", "json", s.note).Output()
			var report struct {
				Requests float64
				Success  float64
			}
			if err == nil {
				err = json.Unmarshal(out, &report)
			}
			if err != nil {
				b.Fatal(err)
			}
			return report.Requests * (1 - report.Success)
		},
	}
	for name, send := range map[string]func(*testing.B, string, int, string) *sending{"ours": ours, "k6": k6, "vegeta": vegeta} {
		w := newWitness(b, true)
		s := send(b, w.url, 50, "1")
		time.Sleep(settle + 3*time.Second)
		s.stop()
		b.ReportMetric(float64(w.resets.Load()), name+"-met")
		b.ReportMetric(found[name](s), name+"-told")
	}
	b.ReportMetric(0, "ns/op")
}

func number(b *testing.B, text string) float64 {
	n, err := strconv.ParseFloat(text, 64)
	if err != nil {
		b.Fatal(err)
	}
	return n
}
