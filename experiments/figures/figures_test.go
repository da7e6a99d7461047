package figures

import (
	"math"
	"slices"
	"testing"
	"time"
)

func TestFiguresReadAsPeopleWriteThem(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 23, 15, 2, 31, 0, time.FixedZone("CET", 3600))
	for _, tt := range []struct{ got, want string }{
		{Fixed(-0.0001, 1), "0.0"}, {Fixed(2.5, 0), "2"}, {Fixed(0.1+0.2, 17), "0.29999999999999999"}, {Fixed(math.Nextafter(0.25, 0), 1), "0.2"},
		{Short(1.50, 2), "1.5"}, {Short(-0.001, 2), "0"}, {Short(100, 2), "100"},
		{SignedPoints(0.045), "+4.5"}, {SignedPoints(-0.214), "-21.4"}, {SignedPoints(0.0001), "0.0"}, {SignedPoints(-0.0001), "0.0"}, {Minus("-21.4"), "−21.4"},
		{Percent(0.32), "32.0%"}, {Percent(-0.0001), "0.0%"}, {Percent(-0.005), "-0.5%"},
		{ShortPercent(0.05, 2), "5%"}, {ShortPercent(0.005, 2), "0.5%"}, {ShortPercent(0.0325, 1), "3.2%"}, {ShortPercent(0.3204, 1), "32%"}, {ShortPercent(0.292, 1), "29.2%"}, {ShortPercent(-0.0001, 1), "0%"}, {ShortPercent(1, 2), "100%"}, {ShortPercent(0, 2), "0%"},
		{SpokenPercent(0.319), "32%"}, {SpokenPercent(0.0319), "3.2%"},
		{UpperPercent(0.00301), "0.4%"}, {UpperPercent(0.003), "0.3%"}, {UpperPercent(-0.01), "0.0%"},
		{Number(12345), "12,345"}, {Number(12.5), "12.5"}, {Number(-1234.567), "-1,234.57"}, {Number(0), "0"}, {Number(math.Inf(1)), "+Inf"},
		{Count(45773), "45,773"}, {Count(999), "999"}, {Count(-1000), "-1,000"}, {Count(1234567), "1,234,567"},
		{Rough(153284), "150,000"}, {Rough(3832.4), "3,800"}, {Rough(996), "1,000"}, {Rough(9.94), "9.9"}, {Rough(42), "42"}, {Rough(0), "0"},
		{RoughDown(11401), "11,000"}, {RoughDown(12000), "12,000"}, {RoughDown(2.5), "2"}, {RoughUp(11401), "12,000"}, {RoughUp(12000), "12,000"}, {RoughUp(4.5), "5"}, {RoughUp(0), "0"},
		{Quantity(3832.4), "3,832"}, {Quantity(9.94), "9.9"}, {Quantity(0), "0"},
		{Factor(1.284), "1.28"}, {Factor(12.84), "12.8"}, {Factor(128.4), "128"},
		{Duration(0), "0 s"}, {Duration(0.25), "250 ms"}, {Duration(5), "5 s"}, {Duration(56.2), "56 s"}, {Duration(9.96), "10 s"}, {Duration(900), "15 min"}, {Duration(-5), "−5 s"},
		{Latency(0.9514), "951 ms"}, {Latency(0.9999), "1.00 s"}, {Latency(2.557), "2.56 s"}, {Latency(10.08), "10.1 s"},
		{Span(30 * time.Minute), "30m"}, {Span(time.Hour), "1h"}, {Span(90 * time.Second), "1m30s"}, {Span(0), "0s"},
		{Stopwatch(65), "1:05"}, {Stopwatch(0), "0:00"}, {Stopwatch(3599.9), "59:59"}, {Stopwatch(-65), "-1:05"}, {Stopwatch(-65.5), "-1:05"}, {Stopwatch(1e19), "150119987579016:32"}, {Stopwatch(-1e19), "-150119987579016:32"}, {Stopwatch(math.Inf(-1)), "-150119987579016:32"}, {Stopwatch(math.NaN()), "150119987579016:32"},
		{Elapsed(at, at.Add(29*time.Minute+12*time.Second)), "29m12s"}, {Elapsed(at, at.Add(30*time.Minute)), "30m"}, {Elapsed(time.Time{}, at), ""},
		{Day(at), "23 Nov 2026"}, {Clock(at), "14:02:31"},
		{Period(at, at.Add(29*time.Minute)), "23 Nov 2026, 14:02 to 14:31 UTC"}, {Period(at, time.Time{}), "23 Nov 2026, 14:02 UTC"},
		{Period(at, at.Add(12*time.Hour)), "23 Nov 2026, 14:02 to 24 Nov 2026, 02:02 UTC"}, {Period(time.Time{}, at), ""},
	} {
		if tt.got != tt.want {
			t.Errorf("got %q, want %q", tt.got, tt.want)
		}
	}
}

func TestSentences(t *testing.T) {
	t.Parallel()
	type word string
	for _, tt := range []struct{ got, want string }{
		{List(Together([]string{"b", "a", "b", "b"}), "and"), "b (3 times) and a"}, {List(Together(nil), "and"), ""},
		{List([]string{}, "and"), ""}, {List([]string{"a"}, "and"), "a"}, {List([]string{"a", "b"}, "or"), "a or b"}, {List([]word{"a", "b", "c"}, "and"), "a, b and c"},
		{Plural(1, "run", "runs"), "1 run"}, {Plural(0, "run", "runs"), "0 runs"}, {Plural(1200, "run", "runs"), "1,200 runs"},
		{Capital("éa"), "Éa"}, {Capital(""), ""}, {Uncapital("Éa"), "Éa"}, {Uncapital("Ab"), "ab"}, {Uncapital(""), ""},
		{Opening("the run failed"), "The run failed"}, {Opening("reset_peer into payments"), "reset_peer into payments"},
	} {
		if tt.got != tt.want {
			t.Errorf("got %q, want %q", tt.got, tt.want)
		}
	}
}

// Parts of a whole add up to their sum as it is written, where all are without decimals.
func TestSharesAddUp(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		parts []int
		whole int
		want  []string
	}{
		{[]int{1, 1, 1}, 3, []string{"34%", "33%", "33%"}},
		{[]int{52, 0, 53}, 105, []string{"50%", "0%", "50%"}},
		{[]int{52, 53}, 105, []string{"50%", "50%"}},
		{[]int{245, 245, 245}, 1000, []string{"25%", "25%", "24%"}},
		{[]int{800, 5}, 1000, []string{"80%", "0.5%"}},
		{[]int{}, 0, []string{}},
	} {
		if got := Shares(tt.parts, tt.whole); !slices.Equal(got, tt.want) {
			t.Errorf("%v of %d: %q, want %q", tt.parts, tt.whole, got, tt.want)
		}
	}
}
