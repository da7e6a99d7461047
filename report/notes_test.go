package report

import (
	"strings"
	"testing"
)

// Every report that people or programs read says who stopped a run, why, and what people
// wrote meanwhile.
func TestEveryReportHasItsNotes(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"stopped", "scan_interrupted"} {
		r := load(t, name)
		for _, format := range []string{"text", "md", "junit", "ndjson", "json", "html"} {
			got := strings.Join(strings.Fields(render(t, format, Options{Width: 100}, r)), " ")
			wanted := []string{r.Run.InterruptedBy, r.Run.InterruptedWhy}
			for _, n := range r.Run.Notes {
				wanted = append(wanted, n.Author, strings.Fields(n.Text)[0])
			}
			for _, want := range wanted {
				if !strings.Contains(got, want) {
					t.Errorf("%s as %s lacks %q", name, format, want)
				}
			}
		}
		r.Run.InterruptedBy, r.Run.InterruptedWhy, r.Run.Notes = "", "", nil
		for _, format := range []string{"text", "md", "junit", "ndjson"} {
			if got := render(t, format, Options{}, r); strings.Contains(strings.ToLower(got), "notes") || strings.Contains(got, "system-out") {
				t.Errorf("%s as %s speaks of notes that nobody wrote", name, format)
			}
		}
	}
}
