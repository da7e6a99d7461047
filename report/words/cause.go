package words

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/inert"
	"github.com/blastgauge/blastgauge/experiments/result"
)

// Cause says in a few words why journeys were harmed: "502 Bad Gateway", "reset by
// 127.0.0.1:18083", "$.charged was 100, expected 90", "slower than 3 s".
func Cause(c result.Cause) string {
	short := ShortCause(c)
	by := map[string]string{
		"timeout": " at ", "refused": " by ", "reset": " by ", "closed": " by ", "tls": " with ", "dns": " for ", "not_allowed": ": ", "error": " at ",
	}[c.Class]
	if by == "" || c.Key == "" {
		return short
	}
	return short + by + c.Key
}

// ShortCause is the same without addresses.
func ShortCause(c result.Cause) string {
	text := map[string]string{
		"timeout": "timed out", "refused": "refused", "reset": "reset", "closed": "closed before the answer", "tls": "no TLS", "dns": "no address",
		"not_allowed": "host not allowed", "too_large": "answer too large", "shed": "never sent (too many in flight)", "error": "broken connection", "counted": "counted as harmed",
	}[c.Class]
	switch {
	case c.Class == "shed" && c.Key != "":
		return "never sent (" + c.Key + ")"
	case text != "":
		return text
	case c.Class == "status" && c.Key != "":
		return status(c.Key)
	case c.Class == "status":
		return "bad status"
	case c.Class == "redirects":
		return redirects(c.Key)
	case c.Class == "slow":
		return slower(c.Key)
	case c.Class == "check":
		return unexpected(c)
	}
	return strings.Join(NonEmpty(strings.ReplaceAll(c.Class, "_", " "), c.Key), " ") // of a later version
}

// status writes a status code with its name.
func status(code string) string {
	n, err := strconv.Atoi(code)
	if err != nil || http.StatusText(n) == "" {
		return "status " + code
	}
	return code + " " + http.StatusText(n)
}

// redirects writes how often a step was redirected.
func redirects(key string) string {
	switch n, err := strconv.Atoi(key); {
	case key == "loop":
		return "redirects in a loop"
	case key == "secret_body":
		return "redirect of a secret to another host"
	case err != nil:
		return "too many redirects"
	default:
		return "more than " + figures.Plural(n, "redirect", "redirects")
	}
}

// slower writes the budget that was crossed.
func slower(budget string) string {
	d, err := time.ParseDuration(budget)
	if err != nil {
		return strings.Join(NonEmpty("too slow", budget), ", ")
	}
	return "slower than " + figures.Duration(d.Seconds())
}

// unexpected writes what an expectation found in place of what it expects.
func unexpected(c result.Cause) string {
	what := c.Key
	if what == "" {
		what = "an expectation"
	}
	for _, x := range c.Examples {
		if x.Found != "" && x.Expected != "" {
			return what + " was " + cut(x.Found, mostValue) + ", expected " + cut(x.Expected, mostValue)
		}
	}
	return what + " was not as expected"
}

// How much of a value and of an answer stands in a line.
const (
	mostValue  = 40
	mostAnswer = 120
)

// cut shortens text to so many characters, on one line.
func cut(text string, most int) string {
	list := []rune(strings.Join(strings.Fields(inert.Text(text)), " "))
	if len(list) <= most {
		return string(list)
	}
	return string(list[:most-1]) + "…"
}

// ExampleFacts are what is known of an example beside the beginning of its answer.
func ExampleFacts(x result.CauseExample) (list []string) {
	add := func(lead, text string) {
		if text != "" {
			list = append(list, lead+cut(text, mostAnswer))
		}
	}
	if x.Status != 0 {
		add("", status(strconv.Itoa(x.Status)))
	}
	add("Location: ", x.Location)
	add("Content-Type: ", x.ContentType)
	add("Retry-After: ", x.RetryAfter)
	add("expected ", x.Expected)
	if x.Found != strconv.Itoa(x.Status) { // else it stands there already
		add("found ", x.Found)
	}
	if x.Expected == "" { // else it says the same once more
		add("", x.Detail)
	}
	add("request ", x.RequestID)
	switch link := x.Link(); {
	case link != "": // whole, to be followed
		list = append(list, "trace "+link)
	default:
		add("trace ", x.Trace)
	}
	return list
}

// Example writes an example on one line.
func Example(x result.CauseExample) string {
	list := ExampleFacts(x)
	if x.Body != "" {
		list = append(list, "“"+cut(x.Body, mostAnswer)+"”")
	}
	return strings.Join(list, ", ")
}
