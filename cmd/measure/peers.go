package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// A generator starts a process that sends traffic to a URL: journeys of five
// steps, or single requests. It sends until it is stopped.
type generator struct {
	name  string
	steps string // "5" or "1"
	start func(ctx context.Context, dir, url string, rate int) (*sending, error)
	// told returns how many requests the generator says that failed.
	told func(*sending) (float64, error)
}

// generators are ours and those peers that are installed.
func generators(steps string) []generator {
	list := []generator{{"blastgauge", steps, func(ctx context.Context, _, url string, rate int) (*sending, error) {
		return startOurs(ctx, url, rate, steps)
	}, func(s *sending) (float64, error) { return strconv.ParseFloat(strings.TrimSpace(s.out.String()), 64) }}}
	if _, err := exec.LookPath("vegeta"); err == nil && steps == "1" {
		list = append(list, generator{"vegeta", steps, startVegeta, vegetaTold})
	}
	if _, err := exec.LookPath("locust"); err == nil && steps == "5" {
		list = append(list, generator{"locust", steps, startLocust, nil})
	}
	return list
}

const (
	warmUp = 3 * time.Second // until a process has started and is warm
	window = 10 * time.Second
)

// definePeers compares with load generators, before the same shop, in
// interleaved rounds. Figures are medians over the rounds.
func definePeers(f *flag.FlagSet) func(context.Context, *printer) error {
	rounds := f.Int("rounds", 3, "interleaved rounds")
	return func(ctx context.Context, out *printer) (err error) {
		if len(generators("1"))+len(generators("5")) < 3 {
			return errors.New("no peer is installed: go install github.com/tsenart/vegeta/v12@v12.13.0, or Debian's python3-locust")
		}
		dir, err := os.MkdirTemp("", "blastgauge-measure-")
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
		var lines strings.Builder
		w := &printer{w: &lines}
		for _, rate := range []int{100, 400} {
			if err := comparePeers(ctx, w, dir, *rounds, rate, "5", fmt.Sprintf("ms of processor time a journey of five steps, at %d/s", rate), processorTime); err != nil {
				return err
			}
		}
		if err := comparePeers(ctx, w, dir, *rounds, 1000, "1", "ms of processor time a request, at 1000/s", processorTime); err != nil {
			return err
		}
		if err := comparePeers(ctx, w, dir, *rounds, 1000, "1", "ms that requests come late at 1000/s, 99th percentile", lateness); err != nil {
			return err
		}
		if err := compareResets(ctx, w, dir); err != nil {
			return err
		}
		out.table(lines.String())
		return w.err
	}
}

// comparePeers measures one figure of every generator, in turn.
func comparePeers(ctx context.Context, w *printer, dir string, rounds, rate int, steps, what string,
	figure func(context.Context, generator, string, int) (float64, error),
) error {
	list := generators(steps)
	figures := map[string][]float64{}
	for range rounds {
		for _, g := range list {
			v, err := figure(ctx, g, dir, rate)
			if err != nil {
				return fmt.Errorf("%s: %w", g.name, err)
			}
			figures[g.name] = append(figures[g.name], v)
		}
	}
	w.printf("%s", what)
	for _, g := range list {
		w.printf("\t%s %.2f", g.name, median(figures[g.name]))
	}
	w.printf("\n")
	return nil
}

// underLoad starts a shop and a generator that sends to it, measures, and ends both.
func underLoad(ctx context.Context, g generator, dir string, rate int, resetting bool, measure func(*targetShop, *sending) error) (err error) {
	shop, err := newTargetShop(resetting)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, shop.close()) }()
	s, err := g.start(ctx, dir, shop.url, rate)
	if err != nil {
		return err
	}
	time.Sleep(warmUp)
	return measure(shop, s)
}

// processorTime returns milliseconds of processor time per journey that came to
// its end.
func processorTime(ctx context.Context, g generator, dir string, rate int) (ms float64, err error) {
	err = underLoad(ctx, g, dir, rate, false, func(shop *targetShop, s *sending) error {
		done := shop.orders.Load
		if g.steps == "1" {
			done = shop.first.Load
		}
		begun, made := s.processorSeconds(), done()
		time.Sleep(window)
		taken, made := s.processorSeconds()-begun, done()-made
		if err := s.stop(); err != nil {
			return err
		}
		if want := float64(rate) * window.Seconds(); float64(made) < 0.9*want {
			return fmt.Errorf("%d journeys instead of %.0f: %s", made, want, s.out.Bytes())
		}
		ms = 1000 * taken / float64(made)
		return nil
	})
	return ms, err
}

// lateness returns how many milliseconds later than the most punctual one in the
// same second the requests came, at the 99th percentile.
func lateness(ctx context.Context, g generator, dir string, rate int) (ms float64, err error) {
	err = underLoad(ctx, g, dir, rate, false, func(shop *targetShop, s *sending) error {
		shop.takeArrivals()
		time.Sleep(window)
		arrivals := shop.takeArrivals()
		if err := s.stop(); err != nil {
			return err
		}
		if len(arrivals) < rate {
			return fmt.Errorf("%d requests in %s", len(arrivals), window)
		}
		ms = latenessOf(arrivals, rate)
		return nil
	})
	return ms, err
}

func latenessOf(arrivals []time.Time, rate int) (ms float64) {
	slices.SortFunc(arrivals, time.Time.Compare)
	var late []float64
	for second := range slices.Chunk(arrivals, rate) {
		var behind []float64
		for i, at := range second {
			behind = append(behind, at.Sub(second[0]).Seconds()-float64(i)/float64(rate))
		}
		best := slices.Min(behind)
		for _, d := range behind {
			late = append(late, d-best)
		}
	}
	slices.Sort(late)
	return 1000 * late[len(late)*99/100]
}

// compareResets counts what each generator says of a server that resets
// connections that are used again.
func compareResets(ctx context.Context, w *printer, dir string) error {
	w.printf("a server resets connections that are used again: resets it made, errors told")
	for _, g := range generators("1") {
		made, told, err := resetsTold(ctx, g, dir)
		if err != nil {
			return fmt.Errorf("%s: %w", g.name, err)
		}
		w.printf("\t%s %d, %.0f", g.name, made, told)
	}
	w.printf("\n")
	return nil
}

func resetsTold(ctx context.Context, g generator, dir string) (made int64, told float64, err error) {
	err = underLoad(ctx, g, dir, 50, true, func(shop *targetShop, s *sending) error {
		time.Sleep(warmUp)
		if err := s.stop(); err != nil {
			return err
		}
		made = shop.resets.Load()
		told, err = g.told(s)
		return err
	})
	return made, told, err
}

// A sending is a process that sends traffic until it is stopped.
type sending struct {
	cmd     *exec.Cmd
	in      io.Closer // of ours, whose end stops it; nil: SIGINT does
	out     bytes.Buffer
	results string // a file with what it found
}

func startOurs(ctx context.Context, url string, rate int, steps string) (*sending, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	s := &sending{cmd: exec.CommandContext(ctx, self, sendProgram, "-to", url, "-rate", strconv.Itoa(rate), "-steps", steps)}
	if s.in, err = s.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	return s, s.start()
}

func startVegeta(ctx context.Context, dir, url string, rate int) (*sending, error) {
	s := &sending{results: filepath.Join(dir, "vegeta.bin")}
	s.cmd = exec.CommandContext(ctx, "vegeta", "attack", "-rate", strconv.Itoa(rate), "-duration", "10m", "-output", s.results)
	s.cmd.Stdin = strings.NewReader("GET " + url + "/products\n")
	return s, s.start()
}

func vegetaTold(s *sending) (float64, error) {
	text, err := exec.Command("vegeta", "report", "-type", "json", s.results).Output()
	var report struct{ Requests, Success float64 }
	if err == nil {
		err = json.Unmarshal(text, &report)
	}
	return report.Requests * (1 - report.Success), err
}

// locustFile is the shop's journey as Locust's manual would write it: as many
// users as make a rate, one journey a second each.
const locustFile = `
import random, uuid
from locust import FastHttpUser, task, constant_throughput
class Customer(FastHttpUser):
    wait_time = constant_throughput(1)
    @task
    def checkout(self):
        products = self.client.get("/products").json()["products"]
        sku = random.choice(products)["sku"]
        self.client.get("/products/" + sku, name="/products/SKU")
        cart = self.client.post("/carts", json={"sku": sku, "quantity": random.randint(1, 3)}).json()
        self.client.post("/carts/" + cart["id"] + "/shipping", json={"zip": "12345"}, name="/carts/ID/shipping")
        with self.client.post("/orders", json={"cart": cart["id"]}, headers={"Idempotency-Key": str(uuid.uuid4())}, catch_response=True) as r:
            if r.status_code != 201 or r.json()["charged"] != cart["total"]:
                r.failure("wrong")
`

func startLocust(ctx context.Context, dir, url string, rate int) (*sending, error) {
	file := filepath.Join(dir, "locustfile.py")
	if err := os.WriteFile(file, []byte(locustFile), 0o600); err != nil {
		return nil, err
	}
	s := &sending{cmd: exec.CommandContext(ctx, "locust", "-f", file, "--headless", "--only-summary", "-H", url, "-u", strconv.Itoa(rate), "-r", strconv.Itoa(rate))}
	s.cmd.Stdin = strings.NewReader("")
	return s, s.start()
}

func (s *sending) start() error {
	s.cmd.Stdout, s.cmd.Stderr = &s.out, &s.out
	return s.cmd.Start()
}

// processorSeconds is the processor time that the process has taken so far; 0
// without /proc.
func (s *sending) processorSeconds() float64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), ") ") // the name may hold spaces
	fields := strings.Fields(rest)
	ticks := 0.0
	for _, field := range fields[11:13] { // utime and stime
		n, err := strconv.ParseFloat(field, 64)
		if err != nil {
			return 0
		}
		ticks += n
	}
	return ticks / 100
}

// stop ends the process. A peer's exit code says only what it thinks of the shop.
func (s *sending) stop() error {
	if s.in == nil {
		err := s.cmd.Process.Signal(syscall.SIGINT)
		_ = s.cmd.Wait()
		return err
	}
	if err := errors.Join(s.in.Close(), s.cmd.Wait()); err != nil {
		return fmt.Errorf("%w: %s", err, s.out.Bytes())
	}
	return nil
}
