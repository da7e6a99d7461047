package gates

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/gate"
	"github.com/blastgauge/blastgauge/experiments/gate/statement"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report/page"
)

func raw(text string) json.RawMessage {
	if text == "" {
		return nil
	}
	return json.RawMessage(text)
}

// What a value became, and how to take that back, names the place and both values as far as
// there are any.
func TestMoves(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ pointer, from, to, what, undo string }{
		{"/a", "1", "100", "1 → 100", "from 100 to 1"},
		{"/a", `"x"`, `{"b": [1, 2]}`, `"x" → {"b":[1,2]}`, `from {"b":[1,2]} to "x"`},
		{"/a", "", "5", "added: 5", "leave /a out"},
		{"/a", "null", "", "removed, it was null", "put /a back"},
		{"", `"old"`, `"new"`, "differs", "the whole document"},
		{"/a", "", "", "differs", "take /a back"},
	} {
		m := move{tt.pointer, raw(tt.from), raw(tt.to)}
		if got := m.What(); got != tt.what {
			t.Errorf("%+v: %q, want %q", tt, got, tt.what)
		}
		if got := m.undo(); !strings.Contains(got, tt.undo) {
			t.Errorf("%+v: %q does not say %q", tt, got, tt.undo)
		}
	}
	long := move{"/" + strings.Repeat("p", 5000), raw(`"` + strings.Repeat("ü", 5000) + `"`), raw("1")}
	if n := len([]rune(long.text())); n > mostPointer+2*mostValue+10 {
		t.Errorf("%d characters", n)
	}
}

func TestNumbers(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{"1": true, "-1.5e3": true, " 0 ": true, "1e999": false, `"1"`: false, "null": false, "true": false, "": false, "NaN": false, "Infinity": false, "[1]": false} {
		if _, got := number(json.RawMessage(text)); got != want {
			t.Errorf("%q is a number: %t, want %t", text, got, want)
		}
	}
}

// Only a candidate that passes may ship, and each answer is another one.
func TestAnswers(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for _, v := range []result.Verdict{result.Held, result.Refuted, result.Inconclusive, result.Invalid, result.NotRun, "later"} {
		for _, code := range []int{0, 1, 3, 4, 5, 7, 130} {
			s := summarize(&gate.Report{Verdict: v, ExitCode: code})
			ships := strings.HasSuffix(s.headline(), " may ship") || strings.Contains(s.headline(), "may ship without an answer")
			if want := code == 0 && v != result.Refuted; ships != want {
				t.Errorf("%s, exit %d: %q", v, code, s.headline())
			}
			if v == result.Refuted && !strings.HasSuffix(s.headline(), "may not ship") {
				t.Errorf("%s, exit %d: %q", v, code, s.headline())
			}
			seen[s.headline()] = fmt.Sprint(v, code)
		}
	}
	if len(seen) < 15 {
		t.Errorf("only %d answers: %v", len(seen), seen)
	}
}

// The first step is the single value to change, or the values, and says no more than the
// search found.
func TestTheValueToChange(t *testing.T) {
	t.Parallel()
	changed := []gate.Changed{{Pointer: "/a", From: raw("1"), To: raw("2")}, {Pointer: "/b", From: raw("3"), To: raw("4")}, {Pointer: "/c", To: raw("5")}}
	for name, tt := range map[string]struct {
		smallest *gate.Smallest
		changed  []gate.Changed
		says     []string
		not      []string
	}{
		"one":          {&gate.Smallest{Pointers: []string{"/b"}, Minimal: true}, changed, []string{"one value", "/b", "from 4 to 3", "by itself"}, []string{"/a", "/c"}},
		"two":          {&gate.Smallest{Pointers: []string{"/a", "/c"}, Minimal: true}, changed, []string{"one of these", "/a 1 → 2", "/c added: 5", "together"}, []string{"/b"}},
		"no time":      {&gate.Smallest{Pointers: []string{"/a", "/c"}}, changed, []string{"/a", "/c", "not found out"}, []string{"one of these", "/b"}},
		"not searched": {nil, changed, []string{"all 3 values", "the budget was spent", "--budget"}, []string{"by itself", "fails already"}},
		"alone":        {nil, changed[:1], []string{"/a", "Nothing else changed"}, []string{"by itself"}},
		"unserved":     {nil, nil, []string{"--served"}, nil},
	} {
		r := &gate.Report{Verdict: result.Refuted, ExitCode: 3, Smallest: tt.smallest, Changed: tt.changed, NotMeasured: []gate.NotMeasured{{Code: gate.Failing}, {Code: gate.NoTime}}}
		text := summarize(r).steps[0].line()
		for _, want := range tt.says {
			if !strings.Contains(text, want) {
				t.Errorf("%s: %q does not say %q", name, text, want)
			}
		}
		for _, not := range tt.not {
			if strings.Contains(text, not) {
				t.Errorf("%s: %q says %q", name, text, not)
			}
		}
	}
}

// The command that measures the candidate again is the one that measured it, with all of its
// words. Where it is not known, none is made up.
func TestTheCommandAgain(t *testing.T) {
	t.Parallel()
	const command = "blastgauge gate 'next one.json' settings-next -f shop/blastgauge.yaml --seed 7"
	for _, v := range []result.Verdict{result.Refuted, result.Inconclusive} {
		r := &gate.Report{Verdict: v, ExitCode: result.ExitRefuted, Candidate: gate.Document{File: "next one.json"}, Command: command}
		steps := summarize(r).steps
		if got := steps[len(steps)-1].Command; got != command {
			t.Errorf("%s: %q, want %q", v, got, command)
		}
		r.Command = ""
		steps = summarize(r).steps
		if got := steps[len(steps)-1].Command; got != "" {
			t.Errorf("%s: %q is made up", v, got)
		}
	}
}

// The page links to the page of the candidate's run, also where the run's directory is named as
// seen from the working directory.
func TestThePageOfTheRun(t *testing.T) {
	t.Parallel()
	here, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	for dir, want := range map[string]string{"runs/r1": "report.html", filepath.Join(here, "runs", "r2"): "../r2/report.html", "": ""} {
		var b strings.Builder
		r := &gate.Report{Run: "r1", Dir: dir}
		if err := WriteHTML(&b, r, page.Options{Folder: filepath.Join(here, "runs", "r1")}); err != nil {
			t.Fatal(err)
		}
		if linked := strings.Contains(b.String(), `href="`+want+`"`); linked != (want != "") {
			t.Errorf("%s: linked %t, want %q", dir, linked, want)
		}
	}
}

// What is not measured is named as what it is: what is near the candidate, or parts of the
// change.
func TestWhatIsNotMeasured(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		verdict result.Verdict
		code    string
		near    bool
	}{
		{result.Refuted, gate.Failing, true}, {result.Refuted, gate.NoTime, false}, {result.Refuted, gate.Unserved, false}, {result.Refuted, gate.Unasked, false},
		{result.Held, gate.Unserved, true}, {result.Held, gate.Unasked, true}, {result.Inconclusive, gate.Unasked, true}, {result.Inconclusive, gate.Undecided, true}, {result.Invalid, gate.Undecided, true},
	} {
		n := gate.NotMeasured{Code: tt.code}
		got := summarize(&gate.Report{Verdict: tt.verdict}).notMeasured(n)
		if (got == "what is near the candidate") != tt.near || (got == "parts of the change") == tt.near {
			t.Errorf("%s, %s: %q", tt.verdict, tt.code, got)
		}
	}
}

// A candidate that holds at last, after it did not, is told apart from one that always held.
func TestRetriedUntilItHeld(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		now    result.Verdict
		before []result.Verdict
		want   bool
	}{
		{result.Held, nil, false},
		{result.Held, []result.Verdict{result.Held, result.Held}, false},
		{result.Held, []result.Verdict{result.Refuted, result.Held}, true},
		{result.Held, []result.Verdict{result.Invalid}, true},
		{result.Refuted, []result.Verdict{result.Refuted}, false},
	} {
		r := &gate.Report{Verdict: tt.now}
		for _, v := range tt.before {
			r.Attempts.List = append(r.Attempts.List, statement.Attempt{Verdict: v})
		}
		r.Attempts.Count = len(tt.before)
		s := summarize(r)
		if s.retried() != tt.want || (s.attemptsText() == "") != (len(tt.before) == 0) {
			t.Errorf("%+v: %t, %q", tt, s.retried(), s.attemptsText())
		}
	}
}

// A chart needs two numbers of one place, and draws the limit that all of them have.
func TestEdges(t *testing.T) {
	t.Parallel()
	harm := &statement.Harm{Estimate: 0.1, Low: 0.05, High: 0.2, Confidence: 0.95}
	near := func(pointer, value string, limit float64) gate.Neighbor {
		return gate.Neighbor{Pointer: pointer, From: raw("30"), Value: raw(value), Verdict: result.Refuted, Harm: harm, Journey: "checkout", Limit: limit}
	}
	r := &gate.Report{
		Measured: []gate.Measured{{Experiment: "e", Journey: "checkout", Harm: harm, Limit: 0.05, Verdict: result.Held}},
		Neighborhood: []gate.Neighbor{
			near("/a", "60", 0.05), near("/a", "300", 0.05), near("/b", `"x"`, 0.05), near("/c", "1", 0.05), near("/c", "2", 0.01), {Pointer: "/d", Value: raw("1")},
		},
	}
	var names []string
	for _, e := range summarize(r).edges() {
		names = append(names, e.Name)
		limit := strings.Contains(string(e.Chart), " limit</text>")
		if limit != (e.Name == "/a") || !strings.Contains(string(e.Chart), "candidate") {
			t.Errorf("%s: limit drawn %t: %s", e.Name, limit, e.Chart)
		}
	}
	if !slices.Equal(names, []string{"/a", "/c"}) {
		t.Errorf("charts of %q", names)
	}
	for i := range 50 {
		r.Neighborhood = append(r.Neighborhood, near(fmt.Sprint("/x", i), "1", 0.05))
	}
	if n := len(summarize(r).edges()); n != mostCharts {
		t.Errorf("%d charts", n)
	}
}

// What is not measured for a reason that is no loss is not open.
func TestGaps(t *testing.T) {
	t.Parallel()
	r := &gate.Report{}
	var codes []string
	for _, code := range []string{gate.NoTime, gate.TooMany, gate.NotRun, gate.Unasked, gate.Unfit, gate.Same, gate.CutShort, gate.Failing, gate.Undecided, gate.Unserved, "later"} {
		codes = append(codes, code)
		for i := range 30 {
			for range 2 {
				r.NotMeasured = append(r.NotMeasured, gate.NotMeasured{Operator: "scale", Pointer: fmt.Sprint("/a", i), Code: code})
			}
		}
	}
	var open []string
	s := summarize(r)
	for _, g := range s.openGaps() {
		open = append(open, g.Code)
		if g.Count != 60 || g.List[0] != "scale at /a0 (2 times)" || len(g.List) != mostTold || g.More != "and 10 more" {
			t.Errorf("%+v", g)
		}
	}
	if !slices.Equal(open, []string{gate.NoTime, gate.NotRun, gate.Unasked, gate.CutShort, gate.Unserved, "later"}) || len(s.gaps()) != len(codes) {
		t.Errorf("open: %q of %d", open, len(s.gaps()))
	}
}

// What nobody knows of a neighbor is not taken for a neighbor that holds.
func TestUndecidedNeighbors(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		verdicts []result.Verdict
		value    string
	}{
		"all hold":        {[]result.Verdict{result.Held, result.Held}, "none"},
		"one undecided":   {[]result.Verdict{result.Held, result.Inconclusive}, "none shown"},
		"one not trusted": {[]result.Verdict{result.Invalid, result.Held}, "none shown"},
		"one not run":     {[]result.Verdict{result.NotRun}, "none shown"},
	} {
		r := &gate.Report{}
		for _, v := range tt.verdicts {
			r.Neighborhood = append(r.Neighborhood, gate.Neighbor{Pointer: "/retries", Verdict: v})
		}
		s := &summary{r: r}
		if got := s.nearestFigure().Value; got != tt.value {
			t.Errorf("%s: the figure is %q, want %q", name, got, tt.value)
		}
		all := (&summary{r: &gate.Report{Neighborhood: []gate.Neighbor{{Verdict: result.Held}}}}).nearestText()
		if got := s.nearestText(); (got == all) != (tt.value == "none") {
			t.Errorf("%s: %q", name, got)
		}
	}
}
