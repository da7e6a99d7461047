package stats

import (
	"math"
	"slices"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/truth/world"
)

// cellCap is the longest time of one cell, in seconds.
const cellCap = 20

// A harmScene is one system with one limit.
type harmScene struct {
	name       string
	system     system
	limit      float64
	before     int // seconds
	concurrent bool
	wrong      float64 // the largest share of wrong decisions just beside the limit, in each direction
	// soonHarmful and soonHarmless are the seconds in which half of the cells are decided
	// where all journeys are harmed, and where none are; 0: not asked.
	soonHarmful, soonHarmless float64
}

// harmScenes are the systems of the calibration.
func harmScenes() []harmScene {
	pauses, rarePauses := world.Periodic(4, 0.3, 0.005, 1), world.Periodic(8, 0.2, 0.005, 1)
	bursty, memory := world.Bursts(2, 0.1, 0.003, 0.15), world.Memory(0.012, 3, 0.8)
	return []harmScene{
		{"25/s", system{rate: 25}, 0.05, 20, true, 0.02, 1, 6},
		{"10/s", system{rate: 10}, 0.05, 20, true, 0.06, 1, 10},
		{"5/s", system{rate: 5}, 0.05, 20, true, 0.06, 1.5, 18},
		{"100/s", system{rate: 100}, 0.05, 20, true, 0.05, 1, 6},
		{"base 0", system{rate: 25, base: world.Level(0)}, 0.05, 20, true, 0.03, 1, 6},
		{"base 3 %", system{rate: 25, base: world.Level(0.03)}, 0.05, 20, true, 0.03, 1, 10},
		{"limit 2 %", system{rate: 25}, 0.02, 20, true, 0.03, 1, 16},
		{"correlation 0.05", system{rate: 25, rho: 0.05}, 0.05, 20, true, 0.05, 1, 6},
		{"correlation 0.1", system{rate: 25, rho: 0.1}, 0.05, 20, true, 0.06, 1, 8},
		{"pauses of 0.3 s in 4", system{rate: 25, base: pauses}, 0.05, 20, true, 0.03, 1.5, 0},
		{"pauses of 0.2 s in 8", system{rate: 25, base: rarePauses}, 0.05, 20, true, 0.03, 1, 10},
		{"bursty", system{rate: 25, base: bursty}, 0.05, 20, true, 0.03, 1, 10},
		{"autocorrelated", system{rate: 25, base: memory}, 0.05, 20, true, 0.03, 1, 8},
		{"one route, 25/s", system{rate: 25}, 0.05, 20, false, 0.02, 1.25, 8},
		{"one route, 10/s", system{rate: 10}, 0.05, 20, false, 0.04, 1.25, 19},
		{"one route, 5/s", system{rate: 5}, 0.05, 20, false, 0.04, 1.5, 0},
		{"one route, base 3 %", system{rate: 25, base: world.Level(0.03)}, 0.05, 20, false, 0.02, 1.25, 20},
		{"one route, correlation 0.05", system{rate: 25, rho: 0.05}, 0.05, 20, false, 0.04, 1.5, 12},
		{"one route, correlation 0.1", system{rate: 25, rho: 0.1}, 0.05, 20, false, 0.06, 2, 0},
		{"one route, pauses of 0.3 s in 4", system{rate: 25, base: pauses}, 0.05, 20, false, 0.03, 2, 0},
		{"one route, pauses of 0.2 s in 8", system{rate: 25, base: rarePauses}, 0.05, 20, false, 0.03, 2, 0},
		{"one route, bursty", system{rate: 25, base: bursty}, 0.05, 60, false, 0.05, 2, 0},
		{"one route, autocorrelated", system{rate: 25, base: memory}, 0.05, 60, false, 0.05, 2, 0},
	}
}

// A cellRun is what one simulated cell came to.
type cellRun struct {
	decision Decision
	seconds  float64 // until it was decided
	truth    float64 // the mean excess
	test     *HarmTest
}

// run simulates one cell whose fault harms an excess, in parts of the limit, or all
// journeys.
func (h harmScene) run(seed uint64, part float64) cellRun {
	s := h.system.started(seed, float64(h.before+cellCap))
	t := NewHarmTest(h.limit, s.before(h.before, h.concurrent), h.concurrent, 1)
	healthy := 1 - s.meanBase(cellCap)
	excess := min(1, part*h.limit/healthy)
	r := cellRun{seconds: math.Inf(1), truth: excess * healthy, test: t}
	for i := range cellCap * blocksPerSecond {
		t.Add(0, s.block(excess))
		if r.decision = t.Decision(); r.decision != Undecided {
			r.seconds = float64(i+1) / blocksPerSecond
			break
		}
	}
	return r
}

// harmOutcome is what many cells came to, in shares.
type harmOutcome struct {
	harmful, harmless, covered float64
	median                     float64 // seconds until it was decided
}

func (h harmScene) outcome(runs int, part float64) harmOutcome {
	var o harmOutcome
	var times []float64
	one := 1 / float64(runs)
	for i := range runs {
		r := h.run(uint64(i), part)
		times = append(times, r.seconds)
		switch r.decision {
		case Harmful:
			o.harmful += one
		case Harmless:
			o.harmless += one
		case Undecided:
		}
		if part != 1.02 {
			continue
		}
		if i := r.test.Share(); i.Low <= r.truth && r.truth <= i.High {
			o.covered += one
		}
	}
	slices.Sort(times)
	o.median = quantile(times, 0.5)
	return o
}

// TestHarmTestCalibration simulates cells whose harm is known: how often is one that is
// just within the limit called harmful, and one just beyond it harmless, and how soon are
// those decided that harm everybody or nobody? The bounds are those of each scene, loosened
// by three standard errors of this many cells.
//
//	go test ./experiments/stats -run TestHarmTestCalibration -calibrate -v
//
// prints the table of README.md, of 400 cells each.
func TestHarmTestCalibration(t *testing.T) {
	t.Parallel()
	runs, soon := 16, 6
	if *calibrate {
		runs, soon = 400, 400
	}
	table := newTable(t, "system\tno harm: harmless\tin\thalf of the limit\tat 0.98: harmful\tat 1.02: harmless\ttwice\tfour times\tin\tall: in\tbounds hold 1.02")
	wrong := 0.0
	for _, h := range harmScenes() {
		none, within, beyond, all := h.outcome(soon, 0), h.outcome(runs, 0.98), h.outcome(runs, 1.02), h.outcome(soon, math.Inf(1))
		wrong += within.harmful + beyond.harmless
		if *calibrate {
			half, twice, four := h.outcome(runs, 0.5), h.outcome(runs, 2), h.outcome(runs, 4)
			table.row("%s\t%s\t%.1f\t%s\t%s\t%s\t%s\t%s\t%.1f\t%.1f\t%s", h.name, pc(none.harmless), none.median, pc(half.harmless),
				pc(within.harmful), pc(beyond.harmless), pc(twice.harmful), pc(four.harmful), four.median, all.median, pc(beyond.covered))
		}
		h.want(t, runs, none, within, beyond, all)
	}
	table.flush()
	if mean := wrong / float64(2*len(harmScenes())); mean > 0.02 {
		t.Errorf("%s %% of all decisions at the limit are wrong, want 2 at most", pc(mean))
	}
}

func (h harmScene) want(t *testing.T, runs int, none, within, beyond, all harmOutcome) {
	t.Helper()
	slack := func(share float64) float64 { return share + 3*math.Sqrt(share*(1-share)/float64(runs)) }
	if within.harmful > slack(h.wrong) || beyond.harmless > slack(h.wrong) {
		t.Errorf("%s: %s %% within the limit are harmful, %s %% beyond it harmless", h.name, pc(within.harmful), pc(beyond.harmless))
	}
	if none.harmful > 0 || all.harmless > 0 {
		t.Errorf("%s: without harm %s %% are harmful, where all are harmed %s %% harmless", h.name, pc(none.harmful), pc(all.harmless))
	}
	late := 1.0
	if !*calibrate {
		late = 1.5 // of few cells the median is not known well
	}
	if all.median > late*h.soonHarmful || all.harmful < 0.999 {
		t.Errorf("%s: where all are harmed %s %% are found, half of them in %.2f s, want %g", h.name, pc(all.harmful), all.median, h.soonHarmful)
	}
	if h.soonHarmless > 0 && none.median > late*h.soonHarmless {
		t.Errorf("%s: no harm is found in %.2f s, want %g", h.name, none.median, h.soonHarmless)
	}
	if least := 1 - slack(2*h.wrong); beyond.covered < least {
		t.Errorf("%s: bounds hold the excess in %s %% of cells, want %s", h.name, pc(beyond.covered), pc(least))
	}
}

// feed adds the same block to every age, some times.
func feed(t *HarmTest, times int, block Pair) {
	for range times {
		for age := range t.ages {
			t.Add(age, block)
		}
	}
}

// quiet are 20 healthy seconds of 24 journeys an arm.
func quiet() []Pair {
	list := make([]Pair, 20)
	for i := range list {
		list[i] = Pair{Count{0, 24}, Count{0, 24}}
	}
	return list
}

// A pause of a route of its own that is shorter than a second is no harm, whoever
// happens to meet it.
func TestAPauseOfOneArmDecidesNothing(t *testing.T) {
	t.Parallel()
	for _, concurrent := range []bool{true, false} {
		h := NewHarmTest(0.05, quiet(), concurrent, 2)
		feed(h, 4, Pair{Count{0, 6}, Count{0, 6}})
		feed(h, 1, Pair{Count{3, 6}, Count{0, 6}})
		feed(h, 1, Pair{Count{6, 6}, Count{0, 6}})
		feed(h, 1, Pair{Count{1, 6}, Count{0, 6}})
		if got := h.Decision(); got != Undecided {
			t.Errorf("concurrent %v: %v after a pause of 0.4 s", concurrent, got)
		}
		feed(h, 12, Pair{Count{6, 6}, Count{0, 6}})
		if got := h.Decision(); got != Harmful {
			t.Errorf("concurrent %v: %v after three seconds of harm", concurrent, got)
		}
	}
}

func TestHarmIsFoundAtAnyAge(t *testing.T) {
	t.Parallel()
	for age := range 3 {
		h := NewHarmTest(0.05, quiet(), true, 3)
		for range 8 {
			h.Add(age, Pair{Count{6, 6}, Count{0, 6}})
		}
		if got := h.Decision(); got != Harmful {
			t.Errorf("age %d: %v after two seconds", age, got)
		}
	}
}

func TestHarmlessNeedsTheFullAge(t *testing.T) {
	t.Parallel()
	h := NewHarmTest(0.05, quiet(), true, 2)
	for range 80 {
		h.Add(0, Pair{Count{0, 6}, Count{0, 6}})
	}
	if got := h.Decision(); got != Undecided {
		t.Errorf("%v, but no journey had the full age", got)
	}
	if got := h.Share(); got.High > 0.05 || got.Estimate != 0 {
		t.Errorf("Share() = %+v of the young age, want at most the limit", got)
	}
}

func TestFewJourneysStayUndecided(t *testing.T) {
	t.Parallel()
	for _, hits := range []int{0, 1} {
		h := NewHarmTest(0.05, quiet(), true, 1)
		for range 3 {
			feed(h, 5, Pair{})
			feed(h, 1, Pair{Count{hits, 1}, Count{0, 1}})
		}
		if got := h.Decision(); got != Undecided {
			t.Errorf("%v after three journeys", got)
		}
	}
	if got := NewHarmTest(0.05, nil, true, 1).Share(); got != (Interval{0, -1, 1}) {
		t.Errorf("Share of nothing = %v", got)
	}
}

// Without any time before there is no control on one route.
func TestOneRouteNeedsTimeBefore(t *testing.T) {
	t.Parallel()
	h := NewHarmTest(0.05, nil, false, 1)
	feed(h, 80, Pair{Fault: Count{6, 6}})
	if got := h.Decision(); got != Undecided {
		t.Errorf("%v, compared with nothing", got)
	}
	with, without := NewHarmTest(0.05, quiet(), false, 1), NewHarmTest(0.05, quiet(), false, 1)
	feed(with, 20, Pair{Count{1, 6}, Count{1, 6}})
	feed(without, 20, Pair{Fault: Count{1, 6}})
	if with.Share() != without.Share() {
		t.Error("the control of a block counts on one route")
	}
}

// A scan is long. What the system did many minutes ago is no control.
func TestOneRouteIsComparedWithLately(t *testing.T) {
	t.Parallel()
	long := slices.Repeat([]Pair{{Fault: Count{12, 24}}}, 600)
	for range recent / len(quiet()) {
		long = append(long, quiet()...)
	}
	h := NewHarmTest(0.05, long, false, 1)
	feed(h, 20, Pair{Fault: Count{3, 6}})
	if got := h.Decision(); got != Harmful {
		t.Errorf("%v, compared with harm of ten minutes ago", got)
	}
}

// Time without journeys passes, too; before the first one it is not part of the cell.
func TestEmptyBlocksAreTime(t *testing.T) {
	t.Parallel()
	h := NewHarmTest(0.05, quiet(), true, 1)
	feed(h, 12, Pair{})
	feed(h, 10, Pair{Count{0, 24}, Count{0, 24}})
	if got := h.Decision(); got != Undecided {
		t.Errorf("%v after two and a half seconds of journeys", got)
	}
	feed(h, 13, Pair{})
	feed(h, 1, Pair{Count{0, 24}, Count{0, 24}})
	if got := h.Decision(); got != Harmless {
		t.Errorf("%v after six seconds", got)
	}
}

func BenchmarkHarmTest(b *testing.B) {
	for name, of := range map[string]func(*HarmTest){
		"Share":    func(h *HarmTest) { h.Share() },
		"Evidence": func(h *HarmTest) { h.Evidence() },
	} {
		s := system{rate: 25}.started(1, 100)
		h := NewHarmTest(0.05, s.before(20, true), true, 3)
		for range cellCap * blocksPerSecond {
			x := s.block(0.03)
			x.Fault.N += s.r.IntN(4)
			x.Control.N += s.r.IntN(4)
			feed(h, 1, x)
		}
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				of(h)
			}
		})
	}
}

func TestHarmlessGivesWayToHarm(t *testing.T) {
	t.Parallel()
	h := NewHarmTest(0.05, quiet(), true, 1)
	feed(h, 32, Pair{Count{0, 6}, Count{0, 6}})
	if got := h.Decision(); got != Harmless {
		t.Fatalf("%v after eight quiet seconds", got)
	}
	feed(h, 20, Pair{Count{6, 6}, Count{0, 6}})
	if got := h.Decision(); got != Harmful {
		t.Fatalf("%v after five seconds of harm", got)
	}
	feed(h, 80, Pair{Count{0, 6}, Count{0, 6}})
	if got := h.Decision(); got != Harmful {
		t.Errorf("%v: harm that was seen is forgotten", got)
	}
}

// What decides and what is told agree.
func TestTheBoundsBelongToTheEvidence(t *testing.T) {
	t.Parallel()
	for _, concurrent := range []bool{true, false} {
		for _, hits := range []int{0, 1, 2, 6} {
			h := NewHarmTest(0.05, quiet(), concurrent, 3)
			for range 10 {
				feed(h, 4, Pair{Count{hits, 6}, Count{0, 6}})
				harmful, harmless := h.Evidence()
				share := h.Share()
				if harmful >= 20*1.1 && share.Low < 0.05 || harmful < 20/1.1 && share.Low > 0.05 {
					t.Fatalf("evidence of harm %.3g, but %+v", harmful, share)
				}
				if harmless >= 20*1.1 && share.High > 0.051 {
					t.Fatalf("evidence of no harm %.3g, but %+v", harmless, share)
				}
			}
		}
	}
}

// Bursts make evidence weaker, and levels of a threshold ask for more of it.
func TestEvidenceIsTempered(t *testing.T) {
	t.Parallel()
	of := func(h *HarmTest, hits ...int) float64 {
		for range 6 {
			for _, n := range hits {
				feed(h, blocksPerSecond, Pair{Count{n, 6}, Count{0, 6}})
			}
		}
		harmful, _ := h.Evidence()
		return harmful
	}
	even, burst := of(NewHarmTest(0.05, quiet(), true, 1), 1, 1, 1), of(NewHarmTest(0.05, quiet(), true, 1), 3, 0, 0)
	if burst > math.Sqrt(even) {
		t.Errorf("evidence %.3g of harm in bursts, %.3g of even harm", burst, even)
	}
	cell, level := NewHarmTest(0.05, quiet(), true, 1), NewThresholdTest(0.05, quiet(), true, 1)
	feed(cell, 4, Pair{Count{6, 6}, Count{0, 6}})
	feed(level, 4, Pair{Count{6, 6}, Count{0, 6}})
	if cell.Decision() != Harmful || level.Decision() != Undecided {
		t.Errorf("%v and %v after a second", cell.Decision(), level.Decision())
	}
}
