package checkout

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
)

// cents is an amount of money. It is an integer because the journeys compare
// what was charged with what was quoted, and 0.1 + 0.2 is not 0.3 in floating
// point. In JSON it is a plain number without trailing zeros: 49.98, 12.5, 7.
type cents int64

// maxAmount keeps sums far from overflow: ten billion in the shop's currency.
const maxAmount cents = 1e12

var errAmount = errors.New("amount must be a decimal number with at most two decimals, below 10000000000")

// String writes the amount as the shortest decimal number.
func (c cents) String() string {
	sign, n := "", int64(c)
	if n < 0 {
		sign, n = "-", -n
	}
	whole, rest := n/100, n%100
	switch {
	case rest == 0:
		return fmt.Sprintf("%s%d", sign, whole)
	case rest%10 == 0:
		return fmt.Sprintf("%s%d.%d", sign, whole, rest/10)
	}
	return fmt.Sprintf("%s%d.%02d", sign, whole, rest)
}

// MarshalJSON writes a JSON number.
func (c cents) MarshalJSON() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalJSON reads a JSON number exactly. null leaves the amount as it is.
func (c *cents) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		return nil
	}
	parsed, err := parseCents(string(text))
	if err != nil {
		return err
	}
	*c = parsed
	return nil
}

func parseCents(s string) (cents, error) {
	digits, negative := strings.CutPrefix(s, "-")
	whole, fraction, dotted := strings.Cut(digits, ".")
	if len(whole) == 0 || len(whole) > 10 || len(fraction) > 2 || dotted && fraction == "" {
		return 0, errAmount
	}
	for _, r := range whole + fraction {
		if r < '0' || r > '9' {
			return 0, errAmount
		}
	}
	n, err := strconv.ParseInt(whole+fraction+"00"[len(fraction):], 10, 64)
	if err != nil {
		return 0, errAmount
	}
	if negative {
		n = -n
	}
	return cents(n), nil
}

// ratio is a dimensionless number in millionths: a tax rate of 0.19 is 190000.
// Six decimals are enough for every rate, and products stay exact.
type ratio int64

const one ratio = 1e6

// UnmarshalJSON reads any JSON number below a billion and rounds it to six
// decimals. null leaves the ratio as it is.
func (r *ratio) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		return nil
	}
	f, err := strconv.ParseFloat(string(text), 64)
	if err != nil || math.Abs(f) >= 1e9 || math.IsNaN(f) {
		return fmt.Errorf("%q must be a number below a billion", text)
	}
	*r = ratio(math.Round(f * float64(one)))
	return nil
}

// times returns c × num/den, rounded half away from zero. It fails when the
// result is no amount that a shop could mean.
func (c cents) times(num, den int64) (cents, error) {
	p := new(big.Int).Mul(big.NewInt(int64(c)), big.NewInt(num))
	half := big.NewInt(den / 2)
	if p.Sign() < 0 {
		half.Neg(half)
	}
	p.Quo(p.Add(p, half), big.NewInt(den))
	if !p.IsInt64() || p.Int64() > int64(maxAmount) || p.Int64() < -int64(maxAmount) {
		return 0, errAmount
	}
	return cents(p.Int64()), nil
}
