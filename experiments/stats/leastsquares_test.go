package stats

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"
)

// gonumTrend is the trend by gonum's own least squares, and the condition number of its
// design.
func gonumTrend(stretches []stretchUnder) (line trend, condition float64, ok bool) {
	n, origin := len(stretches), 0.0
	for _, s := range stretches {
		origin += s.Middle / float64(n)
	}
	x, y, identity := mat.NewDense(n, 3, nil), mat.NewVecDense(n, nil), mat.NewDense(n, n, nil)
	for i, s := range stretches {
		x.SetRow(i, []float64{1, s.Middle - origin, s.fault})
		y.SetVec(i, s.Share())
		identity.Set(i, i, 1)
	}
	var qr mat.QR
	qr.Factorize(x)
	var inverse mat.Dense
	if err := inverse.Solve(x, identity); err != nil {
		return trend{}, 0, false
	}
	var coefficients, fitted, residuals mat.VecDense
	coefficients.MulVec(&inverse, y)
	fitted.MulVec(x, &coefficients)
	residuals.SubVec(y, &fitted)
	return trend{coefficients.AtVec(2), mat.Row(nil, 2, &inverse), mat.Col(nil, 0, &residuals)}, qr.Cond(), true
}

// randomly are as many stretches, of which the last or every second one has the fault.
func randomly(r *rand.Rand, n int, middle func(i int) float64) []stretchUnder {
	list, turns := make([]stretchUnder, n), r.IntN(2) == 0
	for i := range list {
		trials := 1 + r.IntN(500)
		list[i] = stretchUnder{Stretch{Count{r.IntN(trials + 1), trials}, middle(i)}, 0}
		if turns && i%2 == 1 || !turns && i >= n-max(1, n/3) {
			list[i].fault = 1
		}
	}
	return list
}

// Over designs of all kinds the trend is gonum's, but for as much as rounding is enlarged
// by the design's condition number.
func TestTrendIsGonums(t *testing.T) {
	t.Parallel()
	for name, middle := range map[string]func(i int, chance float64) float64{
		"regular":   func(i int, _ float64) float64 { return 6 * float64(i) },
		"irregular": func(_ int, chance float64) float64 { return 600 * chance },
		"late":      func(i int, _ float64) float64 { return 1.8e9 + 6*float64(i) },
		"large":     func(i int, _ float64) float64 { return 1e9 * float64(i) },
		"small":     func(i int, _ float64) float64 { return 1e-9 * float64(i) },
	} {
		r := rand.New(rand.NewPCG(5, 6))
		for range 500 {
			stretches := randomly(r, 4+r.IntN(60), func(i int) float64 { return middle(i, r.Float64()) })
			want, condition, known := gonumTrend(stretches)
			got, ok := fitTrend(stretches)
			if !ok || !known {
				t.Fatalf("%s: refused %v, by gonum %v", name, !ok, !known)
			}
			within := 1e-12
			if condition > 1e6 { // only because the scales differ: columns are not alike
				within = 1e-11
			}
			alikeTrends(t, name, got, want, within)
		}
	}
}

func alikeTrends(t *testing.T, name string, got, want trend, within float64) {
	t.Helper()
	near(t, name+": fault", got.fault, want.fault, within)
	largest := 0.0
	for _, w := range want.weights {
		largest = max(largest, math.Abs(w))
	}
	for k := range want.weights {
		near(t, name+": weight", got.weights[k]/largest, want.weights[k]/largest, within)
		near(t, name+": residual", got.residuals[k], want.residuals[k], within)
	}
}

// Where time and fault are nearly alike, all digits that the condition number leaves are
// gonum's, and the residuals are orthogonal to the columns to the last digits.
func TestTrendOfColumnsThatAreNearlyAlike(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(7, 8))
	for apart := 1.0; apart > 1e-11; apart /= 3 {
		for range 20 {
			stretches := randomly(r, 4+r.IntN(40), func(int) float64 { return 0 })
			for i := range stretches {
				stretches[i].Middle = 100*stretches[i].fault + apart*r.Float64()
			}
			want, condition, known := gonumTrend(stretches)
			got, ok := fitTrend(stretches)
			if !ok || !known {
				t.Fatalf("%g apart: refused %v, by gonum %v", apart, !ok, !known)
			}
			alikeTrends(t, "nearly alike", got, want, 1e-14*condition*(1+math.Abs(want.fault)))
			orthogonal(t, stretches, got)
		}
	}
}

// orthogonal checks that residuals have no level, no slope and no step, and that the
// weights find a step of one, and neither a level nor a slope.
func orthogonal(t *testing.T, stretches []stretchUnder, line trend) {
	t.Helper()
	var residuals, weights [3]float64
	largest := 0.0
	for i, s := range stretches {
		for j, v := range [3]float64{1, (s.Middle - 50) / 100, s.fault} {
			residuals[j] += v * line.residuals[i]
			weights[j] += v * line.weights[i]
		}
		largest = max(largest, math.Abs(line.weights[i]))
	}
	for j, want := range [3]float64{0, 0, 1} {
		near(t, "sum of residuals", residuals[j], 0, 1e-13)
		near(t, "sum of weights", weights[j], want, 1e-13*(1+largest))
	}
}

// What gonum refuses is refused. Beyond that so is what it fits by chance: a design whose
// columns are told apart by rounding alone.
func TestTrendIsRefused(t *testing.T) {
	t.Parallel()
	turn := func(i int) float64 { return float64(i % 2) }
	never := func(int) float64 { return 0 }
	always := func(int) float64 { return 1 }
	every := func(step float64) func(int) float64 { return func(i int) float64 { return step * float64(i) } }
	none := func(value float64) func(int) float64 {
		return func(i int) float64 {
			if i == 2 {
				return value
			}
			return 6 * float64(i)
		}
	}
	for name, design := range map[string]struct{ middle, fault func(int) float64 }{
		"no fault":                 {every(7.3), never},
		"nothing but the fault":    {every(7.3), always},
		"all at one time":          {func(int) float64 { return 0.1 }, turn},
		"all at one late time":     {func(int) float64 { return 1.8e9 + 0.7 }, turn},
		"each arm at a time":       {func(i int) float64 { return 13.7 * turn(i) }, turn},
		"each arm at a near time":  {func(i int) float64 { return 1.37 * turn(i) }, turn},
		"each arm at a late time":  {func(i int) float64 { return 1.8e9 + 1.37*turn(i) }, turn},
		"a time that is no number": {none(math.NaN()), turn},
		"no times":                 {func(int) float64 { return math.NaN() }, turn},
		"an infinite time":         {none(math.Inf(1)), turn},
		"a fault of no number":     {every(6), none(math.NaN())},
		"times without end":        {every(1e17), turn},
		"times beyond squares":     {every(1e200), turn},
		"times too close":          {every(1e-18), turn},
		"times below squares":      {every(1e-200), turn},
	} {
		r := rand.New(rand.NewPCG(9, 10))
		for n := 4; n < 60; n++ {
			stretches := randomly(r, n, design.middle)
			for i := range stretches {
				stretches[i].fault = design.fault(i)
			}
			if line, ok := fitTrend(stretches); ok {
				t.Errorf("%s, %d stretches: %+v", name, n, line)
			}
			if _, _, known := gonumTrend(stretches); known && name != "each arm at a near time" && name != "each arm at a late time" {
				t.Errorf("%s, %d stretches: gonum knows a trend", name, n)
			}
		}
	}
	for n := range 4 {
		if line, ok := fitTrend(randomly(rand.New(rand.NewPCG(9, 10)), n, every(6))); ok {
			t.Errorf("%d stretches: %+v", n, line)
		}
	}
}
