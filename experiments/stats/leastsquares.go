package stats

import (
	"math"
	"slices"
)

// mostCondition is the condition number of a design matrix beyond which its coefficients
// are nothing but rounding, as a float64 has about 16 digits.
const mostCondition = 1e16

// A factorization is the QR factorization of a design matrix with three columns: Q has
// orthonormal columns, R is upper triangular, and the matrix is their product.
type factorization struct {
	q [][]float64 // by column
	r [3][3]float64
}

// factorize makes the factorization by modified Gram-Schmidt with reorthogonalization: a
// second round takes away what rounding in the first left of the other columns, so that Q
// is orthogonal also where columns are nearly alike. It reports false where the columns do
// not determine their coefficients: one of them is a sum of the others but for rounding,
// the condition number is beyond [mostCondition], or a value is not finite.
//
// Sources: Å. Björck, "Numerical Methods for Least Squares Problems" (1996), section 2.4;
// L. Giraud, J. Langou and M. Rozložník, "The loss of orthogonality in the Gram-Schmidt
// orthogonalization process", Computers and Mathematics with Applications 50 (2005),
// 1069-1075, on the second round; G. H. Golub and C. F. Van Loan, "Matrix Computations",
// 3rd ed. (1996), sections 2.7.2 and 5.5.8, on condition and rank.
func factorize(columns [3][]float64) (factorization, bool) {
	var f factorization
	for j, column := range columns {
		rest := slices.Clone(column)
		for i, coefficient := range f.orthogonalize(rest) {
			f.r[i][j] = coefficient
		}
		norm := math.Sqrt(dot(rest, rest))
		rounding := 0x1p-52 * float64(len(column)) * math.Sqrt(dot(column, column))
		if math.IsNaN(norm) || norm <= rounding {
			return factorization{}, false
		}
		for k := range rest {
			rest[k] /= norm
		}
		f.r[j][j] = norm
		f.q = append(f.q, rest)
	}
	return f, f.condition() <= mostCondition
}

// orthogonalize takes the columns of Q so far out of v, and returns their coefficients.
func (f *factorization) orthogonalize(v []float64) []float64 {
	coefficients := make([]float64, len(f.q))
	for range 2 {
		for i, column := range f.q {
			c := dot(column, v)
			coefficients[i] += c
			for k := range v {
				v[k] -= c * column[k]
			}
		}
	}
	return coefficients
}

// condition is the condition number of R in the norm of the largest row.
func (f *factorization) condition() float64 {
	r := f.r
	inverse := [3][3]float64{
		{1 / r[0][0], -r[0][1] / r[0][0] / r[1][1], (r[0][1]*r[1][2]/r[1][1] - r[0][2]) / r[0][0] / r[2][2]},
		{0, 1 / r[1][1], -r[1][2] / r[1][1] / r[2][2]},
		{0, 0, 1 / r[2][2]},
	}
	return largestRow(r) * largestRow(inverse)
}

// largestRow is the largest sum of the absolute values of a row.
func largestRow(m [3][3]float64) float64 {
	largest := 0.0
	for _, row := range m {
		largest = max(largest, math.Abs(row[0])+math.Abs(row[1])+math.Abs(row[2]))
	}
	return largest
}

// weights are what each value counts in the last coefficient: the last row of the
// pseudo-inverse.
func (f *factorization) weights() []float64 {
	weights := slices.Clone(f.q[2])
	for k := range weights {
		weights[k] /= f.r[2][2]
	}
	return weights
}

// residuals are what the columns do not explain of values.
func (f *factorization) residuals(values []float64) []float64 {
	rest := slices.Clone(values)
	f.orthogonalize(rest)
	return rest
}

func dot(a, b []float64) float64 {
	sum := 0.0
	for k, v := range a {
		sum += v * b[k]
	}
	return sum
}
