// Package world simulates systems whose harm is known: how large a share of their
// journeys goes wrong at each moment, without a fault and because of one.
package world

import (
	"math"
	"math/rand/v2"
)

// Tick is the length in seconds of the moments for which a process has a share.
const Tick = 0.1

// A Process draws the share of harmed journeys, 0 to 1, for each of a number of
// ticks.
type Process func(r *rand.Rand, ticks int) []float64

// A Harm is what a fault adds to a system: a process with a mean excess.
type Harm func(excess float64) Process

// Level is always the same share.
func Level(share float64) Process {
	return func(_ *rand.Rand, ticks int) []float64 {
		shares := make([]float64, ticks)
		for i := range shares {
			shares[i] = share
		}
		return shares
	}
}

// Bursts are stretches of a high share. They have an exponential length with a mean
// in seconds, and take a part of the time.
func Bursts(length, part, low, high float64) Process {
	return func(r *rand.Rand, ticks int) []float64 {
		shares := make([]float64, ticks)
		on := r.Float64() < part
		for i := range shares {
			mean := length / part * (1 - part)
			shares[i] = low
			if on {
				shares[i], mean = high, length
			}
			if r.Float64() < Tick/mean {
				on = !on
			}
		}
		return shares
	}
}

// Memory is a share whose logarithm follows an autoregression around a level, with
// a memory in seconds and a standard deviation.
func Memory(level, memory, spread float64) Process {
	return func(r *rand.Rand, ticks int) []float64 {
		keep := math.Exp(-Tick / memory)
		shares := make([]float64, ticks)
		x := r.NormFloat64() * spread
		for i := range shares {
			shares[i] = min(1, level*math.Exp(x))
			x = keep*x + math.Sqrt(1-keep*keep)*spread*r.NormFloat64()
		}
		return shares
	}
}

// Periodic is a bad moment of a length in every period, both in seconds. Where in
// the period it is, is drawn.
func Periodic(period, length, low, high float64) Process {
	return func(r *rand.Rand, ticks int) []float64 {
		shares := make([]float64, ticks)
		phase := r.Float64() * period
		for i := range shares {
			shares[i] = low
			if math.Mod(float64(i)*Tick+phase, period) < length {
				shares[i] = high
			}
		}
		return shares
	}
}

// Trend is a straight line.
func Trend(from, to float64) Process {
	return func(_ *rand.Rand, ticks int) []float64 {
		shares := make([]float64, ticks)
		for i := range shares {
			shares[i] = from + (to-from)*float64(i)/float64(max(1, ticks-1))
		}
		return shares
	}
}

// Fading is a system that warms up: an extra share that fades to a floor with a time
// constant in seconds.
func Fading(floor, extra, constant float64) Process {
	return func(_ *rand.Rand, ticks int) []float64 {
		shares := make([]float64, ticks)
		for i := range shares {
			shares[i] = floor + extra*math.Exp(-float64(i)*Tick/constant)
		}
		return shares
	}
}

// Both is the harm of two independent processes together.
func Both(a, b Process) Process {
	return func(r *rand.Rand, ticks int) []float64 {
		shares, others := a(r, ticks), b(r, ticks)
		for i := range shares {
			shares[i] = Either(shares[i], others[i])
		}
		return shares
	}
}

// Either is the share of journeys that meet at least one of two independent harms.
func Either(a, b float64) float64 { return 1 - (1-a)*(1-b) }

// Steady is harm that is the same at every moment.
func Steady(excess float64) Process { return Level(excess) }

// InBursts is harm that comes in bursts of a mean length in seconds, which take a
// part of the time.
func InBursts(length, part float64) Harm {
	return func(excess float64) Process { return Bursts(length, part, 0, excess/part) }
}

// A World is a system without a fault, and what a fault does to it.
type World struct {
	Name string
	Base Process
	Harm Harm
	// Trends reports that the base drifts in one direction during an experiment.
	Trends bool
}

// Documented are the five worlds of the tables in experiments/stats/README.md.
func Documented() []World {
	return []World{
		{Name: "independent", Base: Level(0.01), Harm: Steady},
		{Name: "rare", Base: Level(0.001), Harm: Steady},
		{Name: "bursty", Base: Bursts(2, 0.1, 0.003, 0.15), Harm: Steady},
		{Name: "autocorrelated", Base: Memory(0.012, 3, 0.8), Harm: Steady},
		{Name: "the fault's own bursts", Base: Level(0.005), Harm: InBursts(2, 0.25)},
	}
}

// Harder are worlds with longer memory, longer bursts, regular pauses and drift.
// seconds is the length of the experiment, for those that drift.
func Harder(seconds float64) []World {
	return []World{
		{Name: "bursts of 5 s", Base: Bursts(5, 0.1, 0.003, 0.15), Harm: Steady},
		{Name: "bursts of 10 s", Base: Bursts(10, 0.1, 0.003, 0.15), Harm: Steady},
		{Name: "memory of 15 s", Base: Memory(0.012, 15, 0.8), Harm: Steady},
		{Name: "memory of 60 s", Base: Memory(0.012, 60, 0.8), Harm: Steady},
		{Name: "garbage collection", Base: Periodic(20, 1, 0.005, 0.5), Harm: Steady},
		{Name: "cron", Base: Periodic(60, 3, 0.002, 0.4), Harm: Steady},
		{Name: "drift", Base: Trend(0.005, 0.04), Harm: Steady, Trends: true},
		{Name: "warming up", Base: Fading(0.003, 0.04, seconds/3), Harm: Steady, Trends: true},
	}
}
