package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/run/systemtest"
)

// A recoveryCase is a system whose own count of its last harmed journey is
// compared with the recovery that is measured, both in seconds after the removal.
type recoveryCase struct {
	name    string
	measure func(ctx context.Context, cmd *command) (e result.Experiment, own float64, err error)

	mu       sync.Mutex
	void     int
	measured []float64
	counted  []float64
}

func defineRecovery(f *flag.FlagSet) func(context.Context, *printer) error {
	rounds := f.Int("rounds", 3, "how often each system is measured")
	return func(ctx context.Context, out *printer) (err error) {
		cmd, err := build(ctx)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, cmd.Close()) }()
		shops, planted := recoveryCases()
		var errs []error
		for range *rounds {
			for _, r := range shops { // one at a time: a shop needs the machine
				errs = append(errs, r.add(ctx, cmd))
			}
			errs = append(errs, inParallel(len(planted), len(planted), func(i int) error { return planted[i].add(ctx, cmd) }))
		}
		errs = append(errs, judgeRecovery(out, slices.Concat(shops, planted)))
		return errors.Join(errs...)
	}
}

func judgeRecovery(out *printer, cases []*recoveryCase) error {
	var errs []error
	var w strings.Builder
	fmt.Fprintln(&w, "system\truns\tvoid\trecovery, s\tits own count, s\tfurthest apart, s")
	for _, r := range cases {
		apart := 0.0
		for i := range r.measured {
			apart = max(apart, math.Abs(r.measured[i]-r.counted[i]))
		}
		fmt.Fprintf(&w, "%s\t%d\t%d\t%.2f\t%.2f\t%.2f\n", r.name, len(r.measured), r.void, r.measured, r.counted, apart)
		if apart > 0.5 || len(r.measured) == 0 {
			errs = append(errs, fmt.Errorf("%s: the recovery and the system's own count differ by %.2f s in %d runs", r.name, apart, len(r.measured)))
		}
	}
	out.table(w.String())
	return errors.Join(errs...)
}

// add measures once more. An invalid experiment, as on a busy machine, is void.
func (r *recoveryCase) add(ctx context.Context, cmd *command) error {
	e, own, err := r.measure(ctx, cmd)
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", r.name, err)
	case e.Verdict == result.Invalid:
		r.void++
	case e.Recovery == nil || e.Recovery.Censored:
		return fmt.Errorf("%s: recovery %+v: %s %q", r.name, e.Recovery, e.Verdict, e.Reasons)
	default:
		r.measured, r.counted = append(r.measured, e.Recovery.Seconds), append(r.counted, own)
	}
	return nil
}

// recoveryCases are the shops of the demo, and planted systems.
func recoveryCases() (shops, planted []*recoveryCase) {
	shop := func(build, dependency string, down time.Duration) *recoveryCase {
		return &recoveryCase{name: fmt.Sprintf("%s shop, %s down for %s", build, dependency, down),
			measure: func(ctx context.Context, cmd *command) (result.Experiment, float64, error) {
				return recoveryOfShop(ctx, cmd, build, dependency, down)
			}}
	}
	// The breaker before inventory opens as soon as it is down and tries again every
	// second: half a second is left of one of them.
	shops = append(shops, shop("naive", "payments", 5*time.Second), shop("hardened", "inventory", 5500*time.Millisecond))
	for _, lasts := range []time.Duration{time.Second, 2 * time.Second, 4 * time.Second} {
		for _, c := range []cell{{percent: 100, concurrent: true}, {percent: 100}, {percent: 30, concurrent: true}} {
			planted = append(planted, &recoveryCase{
				name: fmt.Sprintf("planted, ill for %s more; harms %s", lasts, strings.ReplaceAll(c.String(), "\t", ", ")),
				measure: func(ctx context.Context, cmd *command) (result.Experiment, float64, error) {
					return recoveryOfPlanted(ctx, cmd, c, lasts)
				},
			})
		}
	}
	return shops, planted
}

func recoveryOfPlanted(ctx context.Context, cmd *command, c cell, lasts time.Duration) (result.Experiment, float64, error) {
	relapse := &systemtest.Relapse{Harm: systemtest.Harm{Percent: c.percent, Seed: rand.Uint64()}, Lasts: lasts}
	o := systemtest.Options{
		Entry: relapse.Entry, Rate: "20/s", Limits: "{blast_radius: 50%, baseline: 5%}",
		Phases: fmt.Sprintf("{warmup: 300ms, baseline: 5s, fault: 5s, recovery: %s}", lasts+6*time.Second),
	}
	if c.concurrent {
		o.Control, o.Rate = systemtest.Calls, "40/s"
	}
	e, err := measureSystem(ctx, cmd, o)
	if err != nil {
		return e, 0, err
	}
	return e, max(0, relapse.LastHarmed().Sub(e.Faults[0].Removed).Seconds()), nil
}

// recoveryOfShop takes a dependency of the demo's shop down.
func recoveryOfShop(ctx context.Context, cmd *command, build, dependency string, down time.Duration) (e result.Experiment, own float64, err error) {
	dir, stop, err := serveShop(ctx, cmd, build)
	if err != nil {
		return e, 0, err
	}
	defer func() { err = errors.Join(err, stop()) }()
	experiment := fmt.Sprintf("version: 1\nexperiment: away\nhypothesis: Nobody notices.\nfaults: [{inject: down, into: %s}]\n", dependency)
	if err := os.WriteFile(filepath.Join(dir, systemtest.ExperimentFile), []byte(experiment), 0o600); err != nil {
		return e, 0, err
	}
	if e, err = cmd.run(ctx, dir, systemtest.ExperimentFile, "--phases", fmt.Sprintf("warmup=1s,baseline=8s,fault=%s,recovery=10s", down)); err != nil {
		return e, 0, err
	}
	own, err = lastHarm(dir, e.Faults[0].Removed)
	return e, own, err
}

// serveShop starts the demo's shop and returns the directory of its documents.
func serveShop(ctx context.Context, cmd *command, build string) (dir string, stop func() error, err error) {
	parent, err := cmd.dir()
	if err != nil {
		return "", nil, err
	}
	dir = filepath.Join(parent, "shop")
	shop := cmd.exec(ctx, parent, "demo", "--serve", dir, "--storefront", build)
	stdout, err := shop.StdoutPipe()
	if err == nil {
		err = shop.Start()
	}
	if err != nil {
		return "", nil, err
	}
	stop = func() error {
		return errors.Join(shop.Process.Signal(os.Interrupt), shop.Wait())
	}
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		if lines.Text() == "ready" {
			return dir, stop, nil
		}
	}
	return "", nil, errors.Join(errors.New("the shop did not start"), shop.Wait())
}

var entryLine = regexp.MustCompile(`(?m)^url: (\S+)$`)

// lastHarm asks the storefront's counters when the last checkout came that it
// failed or answered too late, to a hundredth of a second; 0 where none did after
// the removal.
func lastHarm(dir string, removed time.Time) (float64, error) {
	text, err := os.ReadFile(filepath.Join(dir, systemtest.SystemFile))
	if err != nil {
		return 0, err
	}
	entry := entryLine.FindSubmatch(text)
	if entry == nil {
		return 0, errors.New("the shop's system file has no url")
	}
	from, to, last := time.Duration(0), 10*time.Second, time.Duration(-1)
	for _, step := range []time.Duration{100 * time.Millisecond, 10 * time.Millisecond} {
		for at := from; at < to; at += step {
			harmed, err := harmedBetween(string(entry[1]), removed.Add(at), removed.Add(at+step))
			if err != nil {
				return 0, err
			}
			if harmed {
				last = at
			}
		}
		if last < 0 {
			return 0, nil
		}
		from, to = last, last+step
	}
	return last.Seconds(), nil
}

func harmedBetween(entry string, from, to time.Time) (bool, error) {
	window := url.Values{"from": {from.Format(time.RFC3339Nano)}, "to": {to.Format(time.RFC3339Nano)}}
	resp, err := http.Get(entry + "/counters?" + window.Encode())
	if err != nil {
		return false, err
	}
	var counted struct{ Checkouts struct{ Failed, Slow int } }
	err = errors.Join(json.NewDecoder(resp.Body).Decode(&counted), resp.Body.Close())
	return counted.Checkouts.Failed+counted.Checkouts.Slow > 0, err
}
