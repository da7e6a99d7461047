package stats

import (
	"math"
	"math/rand/v2"

	"github.com/blastgauge/blastgauge/experiments/truth/world"
	"gonum.org/v1/gonum/stat/distuv"
)

// A system is simulated traffic of two arms in blocks of 250 ms.
type system struct {
	rate float64       // journeys a second and arm
	base world.Process // of both arms at the same time; nil: 0.5 %
	rho  float64       // correlation of journeys of one arm within a second
	r    *rand.Rand

	now    float64
	shares []float64 // of base, by tick
	lucks  [2]float64
	due    [2]float64 // journeys of each arm, whole ones are sent
}

// started is the system at the beginning of a run of some seconds.
func (s system) started(seed uint64, seconds float64) *system {
	s.r = rand.New(rand.NewPCG(seed, 22))
	if s.base == nil {
		s.base = world.Level(0.005)
	}
	s.shares = s.base(s.r, int(seconds/world.Tick)+2)
	return &s
}

// meanBase is the mean share of the base from now on, for some seconds.
func (s *system) meanBase(seconds float64) float64 {
	sum, from, n := 0.0, int(s.now/world.Tick), int(seconds/world.Tick)
	for i := from; i < from+n; i++ {
		sum += s.shares[i]
	}
	return sum / float64(n)
}

// within is the share of this second where the mean is known: its rank is drawn.
func (s *system) within(mean, luck float64) float64 {
	if s.rho == 0 || mean <= 0 || mean >= 1 {
		return mean
	}
	m := 1/s.rho - 1
	return distuv.Beta{Alpha: mean * m, Beta: (1 - mean) * m}.Quantile(luck)
}

// block are the journeys of the next 250 ms where a fault harms an excess of those of its
// arm that are well without it.
func (s *system) block(excess float64) Pair {
	if s.now == math.Floor(s.now) {
		s.lucks = [2]float64{s.r.Float64(), s.r.Float64()}
	}
	var counts [2]Count
	for arm, extra := range []float64{excess, 0} {
		luckyShare := map[float64]float64{}
		for s.due[arm] += s.rate / 4; s.due[arm] >= 1; s.due[arm]-- {
			base := s.shares[int((s.now+s.r.Float64()/4)/world.Tick)]
			share, ok := luckyShare[base]
			if !ok {
				share = s.within(world.Either(base, extra), s.lucks[arm])
				luckyShare[base] = share
			}
			counts[arm].N++
			if s.r.Float64() < share {
				counts[arm].Hits++
			}
		}
	}
	s.now += 0.25
	return Pair{counts[0], counts[1]}
}

// before are healthy seconds.
func (s *system) before(seconds int, concurrent bool) []Pair {
	list := make([]Pair, seconds)
	for i := range list {
		for range blocksPerSecond {
			b := s.block(0)
			list[i].Fault = list[i].Fault.plus(b.Fault)
			if concurrent {
				list[i].Control = list[i].Control.plus(b.Control)
			}
		}
	}
	return list
}
