package journey

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
)

func TestNumbers(t *testing.T) {
	t.Parallel()
	ordered := []string{"-1e4096", "-2e9", "-10", "-9.99", "-1", "-0.5", "-5e-400", "0", "5e-400", "1e-3", "0.01", "0.5", "1", "9.99", "10", "10.000000000000000000001", "9007199254740992", "9007199254740993", "1e17", "1e4096"}
	for i, a := range ordered {
		for k, b := range ordered {
			x, okX := parseNumber(a)
			y, okY := parseNumber(b)
			if !okX || !okY {
				t.Fatalf("parseNumber does not accept %s or %s", a, b)
			}
			want := 0
			if i != k {
				want = (i - k) / max(i-k, k-i)
			}
			if got := x.Cmp(y); got != want || equalNumbers(a, b) != (want == 0) {
				t.Errorf("%s compared with %s is %d, want %d", a, b, got, want)
			}
		}
	}
	same := [][2]string{{"0", "-0.0e7"}, {"0", "-0.00"}, {"-0", "0.0"}, {"-12.500", "-12.5"}, {"100", "100.0"}, {"12.5", "12.50"}, {"1e2", "100"}, {"0.0012", "1.2E-3"}, {"120", "0.12e+3"}, {"1e999999999", "1e999999999"}}
	for _, s := range same {
		if !equal(json.Number(s[0]), json.Number(s[1])) {
			t.Errorf("%s and %s differ", s[0], s[1])
		}
	}
	for _, s := range []string{"", "-", "1.", ".5", "01", "+1", " 1", "1 ", "0x1", "NaN", "1e", "true", "1/3", "1_0",
		"1e999999999", "-1e-999999999999999999999", "1e4097", strings.Repeat("9", maxDigits+1)} {
		if _, ok := parseNumber(s); ok {
			t.Errorf("parseNumber accepts %.40q", s)
		}
		if equalNumbers(s, "1") || s != "" && equalNumbers(s, s+"0") {
			t.Errorf("%.40q is a number", s)
		}
	}
}

// Numbers that a float64 holds exactly compare as float64 does.
func FuzzNumbers(f *testing.F) {
	for _, n := range []float64{0, 12.5, 1e3, 9007199254740993, -1.5e-7, math.MaxFloat64, math.SmallestNonzeroFloat64} {
		f.Add(n, 12.5)
	}
	f.Fuzz(func(t *testing.T, a, b float64) {
		textA, errA := json.Marshal(a)
		textB, errB := json.Marshal(b)
		if errA != nil || errB != nil { // not a number, or infinite
			return
		}
		x, okX := parseNumber(string(textA))
		y, okY := parseNumber(string(textB))
		if !okX || !okY {
			t.Fatalf("parseNumber does not accept %s or %s", textA, textB)
		}
		if got := x.Cmp(y); (got < 0) != (a < b) || (got > 0) != (a > b) {
			t.Errorf("%s compared with %s is %d", textA, textB, got)
		}
		if equalNumbers(string(textA), string(textB)) != (a == b) {
			t.Errorf("%s equals %s: %t", textA, textB, a != b)
		}
	})
}
