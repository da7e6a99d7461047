package run

import "testing"

// What is deleted with a run is what blastgauge makes, by its whole name.
func TestMakes(t *testing.T) {
	t.Parallel()
	makes := Makes("report.html")
	for name, want := range map[string]bool{
		"journal.ndjson": true, "report.html": true, ".report.html.part": true, ".blastgauge-123.part": true, "undo": true, "undo/blastgauge.r.1.json": true,
		"blastgauge-notes.md": false, "blastgauge-1.part": false, ".blastgauge-notes.md": false, ".notes.part": false, "notes.txt": false,
		"undo/notes.txt": false, "undo/blastgauge.r/x": false, "other/report.html": false, "report.html.bak": false,
		"beside": true, "beside/r": true, "beside/r/report.html": true, "beside/r/undo/blastgauge.r.1.json": true, "beside/r/notes.txt": false, "beside/r/undo/notes.txt": false,
	} {
		if got := makes(name); got != want {
			t.Errorf("%s: ours %v, want %v", name, got, want)
		}
	}
}
