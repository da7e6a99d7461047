package results

import (
	"bytes"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report/terminal"
)

// Rows keep to the width, and say what the table says.
func TestRowsSayWhatTheTableSays(t *testing.T) {
	t.Parallel()
	r, err := result.Load("../testdata/suite.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, width := range []int{40, 59, 60, 80, 100} {
		o := terminal.Options{Width: width}
		var text bytes.Buffer
		if err := WriteText(&text, r, o); err != nil {
			t.Fatal(err)
		}
		for i := range r.Experiments {
			e := &r.Experiments[i]
			rows := Row("hardened", e, o)
			for _, line := range rows {
				if n := terminal.Width(line); n > width {
					t.Errorf("%d columns of %d: %q", n, width, line)
				}
			}
			row := strings.Join(rows, "\n")
			for _, want := range number(e) {
				if !strings.Contains(row, want) || !strings.Contains(text.String(), want) {
					t.Errorf("%d columns, %s: no %q in the row\n%s", width, e.ID, want, row)
				}
			}
		}
	}
}

// number is the verdict of an experiment and the numbers that it must have.
func number(e *result.Experiment) []string {
	p := &printer{terminal.NewPrinter(terminal.Options{})}
	want := []string{strings.ReplaceAll(string(e.Verdict), "_", " ")}
	if amount, _, _ := p.number(e); amount != "" {
		want = append(want, amount)
	}
	return want
}

// No line of a report is wider than a terminal of 40 columns, but for words that are
// copied, which stay whole.
func TestTextOnANarrowTerminal(t *testing.T) {
	t.Parallel()
	r, err := result.Load("../testdata/suite.json")
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if err := WriteText(&text, r, terminal.Options{Width: 40}); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(text.String()) {
		line = strings.TrimSuffix(line, "\n")
		if words := strings.Fields(line); terminal.Width(line) > 40 && len(words) > 2 {
			t.Errorf("%d columns: %q", terminal.Width(line), line)
		}
	}
}

// A reason that does not fit beside its verdict stands below it, whole.
func TestTheReasonOfARowIsWhole(t *testing.T) {
	t.Parallel()
	const reason = "checkout: 100% of the fault arm was harmed in the baseline, before the fault was in force"
	for _, width := range []int{40, 60, 80, 100} {
		e := &result.Experiment{ID: "payments-down", Verdict: result.Invalid, Reasons: []string{reason}}
		rows := Row("", e, terminal.Options{Width: width})
		if text := strings.Join(strings.Fields(strings.Join(rows, " ")), " "); text != "! payments-down invalid "+reason {
			t.Errorf("%d columns: %q", width, rows)
		}
		for _, line := range rows {
			if terminal.Width(line) > width {
				t.Errorf("%d columns of %d: %q", terminal.Width(line), width, line)
			}
		}
	}
}
