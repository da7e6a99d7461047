package report

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/blastgauge/blastgauge/experiments/result"
)

// fixed writes v with so many decimals and never as a negative zero. Processors
// differ in the last bit of a sum, and half of a decimal must not be rounded up
// on one and down on another: noise beyond nine decimals goes first.
func fixed(v float64, decimals int) string {
	if noise := 1e9; math.Abs(v) < 1e6 {
		v = math.Round(v*noise) / noise
	}
	text := strconv.FormatFloat(v, 'f', decimals, 64)
	if strings.Trim(text, "-0.") == "" {
		return strings.TrimPrefix(text, "-")
	}
	return text
}

// points writes a share in points: 0.32 is 32.0.
func points(share float64) string { return fixed(share*100, 1) }

// percent writes a measured share: 0.32 is 32.0%.
func percent(share float64) string { return points(share) + "%" }

// limit writes a share that somebody chose: 0.05 is 5%, 0.005 is 0.5%.
func limit(share float64) string { return short(share*100, 2) + "%" }

// short writes v with at most so many decimals.
func short(v float64, decimals int) string {
	text := fixed(v, decimals)
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return text
}

// ceiling is an upper bound rounded up: a bound that is rounded down is wrong.
func ceiling(share float64) string {
	return percent(math.Ceil(max(share, 0)*1000-1e-9) / 1000)
}

// unclear tells whether the interval includes no harm at all. Then only its
// upper end is known.
func unclear(b *result.BlastRadius) bool { return b.Low <= 0 }

// span writes a length of time in the unit that people would use.
func span(seconds float64) string {
	switch {
	case seconds < 0:
		return "−" + span(-seconds)
	case seconds == 0:
		return "0 s"
	case seconds < 0.9995:
		return fixed(seconds*1000, 0) + " ms"
	case seconds < 9.95:
		return short(seconds, 1) + " s"
	case seconds < 599.5:
		return fixed(seconds, 0) + " s"
	}
	return fixed(seconds/60, 0) + " min"
}

// precise writes a latency with three digits.
func precise(seconds float64) string {
	switch {
	case seconds < 0.9995:
		return fixed(seconds*1000, 0) + " ms"
	case seconds < 9.995:
		return fixed(seconds, 2) + " s"
	case seconds < 99.95:
		return fixed(seconds, 1) + " s"
	}
	return fixed(seconds, 0) + " s"
}

// times writes a factor with three digits.
func times(factor float64) string {
	switch {
	case factor < 9.995:
		return fixed(factor, 2)
	case factor < 99.95:
		return fixed(factor, 1)
	}
	return fixed(factor, 0)
}

// stopwatch writes seconds since a start: 1:05.
func stopwatch(seconds float64) string {
	s := int(math.Floor(seconds + 1e-9))
	if s < 0 {
		return "-" + stopwatch(-seconds)
	}
	return strconv.Itoa(s/60) + ":" + pad(s%60)
}

func pad(n int) string {
	if n < 10 {
		return "0" + strconv.Itoa(n)
	}
	return strconv.Itoa(n)
}

// took writes how long a run took: 29m12s.
func took(from, to time.Time) string {
	if from.IsZero() || to.Before(from) {
		return ""
	}
	return to.Sub(from).Round(time.Second).String()
}

// count groups the digits of n: 45,773.
func count(n int) string {
	text := strconv.Itoa(n)
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// plural writes n of something.
func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return count(n) + " " + many
}

func share(part, whole int) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}

// day and clock are in UTC: a report is read in other places than it is made.
func day(t time.Time) string { return t.UTC().Format("2 Jan 2006") }

func clock(t time.Time) string { return t.UTC().Format("15:04:05") }

// when writes the time of a run: 23 Nov 2026, 14:02 to 14:31 UTC.
func when(run result.Run) string {
	switch {
	case run.Started.IsZero():
		return ""
	case run.Ended.IsZero(), run.Started.Truncate(time.Minute).Equal(run.Ended.Truncate(time.Minute)):
		return run.Started.UTC().Format("2 Jan 2006, 15:04 UTC")
	case day(run.Started) != day(run.Ended):
		return run.Started.UTC().Format("2 Jan 2006, 15:04") + " to " + run.Ended.UTC().Format("2 Jan 2006, 15:04 UTC")
	}
	return run.Started.UTC().Format("2 Jan 2006, 15:04") + " to " + run.Ended.UTC().Format("15:04 UTC")
}

// confidence writes 0.95 as 95%.
func confidence(b *result.BlastRadius) string { return limit(cmp.Or(b.Confidence, 0.95)) }

// median is 0 for no numbers.
func median(list []float64) float64 {
	if len(list) == 0 {
		return 0
	}
	list = slices.Sorted(slices.Values(list))
	half := len(list) / 2
	if len(list)%2 == 1 {
		return list[half]
	}
	return (list[half-1] + list[half]) / 2
}
