package link

import (
	"net/http"
	"strings"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/lazyregexp"
	"github.com/blastgauge/blastgauge/experiments/scaffold/draft"
	"github.com/blastgauge/blastgauge/experiments/scaffold/recording"
)

// A source is a place in an answer that holds a value.
type source struct {
	step   int
	from   experiments.Source
	expr   string
	key    string // of the value
	owner  string // name of the thing that has the key, in the singular
	value  string
	number bool
	rank   int // the order within a step
	listed bool
}

// maxIndexed is the length of the longest value that is traced. Tokens are long.
const maxIndexed = 4096

// jsonSources returns the values in the JSON of an answer.
func jsonSources(step int, list []draft.Leaf, resource string) []source {
	var out []source
	for _, l := range list {
		if len(l.Path) > 1000 || len(l.Value) > maxIndexed {
			continue
		}
		owner := singular(l.Owner)
		if owner == "" {
			owner = resource
		}
		out = append(out, source{step: step, from: experiments.FromJSON, expr: l.Path, key: l.Key, owner: owner,
			value: l.Value, number: l.Number, rank: l.Depth, listed: l.Listed})
	}
	return out
}

// ignoredHeaders never hold a value that a later request needs.
var ignoredHeaders = lazyregexp.New(`(?i)^(:.*|date|server|content-.*|cache-control|expires|pragma|vary|age|connection|keep-alive|transfer-encoding|strict-transport-security|x-(frame|xss|content-type|dns|permitted|powered|cache|served|timer|runtime|download).*|` +
	`access-control-.*|alt-svc|nel|report-to|reporting-endpoints|referrer-policy|permissions-policy|cross-origin-.*|accept-ranges|accept-ch|server-timing|timing-allow-origin|via|cf-.*|last-modified|p3p|set-cookie|location)$`)

// headerSources returns the values in the headers and cookies of an answer.
func headerSources(step int, a recording.Answer, resource string) []source {
	var out []source
	for _, h := range a.Headers {
		if len(h.Value) > maxIndexed || h.Value == "" {
			continue
		}
		s := source{step: step, owner: resource, value: h.Value, rank: 100}
		switch {
		case strings.EqualFold(h.Name, "set-cookie"):
			for line := range strings.SplitSeq(h.Value, "\n") { // Chrome and Firefox join cookies like this
				if c, err := http.ParseSetCookie(strings.TrimSpace(line)); err == nil && c.Value != "" {
					s.from, s.expr, s.key, s.value = experiments.FromCookie, c.Name, c.Name, c.Value
					out = append(out, s)
				}
			}
		case !ignoredHeaders.MatchString(h.Name) && experiments.IsHeaderName(h.Name):
			s.from, s.expr, s.key = experiments.FromHeader, h.Name, h.Name
			out = append(out, s)
		}
	}
	return out
}

// location returns the redirection of an answer: the header as it is, and the target
// below the entry. ok is false if there is none to the same origin.
func location(x *recording.Exchange) (header, target string, ok bool) {
	for _, h := range x.Answer.Headers {
		if !strings.EqualFold(h.Name, "location") {
			continue
		}
		u, err := x.URL.Parse(h.Value)
		if err == nil && recording.OriginOf(u) == recording.OriginOf(x.URL) {
			u.Fragment = ""
			return h.Value, u.RequestURI(), true
		}
	}
	return "", "", false
}
