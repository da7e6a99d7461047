package stats

import (
	"math"
	"math/rand/v2"
	"testing"
)

// Who follows the advice how many journeys settle a limit has it settled in three of
// four runs. What the estimate alone asks for settles half of them.
func TestNeededToSettle(t *testing.T) {
	t.Parallel()
	runs := 150
	if *calibrate {
		runs = 2000
	}
	for _, c := range []struct{ truth, limit, base float64 }{
		{0.02, 0.05, 0.01}, {0.03, 0.05, 0.01}, {0.08, 0.05, 0.01}, {0, 0.01, 0.005}, {0.005, 0.01, 0.005}, {0.02, 0.01, 0.005},
	} {
		for _, n := range []int{150, 400} {
			r := rand.New(rand.NewPCG(3, uint64(n)))
			undecided, settled, rightly := 0, 0, 0
			for range runs {
				d := arms(r, n, c.base, c.truth)
				if d.Low > c.limit || d.High <= c.limit {
					continue
				}
				need := NeededToSettle(d.Interval, n, c.limit)
				if need <= n {
					t.Fatalf("%d are advised instead of %d", need, n)
				}
				if need == mostNeeded {
					continue
				}
				undecided++
				again := arms(r, need, c.base, c.truth)
				if above := again.Low > c.limit; above || again.High <= c.limit {
					settled++
					if above == (c.truth > c.limit) {
						rightly++
					}
				}
			}
			share := float64(settled) / float64(undecided)
			if share < 0.75-slack(undecided) || float64(rightly) < 0.97*float64(settled) {
				t.Errorf("truth %g, limit %g, %d per arm: %.0f %% of %d runs are settled, %d of %d rightly", c.truth, c.limit, n, 100*share, undecided, rightly, settled)
			}
			t.Logf("truth %g, limit %g, %d per arm: %.0f %% of %d are settled", c.truth, c.limit, n, 100*share, undecided)
		}
	}
}

// slack is three standard errors of a share of three quarters of n runs.
func slack(n int) float64 { return 3 * math.Sqrt(0.75*0.25/float64(n)) }

func arms(r *rand.Rand, n int, base, excess float64) Difference {
	var stretch []Expected
	for range 10 {
		stretch = append(stretch, Expected{Trials: float64(n) / 10})
	}
	return PairedBatches(pairsOf(imagine(r, stretch, 1-(1-base)*(1-excess)), imagine(r, stretch, base)))
}
