package page

import (
	"math"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/report/template"
)

// Axis labels the scale, for the plots above it.
func (s RootScale) Axis() template.HTML {
	var d Drawing
	d.OpenAxis()
	last := -100.0
	for _, tick := range RootTicks() {
		x := s.At(tick)
		if tick > s.High || x-last < 7 {
			continue
		}
		last = x
		anchor := "middle"
		if x > 96 {
			anchor = "end"
		}
		d.Vertical(ZeroLine(), X(x), 0, 4)
		d.Text(Label{Class: "tick", X: X(x), Y: 15, Anchor: anchor, Text: figures.Short(tick*100, 1)})
	}
	d.Close()
	return d.HTML()
}

// An Axis runs from 0 to its top in equal steps.
type Axis struct {
	Step float64
	N    int
}

// Top is the end of the axis.
func (a Axis) Top() float64 { return a.Step * float64(a.N) }

// AxisFor covers 0 to most in at most four round steps.
func AxisFor(most float64) Axis {
	if most <= 0 || math.IsNaN(most) || math.IsInf(most, 0) {
		most = 1
	}
	step := math.Pow(10, math.Floor(math.Log10(most))-1)
	for _, times := range []float64{1, 2, 2.5, 2, 2, 2.5, 2, 2} {
		step *= times
		if n := int(math.Ceil(most/step - 1e-9)); n <= 4 {
			return Axis{step, max(n, 1)}
		}
	}
	return Axis{most, 1}
}

// HarmAxis is the axis of a share: at least 4 points high, so that a single harmed
// journey does not look like a mountain, and never beyond 100%.
func HarmAxis(most float64) Axis {
	a := AxisFor(max(most, 0.04))
	if a.Top() > 1 {
		return Axis{0.25, 4}
	}
	return a
}

// TimeStep is the distance of the ticks on a time axis, in seconds. It is round, and
// there are at most eight ticks.
func TimeStep(total float64) float64 {
	for _, step := range []float64{1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800} {
		if total/step <= 8 {
			return step
		}
	}
	return math.Ceil(total/8/3600) * 3600
}

// A RootScale places shares by their signed square root, so that 1% and 50% can both be
// read.
type RootScale struct{ Low, High float64 }

// At is the place of a share in percent of the width.
func (s RootScale) At(share float64) float64 {
	share = min(max(share, s.Low), s.High)
	return 100 * (root(share) - root(s.Low)) / (root(s.High) - root(s.Low))
}

// root is the square root, with the sign of its argument.
func root(v float64) float64 { return math.Copysign(math.Sqrt(math.Abs(v)), v) }

// RootTicks are the shares that a RootScale labels.
func RootTicks() []float64 { return []float64{0, 0.01, 0.05, 0.10, 0.25, 0.50, 1} }

// Rounded ends the scale at a tick.
func (s RootScale) Rounded() RootScale {
	s.Low = max(s.Low, -1)
	for _, tick := range RootTicks() {
		if tick >= s.High-1e-9 {
			s.High = tick
			break
		}
	}
	return s
}
