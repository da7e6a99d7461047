package stats

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

const (
	// levelCap is the longest time of one level, in seconds.
	levelCap = 30
	// calls is the excess of a time-out: nearly all journeys.
	calls = 0.995
)

// A curve is the excess at a latency in seconds, and where it passes the limit of 5 %.
type curve struct {
	harm  func(latency float64) float64
	edges []float64
}

// timeout harms from a latency on.
func timeout(at float64) curve {
	return curve{func(l float64) float64 {
		if l >= at {
			return calls
		}
		return 0
	}, []float64{at}}
}

// twoSteps harms little from 0.31 s on and nearly all from 2 s on.
func twoSteps(little float64) curve {
	c := curve{func(l float64) float64 {
		switch {
		case l >= 2:
			return calls
		case l >= 0.31:
			return little
		}
		return 0
	}, []float64{2}}
	if little > 0.05 {
		c.edges[0] = 0.31
	}
	return c
}

// window harms only between two latencies.
func window(from, to float64) curve {
	return curve{func(l float64) float64 {
		if l >= from && l < to {
			return calls
		}
		return 0
	}, []float64{from, to}}
}

// smooth passes the limit at a latency, and grows slowly.
func smooth(at float64) curve {
	return curve{func(l float64) float64 { return l * l / (l*l + 19*at*at) }, []float64{at}}
}

// planted is a time-out anywhere between the shortest and the longest latency.
func planted(r *rand.Rand) curve { return timeout(0.1 * math.Pow(80, r.Float64())) }

// A searchRun is what one simulated search came to.
type searchRun struct {
	edges   []Edge
	kind    EdgeKind
	seconds float64
}

// search simulates one search. Each change of the latency costs a second, and the time in
// which journeys of both latencies end.
func (s *system) search(concurrent bool, harm func(float64) float64) searchRun {
	before := s.before(20, concurrent)
	search := NewThresholdSearch(seconds(0.1, 0.3, 1, 3, 8))
	run, last := searchRun{}, 0.0
	for l, ok := search.Next(); ok; l, ok = search.Next() {
		latency := l.Seconds()
		run.seconds += 1 + min(latency, 3) + min(last, 3)
		last = latency
		test := NewThresholdTest(0.05, before, concurrent, 1)
		for i := 0; i < levelCap*blocksPerSecond && test.Decision() == Undecided; i++ {
			test.Add(0, s.block(harm(latency)))
			run.seconds += 1.0 / blocksPerSecond
		}
		search.Decided(l, test.Decision())
	}
	run.edges, run.kind = search.Edges()
	return run
}

func seconds(list ...float64) []time.Duration {
	out := make([]time.Duration, len(list))
	for i, s := range list {
		out[i] = time.Duration(s * float64(time.Second))
	}
	return out
}

// right reports whether every edge that was found holds an edge of the curve, and whether
// all of these were found.
func (r searchRun) right(edges []float64) (none, all bool) {
	held := 0
	for _, e := range r.edges {
		if slices.ContainsFunc(edges, func(x float64) bool { return e.Low.Seconds() < x && x <= e.High.Seconds()+1e-9 }) {
			held++
		}
	}
	return held == len(r.edges), held == len(r.edges) && held == len(edges)
}

// A searchScene is a curve with what its searches keep.
type searchScene struct {
	name    string
	curve   func(*rand.Rand) curve
	kind    EdgeKind // of most of its searches
	found   float64  // at least so many find every edge
	median  float64  // seconds that half of the searches take at most
	widened float64  // how many times High is Low at most, half of the time
}

func searchScenes() []searchScene {
	always := func(c curve) func(*rand.Rand) curve { return func(*rand.Rand) curve { return c } }
	return []searchScene{
		{"time-out anywhere", planted, Sharp, 0.95, 60, Narrow},
		{"time-out of 1 s", always(timeout(1.001)), Sharp, 0.95, 65, Narrow},
		{"time-out of 2.9 s", always(timeout(2.9)), Sharp, 0.95, 72, Narrow},
		{"window of 0.7 to 2.5 s", always(window(0.7, 2.5)), Sharp, 0.95, 100, Narrow},
		{"14 % from 0.3 s, all from 2 s", always(twoSteps(0.14)), Sharp, 0.9, 140, 1.3},
		{"3 % from 0.3 s, all from 2 s", always(twoSteps(0.03)), Gradual, 0.8, 150, 11},
		{"4.9 % from 0.3 s, all from 2 s", always(twoSteps(0.049)), Gradual, 0.9, 150, 11},
		{"slowly, 5 % at 0.21 s", always(smooth(0.21)), Gradual, 0, 180, 4},
		{"never", always(curve{harm: func(float64) float64 { return 0 }}), Never, 0.8, 60, 0},
		{"always", always(curve{harm: func(float64) float64 { return calls }}), Always, 0.95, 45, 0},
	}
}

// TestThresholdSearchCalibration simulates searches of traffic of 25 journeys a second and
// arm, of which 0.5 % are harmed anyway: how often do the edges hold the truth, and
// how long does it take?
//
//	go test ./experiments/stats -run TestThresholdSearchCalibration -calibrate -v
//
// prints the table of README.md, of 400 searches each.
func TestThresholdSearchCalibration(t *testing.T) {
	t.Parallel()
	table := newTable(t, "harm\tsystem\tno edge is wrong\tall edges are found\tas wide as\tseconds: half\tnine of ten\tmost")
	for _, h := range searchScenes() {
		for _, sys := range []struct {
			name       string
			system     system
			concurrent bool
		}{{"independent", system{rate: 25}, true}, {"correlation 0.05", system{rate: 25, rho: 0.05}, true}, {"one route", system{rate: 25}, false}} {
			o := h.outcome(sys.system, sys.concurrent)
			table.row("%s\t%s\t%s\t%s\t%.2f\t%.0f\t%.0f\t%.0f", h.name, sys.name, pc(o.honest), pc(o.found), quantile(o.widths, 0.5), quantile(o.times, 0.5), quantile(o.times, 0.9), quantile(o.times, 1))
			h.want(t, sys.name, o, sys.concurrent)
		}
	}
	table.flush()
}

// searchOutcome is what many searches came to.
type searchOutcome struct {
	runs          int
	honest, found float64
	kinds         map[EdgeKind]int
	times, widths []float64
}

func (h searchScene) outcome(sys system, concurrent bool) searchOutcome {
	o := searchOutcome{runs: 6, kinds: map[EdgeKind]int{}}
	switch {
	case *calibrate:
		o.runs = 400
	case h.name == "time-out anywhere" && concurrent && sys.rho == 0:
		o.runs = 100
	}
	r := rand.New(rand.NewPCG(5, 6))
	for i := range o.runs {
		c := h.curve(r)
		run := sys.started(uint64(i), 600).search(concurrent, c.harm)
		honest, all := run.right(c.edges)
		if honest {
			o.honest += 1 / float64(o.runs)
		}
		if all && (len(c.edges) > 0 || run.kind == h.kind) {
			o.found += 1 / float64(o.runs)
		}
		o.kinds[run.kind]++
		o.times = append(o.times, run.seconds)
		for _, e := range run.edges {
			o.widths = append(o.widths, float64(e.High)/float64(e.Low))
		}
	}
	slices.Sort(o.times)
	slices.Sort(o.widths)
	return o
}

func (h searchScene) want(t *testing.T, sys string, o searchOutcome, concurrent bool) {
	t.Helper()
	slack := func(share float64) float64 { return share - 3*math.Sqrt(share*(1-share)/float64(o.runs)) }
	if o.honest < slack(0.95) {
		t.Errorf("%s, %s: %s %% of searches have no wrong edge, want 95", h.name, sys, pc(o.honest))
	}
	if !concurrent || *calibrate {
		return // of which less is promised, or the table tells it
	}
	if o.found < slack(h.found) {
		t.Errorf("%s, %s: %s %% of searches find every edge, want %s", h.name, sys, pc(o.found), pc(h.found))
	}
	if o.kinds[h.kind] <= o.runs/2 {
		t.Errorf("%s, %s: %v, want %s", h.name, sys, o.kinds, h.kind)
	}
	most := h.median
	if o.runs < 100 {
		most *= 1.25 // of few searches the median is not known well
	}
	if got := quantile(o.times, 0.5); got > most {
		t.Errorf("%s, %s: takes %.0f s, want %g", h.name, sys, got, most)
	}
	if got := quantile(o.widths, 0.5); h.widened > 0 && len(o.widths) > 0 && got > h.widened*1.001 {
		t.Errorf("%s, %s: edges are %.2f times as wide, want %g", h.name, sys, got, h.widened)
	}
}

// decide answers a search from a table of what is harmful, and returns what was asked.
func decide(s *ThresholdSearch, of func(seconds float64) Decision) []float64 {
	var asked []float64
	for l, ok := s.Next(); ok; l, ok = s.Next() {
		asked = append(asked, l.Seconds())
		s.Decided(l, of(l.Seconds()))
	}
	return asked
}

func harmfulFrom(at float64) func(float64) Decision {
	return func(l float64) Decision {
		if l >= at {
			return Harmful
		}
		return Harmless
	}
}

func TestThresholdSearchTriesTheGridFirst(t *testing.T) {
	t.Parallel()
	s := NewThresholdSearch(seconds(3, 0.1, 1, 0.3, 1))
	if edges, kind := s.Edges(); kind != Open || len(edges) != 0 {
		t.Errorf("before anything was tried: %v, %s", edges, kind)
	}
	if got := decide(s, harmfulFrom(100)); !slices.Equal(got, []float64{0.1, 0.3, 1, 3}) {
		t.Errorf("tried %v", got)
	}
	if edges, kind := s.Edges(); kind != Never || len(edges) != 0 {
		t.Errorf("harmless everywhere: %v, %s", edges, kind)
	}
	all := NewThresholdSearch(seconds(0.1, 1))
	decide(all, harmfulFrom(0))
	if edges, kind := all.Edges(); kind != Always || len(edges) != 0 {
		t.Errorf("harmful everywhere: %v, %s", edges, kind)
	}
}

func TestThresholdSearchNarrowsEveryEdge(t *testing.T) {
	t.Parallel()
	for at := 0.11; at < 8; at *= 1.07 {
		s := NewThresholdSearch(seconds(0.1, 0.3, 1, 3, 8))
		asked := decide(s, harmfulFrom(at))
		edges, kind := s.Edges()
		if kind != Sharp || len(edges) != 1 || !edges[0].Rises || !edges[0].narrow() || edges[0].Low.Seconds() >= at || edges[0].High.Seconds() < at {
			t.Fatalf("%v: %+v, %s", at, edges, kind)
		}
		if len(asked) > 8 {
			t.Fatalf("%v: tried %v", at, asked)
		}
	}
}

func TestThresholdSearchFindsBothEdgesOfAWindow(t *testing.T) {
	t.Parallel()
	s := NewThresholdSearch(seconds(0.1, 0.3, 1, 3))
	decide(s, func(l float64) Decision {
		if l >= 0.8 && l < 2.2 {
			return Harmful
		}
		return Harmless
	})
	edges, kind := s.Edges()
	if kind != Sharp || len(edges) != 2 || !edges[0].Rises || edges[1].Rises {
		t.Fatalf("%+v, %s", edges, kind)
	}
	for i, at := range []float64{0.8, 2.2} {
		if e := edges[i]; e.Low.Seconds() > at || e.High.Seconds() < at || !e.narrow() {
			t.Errorf("edge %d is %+v, want around %v", i, e, at)
		}
	}
}

// A latency that stayed undecided is not tried again; both of its sides are.
func TestUndecidedLatenciesWidenTheEdge(t *testing.T) {
	t.Parallel()
	s := NewThresholdSearch(seconds(0.1, 1))
	asked := decide(s, func(l float64) Decision {
		switch {
		case l < 0.2:
			return Harmless
		case l < 0.5:
			return Undecided
		}
		return Harmful
	})
	edges, kind := s.Edges()
	if kind != Gradual || len(edges) != 1 || edges[0].Low.Seconds() >= 0.2 || edges[0].High.Seconds() < 0.5 {
		t.Fatalf("%+v, %s after %v", edges, kind, asked)
	}
	if e := edges[0]; e.Low != 100*time.Millisecond && e.High != time.Second && e.High.Seconds()/e.Low.Seconds() > 8 {
		t.Errorf("%+v is not narrowed on either side", e)
	}
	slices.Sort(asked)
	if len(slices.Compact(slices.Clone(asked))) != len(asked) || len(asked) > 8 {
		t.Errorf("tried %v", asked)
	}
	none := NewThresholdSearch(seconds(0.1, 1))
	decide(none, func(float64) Decision { return Undecided })
	if edges, kind := none.Edges(); kind != Gradual || len(edges) != 0 {
		t.Errorf("undecided everywhere: %v, %s", edges, kind)
	}
}

// What was decided elsewhere counts, and a search that is cut short says so.
func TestThresholdSearchGoesOnFromWhatIsKnown(t *testing.T) {
	t.Parallel()
	s := NewThresholdSearch(seconds(0.1, 1))
	s.Decided(time.Second, Harmful)
	if l, ok := s.Next(); !ok || l != 100*time.Millisecond {
		t.Errorf("Next() = %v, %v", l, ok)
	}
	s.Decided(100*time.Millisecond, Harmless)
	edges, kind := s.Edges()
	if kind != Open || !slices.Equal(edges, []Edge{{100 * time.Millisecond, time.Second, true}}) {
		t.Errorf("%+v, %s", edges, kind)
	}
	s.Decided(time.Second, Harmless)
	if _, kind := s.Edges(); kind != Never {
		t.Errorf("%s after another decision", kind)
	}
}
