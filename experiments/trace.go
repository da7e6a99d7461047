package experiments

import (
	"errors"
	"net/url"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/lazyregexp"
	"github.com/blastgauge/blastgauge/experiments/shape"
)

// traceVariable stands for the id of a trace in a trace_url.
const traceVariable = "${trace}"

var (
	// traceID is a trace as W3C Trace Context writes it.
	traceID = lazyregexp.New(`^[0-9a-f]{32}$`)
	// linkForm is a URL that needs no quotes in any report, with every character that is
	// not its own written as %XX.
	linkForm = lazyregexp.New(`^https?://[A-Za-z0-9._~\[\]:-]+(?:[/?#][A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]*)?$`)
)

// Traced reports whether each journey of the system is a trace.
func (s *System) Traced() bool { return s.Traces != NoTraces }

// TraceLink returns where people look at a trace: a trace_url with the id in place of
// ${trace}. It is empty where there is no trace_url, or where the id is not 32
// hexadecimal digits.
func TraceLink(traceURL, id string) string {
	if traceURL == "" || !traceID.MatchString(id) {
		return ""
	}
	return strings.ReplaceAll(traceURL, traceVariable, id)
}

// IsTraceLink reports whether a text can be what [TraceLink] returns for an id. A result
// may come from elsewhere, and what it names becomes a link.
func IsTraceLink(link, id string) bool {
	u, err := url.Parse(link)
	return err == nil && traceID.MatchString(id) && linkForm.MatchString(link) && u.Hostname() != "" && u.User == nil && strings.Contains(link, id)
}

// traceURL is where traces are shown. It stands in every report, so that no value of the
// environment may be in it.
func traceURL(to *string) shape.Shape {
	return shape.Scalar[string]{
		To: to, Want: "a URL such as https://tempo.staging.example/trace/${trace}",
		JSON:  shape.Pattern(`^https?://.*\$\{trace\}`, "https://tempo.staging.example/trace/${trace}"),
		Parse: func(text string) (string, *shape.Diagnostic) { return text, wrongTraceURL(text) },
	}
}

func wrongTraceURL(text string) *shape.Diagnostic {
	parsed, err := ParseTemplate(text)
	if wrong, ok := errors.AsType[*TemplateError](err); ok {
		return &shape.Diagnostic{Msg: wrong.Msg, Hint: wrong.Hint}
	}
	found := false
	for _, p := range parsed.Parts {
		switch {
		case p.Name == "trace" && text[p.From:p.To] == traceVariable:
			found = true
		case p.Name == "env":
			return &shape.Diagnostic{Msg: "a link to a trace stands in every report, so nothing of the environment may be in it", Hint: "write the address itself; --set trace_url=URL gives another one"}
		case p.Name != "":
			return &shape.Diagnostic{Msg: text[p.From:p.To] + " is not known where a trace is shown", Hint: "write " + traceVariable}
		}
	}
	const example = "00000000000000000000000000000001"
	link := TraceLink(text, example)
	u, err := url.Parse(link)
	switch {
	case !found:
		return &shape.Diagnostic{Msg: "the id of the trace is missing", Hint: "write " + traceVariable + " where it belongs"}
	case err != nil, u.Scheme != "http" && u.Scheme != "https", u.Hostname() == "":
		return &shape.Diagnostic{Msg: "a URL that begins with https:// or http:// is needed here"}
	case u.User != nil:
		return &shape.Diagnostic{Msg: "a link stands in every report, so no credentials may be in it"}
	case strings.Contains(u.Host, example):
		return &shape.Diagnostic{Msg: "the id of the trace cannot be in the name of a host"}
	case !IsTraceLink(link, example):
		return &shape.Diagnostic{Msg: "a character of this URL is not one that URLs have", Hint: "write it as % and two digits: %22 for a quote, %7B and %7D for braces"}
	}
	return nil
}
