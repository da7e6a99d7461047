package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/run/systemtest"
)

// A timedOut is a system whose calls to its dependency end after a time-out that is known,
// and what a scan said of its breaking point.
type timedOut struct {
	timeout   time.Duration
	low, high time.Duration // of the bracket; 0: there is none
	levels    int
	took      time.Duration // from the first level to the last
	kind      string
	exit      int // of the scan
}

// ownTime is what a call takes without its fault: a latency a little shorter than the
// time-out is beyond it.
const ownTime = 10 * time.Millisecond

func (t timedOut) covered() bool {
	return t.high > 0 && t.low <= t.timeout && t.timeout <= t.high+ownTime
}

// plantedTimeout draws the time-out of system i, evenly in its logarithm.
func plantedTimeout(i int) time.Duration {
	const shortest, longest = 0.12, 2.4
	r := rand.New(rand.NewPCG(uint64(i), 7)) //nolint:gosec // not a secret
	return time.Duration(shortest * math.Pow(longest/shortest, r.Float64()) * float64(time.Second)).Round(time.Millisecond)
}

// fewestTimeouts is how many are needed to see one in twenty that is missed.
const fewestTimeouts = 20

func defineThresholds(f *flag.FlagSet) func(context.Context, *printer) error {
	n := f.Int("n", fewestTimeouts, "time-outs that are planted, a scan each")
	parallel := f.Int("parallel", 2, "scans at once")
	return func(ctx context.Context, out *printer) (err error) {
		cmd, err := build(ctx)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, cmd.Close()) }()
		var mu sync.Mutex
		var list []timedOut
		err = inParallel(*parallel, *n, func(i int) error {
			t, err := scanTimeout(ctx, cmd, plantedTimeout(i), uint64(i+1))
			if err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			list = append(list, t)
			return nil
		})
		return errors.Join(err, judgeThresholds(out, list))
	}
}

// scanTimeout starts a system with a time-out, and scans it for its breaking point.
func scanTimeout(ctx context.Context, cmd *command, timeout time.Duration, seed uint64) (t timedOut, err error) {
	entry := func(backend string) http.Handler {
		client := systemtest.Client(timeout)
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if !systemtest.Answers(client, backend) {
				w.WriteHeader(http.StatusBadGateway)
			}
		})
	}
	dir, err := cmd.dir()
	if err != nil {
		return t, err
	}
	s, err := systemtest.Start(dir, systemtest.Options{
		Entry: entry, Control: entry, Rate: "50/s", SlowAfter: "3s", Timeout: "5s", Seed: seed,
		Phases: "{warmup: 500ms, baseline: 5s, fault: 10s, recovery: 0s}", Limits: "{blast_radius: 5%, baseline: 100%}",
	})
	if err != nil {
		return t, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	r, err := cmd.scan(ctx, dir, "-f", systemtest.SystemFile, "--faults", "slow", "--no-pairs", "--budget", "5m", "--seed", fmt.Sprint(seed))
	if err != nil {
		return t, err
	}
	return readTimeout(filepath.Join(dir, "run"), timeout, r)
}

// readTimeout reads what a scan said of the breaking point.
func readTimeout(dir string, timeout time.Duration, r *result.Result) (t timedOut, err error) {
	t.timeout, t.exit = timeout, r.Run.ExitCode
	if t.took, err = searchTime(filepath.Join(dir, journal.EventsFile)); err != nil {
		return t, err
	}
	for _, d := range r.Scan.Dependencies {
		b := d.BreakingPoint
		if b == nil {
			continue
		}
		t.levels, t.kind = len(b.Levels), b.Kind
		if len(b.Edges) == 1 && b.Edges[0].Rises {
			t.low, t.high = seconds(b.Edges[0].Low), seconds(b.Edges[0].High)
		}
	}
	return t, nil
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// searchTime is how long a scan searched breaking points, with the time until the system
// was healthy again.
func searchTime(file string) (time.Duration, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0, err
	}
	var from, to time.Duration
	for line := range bytes.Lines(text) {
		var e journal.Event
		if err := json.Unmarshal(line, &e); err != nil {
			return 0, fmt.Errorf("%s: %w", file, err)
		}
		switch {
		case e.Kind == journal.CellStarted && e.Cell != nil && e.Cell.Stage == journal.Threshold && from == 0:
			from = e.Since
		case e.Kind == journal.ScanEnded:
			to = e.Since
		}
	}
	if from == 0 {
		return 0, nil
	}
	return to - from, nil
}

func judgeThresholds(out *printer, list []timedOut) error {
	slices.SortFunc(list, func(a, b timedOut) int { return int(a.timeout - b.timeout) })
	var w strings.Builder
	fmt.Fprintln(&w, "time-out\tfound between\tkind\tlevels\tseconds\texit\tcovered")
	covered, longest := 0, time.Duration(0)
	for _, t := range list {
		word := "no"
		switch {
		case t.covered():
			covered++
			word = "yes"
		case t.levels == 0:
			word = "no: nothing was searched"
		}
		longest = max(longest, t.took)
		fmt.Fprintf(&w, "%s\t%s and %s\t%s\t%d\t%.1f\t%d\t%s\n", t.timeout, t.low.Round(time.Millisecond), t.high.Round(time.Millisecond), t.kind, t.levels, t.took.Seconds(), t.exit, word)
	}
	out.table(w.String())
	out.printf("%d of %d time-outs are in their bracket; the longest search took %.1f s\n", covered, len(list), longest.Seconds())
	if len(list) < fewestTimeouts {
		out.printf("fewer than %d do not show that at most one in twenty is missed\n", fewestTimeouts)
	}
	const mostSeconds = 60
	if missed := len(list) - covered; missed*20 > len(list) {
		return fmt.Errorf("%d of %d brackets do not hold the time-out that was planted: at most one in twenty may", missed, len(list))
	}
	if longest.Seconds() > mostSeconds {
		return fmt.Errorf("a search took %.1f s, want at most %d", longest.Seconds(), mostSeconds)
	}
	return nil
}
