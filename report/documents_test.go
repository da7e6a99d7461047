package report

import (
	"html"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/result"
)

// What config went bad, what it was before, and who read it, stands in every
// report that people read; what a client says of itself commands nothing.
func TestBadConfigIsInTheReports(t *testing.T) {
	t.Parallel()
	r := load(t, "refuted")
	r.Experiments[0].Faults[0].Documents = []result.Mutated{{
		Name: "/settings", What: "scale: /price/factor 1 → 100: times 100", Where: []string{"/price/factor"},
		Before:  "sha256:5e2a7dce7aa115cd13711d386e4711e8dcb8d6cfc1a57dcb3aa0ee92d270a608",
		After:   "sha256:f21e26eb0a575be4f67019dbb66981c1cf23481a6971dc38cc436768801c30b0",
		Fetched: 137, By: map[string]int64{"10.0.0.7 pricing/2": 130, "10.0.0.9 <b>\x1b[2J": 4, "10.0.0.3": 2, "10.0.0.4": 1},
	}}
	for _, format := range []string{"text", "md", "html"} {
		got := html.UnescapeString(render(t, format, Options{Width: 100}, r))
		got = strings.Join(strings.Fields(strings.ReplaceAll(got, `\`, "")), " ")
		for _, want := range []string{"/settings", "/price/factor 1 → 100: times 100", "sha256:5e2a7dce7aa1", "sha256:f21e26eb0a57", "137 times by 10.0.0.7 pricing/2", "1 more"} {
			if format == "md" {
				got = strings.ReplaceAll(got, "<!-- -->", "")
			}
			if !strings.Contains(got, want) {
				t.Errorf("%s lacks %q", format, want)
			}
		}
		if strings.Contains(got, "\x1b") {
			t.Errorf("%s passes an escape on", format)
		}
	}
	if got := render(t, "html", Options{}, r); strings.Contains(got, "10.0.0.9 <b>") {
		t.Error("the page does not escape what a client says")
	}
}
