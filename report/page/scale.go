package page

import (
	"html/template"
	"math"

	"github.com/blastgauge/blastgauge/experiments/figures"
)

// forestAxis labels the scale.
func ForestAxis(s RootScale) template.HTML {
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
		d.Vertical("gl0", X(x), 0, 4, RuleColor, "")
		d.Text("tick", X(x), 15, SoftColor, anchor, figures.Short(tick*100, 1))
	}
	d.Close()
	return d.HTML()
}

// Axis labels the blast radii.
func (s RootScale) Axis() template.HTML { return ForestAxis(s) }

// An axis runs from 0 to top in equal steps.
type Axis struct {
	Step float64
	N    int
}

func (a Axis) Top() float64 { return a.Step * float64(a.N) }

// axisFor covers 0 to most in at most four round steps.
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

// harmAxis is axisFor of a share: at least 4 points high, so that a lone harmed
// journey does not look like a mountain, and never beyond 100%.
func HarmAxis(most float64) Axis {
	a := AxisFor(max(most, 0.04))
	if a.Top() > 1 {
		return Axis{0.25, 4}
	}
	return a
}

// timeStep is the distance of ticks on a time axis, in seconds: round, and at
// most eight of them.
func TimeStep(total float64) float64 {
	for _, step := range []float64{1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800} {
		if total/step <= 8 {
			return step
		}
	}
	return math.Ceil(total/8/3600) * 3600
}

// A rootScale is a signed square root, so that 1% and 50% can both be read.
type RootScale struct{ Low, High float64 }

// at gives the place of a share in percent of the width.
func (s RootScale) At(share float64) float64 {
	share = min(max(share, s.Low), s.High)
	return 100 * (root(share) - root(s.Low)) / (root(s.High) - root(s.Low))
}

func root(v float64) float64 { return math.Copysign(math.Sqrt(math.Abs(v)), v) }

// rootTicks are the labelled shares of a rootScale.
func RootTicks() []float64 { return []float64{0, 0.01, 0.05, 0.10, 0.25, 0.50, 1} }

// rounded ends the scale at a tick.
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
