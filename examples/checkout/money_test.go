package checkout

import (
	"encoding/json"
	"math/big"
	"testing"
)

func TestCentsInJSON(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		text string
		want cents
		back string // "": refused
	}{
		"whole":           {"7", 700, "7"},
		"one decimal":     {"12.5", 1250, "12.5"},
		"two decimals":    {"49.98", 4998, "49.98"},
		"trailing zero":   {"12.50", 1250, "12.5"},
		"a cent":          {"0.01", 1, "0.01"},
		"nothing":         {"0", 0, "0"},
		"negative":        {"-0.05", -5, "-0.05"},
		"float noise":     {"0.30000000000000004", 0, ""},
		"three decimals":  {"1.005", 0, ""},
		"too much":        {"99999999999", 0, ""},
		"exponent":        {"1e3", 0, ""},
		"text":            {`"12.5"`, 0, ""},
		"decimal comma":   {`"12,50"`, 0, ""},
		"list":            {"[1]", 0, ""},
		"true":            {"true", 0, ""},
		"null is nothing": {"null", 0, "0"},
	}
	for name, tt := range tests {
		var got cents
		err := json.Unmarshal([]byte(tt.text), &got)
		if tt.back == "" {
			if err == nil {
				t.Errorf("%s: %s was read as %v, want an error", name, tt.text, got)
			}
			continue
		}
		back, _ := json.Marshal(got)
		if err != nil || got != tt.want || string(back) != tt.back {
			t.Errorf("%s: %s was read as %d (%v) and written as %s, want %d and %s", name, tt.text, got, err, back, tt.want, tt.back)
		}
	}
}

func TestTimesRoundsHalfAwayFromZero(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		c        cents
		num, den int64
		want     cents
		wantErr  bool
	}{
		"exact":    {1250, 2, 1, 2500, false},
		"down":     {100, 333, 1000, 33, false},
		"half up":  {250, 19, 100, 48, false},
		"negative": {-250, 19, 100, -48, false},
		"zero":     {250, 0, 100, 0, false},
		"too much": {1e12, 2, 1, 0, true},
		"overflow": {1e12, 1 << 60, 1, 0, true},
	}
	for name, tt := range tests {
		got, err := tt.c.times(tt.num, tt.den)
		if got != tt.want || (err != nil) != tt.wantErr {
			t.Errorf("%s: %d × %d/%d = %d, %v, want %d", name, tt.c, tt.num, tt.den, got, err, tt.want)
		}
	}
}

// Whatever is accepted is the exact value of the text, and survives a round trip.
func FuzzCents(f *testing.F) {
	for _, text := range []string{"12.5", "-0.01", "1e2", "007", "1.", ".5", "--1", "null", "9999999999.99"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := parseCents(text)
		if err != nil {
			return
		}
		want, ok := new(big.Rat).SetString(text)
		if !ok || want.Cmp(big.NewRat(int64(got), 100)) != 0 {
			t.Fatalf("%q was read as %v", text, got)
		}
		if back, err := parseCents(got.String()); err != nil || back != got {
			t.Fatalf("%v is written as %q and read as %v, %v", int64(got), got.String(), back, err)
		}
	})
}
