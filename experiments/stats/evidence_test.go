package stats

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
)

// The expected factor of a block is at most 1 under every share of the null, by adding up
// every outcome of the block.
func TestEvidenceOfOneArmIsAnEValue(t *testing.T) {
	t.Parallel()
	const n = 7
	for _, edge := range []float64{0.05, 0.3} {
		for _, direction := range []float64{1, -1} {
			for share := 0.01; share < 1; share += 0.01 {
				if direction*(share-edge) > 0 {
					continue
				}
				mean := 0.0
				for hits := range n + 1 {
					e := newOneArm(edge, direction, mostOfBlock)
					e.add(Pair{Fault: Count{hits, n}})
					mean += distuv.Binomial{N: n, P: share}.Prob(float64(hits)) * e.since(0, 1)
				}
				if mean > 1+1e-9 {
					t.Fatalf("edge %v, direction %v, share %v: expectation %v", edge, direction, share, mean)
				}
			}
		}
	}
}

func TestEvidenceOfNothingIsOne(t *testing.T) {
	t.Parallel()
	for _, concurrent := range []bool{true, false} {
		h := NewHarmTest(0.05, quiet(), concurrent, 3)
		for range 30 {
			harmful, harmless := h.Evidence()
			near(t, "harmful", harmful, 1, 1e-9)
			near(t, "harmless", harmless, 1, 1e-9)
			h.ages[0].add(Pair{})
		}
	}
}

// What no share can be is refuted before anything was seen, and what every share can be
// never is.
func TestEdgesThatNoShareCanPass(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		edge, direction, want float64
	}{{-0.1, 1, math.MaxFloat64}, {1.1, -1, math.MaxFloat64}, {-0.1, -1, 1}, {1.1, 1, 1}} {
		e := newOneArm(tt.edge, tt.direction, mostOfBlock)
		e.add(Pair{Fault: Count{6, 6}})
		if got := e.since(0, 1); got != tt.want {
			t.Errorf("%+v: %v", tt, got)
		}
	}
}

// A block that was held for the other arm counts with the next, and not after a reset.
func TestHeldBlocksAreDropped(t *testing.T) {
	t.Parallel()
	p := newPast(quiet(), true)
	once, twice := p.evidence(0.05, 1), p.evidence(0.05, 1)
	twice.add(Pair{Fault: Count{6, 6}})
	twice.reset()
	for _, e := range []*evidence{once, twice} {
		e.add(Pair{Count{1, 3}, Count{0, 3}})
	}
	near(t, "evidence", twice.since(0, 1), once.since(0, 1), 0)
}
