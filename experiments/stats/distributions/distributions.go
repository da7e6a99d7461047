// Package distributions has the probability distributions that intervals and tests are
// made with.
//
// The special functions behind them come from gonum's mathext. They are hard to get right
// in the tails, and gonum is tested against published tables. Its own distributions give
// the same figures, to the last digit; they stay out of what is built because they bring
// matrices and LAPACK along, and this package's tests compare with them.
//
// A p is a probability of 0 to 1. Any other panics, and so does a shape that is not above
// zero: who calls checks what comes from outside.
//
// Source of all formulas: M. Abramowitz and I. A. Stegun, "Handbook of Mathematical
// Functions" (1964), chapter 26, by the number of each.
package distributions

import (
	"math"

	"gonum.org/v1/gonum/mathext"
)

// Normal is the standard normal distribution: of mean 0 and standard deviation 1.
type Normal struct{}

// CDF is the chance of x or less, ½·erfc(−x/√2), by 26.2.29. It is good to the last
// digits down to 1e-300.
func (Normal) CDF(x float64) float64 {
	return 0.5 * math.Erfc(-x/math.Sqrt2)
}

// Survival is the chance of more than x, ½·(1 − erf(x/√2)), by 26.2.29. It is good to
// 1e-16 and no further: it is 0 for every x beyond 8.3. CDF(−x) tells smaller ones.
func (Normal) Survival(x float64) float64 {
	return 0.5 * (1 - math.Erf(x/math.Sqrt2))
}

// Quantile is the x whose CDF is p; −∞ of 0 and +∞ of 1.
//
// Source: M. J. Wichura, "Algorithm AS 241: The percentage points of the normal
// distribution", Applied Statistics 37 (1988), 477-484.
func (Normal) Quantile(p float64) float64 {
	return mathext.NormalQuantile(p)
}

// StudentsT is Student's t for DF degrees of freedom, which are above zero and need not be
// whole. A p in a tail is good to nine digits down to 1e-12 for up to 100 of them, and down
// to 1e-6 for up to 10,000; beyond, gonum's incomplete beta function loses digits.
type StudentsT struct {
	DF float64
}

// CDF is the chance of x or less.
func (t StudentsT) CDF(x float64) float64 {
	switch {
	case x == 0:
		return 0.5
	case x > 0:
		return 1 - t.beyond(x)
	}
	return t.beyond(x)
}

// Survival is the chance of more than x, good also where it is tiny.
func (t StudentsT) Survival(x float64) float64 {
	switch {
	case x == 0:
		return 0.5
	case x > 0:
		return t.beyond(x)
	}
	return 1 - t.beyond(x)
}

// beyond is the chance of a value further out than x on the side of x: half of the
// regularized incomplete beta function I of ν/(ν + x²) for ν/2 and ½, by 26.7.1 and
// 26.5.27.
func (t StudentsT) beyond(x float64) float64 {
	return 0.5 * mathext.RegIncBeta(t.DF/2, 0.5, t.DF/(x*x+t.DF))
}

// Quantile is the x whose CDF is p: the inverse of the incomplete beta function tells
// ν/(ν + x²).
func (t StudentsT) Quantile(p float64) float64 {
	switch {
	case p == 0.5:
		return 0
	case p > 0.5:
		return t.furtherOut(1 - p)
	}
	return -t.furtherOut(p)
}

// furtherOut is the x of 0 or more beyond which tail is left.
func (t StudentsT) furtherOut(tail float64) float64 {
	b := mathext.InvRegIncBeta(t.DF/2, 0.5, 2*tail)
	return math.Sqrt(t.DF * (1 - b) / b)
}

// ChiSquared is the chi-squared distribution for DF degrees of freedom, which are above
// zero and need not be whole.
type ChiSquared struct {
	DF float64
}

// Quantile is the x whose CDF is p: twice that of [Gamma] whose shape is half of DF, by
// 26.4.19.
func (c ChiSquared) Quantile(p float64) float64 {
	return mathext.GammaIncRegInv(0.5*c.DF, p) * 2
}

// Gamma is the gamma distribution of rate 1, with a shape above zero.
type Gamma struct {
	Shape float64
}

// Quantile is the x whose CDF is p: the inverse of the regularized incomplete
// gamma function P(shape, x), which 6.5.1 defines.
func (g Gamma) Quantile(p float64) float64 {
	return mathext.GammaIncRegInv(g.Shape, p)
}
