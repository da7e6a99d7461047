package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/run/systemtest"
	"github.com/blastgauge/blastgauge/experiments/stats"
	"github.com/blastgauge/blastgauge/experiments/truth/world"
)

// The planted queue. At fullLoad the attempts that each visit may make are more than it has
// capacity for.
const (
	fullLoad      = 40.0 // visits a second
	lighterLoad   = 0.7 * fullLoad
	queueWorkers  = 20
	queueService  = 200 * time.Millisecond
	queueAttempts = 4
)

// plantedQueue is the queue, as it is simulated.
func plantedQueue(rate float64, patience time.Duration) world.Queue {
	return world.Queue{Rate: rate, Workers: queueWorkers, Service: queueService.Seconds(), Patience: patience.Seconds(), Attempts: queueAttempts}
}

// A trigger takes a part of the queue's capacity away.
type trigger struct {
	rate  float64
	cut   float64
	lasts time.Duration
}

func (t trigger) String() string {
	return fmt.Sprintf("%.0f %%\t%s\t%.0f/s", 100*t.cut, t.lasts, t.rate)
}

// options are the system and the experiment of a trigger: calls of the dependency are so
// late that the workers do only a part of their work.
func (t trigger) options(q *systemtest.Queue) systemtest.Options {
	late := time.Duration(float64(queueService) * t.cut / (1 - t.cut)).Round(time.Millisecond / 10)
	return systemtest.Options{
		Backend: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { time.Sleep(queueService - q.Spare()) }),
		Entry:   q.Entry, Rate: fmt.Sprintf("%g/s", t.rate), SlowAfter: "2s", Timeout: (time.Duration(q.Attempts)*q.Patience + 5*time.Second).String(),
		Phases: fmt.Sprintf("{warmup: 1s, baseline: 10s, fault: %s, recovery: 40s}", t.lasts),
		Limits: "{blast_radius: 100%, recovery: 35s, baseline: 5%}",
		Faults: fmt.Sprintf("{inject: http_latency, into: %s, latency: %s}", systemtest.Dependency, late),
	}
}

// slowest is how long a call of the queue's server may mostly take: a machine that needs
// more is too busy, for the nearest cell is 2 % away from the edge.
const slowest = queueService * 101 / 100

// stays performs the experiment of a trigger, and returns what it says of the recovery. On
// a machine that is too busy to be the planted queue it is void: invalid, which says so.
func (t trigger) stays(ctx context.Context, cmd *command, patience time.Duration) (e result.Experiment, err error) {
	q := &systemtest.Queue{Workers: queueWorkers, Service: queueService, Patience: patience, Attempts: queueAttempts}
	defer q.Close() // once nothing enters any more
	e, err = measureSystem(ctx, cmd, t.options(q))
	if took := q.Took(); err == nil && took > slowest {
		e.Verdict = result.Invalid
		e.Reasons = append(e.Reasons, fmt.Sprintf("a call mostly took %s, and not %s: the machine was too busy", took.Round(time.Millisecond/10), queueService))
	}
	return e, err
}

// A metastableCell is a trigger, whether the queue stays down after it, and what was said.
type metastableCell struct {
	trigger
	stays bool

	runs, right, void int
	wrong             []string
}

// metastableCells are those of the study that named the failure (see [world.Queue]): close
// to the edge on each side that it has.
func metastableCells() []*metastableCell {
	return []*metastableCell{
		{trigger: trigger{fullLoad, 0.80, 10 * time.Second}, stays: true},
		{trigger: trigger{fullLoad, 0.78, 10 * time.Second}},
		{trigger: trigger{fullLoad, 0.80, 9 * time.Second}},
		{trigger: trigger{lighterLoad, 0.80, 10 * time.Second}},
	}
}

func defineMetastability(f *flag.FlagSet) func(context.Context, *printer) error {
	runs := f.Int("runs", 20, "runs of each cell; 0: the edges alone")
	parallel := f.Int("parallel", 8, "runs at once")
	patience := f.Duration("patience", 3600*time.Millisecond, "that a client has with one attempt; the edge between the cells depends on the machine, too")
	edges := f.Bool("edges", true, "search how long a trigger must last, at two loads")
	return func(ctx context.Context, out *printer) (err error) {
		cmd, err := build(ctx)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, cmd.Close()) }()
		cells := metastableCells()
		var mu sync.Mutex
		err = inParallel(*parallel, *runs*len(cells), func(i int) error {
			c := cells[i%len(cells)]
			e, err := c.trigger.stays(ctx, cmd, *patience)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				c.add(e)
			}
			return err
		})
		errs := []error{err}
		if *runs > 0 {
			errs = append(errs, judgeCells(out, cells))
		}
		if *edges {
			errs = append(errs, searchEdges(ctx, cmd, out, *patience))
		}
		return errors.Join(errs...)
	}
}

// add counts a run. An invalid experiment, as on a busy machine, is void.
func (c *metastableCell) add(e result.Experiment) {
	r := e.Recovery
	switch {
	case e.Verdict == result.Invalid || r == nil:
		c.void++
		c.wrong = append(c.wrong, fmt.Sprintf("%s: void: %q", c.trigger, e.Reasons))
		return
	case !r.Unharmed && r.Metastable == c.stays && r.Censored == c.stays:
		c.right++
	default:
		c.wrong = append(c.wrong, fmt.Sprintf("%s: recovery %+v, %q", c.trigger, *r, e.Reasons))
	}
	c.runs++
}

func judgeCells(out *printer, cells []*metastableCell) error {
	var w strings.Builder
	var errs []error
	fmt.Fprintln(&w, "capacity cut\tfor\tload\tstays down\truns\tsaid so\tvoid")
	for _, c := range cells {
		fmt.Fprintf(&w, "%s\t%v\t%d\t%d\t%d\n", c.trigger, c.stays, c.runs, c.right, c.void)
		if c.right < c.runs || c.runs == 0 {
			errs = append(errs, fmt.Errorf("%d of %d runs of %s are right", c.right, c.runs, strings.ReplaceAll(c.String(), "\t", ", ")))
		}
	}
	out.table(w.String())
	for _, c := range cells {
		for _, text := range c.wrong {
			out.printf("%s\n", strings.ReplaceAll(text, "\t", ", "))
		}
	}
	return errors.Join(errs...)
}

// searchEdges finds at two loads how long a trigger must last that keeps the queue down,
// by the search that scans find breaking points with, and compares with a simulation.
func searchEdges(ctx context.Context, cmd *command, out *printer, patience time.Duration) error {
	const cut = 0.8
	loads := []float64{fullLoad, lighterLoad}
	found := make([]edgeOfLoad, len(loads))
	err := inParallel(len(loads), len(loads), func(i int) (err error) {
		found[i], err = searchEdge(ctx, cmd, trigger{rate: loads[i], cut: cut}, patience)
		return err
	})
	if err != nil {
		return err
	}
	var w strings.Builder
	fmt.Fprintln(&w, "load\tstays down from between\tlevels\tsimulated, s")
	var errs []error
	for i, e := range found {
		simulated := plantedQueue(loads[i], patience).Threshold(rand.New(rand.NewPCG(1, 1)), cut, 5, 25, 60) //nolint:gosec // not a secret
		fmt.Fprintf(&w, "%.0f/s\t%s and %s\t%d\t%.1f\n", loads[i], e.Low, e.High, e.levels, simulated)
		if e.kind != stats.Sharp || simulated < e.Low.Seconds() || simulated > e.High.Seconds() {
			errs = append(errs, fmt.Errorf("at %.0f/s the search ended %s, between %s and %s: the simulated edge is at %.1f s", loads[i], e.kind, e.Low, e.High, simulated))
		}
	}
	out.table(w.String())
	if found[0].High > found[1].Low {
		errs = append(errs, errors.New("the edges do not tell the loads apart"))
	}
	return errors.Join(errs...)
}

// An edgeOfLoad is where the queue begins to stay down, at one load.
type edgeOfLoad struct {
	stats.Edge
	kind   stats.EdgeKind
	levels int
}

func searchEdge(ctx context.Context, cmd *command, t trigger, patience time.Duration) (found edgeOfLoad, err error) {
	search := stats.NewThresholdSearch([]time.Duration{6 * time.Second, 12 * time.Second, 24 * time.Second})
	for level, ok := search.Next(); ok; level, ok = search.Next() {
		found.levels++
		t.lasts = level
		e, err := t.stays(ctx, cmd, patience)
		if err != nil {
			return found, err
		}
		search.Decided(level, decide(e))
	}
	edges, kind := search.Edges()
	if found.kind = kind; len(edges) == 1 && edges[0].Rises {
		found.Edge = edges[0]
	}
	return found, nil
}

// decide says whether a trigger is shown to keep the queue down, or not to.
func decide(e result.Experiment) stats.Decision {
	switch r := e.Recovery; {
	case e.Verdict == result.Invalid || r == nil || r.Censored && !r.Metastable:
		return stats.Undecided
	case r.Metastable:
		return stats.Harmful
	}
	return stats.Harmless
}
