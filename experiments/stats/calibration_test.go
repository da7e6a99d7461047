package stats

import (
	"flag"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"testing"
	"text/tabwriter"
)

var calibrate = flag.Bool("calibrate", false, "simulate enough to print the tables of calibration, in minutes instead of seconds")

// A world is how harm comes about in simulated traffic of 25 journeys a second
// and arm.
type world struct {
	name string
	// quiet is the harmed share without a fault, in ticks of 100 ms. Both routes
	// share it: it is the system that has a bad moment, not the route.
	quiet func(r *rand.Rand, ticks int) []float64
	// harm spreads a mean excess over the ticks of the fault.
	harm func(r *rand.Rand, ticks int, excess float64) []float64
	// promise is what is claimed of a minute of it, by control.
	promise map[string]promise
}

// A promise is what an interval must keep, in shares of runs.
type promise struct {
	covers float64 // hold a true excess of three points, at least
	alarms float64 // are above zero without any excess, at most
	finds  float64 // are above zero with an excess of three points, at least
}

const tick = 0.1 // seconds

func level(share float64) func(*rand.Rand, int) []float64 {
	return func(_ *rand.Rand, ticks int) []float64 {
		p := make([]float64, ticks)
		for i := range p {
			p[i] = share
		}
		return p
	}
}

func steady(_ *rand.Rand, ticks int, excess float64) []float64 { return level(excess)(nil, ticks) }

// bursts are stretches of harm of a mean length in seconds, that take a given
// part of the time.
func bursts(r *rand.Rand, ticks int, length, part, low, high float64) []float64 {
	p := make([]float64, ticks)
	on := r.Float64() < part
	for i := range p {
		p[i] = low
		mean := length / part * (1 - part)
		if on {
			p[i], mean = high, length
		}
		if r.Float64() < tick/mean {
			on = !on
		}
	}
	return p
}

func bursty(r *rand.Rand, ticks int) []float64 { return bursts(r, ticks, 2, 0.1, 0.003, 0.15) }

// burstsOfItsOwn is a fault that harms no journey most of the time.
func burstsOfItsOwn(r *rand.Rand, ticks int, excess float64) []float64 {
	return bursts(r, ticks, 2, 0.25, 0, 4*excess)
}

// wandering is a share whose logarithm follows an autoregression with a memory
// of three seconds.
func wandering(r *rand.Rand, ticks int) []float64 {
	const memory, spread = 3.0, 0.8
	keep := math.Exp(-tick / memory)
	p := make([]float64, ticks)
	x := r.NormFloat64() * spread
	for i := range p {
		p[i] = 0.012 * math.Exp(x)
		x = keep*x + math.Sqrt(1-keep*keep)*spread*r.NormFloat64()
	}
	return p
}

func worlds() []world {
	return []world{
		{"independent", level(0.01), steady, map[string]promise{"concurrent": {0.95, 0.025, 0.99}, "baseline": {0.95, 0.025, 0.99}}},
		{"rare", level(0.001), steady, map[string]promise{"concurrent": {0.95, 0.025, 0.99}, "baseline": {0.95, 0.025, 0.99}}},
		{"bursty, both arms", bursty, steady, map[string]promise{"concurrent": {0.95, 0.025, 0.9}, "baseline": {0.87, 0.09, 0.4}}},
		{"autocorrelated, both arms", wandering, steady, map[string]promise{"concurrent": {0.95, 0.025, 0.9}, "baseline": {0.92, 0.05, 0.8}}},
		{"bursts of the fault's own", level(0.005), burstsOfItsOwn, map[string]promise{"concurrent": {0.9, 0.025, 0.6}, "baseline": {0.9, 0.025, 0.9}}},
	}
}

// send counts the journeys of one tick.
func send(r *rand.Rand, c *Count, i int, share float64) {
	n := 2 + i%2 // 2.5 on average
	for range n {
		c.N++
		if r.Float64() < share {
			c.Hits++
		}
	}
}

// A sample is one simulated run.
type sample struct{ before, fault, control []Count } // by second

func (w world) run(r *rand.Rand, seconds int, excess float64) sample {
	ticks := seconds * 10
	quiet, extra := w.quiet(r, 2*ticks), w.harm(r, ticks, excess)
	s := sample{make([]Count, seconds), make([]Count, seconds), make([]Count, seconds)}
	for i := range ticks {
		send(r, &s.before[i/10], i, quiet[i])
		send(r, &s.control[i/10], i, quiet[ticks+i])
		p := quiet[ticks+i]
		send(r, &s.fault[i/10], i, p+(1-p)*extra[i])
	}
	return s
}

// batched makes ten batches, as results do.
func batched(seconds []Count) []Count {
	width := len(seconds) / 10
	list := make([]Count, 10)
	for i := range list {
		list[i] = Total(seconds[i*width : (i+1)*width])
	}
	return list
}

func (s sample) paired() Difference {
	fault, control := batched(s.fault), batched(s.control)
	list := make([]Pair, len(fault))
	for i := range list {
		list[i] = Pair{fault[i], control[i]}
	}
	return PairedBatches(list)
}

func (s sample) unpaired() Difference { return UnpairedBatches(batched(s.fault), batched(s.before)) }

// A control is one of the ways to have something to compare with.
type control struct {
	name string
	of   func(sample) Difference
}

func controls() []control {
	return []control{{"concurrent", sample.paired}, {"baseline", sample.unpaired}}
}

// A coverage is how often an interval was right, in shares of the runs.
type coverage struct {
	covers, newcombe float64 // the interval holds the truth
	positive, naive  float64 // the interval is above zero
	width            float64
}

func simulate(w world, c control, seconds, runs int, excess float64) coverage {
	r := rand.New(rand.NewPCG(20261124, uint64(seconds)))
	var t coverage
	one := 1 / float64(runs)
	for range runs {
		d := c.of(w.run(r, seconds, excess))
		if d.Low <= excess && excess <= d.High {
			t.covers += one
		}
		if d.Newcombe.Low <= excess && excess <= d.Newcombe.High {
			t.newcombe += one
		}
		if d.Low > 0 {
			t.positive += one
		}
		if d.Newcombe.Low > 0 {
			t.naive += one
		}
		t.width += (d.High - d.Low) * one
	}
	return t
}

// TestCalibration simulates runs whose truth is known: how often does the
// interval of the blast radius hold it, how often is harm found where there is
// none, and how often is an excess of three points found? The bounds are what
// the README promises, loosened by three standard errors of this many runs.
//
//	go test ./experiments/stats -run TestCalibration -calibrate -v
//
// prints the tables of 2,000 runs each, of 20, 60 and 120 seconds.
func TestCalibration(t *testing.T) {
	t.Parallel()
	runs, lengths := 400, []int{60}
	if *calibrate {
		runs, lengths = 2000, []int{20, 60, 120}
	}
	table := newTable(t, "harm\tcontrol\tseconds\tcoverage at 0, 3, 20 points\tfalse alarms\tfinds 3 points\twidth\tNewcombe: coverage\tfalse alarms\tfinds")
	for _, w := range worlds() {
		for _, c := range controls() {
			for _, seconds := range lengths {
				none, some, much := simulate(w, c, seconds, runs, 0), simulate(w, c, seconds, runs, 0.03), simulate(w, c, seconds, runs, 0.2)
				table.row("%s\t%s\t%d\t%s %s %s\t%s\t%s\t%.1f\t%s %s %s\t%s\t%s", w.name, c.name, seconds,
					pc(none.covers), pc(some.covers), pc(much.covers), pc(none.positive), pc(some.positive), 100*some.width,
					pc(none.newcombe), pc(some.newcombe), pc(much.newcombe), pc(none.naive), pc(some.naive))
				if seconds == 60 {
					wantPromise(t, w, c, none, some, runs)
				}
			}
		}
	}
	table.flush()
}

// wantPromise compares what was found in a minute of traffic with the promise.
func wantPromise(t *testing.T, w world, c control, none, some coverage, runs int) {
	t.Helper()
	p := w.promise[c.name]
	slack := func(share float64) float64 { return 3 * math.Sqrt(share*(1-share)/float64(runs)) }
	if least := p.covers - slack(p.covers); some.covers < least {
		t.Errorf("%s, %s: covers the truth in %s %% of runs, want %s at least", w.name, c.name, pc(some.covers), pc(least))
	}
	if most := p.alarms + slack(p.alarms); none.positive > most {
		t.Errorf("%s, %s: false alarms in %s %% of runs, want %s at most", w.name, c.name, pc(none.positive), pc(most))
	}
	if least := p.finds - slack(p.finds); some.positive < least {
		t.Errorf("%s, %s: three points are found in %s %% of runs, want %s at least", w.name, c.name, pc(some.positive), pc(least))
	}
}

func pc(share float64) string { return fmt.Sprintf("%.1f", 100*share) }

// A table is printed with -calibrate.
type table struct {
	t *testing.T
	w *tabwriter.Writer
}

func newTable(t *testing.T, head string) table {
	out := io.Discard
	if *calibrate {
		out = t.Output()
	}
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	list := table{t, w}
	list.row("%s", head)
	return list
}

func (l table) row(format string, args ...any) {
	l.t.Helper()
	if _, err := fmt.Fprintf(l.w, format+"\n", args...); err != nil {
		l.t.Fatal(err)
	}
}

func (l table) flush() {
	l.t.Helper()
	if err := l.w.Flush(); err != nil {
		l.t.Fatal(err)
	}
}
