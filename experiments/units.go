package experiments

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/injectors"
)

// How quantities are written: a number and a unit, never a number alone.
const (
	durationPattern  = `^([0-9]+(\.[0-9]+)?(us|ms|s|m|h))+$`
	sharePattern     = `^(100(\.0+)?|[0-9]{1,2}(\.[0-9]+)?)%$`
	ratePattern      = `^[0-9]+(\.[0-9]+)?/(s|min|h)$`
	sizePattern      = `^[0-9]+(\.[0-9]+)?(B|KB|MB|GB)$`
	bandwidthPattern = `^[0-9]+(\.[0-9]+)?(B|KB|MB|GB)/s$`
	numberPattern    = `^[0-9]+(\.[0-9]+)?$`
)

// The same, compiled once.
var (
	durationForm  = regexp.MustCompile(durationPattern)
	shareForm     = regexp.MustCompile(sharePattern)
	rateForm      = regexp.MustCompile(ratePattern)
	sizeForm      = regexp.MustCompile(sizePattern)
	bandwidthForm = regexp.MustCompile(bandwidthPattern)
	numberForm    = regexp.MustCompile(numberPattern)
	minutesForm   = regexp.MustCompile(`\s*min(ute)?s?$`)
	secondsForm   = regexp.MustCompile(`\s*sec(ond)?s?$`)
)

// Nothing that is measured in minutes needs more than these.
const (
	longest = 7 * 24 * time.Hour
	fastest = 100_000 // journeys per second
)

// short writes a duration as documents do: 30m, not 30m0s, and in ASCII.
func short(d time.Duration) string { return strings.ReplaceAll(figures.Span(d), "µ", "u") }

// number matches a bare number, which lacks its unit.
func number(s string) bool {
	return numberForm.MatchString(s)
}

// squeezed is s as it would be right without spaces and in the right case; it
// is offered as a hint where it has the form.
func squeezed(form *regexp.Regexp, forms ...string) string {
	for _, f := range forms {
		f = strings.ReplaceAll(f, " ", "")
		if form.MatchString(f) {
			return "write " + f
		}
	}
	return ""
}

func parseDuration(s string) (time.Duration, *complaint) {
	v, err := time.ParseDuration(s)
	switch {
	case strings.HasPrefix(s, "-"):
		return 0, &complaint{msg: "a duration cannot be negative", hint: squeezed(durationForm, s[1:])}
	case number(s):
		return 0, &complaint{msg: fmt.Sprintf("%s has no unit", s), hint: fmt.Sprintf("write %ss or %sms", s, s)}
	case !durationForm.MatchString(s):
		return 0, &complaint{msg: strconv.Quote(s) + " is not a duration such as 250ms, 2s or 1m30s",
			hint: squeezed(durationForm, strings.ToLower(s), minutes(s), secondsOf(s))}
	case err != nil || v > longest:
		return 0, &complaint{msg: s + " is too long: at most 168h"}
	}
	return v, nil
}

// minutes and secondsOf are a duration with a unit that people write, as it is
// written here.
func minutes(s string) string {
	return minutesForm.ReplaceAllString(strings.ToLower(s), "m")
}

func secondsOf(s string) string {
	return secondsForm.ReplaceAllString(strings.ToLower(s), "s")
}

func parseShare(s string) (float64, *complaint) {
	v, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(s, "%")), 64)
	percent := strings.HasSuffix(s, "%")
	switch {
	case err == nil && v < 0:
		return 0, &complaint{msg: "a share cannot be negative"}
	case shareForm.MatchString(s):
		return v / 100, nil
	case err == nil && percent && v > 100:
		return 0, &complaint{msg: fmt.Sprintf("%s is more than 100%%", s)}
	case number(s) && v <= 1 && strings.Contains(s, "."):
		return 0, &complaint{msg: "a share is written with %, not as " + s, hint: "write " + percentOf(v*100)}
	case number(s) && v <= 100:
		return 0, &complaint{msg: "a share is written with %, not as " + s, hint: "write " + percentOf(v)}
	}
	return 0, &complaint{msg: strconv.Quote(s) + " is not a share such as 5%", hint: squeezed(shareForm, s)}
}

// percentOf writes 5.000000000000001 as 5%.
func percentOf(v float64) string {
	return strconv.FormatFloat(mustRound(v), 'f', -1, 64) + "%"
}

func mustRound(v float64) float64 {
	r, err := strconv.ParseFloat(strconv.FormatFloat(v, 'f', 6, 64), 64)
	if err != nil {
		return v
	}
	return r
}

func parseRate(s string) (float64, *complaint) {
	amount, per, _ := strings.Cut(s, "/")
	v, err := strconv.ParseFloat(amount, 64)
	switch {
	case err == nil && v < 0:
		return 0, &complaint{msg: "a rate cannot be negative"}
	case number(s):
		return 0, &complaint{msg: s + " has no unit", hint: "write " + s + "/s or " + s + "/min"}
	case !rateForm.MatchString(s):
		return 0, &complaint{msg: strconv.Quote(s) + " is not a rate such as 40/s or 90/min",
			hint: squeezed(rateForm, s, strings.NewReplacer("/sec", "/s", "/m", "/min", "/minute", "/min", "/hour", "/h", "req/s", "/s", "rps", "/s", "rpm", "/min").Replace(s))}
	case err != nil:
		return 0, &complaint{msg: s + " is too much"}
	}
	v /= map[string]float64{"s": 1, "min": 60, "h": 3600}[per]
	if v > fastest {
		return 0, &complaint{msg: fmt.Sprintf("%s is too much: at most %d/s", s, fastest)}
	}
	return v, nil
}

func parseSize(s string) (float64, *complaint) {
	digits := strings.TrimRight(s, "BKMG")
	v, err := strconv.ParseFloat(digits, 64)
	switch {
	case strings.HasPrefix(s, "-"):
		return 0, &complaint{msg: "a size cannot be negative"}
	case number(s):
		return 0, &complaint{msg: s + " has no unit", hint: "write " + s + "B or " + s + "KB"}
	case !sizeForm.MatchString(s):
		return 0, &complaint{msg: strconv.Quote(s) + " is not a size such as 64KB or 1MB",
			hint: squeezed(sizeForm, strings.ToUpper(s), strings.ReplaceAll(strings.ToUpper(s), "IB", "B"), s+"B", strings.ToUpper(s)+"B")}
	case err != nil:
		return 0, &complaint{msg: s + " is too much"}
	}
	v *= map[string]float64{"B": 1, "KB": 1e3, "MB": 1e6, "GB": 1e9}[s[len(digits):]]
	if v > 1e15 {
		return 0, &complaint{msg: s + " is too much"}
	}
	return v, nil
}

func parseBandwidth(s string) (float64, *complaint) {
	size, ok := strings.CutSuffix(s, "/s")
	switch {
	case strings.HasPrefix(s, "-"):
		return 0, &complaint{msg: "a bandwidth cannot be negative"}
	case number(s):
		return 0, &complaint{msg: s + " has no unit", hint: "write " + s + "KB/s"}
	case !ok || !sizeForm.MatchString(size):
		return 0, &complaint{msg: strconv.Quote(s) + " is not a bandwidth such as 100KB/s",
			hint: squeezed(bandwidthForm, s+"/s", strings.ToUpper(size)+"/s", strings.ToUpper(size)+"B/s")}
	}
	return parseSize(size)
}

// parseNumber reads an attribute that is a plain number.
func parseNumber(s string) (float64, *complaint) {
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || !number(s) {
		return 0, &complaint{msg: strconv.Quote(s) + " is not a number of 0 or more"}
	}
	return v, nil
}

// quantity is an attribute of a fault, in held units.
func quantity(unit injectors.Unit, to *float64) shape {
	s := scalar[float64]{to: to, loose: true}
	switch unit {
	case injectors.Duration:
		s.want, s.json = "a duration such as 250ms", pattern(durationPattern)
		s.parse = func(text string) (float64, *complaint) {
			v, c := parseDuration(text)
			return v.Seconds(), c
		}
	case injectors.Size:
		s.want, s.json, s.parse = "a size such as 64KB", pattern(sizePattern), parseSize
	case injectors.Bandwidth:
		s.want, s.json, s.parse = "a bandwidth such as 100KB/s", pattern(bandwidthPattern), parseBandwidth
	default:
		s.want, s.json, s.parse = "a number", object{"type": "number", "minimum": 0}, parseNumber
	}
	return s
}
