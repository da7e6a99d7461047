package report

import (
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/result"
)

// traced is a result whose examples have a trace, and say where people look at it.
func traced(t *testing.T, url string) *result.Result {
	t.Helper()
	r := load(t, "causes")
	n := 0
	for i := range r.Experiments {
		for j := range r.Experiments[i].Journeys {
			for k := range r.Experiments[i].Journeys[j].Causes {
				for x := range r.Experiments[i].Journeys[j].Causes[k].Examples {
					e := &r.Experiments[i].Journeys[j].Causes[k].Examples[x]
					e.Trace, e.TraceURL = traceOfTest, url
					n++
				}
			}
		}
	}
	if n == 0 {
		t.Fatal("no example")
	}
	return r
}

const traceOfTest = "4bf92f3577b34da6a3ce929d0e0e4736"

// Every report leads to the trace of an example, each in its own way, whatever characters
// of a URL the address has; and shows the id alone where there is none.
func TestReportsLinkTraces(t *testing.T) {
	t.Parallel()
	const url = "https://tempo.staging.example/explore(1)?a=[%22" + traceOfTest + "%22]&b=*_$x$_*#t"
	for format, want := range map[string]string{
		"text":   "trace " + url,
		"md":     "](<https://tempo.staging.example/explore%281%29?a=%5B%22" + traceOfTest + "%22%5D&amp;b=%2A_%24x%24_%2A#t>)",
		"html":   `<a href="https://tempo.staging.example/explore(1)?a=[%22` + traceOfTest + `%22]&amp;b=*_$x$_*#t" rel="noopener noreferrer">` + traceOfTest + "</a>",
		"json":   `"trace_url": "https://tempo.staging.example/explore(1)?a=[%22` + traceOfTest,
		"junit":  "trace https://tempo.staging.example/explore(1)?a=[%22" + traceOfTest,
		"ndjson": "trace https://tempo.staging.example/explore(1)?a=[%22" + traceOfTest,
	} {
		if got := flat(render(t, format, Options{Width: 100}, traced(t, url))); !strings.Contains(got, want) {
			t.Errorf("%s has no %s", format, want)
		}
		without := render(t, format, Options{Width: 100}, traced(t, ""))
		if format != "json" && (strings.Contains(without, "tempo") || !strings.Contains(plain(without), traceOfTest)) {
			t.Errorf("%s without an address: no id, or a link", format)
		}
	}
}

// What a result from elsewhere calls a link is none where it does not lead to the trace
// by HTTP.
func TestWhatIsNoTraceLinkIsNotShown(t *testing.T) {
	t.Parallel()
	for _, url := range []string{
		"javascript:alert('" + traceOfTest + "')", "https://evil.example/", "https://evil.example/" + traceOfTest + `"onclick="x`, "data:text/html," + traceOfTest,
		"https://evil.example/ " + traceOfTest, "https://evil.example/\n::error::" + traceOfTest, "https://ann:horse@evil.example/" + traceOfTest, "https://evil.example/" + traceOfTest + "\x1b[2J",
	} {
		for _, format := range []string{"text", "md", "html", "junit", "github", "ndjson"} {
			got := render(t, format, Options{Width: 100}, traced(t, url))
			before, _, _ := strings.Cut(got, `<script type="application/json"`) // it is data there
			if strings.Contains(before, "evil") || strings.Contains(before, "javascript:") || strings.Contains(before, "data:text") {
				t.Errorf("%s shows %q", format, url)
			}
		}
	}
}
