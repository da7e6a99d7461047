package report

import (
	"encoding/json"
	"encoding/xml"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report/encode"
)

// Every format tells of every alert, and what came of it.
func TestEveryFormatTellsOfAlerts(t *testing.T) {
	t.Parallel()
	r := load(t, "alerts")
	e := r.Experiments[0]
	if len(e.Alerts) < 4 {
		t.Fatalf("%d alerts in the fixture", len(e.Alerts))
	}
	for _, format := range []string{"text", "md", "html", "junit", "ndjson", "json"} {
		text := render(t, format, Options{Width: 500}, r)
		for _, a := range e.Alerts {
			if !strings.Contains(text, a.Name) {
				t.Errorf("%s has nothing of %s", format, a.Name)
			}
		}
	}
	page := render(t, "html", Options{}, r)
	for _, part := range []string{`class="stk tri alerts"`, `class="al-f"`, `class="al-p"`, "nobody was told"} {
		if !strings.Contains(page, part) {
			t.Errorf("the page has no %s", part)
		}
	}
}

// Each alert is a test case: it passes if it held, and is skipped otherwise, as the
// hypothesis counts.
func TestEachAlertIsATestCase(t *testing.T) {
	t.Parallel()
	r := load(t, "alerts")
	var file encode.JUnit
	if err := xml.Unmarshal([]byte(render(t, "junit", Options{}, r)), &file); err != nil {
		t.Fatal(err)
	}
	cases := map[string]encode.Case{}
	for _, c := range file.Suites[0].Cases {
		cases[c.Name] = c
	}
	for _, k := range r.Experiments[0].Criteria {
		if k.Kind != result.AlertCriterion {
			continue
		}
		c, ok := cases["planted: "+k.Name]
		if !ok || (c.Skipped == nil) != (k.Verdict == result.Held) || c.Failure != nil {
			t.Errorf("%s is %s: %+v", k.Name, k.Verdict, c)
		}
	}
}

// Lines for programs have each change of an alert, in the order of time.
func TestChangesOfAlertsAreLines(t *testing.T) {
	t.Parallel()
	r := load(t, "alerts")
	changes := 0
	for line := range strings.Lines(render(t, "ndjson", Options{}, r)) {
		var e encode.Event
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		if e.Event == "alert" {
			changes++
			if e.State == "" || e.Name == "" || e.Second == nil {
				t.Errorf("%s", line)
			}
		}
	}
	want := 0
	for _, a := range r.Experiments[0].Alerts {
		want += len(a.Changes)
	}
	if changes != want {
		t.Errorf("%d changes, want %d", changes, want)
	}
}
