package journey

import (
	"encoding/json"
	"math/big"
	"strings"
	"testing"
)

func TestDecimals(t *testing.T) {
	ordered := []string{"-1e999999999999999999999", "-2e9", "-10", "-9.99", "-1", "-0.5", "-5e-400", "0", "5e-400", "1e-3", "0.01", "0.5", "1", "9.99", "10", "10.000000000000000000001", "9007199254740992", "9007199254740993", "1e17", "1e999999999999999999999"}
	for i, a := range ordered {
		for k, b := range ordered {
			x, okX := parseDecimal(a)
			y, okY := parseDecimal(b)
			if !okX || !okY {
				t.Fatalf("%s or %s was not read", a, b)
			}
			want := 0
			if i != k {
				want = (i - k) / max(i-k, k-i)
			}
			if got := x.compare(y); got != want {
				t.Errorf("%s compared with %s is %d, want %d", a, b, got, want)
			}
		}
	}
	same := [][2]string{{"0", "-0.0e7"}, {"12.5", "12.50"}, {"1e2", "100"}, {"0.0012", "1.2E-3"}, {"120", "0.12e+3"}}
	for _, s := range same {
		if !equal(json.Number(s[0]), json.Number(s[1])) {
			t.Errorf("%s and %s differ", s[0], s[1])
		}
	}
	for _, s := range []string{"", "-", "1.", ".5", "01", "+1", " 1", "1 ", "0x1", "NaN", "1e", "true"} {
		if _, ok := parseDecimal(s); ok {
			t.Errorf("%q was read as a number", s)
		}
	}
}

func FuzzDecimals(f *testing.F) {
	for _, s := range []string{"0", "-0.0", "12.50", "1e3", "9007199254740993", "-1.5E-7"} {
		f.Add(s, "12.5")
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		x, okX := parseDecimal(a)
		y, okY := parseDecimal(b)
		if !okX || !okY || len(a) > 40 || len(b) > 40 || strings.ContainsAny(a+b, "eE") && (x.exponent > 300 || x.exponent < -300 || y.exponent > 300 || y.exponent < -300) {
			return
		}
		p, okP := new(big.Rat).SetString(a)
		q, okQ := new(big.Rat).SetString(b)
		if !okP || !okQ || x.compare(y) != p.Cmp(q) {
			t.Errorf("%s compared with %s is %d", a, b, x.compare(y))
		}
	})
}
