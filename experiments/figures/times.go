package figures

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// Duration writes a length of time in the unit that people would use: 250 ms,
// 5.2 s, 56 s, 15 min.
func Duration(seconds float64) string {
	switch {
	case seconds < 0:
		return "−" + Duration(-seconds)
	case seconds == 0:
		return "0 s"
	case seconds < 0.9995:
		return Fixed(seconds*1000, 0) + " ms"
	case seconds < 9.95:
		return Short(seconds, 1) + " s"
	case seconds < 599.5:
		return Fixed(seconds, 0) + " s"
	}
	return Fixed(seconds/60, 0) + " min"
}

// Span writes a duration as documents do, without zeros at its end: 30m, not 30m0s.
func Span(d time.Duration) string {
	text := d.String()
	for _, zeros := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(text, zeros) {
			text = text[:len(text)-2]
		}
	}
	return text
}

// Latency writes a length of time with three digits: 951 ms, 2.56 s, 10.1 s.
func Latency(seconds float64) string {
	switch {
	case seconds < 0.9995:
		return Fixed(seconds*1000, 0) + " ms"
	case seconds < 9.995:
		return Fixed(seconds, 2) + " s"
	case seconds < 99.95:
		return Fixed(seconds, 1) + " s"
	}
	return Fixed(seconds, 0) + " s"
}

// Stopwatch writes seconds since a start in minutes and seconds: 1:05.
func Stopwatch(seconds float64) string {
	const most = 1 << 53 // beyond it seconds are not known one by one
	sign := ""
	if math.Floor(seconds+1e-9) < 0 {
		sign, seconds = "-", -seconds
	}
	s := int64(most)
	if seconds < most {
		s = int64(seconds + 1e-9)
	}
	return fmt.Sprintf("%s%d:%02d", sign, s/60, s%60)
}

// Elapsed writes the time between two moments: 29m12s. It is empty where one of
// them is not known.
func Elapsed(from, to time.Time) string {
	if from.IsZero() || to.Before(from) {
		return ""
	}
	return Span(to.Sub(from).Round(time.Second))
}

// Moments are written in UTC: people read a report in other places than it was
// made in.
const (
	dayForm    = "2 Jan 2006"
	minuteForm = "2 Jan 2006, 15:04"
)

// Day writes the day of a moment in UTC: 23 Nov 2026.
func Day(t time.Time) string { return t.UTC().Format(dayForm) }

// Minute writes a moment in UTC: 23 Nov 2026, 14:02.
func Minute(t time.Time) string { return t.UTC().Format(minuteForm) }

// Clock writes the time of day in UTC: 14:02:31.
func Clock(t time.Time) string { return t.UTC().Format("15:04:05") }

// Period writes from when to when something lasted: 23 Nov 2026, 14:02 to 14:31
// UTC. The end may be zero; without a start the text is empty.
func Period(from, to time.Time) string {
	switch {
	case from.IsZero():
		return ""
	case to.IsZero(), from.Truncate(time.Minute).Equal(to.Truncate(time.Minute)):
		return Minute(from) + " UTC"
	case Day(from) != Day(to):
		return Minute(from) + " to " + Minute(to) + " UTC"
	}
	return Minute(from) + " to " + to.UTC().Format("15:04 UTC")
}
