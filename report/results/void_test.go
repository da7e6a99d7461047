package results

import (
	"bytes"
	"encoding/xml"
	"io"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report/page"
	"github.com/blastgauge/blastgauge/report/terminal"
)

// voidResult is a run whose machine was too busy to measure, and whose fault broke an
// invariant of a staging that was dirty already.
func voidResult() *result.Result {
	b := &result.BlastRadius{Journey: "checkout", Estimate: 0.777, Low: 0.7, High: 0.8, Confidence: 0.95, Control: result.ConcurrentControl}
	return &result.Result{Run: result.Run{Outcome: result.Completed, ExitCode: result.ExitRefuted}, Experiments: []result.Experiment{{
		ID: "payments-slow", Verdict: result.Refuted, BlastRadius: b, Void: []result.ReasonCode{result.ReasonTooBusy},
		Reasons:     []string{"the invariant is broken", "the machine was too busy"},
		ReasonCodes: []result.ReasonCode{result.ReasonInvariantBroken, result.ReasonTooBusy},
		Journeys: []result.Journey{{Name: "checkout", Verdict: result.Invalid, BlastRadius: b, Limit: 0.05,
			Arms: result.Arms{Fault: result.Counts{Journeys: 100, OK: 23, Failed: 77}}}},
		Invariants: []result.Invariant{{Name: "charged once", Before: new(30.0), After: new(32.0), NewAfter: new(2.0), Keys: []string{"J-1", "J-2"}}},
		Recovery:   &result.Recovery{Seconds: 54.3},
		Criteria: []result.Criterion{
			{Kind: result.JourneyCriterion, Subject: "checkout", Name: "blast radius of checkout", Verdict: result.Invalid, Code: result.ReasonTooBusy, Detail: "the machine was too busy"},
			{Kind: result.InvariantCriterion, Subject: "charged once", Name: "invariant charged once", Verdict: result.Refuted, Code: result.ReasonInvariantBroken, Detail: "the invariant is broken"},
		},
	}}}
}

// Every report shows what broke, and why nothing else is known; and none shows the
// numbers of journeys beside it as if they were known.
func TestABrokenInvariantIsShownBesideVoidNumbers(t *testing.T) {
	t.Parallel()
	for name, write := range map[string]func(io.Writer, *result.Result) error{
		"text":     func(w io.Writer, r *result.Result) error { return WriteText(w, r, terminal.Options{}) },
		"markdown": func(w io.Writer, r *result.Result) error { return WriteMarkdown(w, r) },
		"junit":    func(w io.Writer, r *result.Result) error { return WriteJUnit(w, r) },
		"github":   func(w io.Writer, r *result.Result) error { return WriteGitHub(w, r) },
		"ndjson":   WriteNDJSON,
		"page":     func(w io.Writer, r *result.Result) error { return WriteHTML(w, r, page.Options{}) },
	} {
		var out bytes.Buffer
		if err := write(&out, voidResult()); err != nil {
			t.Fatal(err)
		}
		text := out.String()
		for _, want := range []string{"the invariant is broken", "the machine was too busy"} {
			if !strings.Contains(strings.ToLower(text), want) {
				t.Errorf("%s lacks %q:\n%s", name, want, text)
			}
		}
		for _, void := range []string{"77", "0.7", "54.3"} {
			if name == "page" { // it holds the whole result, for programs, and pictures
				break
			}
			if strings.Contains(text, void) {
				t.Errorf("%s shows %q, which is void:\n%s", name, void, text)
			}
		}
	}
	s := summarize(voidResult())
	if len(s.broken) != 1 || violations(s.broken[0].inv) != "2 new violations" || s.worst != nil {
		t.Errorf("broken %+v, worst %+v; want one of 2 new violations, and no blast radius", s.broken, s.worst)
	}
	for _, d := range s.damages() {
		if d.Effect != "" || d.Measure != "" || len(d.Broke) != 1 {
			t.Errorf("damage %+v, want the invariant alone", d)
		}
	}
}

// In JUnit the experiment fails once. The invariant says that it is why, and the journey
// was not judged.
func TestVoidNumbersInJUnit(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := WriteJUnit(&out, voidResult()); err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Cases []struct {
			Name    string    `xml:"name,attr"`
			Failure *struct{} `xml:"failure"`
			Skipped *struct {
				Message string `xml:"message,attr"`
			} `xml:"skipped"`
		} `xml:"testsuite>testcase"`
	}
	if err := xml.Unmarshal(out.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	failed := map[string]bool{"payments-slow: hypothesis": true, "payments-slow: blast radius of checkout": false, "payments-slow: invariant charged once": false}
	for _, c := range doc.Cases {
		if want, known := failed[c.Name]; !known || (c.Failure != nil) != want || (c.Skipped != nil) == want {
			t.Errorf("%+v, want that it failed: %v", c, want)
		}
		if c.Skipped != nil && strings.HasPrefix(c.Skipped.Message, "refuted") != strings.HasSuffix(c.Name, "invariant charged once") {
			t.Errorf("%s says %q", c.Name, c.Skipped.Message)
		}
	}
	if len(doc.Cases) != len(failed) {
		t.Errorf("%d cases, want %d", len(doc.Cases), len(failed))
	}
}
