package stats

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// Against the null of no excess the nearest point is the pooled share (Turner,
// Ly and Grünwald, section 3).
func TestTheNearestPointOfNoExcessIsThePooledShare(t *testing.T) {
	t.Parallel()
	r := rival{fault: 0.3, control: 0.1}
	near(t, "as many in each", r.nearest(0, 1, 1), 0.2, 1e-12)
	near(t, "three times as many", r.nearest(0, 3, 1), (3*0.3+0.1)/4, 1e-12)
}

// The expected factor of a block is at most 1 under every pair of shares of the
// null, by adding up every outcome of the block: that is all the guarantee
// needs.
func TestEveryFactorIsAnEVariable(t *testing.T) {
	t.Parallel()
	for _, limit := range []float64{-0.3, 0, 0.02, 0.36} {
		for _, direction := range []float64{1, -1} {
			for _, sizes := range [][2]int{{1, 1}, {2, 3}, {4, 1}} {
				g := newEProcess(limit, Pair{}, 1, direction)
				for i, f := range g.factors(sizes[0], sizes[1]) {
					if most := worstExpectation(f, sizes, limit, direction); most > 1+1e-9 {
						t.Fatalf("limit %v, direction %v, block %v, rival %+v: expectation %v", limit, direction, sizes, g.rivals[i], most)
					}
				}
			}
		}
	}
}

// worstExpectation is the largest over a grid of the null.
func worstExpectation(f factor, sizes [2]int, limit, direction float64) float64 {
	worst := 0.0
	for a := 0.0; a <= 1; a += 1.0 / 64 {
		for b := 0.0; b <= 1; b += 1.0 / 64 {
			if direction*(a-b-limit) > 0 {
				continue
			}
			// Journeys are independent: the expectation is a product.
			x := a*math.Exp(f.faultHarmed) + (1-a)*math.Exp(f.fault)
			y := b*math.Exp(f.controlHarmed) + (1-b)*math.Exp(f.control)
			worst = max(worst, math.Pow(x, float64(sizes[0]))*math.Pow(y, float64(sizes[1])))
		}
	}
	return worst
}

func TestTheWeightsOfAllStartsAreOne(t *testing.T) {
	t.Parallel()
	g := NewEProcess(0.05, Pair{})
	for range 10_000 {
		g.Renew()
	}
	near(t, "evidence of nothing", g.Evidence(), 1, 1e-9)
	if g.unused <= 0 {
		t.Errorf("%v is left for starts to come", g.unused)
	}
	if g.Add(Pair{Fault: Count{5, 5}}); math.Abs(g.Evidence()-1) > 1e-9 {
		t.Error("one arm alone moved the evidence")
	}
}

func TestEvidenceStaysANumber(t *testing.T) {
	t.Parallel()
	g := NewEProcess(0, Pair{})
	for range 1000 {
		if e := g.Add(Pair{Count{100, 100}, Count{0, 100}}); math.IsNaN(e) || math.IsInf(e, 0) {
			t.Fatal(e)
		}
	}
}

// A scene is 25 journeys a second and arm in looks of a quarter of a second.
type scene struct {
	r      *rand.Rand
	before Pair
}

func newScene(seed uint64, quiet float64) scene {
	s := scene{r: rand.New(rand.NewPCG(seed, 17))}
	s.before = Pair{s.count(1500, quiet), s.count(1500, quiet)}
	return s
}

func (s scene) count(n int, share float64) Count {
	c := Count{N: n}
	for range n {
		if s.r.Float64() < share {
			c.Hits++
		}
	}
	return c
}

// stopped is the second at which a guardrail acts with a risk of 1 %, or -1.
func (s scene) stopped(limit float64, looks int, shares func(look int) (fault, control float64)) float64 {
	g := NewEProcess(limit, s.before)
	for look := range looks {
		if look > 0 && look%20 == 0 {
			g.Renew()
		}
		a, b := shares(look)
		n := 6 + look%4/3 // 6.25
		if g.Add(Pair{s.count(n, a), s.count(n, b)}) >= 100 {
			return float64(look+1) / 4
		}
	}
	return -1
}

// TestEProcessCalibration simulates how soon a jump is stopped and how often ten
// minutes without one are.
//
//	go test ./experiments/stats -run TestEProcessCalibration -calibrate -v
//
// prints the tables of 2,000 runs each.
func TestEProcessCalibration(t *testing.T) {
	t.Parallel()
	runs := 150
	if *calibrate {
		runs = 2000
	}
	delays := newTable(t, "guardrail\tfault arm jumps from 1 % to\tat second\tstopped within 60 s\tmedian\t9 of 10")
	for _, tt := range []struct{ limit, to, at, median float64 }{
		{0, 0.2, 0, 2.5}, {0.02, 0.2, 0, 3}, {0.05, 0.2, 0, 4.5}, {0.1, 0.2, 0, 12}, {0.05, 0.5, 0, 1.5}, {0.36, 0.8, 0, 3}, {0.02, 0.2, 60, 7},
	} {
		var after []float64
		for i := range runs {
			from := int(4 * tt.at)
			second := newScene(uint64(i), 0.01).stopped(tt.limit, from+240, func(look int) (float64, float64) {
				if look < from {
					return 0.01, 0.01
				}
				return tt.to, 0.01
			})
			if second > tt.at {
				after = append(after, second-tt.at)
			}
		}
		slices.Sort(after)
		delays.row("%g points\t%g %%\t%g\t%s %%\t%.2f s\t%.2f s", 100*tt.limit, 100*tt.to, tt.at, pc(float64(len(after))/float64(runs)), quantile(after, 0.5), quantile(after, 0.9))
		if got := quantile(after, 0.5); got > tt.median || len(after) < runs*9/10 {
			t.Errorf("limit %v, 1 %% to %v: stopped in %d of %d runs after a median of %v s, want %v", tt.limit, tt.to, len(after), runs, got, tt.median)
		}
	}
	delays.flush()
}

// TestEProcessFalseStops simulates ten minutes whose excess is never beyond the
// limit: none at all, as much as the limit allows, and bad moments of both arms.
func TestEProcessFalseStops(t *testing.T) {
	t.Parallel()
	runs := 100
	if *calibrate {
		runs = 2000
	}
	stops := newTable(t, "guardrail\texcess\tfalse stops in 10 minutes")
	quiet := func(int) (float64, float64) { return 0.01, 0.01 }
	moments := func(look int) (float64, float64) {
		if look%80 < 12 { // three seconds of every twenty
			return 0.3, 0.3
		}
		return 0.005, 0.005
	}
	for _, tt := range []struct {
		name   string
		limit  float64
		shares func(int) (float64, float64)
	}{
		{"none", 0, quiet}, {"none", 0.05, quiet}, {"bad moments of both arms", 0, moments}, {"bad moments of both arms", 0.02, moments},
		{"exactly the limit", 0.02, func(int) (float64, float64) { return 0.03, 0.01 }},
		{"exactly the limit", 0.1, func(int) (float64, float64) { return 0.15, 0.05 }},
	} {
		n := 0
		for i := range runs {
			if newScene(uint64(i), 0.01).stopped(tt.limit, 2400, tt.shares) >= 0 {
				n++
			}
		}
		share := float64(n) / float64(runs)
		stops.row("%g points\t%s\t%s %%", 100*tt.limit, tt.name, pc(share))
		if most := 0.01 + 3*math.Sqrt(0.01*0.99/float64(runs)); share > most {
			t.Errorf("%s, limit %v: false stops in %d of %d runs", tt.name, tt.limit, n, runs)
		}
	}
	stops.flush()
}

// Intervals for a fixed time promise nothing at the moment at which a guardrail stops
// a fault. The sequence does: it holds the excess in 95 of 100 runs at least.
func TestExcessSequenceHoldsWhenStopped(t *testing.T) {
	t.Parallel()
	runs := 60
	if *calibrate {
		runs = 1000
	}
	results := newTable(t, "excess\tsequence covers\tmean width")
	for _, excess := range []float64{0.05, 0.19, 0.5} {
		covered, width := 0, 0.0
		for i := range runs {
			s := newScene(uint64(i), 0.01)
			g := NewEProcess(0, s.before)
			var blocks []Pair
			for len(blocks) < 240 && g.Evidence() < 100 {
				b := Pair{s.count(6, 0.01+excess), s.count(6, 0.01)}
				g.Add(b)
				blocks = append(blocks, b)
			}
			got := ExcessSequence(blocks, s.before)
			if got.Low <= excess && excess <= got.High {
				covered++
			}
			width += (got.High - got.Low) / float64(runs)
			if got.Low <= 0 && g.Evidence() >= 100 {
				t.Fatalf("stopped, but %v does not exclude zero", got)
			}
		}
		results.row("%g points\t%s %%\t%.1f points", 100*excess, pc(float64(covered)/float64(runs)), 100*width)
		if least := 0.95 - 3*math.Sqrt(0.95*0.05/float64(runs)); float64(covered)/float64(runs) < least {
			t.Errorf("excess %v: the sequence holds it in %d of %d runs", excess, covered, runs)
		}
	}
	results.flush()
}

func TestExcessSequenceOfNothingIsEverything(t *testing.T) {
	t.Parallel()
	if got := ExcessSequence(nil, Pair{}); got != (Interval{0, -1, 1}) {
		t.Errorf("ExcessSequence(nothing) = %v, want -1 to 1", got)
	}
}
