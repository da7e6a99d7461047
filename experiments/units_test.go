package experiments

import (
	"github.com/blastgauge/blastgauge/experiments/shape"
	"strings"
	"testing"
	"time"
)

func TestUnits(t *testing.T) {
	t.Parallel()
	seconds := func(s string) (float64, *shape.Diagnostic) {
		v, c := parseDuration(s)
		return v.Seconds(), c
	}
	tests := []struct {
		name  string
		parse func(string) (float64, *shape.Diagnostic)
		good  map[string]float64
		bad   map[string]string // text to hint
	}{
		{"duration", seconds, map[string]float64{"250ms": 0.25, "2s": 2, "1m30s": 90, "0s": 0, "1.5h": 5400, "50us": 0.00005},
			map[string]string{"2": "write 2s or 2ms", "-2s": "write 2s", "2 s": "write 2s", "2S": "write 2s", "2 min": "write 2m", "5secs": "write 5s",
				"": "", "s": "", "1d": "", "999h": "", "1h1": "", "+2s": ""}},
		{"share", shape.ReadShare, map[string]float64{"5%": 0.05, "36%": 0.36, "0%": 0, "100%": 1, "0.5%": 0.005, "100.0%": 1},
			map[string]string{"0.05": "write 5%", "5": "write 5%", "1": "write 1%", "0.123": "write 12.3%", "5 %": "write 5%", "-5%": "", "101%": "", "%": "", "NaN%": "", "Inf%": "", "1e1%": "", "": ""}},
		{"rate", parseRate, map[string]float64{"40/s": 40, "90/min": 1.5, "36/h": 0.01, "0/s": 0, "0.5/s": 0.5},
			map[string]string{"40": "write 40/s or 40/min", "40/m": "write 40/min", "40 / s": "write 40/s", "40/sec": "write 40/s", "-1/s": "", "fast": "", "100001/s": "", "": ""}},
		{"size", parseSize, map[string]float64{"64B": 64, "64KB": 64e3, "1.5MB": 1.5e6, "2GB": 2e9},
			map[string]string{"64": "write 64B or 64KB", "64kb": "write 64KB", "64KiB": "write 64KB", "64K": "write 64KB", "64 KB": "write 64KB", "-1B": "", "B": "", "9999999999GB": "", "": ""}},
		{"bandwidth", parseBandwidth, map[string]float64{"100KB/s": 1e5, "1MB/s": 1e6},
			map[string]string{"100": "write 100KB/s", "100KB": "write 100KB/s", "100kb/s": "write 100KB/s", "100K/s": "write 100KB/s", "-1KB/s": "", "/s": "", "": ""}},
		{"number", parseNumber, map[string]float64{"503": 503, "0.5": 0.5}, map[string]string{"-1": "", "x": "", "1e9": "", "": ""}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for text, want := range tt.good {
				if got, c := tt.parse(text); c != nil || got < want-1e-9 || got > want+1e-9 {
					t.Errorf("%q = %v, %v, want %v", text, got, c, want)
				}
			}
			for text, hint := range tt.bad {
				got, c := tt.parse(text)
				if c == nil || c.Hint != hint || c.Msg == "" {
					t.Errorf("%q = %v, %+v, want the hint %q", text, got, c, hint)
				}
			}
		})
	}
}

func TestSharesAreExact(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]float64{"5%": 0.05, "36%": 0.36, "7%": 0.07, "0.1%": 0.001} {
		if got, _ := shape.ReadShare(text); got != want {
			t.Errorf("%s = %v, want %v", text, got, want)
		}
	}
}

func TestLongestDuration(t *testing.T) {
	t.Parallel()
	if v, c := parseDuration("168h"); c != nil || v != maxDuration {
		t.Errorf("168h = %v, %v", v, c)
	}
	if _, c := parseDuration(strings.Repeat("9", 30) + "h"); c == nil {
		t.Error("a duration beyond all numbers is accepted")
	}
	if _, c := parseDuration("168h1ns"); c == nil || time.Nanosecond != 1 {
		t.Error("nanoseconds are accepted")
	}
}
