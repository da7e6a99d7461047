package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/run/systemtest"
)

// A countingEntry passes on what its dependency answers and counts what share of
// journeys it failed, from the first failure to the last one.
type countingEntry struct {
	answered, failed atomic.Int64
	sinceFailure     atomic.Int64
}

func (c *countingEntry) entry(backend string) http.Handler {
	client := systemtest.Client(time.Second)
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		ok := systemtest.Answers(client, backend)
		c.sinceFailure.Add(1)
		switch {
		case !ok:
			c.failed.Add(1)
			c.answered.Add(c.sinceFailure.Swap(0))
			w.WriteHeader(http.StatusServiceUnavailable)
		case c.failed.Load() == 0:
			c.sinceFailure.Store(0)
		}
	})
}

func (c *countingEntry) share() float64 {
	return float64(c.failed.Load()) / float64(c.answered.Load())
}

// defineShare: a fifth of a dependency's answers are 503, behind a service that
// does not retry, for three seconds at 50 journeys a second. Every run has to
// refute a limit of 5 %, and 17 of 20 intervals to hold what the service counted.
func defineShare(f *flag.FlagSet) func(context.Context, *printer) error {
	runs := f.Int("runs", 20, "experiments")
	return func(ctx context.Context, out *printer) (err error) {
		cmd, err := build(ctx)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, cmd.Close()) }()
		refuted, covered := 0, 0
		for i := range *runs {
			c, e, err := shareOnce(ctx, cmd, uint64(i))
			if err != nil {
				return err
			}
			b := e.BlastRadius
			if b == nil {
				return fmt.Errorf("run %d: %s: %q", i, e.Verdict, e.Reasons)
			}
			if e.Verdict == result.Refuted {
				refuted++
			}
			if b.Low <= c.share() && c.share() <= b.High {
				covered++
			}
			out.printf("run %2d: %s, %4.1f %% (%4.1f to %4.1f); the service counted %4.1f %%; %d of %d answers were the fault's\n",
				i, e.Verdict, 100*b.Estimate, 100*b.Low, 100*b.High, 100*c.share(), e.Faults[0].Exercised.Met, e.Faults[0].Exercised.Of)
		}
		out.printf("refuted %d of %d; the counted share within the interval %d times\n", refuted, *runs, covered)
		if refuted < *runs || covered < *runs*17/20 {
			return errors.New("a fifth of all answers is not recognised as such")
		}
		return nil
	}
}

// shareOnce measures once, and at most twice more where the machine was too busy.
func shareOnce(ctx context.Context, cmd *command, seed uint64) (c *countingEntry, e result.Experiment, err error) {
	for range 3 {
		c = &countingEntry{}
		e, err = measureSystem(ctx, cmd, systemtest.Options{
			Entry: c.entry, Rate: "50/s", SlowAfter: "300ms", Timeout: "1s", Seed: seed,
			Phases: "{warmup: 200ms, baseline: 1500ms, fault: 3s, recovery: 500ms}", Limits: "{blast_radius: 5%}",
			Faults: "{inject: http_error, into: backend, status: 503, share: 20%}",
		})
		if err != nil || e.Verdict != result.Invalid {
			break
		}
	}
	return c, e, err
}
