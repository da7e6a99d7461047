package truth

import (
	"math"
	"os"
	"path/filepath"
	"testing"
)

func readingsOf(of string, values ...float64) (l readings) {
	for _, v := range values {
		l = append(l, reading{A: v, B: 1, of: of})
	}
	return l
}

// A row is met where its target holds of what was measured, missed where it holds of nothing
// that the runs leave open, and open between them; the worst case decides.
func TestWhatTheTableSays(t *testing.T) {
	t.Parallel()
	none, half := make([]float64, 100), make([]float64, 100)
	for i := range half {
		half[i] = float64(i % 2)
	}
	for name, tt := range map[string]struct {
		r    row
		l    readings
		want verdict
	}{
		"none, and none is asked":   {row{}, readingsOf("a", none...), met},
		"one in two, none is asked": {row{}, readingsOf("a", half...), missed},
		"one in two, half is asked": {row{least: 0.5}, readingsOf("a", half...), met},
		"few runs leave it open":    {row{least: 0.9}, readingsOf("a", 1, 0, 1), open},
		"many do not":               {row{least: 0.9}, readingsOf("a", half...), missed},
		"at most":                   {row{most: 0.02}, readingsOf("a", none...), met},
		"nothing is asked":          {row{free: true}, readingsOf("a", half...), noTarget},
		"nothing was measured":      {row{least: 0.9}, nil, unmeasured},
		"a median":                  {row{kind: median, most: 3}, readingsOf("a", 9, 2, 2, 2, 9), met},
		"a median that is too long": {row{kind: median, most: 3}, readingsOf("a", 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5), missed},
		"a ratio":                   {row{kind: ratio, least: 0.9, most: 1.1}, readingsOf("a", 0.9, 1.1, 1, 1), met},
		"a ratio that is too small": {row{kind: ratio, least: 0.9, most: 1.1}, readingsOf("a", 0.5, 0.51, 0.5, 0.5), missed},
		"the worst case":            {row{least: 0.9}, append(readingsOf("a", half...), append(readingsOf("b", none...), readingsOf("c", 1, 1)...)...), missed},
	} {
		worst, of := tt.l.worst(tt.r)
		if got := worst.verdict(tt.r, zFor(1)); got != tt.want {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
		if name == "the worst case" && of != "b" {
			t.Errorf("the worst case is %q", of)
		}
	}
	if z := zFor(1); math.Abs(z-z95) > 1e-4 {
		t.Errorf("z %g", z)
	}
}

// What was played is not played again, and what was cut short when it was written is.
func TestAnAcceptanceGoesOn(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "state")
	first := &acceptance{of: map[string]readings{}}
	first.resume(t, file)
	first.keep(t, played{"a", 1, []reading{{Row: "r", A: 1}}})
	first.keep(t, played{"a", 2, []reading{{Row: "r", A: 0}}})
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, text[:len(text)-9], 0o600); err != nil {
		t.Fatal(err)
	}
	again := &acceptance{cases: []oneCase{{name: "a"}, {name: "b"}}, of: map[string]readings{}}
	again.resume(t, file)
	if len(again.of["r"]) != 1 {
		t.Errorf("%+v is kept, want the first run", again.of)
	}
	var keys []string
	for {
		c, seed, ok := again.take(2)
		if !ok {
			break
		}
		keys = append(keys, played{Case: c.name, Seed: seed}.key())
		again.keep(t, played{c.name, seed, []reading{{Row: "r", A: 1}}})
	}
	if len(keys) != 3 || keys[0] != "b/1" || keys[1] != "a/2" || keys[2] != "b/2" {
		t.Errorf("played %q", keys)
	}
	last := &acceptance{cases: again.cases, of: map[string]readings{}}
	last.resume(t, file)
	if _, _, ok := last.take(2); ok || len(last.of["r"]) != 4 {
		t.Errorf("%+v", last.of)
	}
}
