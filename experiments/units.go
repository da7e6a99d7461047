package experiments

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/lazyregexp"
	"github.com/blastgauge/blastgauge/experiments/shape"
	"github.com/blastgauge/blastgauge/injectors"
)

// Quantities are written as a number and a unit.
const (
	durationPattern  = `^([0-9]+(\.[0-9]+)?(us|ms|s|m|h))+$`
	ratePattern      = `^[0-9]+(\.[0-9]+)?/(s|min|h)$`
	sizePattern      = `^[0-9]+(\.[0-9]+)?(B|KB|MB|GB)$`
	bandwidthPattern = `^[0-9]+(\.[0-9]+)?(B|KB|MB|GB)/s$`
	numberPattern    = `^[0-9]+(\.[0-9]+)?$`
)

// The patterns, compiled once.
var (
	durationForm  = lazyregexp.New(durationPattern)
	rateForm      = lazyregexp.New(ratePattern)
	sizeForm      = lazyregexp.New(sizePattern)
	bandwidthForm = lazyregexp.New(bandwidthPattern)
	numberForm    = lazyregexp.New(numberPattern)
	minutesForm   = lazyregexp.New(`\s*min(ute)?s?$`)
	secondsForm   = lazyregexp.New(`\s*sec(ond)?s?$`)
)

// No experiment needs more than these.
const (
	maxDuration = 7 * 24 * time.Hour
	maxRate     = 100_000 // journeys per second
)

func duration(to *time.Duration) shape.Shape {
	return shape.Scalar[time.Duration]{To: to, Want: "a duration such as 250ms", Loose: true, Parse: parseDuration,
		JSON: shape.Pattern(durationPattern, "250ms", "2s", "1m30s")}
}

func rate(to *float64) shape.Shape {
	return shape.Scalar[float64]{To: to, Want: "a rate such as 40/s", Loose: true, Parse: parseRate, JSON: shape.Pattern(ratePattern, "40/s", "90/min")}
}

// positive is a quantity that must be more than zero.
func positive[T float64 | time.Duration](of func(*T) shape.Shape, zero string) func(*T) shape.Shape {
	return func(to *T) shape.Shape {
		return shape.Validated{Shape: of(to), Check: func(d *shape.Document, n shape.Node, _ string) {
			if *to <= 0 {
				d.Fail(n, shape.Diagnostic{Msg: "this must be more than " + zero})
			}
		}}
	}
}

// version is the version of the language, which is 1.
func version(to *int) shape.Shape {
	return shape.Validated{
		Shape: shape.Scalar[int]{To: to, Want: "1", Loose: true, JSON: shape.Object{"const": 1}, Parse: func(s string) (int, *shape.Diagnostic) {
			if s != "1" {
				return 0, &shape.Diagnostic{Msg: "this blastgauge reads version 1 of the language, not " + strconv.Quote(s), Hint: "write 1"}
			}
			return 1, nil
		}},
		Check: func(d *shape.Document, n shape.Node, _ string) {
			if n.Kind() != shape.Int {
				d.Fail(n, shape.Diagnostic{Msg: "the version is a number", Hint: "write 1"})
			}
		},
	}
}

// short writes a duration as documents do: 30m instead of 30m0s, and in ASCII.
func short(d time.Duration) string { return strings.ReplaceAll(figures.Span(d), "µ", "u") }

// isNumber reports whether a text is a number without a unit.
func isNumber(s string) bool {
	return numberForm.MatchString(s)
}

// firstMatch returns a hint to write the first candidate that has the form, once
// its spaces are removed, or nothing.
func firstMatch(form *lazyregexp.Regexp, candidates ...string) string {
	for _, f := range candidates {
		f = strings.ReplaceAll(f, " ", "")
		if form.MatchString(f) {
			return "write " + f
		}
	}
	return ""
}

func parseDuration(s string) (time.Duration, *shape.Diagnostic) {
	v, err := time.ParseDuration(s)
	switch {
	case strings.HasPrefix(s, "-"):
		return 0, &shape.Diagnostic{Msg: "a duration cannot be negative", Hint: firstMatch(durationForm, s[1:])}
	case isNumber(s):
		return 0, &shape.Diagnostic{Msg: fmt.Sprintf("%s has no unit", s), Hint: fmt.Sprintf("write %ss or %sms", s, s)}
	case !durationForm.MatchString(s):
		return 0, &shape.Diagnostic{Msg: strconv.Quote(s) + " is not a duration such as 250ms, 2s or 1m30s",
			Hint: firstMatch(durationForm, strings.ToLower(s), withMinutes(s), withSeconds(s))}
	case err != nil || v > maxDuration:
		return 0, &shape.Diagnostic{Msg: s + " is too long: at most 168h"}
	}
	return v, nil
}

// withMinutes writes the unit of 2min or 2 minutes as this language does.
func withMinutes(s string) string {
	return minutesForm.ReplaceAllString(strings.ToLower(s), "m")
}

// withSeconds writes the unit of 5sec or 5 seconds as this language does.
func withSeconds(s string) string {
	return secondsForm.ReplaceAllString(strings.ToLower(s), "s")
}

// percentOf writes a percentage without the noise of floating point: 5% for
// 5.000000000000001.
func percentOf(v float64) string {
	return strconv.FormatFloat(roundMicro(v), 'f', -1, 64) + "%"
}

// roundMicro rounds to six decimals.
func roundMicro(v float64) float64 {
	r, err := strconv.ParseFloat(strconv.FormatFloat(v, 'f', 6, 64), 64)
	if err != nil {
		return v
	}
	return r
}

func parseRate(s string) (float64, *shape.Diagnostic) {
	amount, per, _ := strings.Cut(s, "/")
	v, err := strconv.ParseFloat(amount, 64)
	switch {
	case err == nil && v < 0:
		return 0, &shape.Diagnostic{Msg: "a rate cannot be negative"}
	case isNumber(s):
		return 0, &shape.Diagnostic{Msg: s + " has no unit", Hint: "write " + s + "/s or " + s + "/min"}
	case !rateForm.MatchString(s):
		return 0, &shape.Diagnostic{Msg: strconv.Quote(s) + " is not a rate such as 40/s or 90/min",
			Hint: firstMatch(rateForm, s, strings.NewReplacer(" per second", "/s", " per minute", "/min", " per hour", "/h", "/sec", "/s", "/m", "/min", "/minute", "/min", "/hour", "/h", "req/s", "/s", "rps", "/s", "rpm", "/min").Replace(s))}
	case err != nil:
		return 0, &shape.Diagnostic{Msg: s + " is too much"}
	}
	v /= map[string]float64{"s": 1, "min": 60, "h": 3600}[per]
	if v > maxRate {
		return 0, &shape.Diagnostic{Msg: fmt.Sprintf("%s is too much: at most %d/s", s, maxRate)}
	}
	return v, nil
}

func parseSize(s string) (float64, *shape.Diagnostic) {
	digits := strings.TrimRight(s, "BKMG")
	v, err := strconv.ParseFloat(digits, 64)
	switch {
	case strings.HasPrefix(s, "-"):
		return 0, &shape.Diagnostic{Msg: "a size cannot be negative"}
	case isNumber(s):
		return 0, &shape.Diagnostic{Msg: s + " has no unit", Hint: "write " + s + "B or " + s + "KB"}
	case !sizeForm.MatchString(s):
		return 0, &shape.Diagnostic{Msg: strconv.Quote(s) + " is not a size such as 64KB or 1MB",
			Hint: firstMatch(sizeForm, strings.ToUpper(s), strings.ReplaceAll(strings.ToUpper(s), "IB", "B"), s+"B", strings.ToUpper(s)+"B")}
	case err != nil:
		return 0, &shape.Diagnostic{Msg: s + " is too much"}
	}
	v *= map[string]float64{"B": 1, "KB": 1e3, "MB": 1e6, "GB": 1e9}[s[len(digits):]]
	if v > 1e15 {
		return 0, &shape.Diagnostic{Msg: s + " is too much"}
	}
	return v, nil
}

func parseBandwidth(s string) (float64, *shape.Diagnostic) {
	size, ok := strings.CutSuffix(s, "/s")
	switch {
	case strings.HasPrefix(s, "-"):
		return 0, &shape.Diagnostic{Msg: "a bandwidth cannot be negative"}
	case isNumber(s):
		return 0, &shape.Diagnostic{Msg: s + " has no unit", Hint: "write " + s + "KB/s"}
	case !ok || !sizeForm.MatchString(size):
		return 0, &shape.Diagnostic{Msg: strconv.Quote(s) + " is not a bandwidth such as 100KB/s",
			Hint: firstMatch(bandwidthForm, s+"/s", strings.ToUpper(size)+"/s", strings.ToUpper(size)+"B/s")}
	}
	return parseSize(size)
}

// parseNumber reads an attribute that is a plain number.
func parseNumber(s string) (float64, *shape.Diagnostic) {
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || !isNumber(s) {
		return 0, &shape.Diagnostic{Msg: strconv.Quote(s) + " is not a number of 0 or more"}
	}
	return v, nil
}

// quantity is an attribute of a fault, stored in seconds, bytes or bytes per second.
func quantity(unit injectors.Unit, to *float64) shape.Shape {
	s := shape.Scalar[float64]{To: to, Loose: true}
	switch unit {
	case injectors.Duration:
		s.Want, s.JSON = "a duration such as 250ms", shape.Pattern(durationPattern)
		s.Parse = func(text string) (float64, *shape.Diagnostic) {
			v, c := parseDuration(text)
			return v.Seconds(), c
		}
	case injectors.Size:
		s.Want, s.JSON, s.Parse = "a size such as 64KB", shape.Pattern(sizePattern), parseSize
	case injectors.Bandwidth:
		s.Want, s.JSON, s.Parse = "a bandwidth such as 100KB/s", shape.Pattern(bandwidthPattern), parseBandwidth
	default:
		s.Want, s.JSON, s.Parse = "a number", shape.Object{"type": "number", "minimum": 0}, parseNumber
	}
	return s
}

// wholeNumber is a whole number from low to high.
func wholeNumber(to *int, low, high int) shape.Shape {
	return shape.Scalar[int]{To: to, Want: "a whole number", Loose: true, JSON: shape.Object{"type": "integer", "minimum": low, "maximum": high}, Parse: func(s string) (int, *shape.Diagnostic) {
		n, err := strconv.Atoi(s)
		if err != nil || n < low || n > high {
			return 0, &shape.Diagnostic{Msg: strconv.Quote(s) + " is not a whole number from " + strconv.Itoa(low) + " to " + strconv.Itoa(high)}
		}
		return n, nil
	}}
}
