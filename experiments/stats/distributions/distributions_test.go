package distributions

import (
	"fmt"
	"math"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
)

// same fails unless both are the same to the last digit: figures that were measured with
// gonum's own distributions stay what they were.
func same(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.Float64bits(got) != math.Float64bits(want) && got != want {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}

// points are where distributions are compared: on both sides of zero, up to 1e200.
func points() []float64 {
	list := []float64{0}
	for exponent := -20.0; exponent <= 200; exponent += 0.5 + max(0, exponent)/20 {
		x := math.Pow(10, exponent)
		list = append(list, x, -x)
	}
	for x := 0.01; x < 40; x += 0.21 {
		list = append(list, x, -x)
	}
	return list
}

// probabilities go from 1e-300 to 1 − 1e-16.
func probabilities() []float64 {
	list := []float64{0, 0.5, 1, 0.024999999999999967, 0.025, 0.05, 0.8, 0.95, 0.975, 0.999}
	for exponent := -300.0; exponent < -0.3; exponent += 0.05 - exponent/30 {
		p := math.Pow(10, exponent)
		list = append(list, p, 1-p)
	}
	for p := 0.001; p < 1; p += 0.01 {
		list = append(list, p)
	}
	return list
}

// freedoms are degrees of freedom, and shapes.
func freedoms() []float64 {
	list := []float64{0.5, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9.5, 19, 1e5, 1e6}
	for f := 1.3; f < 1e6; f *= 7.3 {
		list = append(list, f, math.Round(f))
	}
	return list
}

func TestNormalIsGonums(t *testing.T) {
	t.Parallel()
	for _, x := range points() {
		same(t, fmt.Sprintf("CDF(%g)", x), Normal{}.CDF(x), distuv.UnitNormal.CDF(x))
		same(t, fmt.Sprintf("Survival(%g)", x), Normal{}.Survival(x), distuv.UnitNormal.Survival(x))
	}
	for _, p := range probabilities() {
		same(t, fmt.Sprintf("Quantile(%g)", p), Normal{}.Quantile(p), distuv.UnitNormal.Quantile(p))
	}
}

func TestStudentsTIsGonums(t *testing.T) {
	t.Parallel()
	for _, df := range freedoms() {
		ours, theirs := StudentsT{df}, distuv.StudentsT{Mu: 0, Sigma: 1, Nu: df}
		for _, x := range points() {
			same(t, fmt.Sprintf("CDF(%g) of %g", x, df), ours.CDF(x), theirs.CDF(x))
			same(t, fmt.Sprintf("Survival(%g) of %g", x, df), ours.Survival(x), theirs.Survival(x))
		}
		for _, p := range probabilities() {
			same(t, fmt.Sprintf("Quantile(%g) of %g", p, df), ours.Quantile(p), theirs.Quantile(p))
		}
	}
}

func TestGammaAndChiSquaredAreGonums(t *testing.T) {
	t.Parallel()
	for _, shape := range freedoms() {
		for _, p := range []float64{1e-12, 1e-6, 0.001, 0.01, 0.025, 0.2, 0.25, 0.5, 0.9, 0.999, 1 - 1e-6, 1 - 1e-12} {
			same(t, fmt.Sprintf("gamma quantile(%g) of %g", p, shape), Gamma{shape}.Quantile(p), distuv.Gamma{Alpha: shape, Beta: 1}.Quantile(p))
			same(t, fmt.Sprintf("chi-squared quantile(%g) of %g", p, shape), ChiSquared{shape}.Quantile(p), distuv.ChiSquared{K: shape}.Quantile(p))
		}
	}
}

func TestBinomialIsGonums(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 2, 5, 20, 99, 1000, 54321, 1_000_000} {
		for _, p := range []float64{1e-9, 0.001, 0.05, 0.5, 0.95, 0.99, 1 - 1e-9} {
			ours, theirs := Binomial{n, p}, distuv.Binomial{N: float64(n), P: p}
			for k := -1; k <= n+1; k += 1 + n/200 {
				same(t, fmt.Sprintf("CDF(%d) of %d at %g", k, n, p), ours.CDF(k), theirs.CDF(float64(k)))
			}
		}
	}
}

// Figures that are not gonum's: they follow from the definitions, or agree with what
// Abramowitz and Stegun, tables 26.1, 26.8 and 26.10, and Pearson and Hartley, "Biometrika
// Tables for Statisticians" I (1966), table 40 (limits of a Poisson count), print.
func TestPrintedTables(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ got, want, within float64 }{
		"normal at 1.96":             {Normal{}.CDF(1.96), 0.975002104851780, 1e-15},
		"normal beyond 3":            {Normal{}.Survival(3), 0.001349898031630, 1e-15},
		"normal at -37":              {Normal{}.CDF(-37) / 5.7255712225245768e-300, 1, 1e-12},
		"normal 0.975":               {Normal{}.Quantile(0.975), 1.959963984540054, 1e-15},
		"t of 1 beyond 12.706":       {StudentsT{1}.Survival(12.70620473617471), 0.025, 1e-15},
		"t of 1 at -1e12 by Cauchy":  {StudentsT{1}.CDF(-1e12) * math.Pi * 1e12, 1, 1e-12},
		"t of 2 0.995":               {StudentsT{2}.Quantile(0.995), 9.924843200918, 1e-9},
		"t of 9 0.975":               {StudentsT{9}.Quantile(0.975), 2.262157162741, 1e-9},
		"t of 30 0.025":              {StudentsT{30}.Quantile(0.025), -2.042272456301, 1e-9},
		"chi-squared of 1 0.999":     {ChiSquared{1}.Quantile(0.999), 10.82756617, 1e-8},
		"chi-squared of 10 0.999":    {ChiSquared{10}.Quantile(0.999), 29.58829845, 1e-8},
		"lower limit of 1 event":     {Gamma{1}.Quantile(0.025), -math.Log1p(-0.025), 1e-14},
		"lower limit of 10 events":   {Gamma{10}.Quantile(0.025), 4.795389, 1e-6},
		"binomial of 10 at 0.5":      {Binomial{10, 0.5}.CDF(2), 56.0 / 1024, 1e-15},
		"binomial of 3 at a quarter": {Binomial{3, 0.25}.CDF(0), 27.0 / 64, 1e-15},
	} {
		if math.IsNaN(c.got) || math.Abs(c.got-c.want) > c.within {
			t.Errorf("%s: %.15g, want %.15g", name, c.got, c.want)
		}
	}
}

// A quantile's CDF is its probability, to nine digits of the smaller side: from 1e-12 on of
// Student's t for as many values as there ever are, from 1e-6 on of one for 10,000.
func TestQuantilesInvert(t *testing.T) {
	t.Parallel()
	for exponent := -12.0; exponent < -0.31; exponent += 0.25 {
		p := math.Pow(10, exponent)
		for _, df := range freedoms() {
			if df > 100 && (p < 1e-6 || df > 10_000) {
				continue
			}
			x := StudentsT{df}.Quantile(p)
			if got := (StudentsT{df}).CDF(x); math.Abs(got/p-1) > 1e-9 {
				t.Errorf("t of %g: the CDF of quantile %g is %g", df, p, got)
			}
			if got := (StudentsT{df}).Survival(-x); math.Abs(got/p-1) > 1e-9 {
				t.Errorf("t of %g: beyond quantile %g of the other side is %g", df, p, got)
			}
		}
		if got := (Normal{}).CDF(Normal{}.Quantile(p)); math.Abs(got/p-1) > 1e-9 {
			t.Errorf("normal: the CDF of quantile %g is %g", p, got)
		}
	}
}
