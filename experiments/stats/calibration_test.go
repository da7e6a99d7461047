package stats

import (
	"flag"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"testing"
	"text/tabwriter"

	"github.com/blastgauge/blastgauge/experiments/truth/world"
)

var calibrate = flag.Bool("calibrate", false, "simulate enough to print the tables of calibration, in minutes instead of seconds")

// A promise is what an interval of a minute of traffic must keep, in shares of runs.
type promise struct {
	covers float64 // hold a true excess of three points, at least
	alarms float64 // are above zero without any excess, at most
	finds  float64 // are above zero with an excess of three points, at least
}

// promises are what is claimed of each world, by control.
func promises() map[string]map[string]promise {
	return map[string]map[string]promise{
		"concurrent": {
			"independent": {0.95, 0.025, 0.99}, "rare": {0.95, 0.025, 0.99}, "bursty": {0.95, 0.025, 0.9},
			"autocorrelated": {0.95, 0.025, 0.9}, "the fault's own bursts": {0.91, 0.025, 0.6},
		},
		"baseline": { // where the recovery is not shown
			"independent": {0.95, 0.025, 0.99}, "rare": {0.95, 0.025, 0.99}, "bursty": {0.95, 0.025, 0.35},
			"autocorrelated": {0.95, 0.025, 0.78}, "the fault's own bursts": {0.93, 0.025, 0.5},
			"bursts of 5 s": {0.94, 0.025, 0}, "garbage collection": {0.9, 0.06, 0},
		},
		"before and after": {
			"independent": {0.95, 0.025, 0.99}, "rare": {0.95, 0.025, 0.99}, "bursty": {0.94, 0.04, 0.5},
			"autocorrelated": {0.96, 0.03, 0.9}, "the fault's own bursts": {0.93, 0.025, 0.75},
			"bursts of 5 s": {0.95, 0.03, 0}, "memory of 15 s": {0.9, 0.06, 0}, "garbage collection": {0.92, 0.04, 0},
			"drift": {0.92, 0.04, 0},
		},
		"turns": {
			"independent": {0.94, 0.025, 0.9}, "rare": {0.94, 0.025, 0.9}, "bursty": {0.94, 0.03, 0},
			"autocorrelated": {0.94, 0.03, 0}, "the fault's own bursts": {0.91, 0.03, 0},
			"bursts of 5 s": {0.94, 0.04, 0}, "bursts of 10 s": {0.94, 0.04, 0}, "memory of 15 s": {0.94, 0.04, 0},
			"memory of 60 s": {0.94, 0.04, 0}, "drift": {0.94, 0.04, 0}, "warming up": {0.94, 0.04, 0},
		},
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

// slowAfter are the seconds at the end of a stretch of fault whose journeys do not
// count, as its removal may rescue them.
const slowAfter = 1

// A sample is the simulated traffic of one run, by second: as long without the fault as
// under it and once more after it, with ten seconds for the system to come back. In
// turns the same time is cut into five of each.
type sample struct {
	before, fault, control, after []Count
	turnsControl, turnsFault      []Stretch
}

func drawSample(w world.World, r *rand.Rand, seconds int, excess float64) sample {
	perSecond := int(math.Round(1 / world.Tick))
	ticks := (3*seconds + 10) * perSecond
	quiet, extra := w.Base(r, ticks), w.Harm(excess)(r, ticks)
	harmed := func(i int) float64 { return world.Either(quiet[i], extra[i]) }
	s := sample{before: make([]Count, seconds), fault: make([]Count, seconds), control: make([]Count, seconds), after: make([]Count, seconds)}
	for i := range seconds * perSecond {
		under, after := seconds*perSecond+i, (2*seconds+10)*perSecond+i
		send(r, &s.before[i/perSecond], i, quiet[i])
		send(r, &s.control[i/perSecond], i, quiet[under])
		send(r, &s.fault[i/perSecond], i, harmed(under))
		send(r, &s.after[i/perSecond], i, quiet[after])
	}
	s.turnsControl, s.turnsFault = drawTurns(r, quiet, harmed, seconds)
	return s
}

// drawTurns draws the traffic of five turns of control and fault.
func drawTurns(r *rand.Rand, quiet []float64, harmed func(tick int) float64, seconds int) (control, fault []Stretch) {
	const turns = 5
	perSecond := int(math.Round(1 / world.Tick))
	each := seconds * perSecond / turns
	for turn := range 2 * turns {
		from, to := turn*each, (turn+1)*each
		share, list := func(i int) float64 { return quiet[i] }, &control
		if turn%2 == 1 {
			share, list, to = harmed, &fault, to-slowAfter*perSecond
		}
		s := Stretch{Middle: float64(from+to) / 2 * world.Tick}
		for i := from; i < to; i++ {
			send(r, &s.Count, i, share(i))
		}
		*list = append(*list, s)
	}
	return control, fault
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

// batchedFrom makes ten batches of seconds that begin at a time.
func batchedFrom(from int, seconds []Count) []Stretch {
	list := make([]Stretch, 10)
	width := len(seconds) / len(list)
	for i, c := range batched(seconds) {
		list[i] = Stretch{c, float64(from) + (float64(i)+0.5)*float64(width)}
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

func (s sample) surrounded() Difference {
	n := len(s.fault)
	return BeforeAndAfter(batchedFrom(0, s.before), batchedFrom(n, s.fault), batchedFrom(2*n+10, s.after))
}

func (s sample) turns() Difference { return Turns(s.turnsControl, s.turnsFault) }

// A control is one of the ways to have something to compare with.
type control struct {
	name string
	of   func(sample) Difference
}

func controls() []control {
	return []control{{"concurrent", sample.paired}, {"baseline", sample.unpaired}, {"before and after", sample.surrounded}, {"turns", sample.turns}}
}

// A coverage is how often an interval was right, in shares of the runs.
type coverage struct {
	covers, newcombe float64 // the interval holds the truth
	positive, naive  float64 // the interval is above zero
	width            float64
}

// simulate draws runs and returns their coverage by control.
func simulate(w world.World, seconds, runs int, excess float64) []coverage {
	r := rand.New(rand.NewPCG(20261124, uint64(seconds)))
	all := controls()
	list := make([]coverage, len(all))
	one := 1 / float64(runs)
	for range runs {
		s := drawSample(w, r, seconds, excess)
		for i, c := range all {
			list[i].add(c.of(s), excess, one)
		}
	}
	return list
}

func (c *coverage) add(d Difference, excess, one float64) {
	if d.Low <= excess && excess <= d.High {
		c.covers += one
	}
	if d.Newcombe.Low <= excess && excess <= d.Newcombe.High {
		c.newcombe += one
	}
	if d.Low > 0 {
		c.positive += one
	}
	if d.Newcombe.Low > 0 {
		c.naive += one
	}
	c.width += (d.High - d.Low) * one
}

// TestCalibration simulates runs whose truth is known: how often does the
// interval of the blast radius hold it, how often is harm found where there is
// none, and how often is an excess of three points found? The bounds are what
// README.md promises, loosened by three standard errors of this many runs.
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
	for _, seconds := range lengths {
		for _, w := range append(world.Documented(), world.Harder(float64(3*seconds))...) {
			none, some, much := simulate(w, seconds, runs, 0), simulate(w, seconds, runs, 0.03), make([]coverage, len(controls()))
			if *calibrate { // of which nothing is promised
				much = simulate(w, seconds, runs, 0.2)
			}
			for i, c := range controls() {
				none, some, much := none[i], some[i], much[i]
				table.row("%s\t%s\t%d\t%s %s %s\t%s\t%s\t%.1f\t%s %s %s\t%s\t%s", w.Name, c.name, seconds,
					pc(none.covers), pc(some.covers), pc(much.covers), pc(none.positive), pc(some.positive), 100*some.width,
					pc(none.newcombe), pc(some.newcombe), pc(much.newcombe), pc(none.naive), pc(some.naive))
				if p, ok := promises()[c.name][w.Name]; ok && seconds == 60 {
					wantPromise(t, w.Name+", "+c.name, p, none, some, runs)
				}
			}
		}
	}
	table.flush()
}

// wantPromise compares what was found in a minute of traffic with the promise.
func wantPromise(t *testing.T, name string, p promise, none, some coverage, runs int) {
	t.Helper()
	slack := func(share float64) float64 { return 3 * math.Sqrt(share*(1-share)/float64(runs)) }
	if least := p.covers - slack(p.covers); some.covers < least || none.covers < least {
		t.Errorf("%s: covers the truth in %s and %s %% of runs, want %s at least", name, pc(none.covers), pc(some.covers), pc(least))
	}
	if most := p.alarms + slack(p.alarms); none.positive > most {
		t.Errorf("%s: false alarms in %s %% of runs, want %s at most", name, pc(none.positive), pc(most))
	}
	if least := p.finds - slack(p.finds); some.positive < least {
		t.Errorf("%s: three points are found in %s %% of runs, want %s at least", name, pc(some.positive), pc(least))
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
