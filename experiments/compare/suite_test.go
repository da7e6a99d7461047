package compare

import (
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/stats"
)

// More of them, for the table in the README of stats:
//
//	go test ./experiments/compare -run TestSuites -runs 2000 -v
var simulations = flag.Int("runs", 60, "suites to simulate for each row")

// An inventory is the true excess of each journey of each experiment of a suite.
type inventory [40][3]float64

// halfHarm is an inventory where half of the experiments harm each of their journeys, by 2
// to 20 points.
func halfHarm() (list inventory) {
	for e := 0; e < len(list); e += 2 {
		for j := range list[e] {
			list[e][j] = 0.02 + 0.18*float64(e)/float64(len(list))
		}
	}
	return list
}

// measured is a run of the inventory: each journey with n in each arm, in ten batches, and a
// blast radius that varies by sd from run to run wherever there is one.
func (list inventory) measured(r *rand.Rand, n int, sd float64) Input {
	const base = 0.005
	res := &result.Result{Schema: result.Schema, Run: result.Run{ID: fmt.Sprint(r.Uint64())}}
	for e := range list {
		x := result.Experiment{ID: fmt.Sprint("e", e), Verdict: result.Refuted, Digests: result.Digests{Faults: "f", Journeys: "j", Load: "l", Limits: "m"}}
		for j, excess := range list[e] {
			if excess > 0 {
				excess = min(1, max(0, excess+sd*r.NormFloat64()))
			}
			pairs := make([]stats.Pair, 10)
			for i := range pairs {
				pairs[i] = stats.Pair{Fault: drawn(r, n/len(pairs), base+(1-base)*excess), Control: drawn(r, n/len(pairs), base)}
			}
			d := stats.PairedBatches(pairs)
			b := &result.BlastRadius{Journey: fmt.Sprint("j", j), Estimate: d.Estimate, Low: d.Low, High: d.High, Confidence: 0.95, Control: result.ConcurrentControl}
			x.Journeys = append(x.Journeys, result.Journey{Name: b.Journey, Limit: 0.05, BlastRadius: b, Arms: result.Arms{Fault: result.Counts{Journeys: n}, Control: &result.Counts{Journeys: n}}})
		}
		res.Experiments = append(res.Experiments, x)
	}
	return Input{Result: res}
}

// drawn counts the hits of n trials, from one to the next: most trials are none.
func drawn(r *rand.Rand, n int, share float64) stats.Count {
	c := stats.Count{N: n}
	if share >= 1 {
		c.Hits = n
		return c
	}
	for i := 0.0; ; c.Hits++ {
		if i += math.Floor(math.Log(1-r.Float64())/math.Log(1-share)) + 1; i > float64(n) {
			return c
		}
	}
}

// with is the inventory with more harm in some of its journeys.
func (list inventory) with(more func(e, j int) float64) inventory {
	for e := range list {
		for j := range list[e] {
			list[e][j] += more(e, j)
		}
	}
	return list
}

// worse harms one journey by ten points more.
func worse(e, j int) float64 {
	if e == 20 && j == 1 {
		return 0.1
	}
	return 0
}

// Whole suites, in which nothing or something is worse in head: how often is a
// regression called, anywhere, and in the journey that is worse?
func TestSuites(t *testing.T) {
	t.Parallel()
	none := func(int, int) float64 { return 0 }
	most := func(e, _ int) float64 { return map[bool]float64{true: 0.1}[e%8 != 1] }
	half := func(e, _ int) float64 { return map[bool]float64{true: 0.1}[e%4 == 0] }
	better := func(e, j int) float64 {
		if e >= 10 && e%2 == 0 && worse(e, j) == 0 {
			return -0.05
		}
		return worse(e, j)
	}
	for _, tt := range []struct {
		name      string
		harm      inventory
		more      func(e, j int) float64
		n         int
		sd        float64
		runs      int     // on each side
		regressed float64 // is the exit code in at most this share
		found     float64 // is the change of the journey that is worse in at least this share
	}{
		{"nothing harms", inventory{}, none, 380, 0, 1, 0.05, 0},
		{"nothing changed", halfHarm(), none, 2340, 0, 1, 0.05, 0},
		{"nothing changed, runs vary by a point", halfHarm(), none, 2340, 0.01, 1, 0.10, 0},
		{"nothing changed, runs vary by three points", halfHarm(), none, 2340, 0.03, 1, 0.15, 0},
		{"nothing changed, three runs a side vary by three points", halfHarm(), none, 2340, 0.03, 3, 0.10, 0},
		{"ten points in one journey", halfHarm(), worse, 2340, 0, 1, 1, 0.95},
		{"ten points in one journey, runs vary by a point", halfHarm(), worse, 2340, 0.01, 1, 1, 0.65},
		{"ten points in half of what harms, runs vary by a point", halfHarm(), half, 2340, 0.01, 1, 1, 0.65},
		{"ten points in seven of eight", halfHarm(), most, 2340, 0, 1, 1, 0.95},
		{"five points better in many, ten worse in one", halfHarm(), better, 2340, 0, 1, 1, 0.65},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(28, uint64(len(tt.name))))
			side := func(list inventory) (runs []Input) {
				for range tt.runs {
					runs = append(runs, list.measured(r, tt.n, tt.sd))
				}
				return runs
			}
			exits, found := 0, 0
			for range *simulations {
				c := Runs(side(tt.harm), side(tt.harm.with(tt.more)), DefaultMargin)
				if c.ExitCode == result.ExitRefuted {
					exits++
				}
				for _, e := range c.Experiments {
					if e.ID == "e20" && e.Journeys[1].Status == Regressed {
						found++
					}
				}
			}
			n := float64(*simulations)
			regressed, power := float64(exits)/n, float64(found)/n
			t.Logf("regressed %.1f %%, found %.1f %%", 100*regressed, 100*power)
			slack := func(p float64) float64 { return 3 * math.Sqrt(p*(1-p)/n) }
			if regressed > tt.regressed+slack(tt.regressed) {
				t.Errorf("%.1f %% of suites regressed, want at most %.0f %%", 100*regressed, 100*tt.regressed)
			}
			if power < tt.found-slack(tt.found) {
				t.Errorf("found in %.1f %% of suites, want at least %.0f %%", 100*power, 100*tt.found)
			}
		})
	}
}

// What the suite shows of its runs is in the comparison and in every interval of it; what is
// too small a suite says that it shows nothing.
func TestSpreadIsShown(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(28, 28))
	base, head := halfHarm().measured(r, 2340, 0.03), halfHarm().measured(r, 2340, 0.03)
	c := Runs([]Input{base}, []Input{head}, DefaultMargin)
	if c.Spread == nil || math.Abs(c.Spread.SD-0.03) > 0.015 || c.Spread.Changes < 40 || !c.Drift {
		t.Fatalf("spread %+v, in the intervals: %t; want three points of the half that harm", c.Spread, c.Drift)
	}
	for _, e := range c.Experiments {
		j := e.Lead()
		alone := stats.Minus(stats.Interval{Estimate: j.Head.Estimate, Low: j.Head.Low, High: j.Head.High},
			stats.Interval{Estimate: j.Base.Estimate, Low: j.Base.Low, High: j.Base.High})
		if j.Change.Drift == nil || *j.Change.Drift != c.Spread.SD || j.Change.High-j.Change.Low <= alone.High-alone.Low {
			t.Errorf("%s: %+v, want the spread in an interval wider than %+v", e.ID, j.Change, alone)
		}
	}
	base.Result.Experiments, head.Result.Experiments = base.Result.Experiments[20:22], head.Result.Experiments[20:22]
	if few := Runs([]Input{base}, []Input{head}, DefaultMargin); few.Spread != nil || few.Drift || few.Experiments[0].Lead().Change.Drift != nil {
		t.Errorf("of two experiments: %+v", few.Spread)
	}
}
