package compare

import (
	"errors"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/scan"
)

// scanned is a scan with one dependency and one cell, of which edit makes a case.
func scanned(id string, edit func(*scan.Map)) Input {
	m := &scan.Map{
		Limit: 0.05, Modes: []plan.FailureMode{plan.Hang}, Control: plan.Concurrent, Journeys: []scan.Journey{{Name: "checkout", Limit: 0.05}},
		Dependencies: []scan.Dependency{{Name: "mail", Declared: "soft", Cells: []scan.Cell{cellOf(scan.Harmless, 0, 0, 0.02)}}},
	}
	if edit != nil {
		edit(m)
	}
	return Input{Source: id, Result: &result.Result{Run: result.Run{ID: id}, Scan: m}}
}

func cellOf(v scan.Verdict, estimate, low, high float64) scan.Cell {
	return scan.Cell{
		Number: 1, Verdict: v, Significant: v == scan.Harmful, Faults: []scan.Fault{{Dependency: "mail", Mode: plan.Hang}},
		Journeys: []scan.CellJourney{{Journey: "checkout", Verdict: v, Estimate: estimate, Low: low, High: high}},
	}
}

func setCell(c scan.Cell) func(*scan.Map) {
	return func(m *scan.Map) { m.Dependencies[0].Cells[0] = c }
}

func compared(t *testing.T, base, head func(*scan.Map)) *Comparison {
	t.Helper()
	c, err := Results([]Input{scanned("b", base)}, []Input{scanned("h", head)}, DefaultMargin)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestStatusOfACell(t *testing.T) {
	t.Parallel()
	harmless, harmful := cellOf(scan.Harmless, 0, 0, 0.02), cellOf(scan.Harmful, 0.9, 0.8, 1)
	chance, broken, lesser, wide := harmful, harmless, cellOf(scan.Harmful, 0.2, 0.1, 0.3), cellOf(scan.Harmless, 0.01, 0, 0.045)
	chance.Significant = false
	broken.Verdict, broken.Broken = scan.Harmful, []scan.Broken{{Invariant: "charged once"}}
	for name, tt := range map[string]struct {
		base, head scan.Cell
		want       Status
		code       ReasonCode
		exit       int
	}{
		"harm is new":               {harmless, harmful, Regressed, ReasonMoreHarm, result.ExitRefuted},
		"harm is gone":              {harmful, harmless, Improved, ReasonLessHarm, result.ExitHeld},
		"harm that may be chance":   {harmless, chance, Uncertain, ReasonChanceOfMany, result.ExitHeld},
		"it was chance perhaps":     {chance, harmless, Uncertain, ReasonChanceOfMany, result.ExitHeld},
		"an invariant breaks":       {harmless, broken, Regressed, ReasonInvariantBroken, result.ExitRefuted},
		"an invariant holds again":  {broken, harmless, Improved, ReasonLessHarm, result.ExitHeld},
		"more harm than before":     {lesser, harmful, Regressed, ReasonMoreHarm, result.ExitRefuted},
		"less harm than before":     {harmful, lesser, Improved, ReasonLessHarm, result.ExitHeld},
		"the same":                  {harmful, harmful, Unchanged, ReasonSameVerdict, result.ExitHeld},
		"the same, known worse":     {harmless, wide, Unchanged, ReasonPrecision, result.ExitHeld},
		"base has no answer":        {cellOf(scan.Undecided, 0.04, 0, 0.1), harmful, Uncertain, ReasonNotKnownInBase, result.ExitHeld},
		"head has no answer":        {harmless, cellOf(scan.NotReached, 0, 0, 0), Uncertain, ReasonNotKnownInHead, result.ExitHeld},
		"neither has":               {cellOf(scan.NotMet, 0, 0, 0.1), cellOf(scan.NotReached, 0, 0, 0), Uncertain, ReasonUndecided, result.ExitHeld},
		"neither could be measured": {cellOf(scan.NotExercised, 0, 0, 0), cellOf(scan.Unavailable, 0, 0, 0), NotComparable, ReasonNothingToJudge, result.ExitInvalid},
	} {
		c := compared(t, setCell(tt.base), setCell(tt.head))
		if got := c.Scan.Cells[0]; got.Status != tt.want || got.ReasonCode != tt.code || c.ExitCode != tt.exit {
			t.Errorf("%s: %s, %s, exit code %d; want %s, %s, %d", name, got.Status, got.ReasonCode, c.ExitCode, tt.want, tt.code, tt.exit)
		}
	}
}

// What other limits or controls decided is not compared.
func TestScansApart(t *testing.T) {
	t.Parallel()
	for code, edit := range map[ReasonCode]func(*scan.Map){
		ReasonLimitsDiffer:   func(m *scan.Map) { m.Journeys[0].Limit = 0.01 },
		ReasonControlsDiffer: func(m *scan.Map) { m.Control = plan.Baseline },
		ReasonOnlyInBase:     func(m *scan.Map) { m.Dependencies[0].Cells = nil },
	} {
		c := compared(t, nil, edit)
		if got := c.Scan.Cells[0]; got.Status != NotComparable || got.ReasonCode != code || c.ExitCode != result.ExitInvalid {
			t.Errorf("%s, %s, exit code %d; want not comparable, %s", got.Status, got.ReasonCode, c.ExitCode, code)
		}
	}
}

func level(latency float64, v scan.Verdict) scan.Level {
	return scan.Level{Latency: latency, Verdict: v, Journeys: []scan.CellJourney{{Journey: "checkout", Verdict: v}}}
}

// between is a breaking point between two latencies.
func between(low, high float64) *scan.BreakingPoint {
	return &scan.BreakingPoint{Kind: "sharp", Levels: []scan.Level{level(low, scan.Harmless), level(high, scan.Harmful)}, Edges: []scan.Edge{{Low: low, High: high, Rises: true}}}
}

func TestBreakingPointsMove(t *testing.T) {
	t.Parallel()
	never := &scan.BreakingPoint{Kind: "never", Levels: []scan.Level{level(0.1, scan.Harmless), level(3, scan.Harmless)}}
	always := &scan.BreakingPoint{Kind: "always", Levels: []scan.Level{level(0.1, scan.Harmful), level(3, scan.Harmful)}}
	open := &scan.BreakingPoint{Kind: "open", Levels: []scan.Level{level(0.1, scan.Harmless), level(3, scan.Undecided)}}
	one := &scan.BreakingPoint{Kind: "open", Levels: []scan.Level{level(1, scan.Harmful)}}
	window := between(0.8, 0.97)
	window.Edges = append(window.Edges, scan.Edge{Low: 2, High: 2.5})
	for name, tt := range map[string]struct {
		base, head *scan.BreakingPoint
		want       Status
		code       ReasonCode
	}{
		"earlier":               {between(0.8, 0.97), between(0.3, 0.37), Regressed, ReasonBreaksEarlier},
		"later":                 {between(0.3, 0.37), between(0.8, 0.97), Improved, ReasonBreaksLater},
		"at the same level":     {between(0.8, 1), between(1, 1.2), Improved, ReasonBreaksLater},
		"overlapping":           {between(0.8, 0.97), between(0.9, 1.1), Unchanged, ReasonSameVerdict},
		"known better":          {between(0.3, 1), between(0.8, 0.97), Unchanged, ReasonPrecision},
		"never any more":        {between(0.3, 0.37), never, Improved, ReasonBreaksLater},
		"new":                   {never, between(0.3, 0.37), Regressed, ReasonBreaksEarlier},
		"never in both":         {never, never, Unchanged, ReasonSameVerdict},
		"always in both":        {always, always, Unchanged, ReasonSameVerdict},
		"from the shortest on":  {between(0.3, 0.37), always, Regressed, ReasonBreaksEarlier},
		"not searched in base":  {nil, never, Uncertain, ReasonNotKnownInBase},
		"head does not show it": {never, open, Uncertain, ReasonNotKnownInHead},
		"one level in both":     {one, one, Uncertain, ReasonUndecided},
		"one level in head":     {between(0.3, 0.37), one, Uncertain, ReasonNotKnownInHead},
		"another shape":         {between(0.8, 0.97), window, Uncertain, ReasonShapeDiffers},
	} {
		set := func(b *scan.BreakingPoint) func(*scan.Map) {
			return func(m *scan.Map) { m.Dependencies[0].BreakingPoint = b }
		}
		if got := compared(t, set(tt.base), set(tt.head)).Scan.BreakingPoints[0]; got.Status != tt.want || got.ReasonCode != tt.code {
			t.Errorf("%s: %s, %s; want %s, %s", name, got.Status, got.ReasonCode, tt.want, tt.code)
		}
	}
}

// A finding is gone for sure only where head has an answer in its failure modes.
func TestFindingsAndDependencies(t *testing.T) {
	t.Parallel()
	find := func(m *scan.Map) {
		setCell(cellOf(scan.Harmful, 0.9, 0.8, 1))(m)
		m.Findings = []scan.Finding{{Code: scan.SoftBehavesHard, Dependency: "mail", Modes: []plan.FailureMode{plan.Hang}}}
		m.Dependencies[0].Behaves = "hard"
	}
	for verdict, known := range map[scan.Verdict]bool{scan.Harmless: true, scan.NotReached: false} {
		c := compared(t, find, setCell(cellOf(verdict, 0, 0, 0.02)))
		if f := c.Scan.Findings; len(f) != 1 || f[0].Only != InBase || f[0].Known != known {
			t.Errorf("%s in head: %+v, want one that is gone, known: %t", verdict, f, known)
		}
	}
	c := compared(t, find, func(m *scan.Map) { m.Dependencies[0].Name = "post" })
	if d := c.Scan.Dependencies; len(d) != 2 || d[0].Only != InHead || d[1].Only != InBase || c.ExitCode != result.ExitInvalid {
		t.Errorf("%+v, exit code %d: want one new and one gone, and nothing comparable", d, c.ExitCode)
	}
}

// Documents that differ are told; what they changed is compared all the same.
func TestDocumentsOfScansDiffer(t *testing.T) {
	t.Parallel()
	base, head := scanned("b", nil), scanned("h", setCell(cellOf(scan.Harmful, 0.9, 0.8, 1)))
	base.Result.Documents = []result.Document{{File: "blastgauge.yaml", Text: "version: 1\nlimit: 5%\n"}}
	head.Result.Documents = []result.Document{{File: "blastgauge.yaml", Text: "version: 1\nlimit: 6%\n"}}
	c, err := Results([]Input{base}, []Input{head}, DefaultMargin)
	if err != nil || len(c.Scan.Diff) != 1 || len(c.Scan.Diff[0].Lines) < 2 || len(c.Notes) == 0 || c.Scan.Counts[Regressed] != 1 {
		t.Errorf("error %v, diff %+v, notes %q, counts %v", err, c.Scan.Diff, c.Notes, c.Scan.Counts)
	}
}

// A scan and a run of experiments are not alike, nor are several scans one.
func TestScansAreComparedWithScans(t *testing.T) {
	t.Parallel()
	s, r := scanned("s", nil), run("r", 0.01, 0.005, nil)
	for name, sides := range map[string][2][]Input{"run": {{r}, {s}}, "scan": {{s}, {r}}, "several": {{s, s}, {s}}, "none": {nil, {s}}} {
		if _, err := Results(sides[0], sides[1], DefaultMargin); !errors.Is(err, ErrNotAlike) {
			t.Errorf("%s: error %v, want %v", name, err, ErrNotAlike)
		}
	}
	if c, err := Results([]Input{r}, []Input{r}, DefaultMargin); err != nil || c.Scan != nil || len(c.Experiments) != 1 {
		t.Errorf("runs: %v, error %v", c, err)
	}
}

// pairOf is a pair of mail and its fallback.
func pairOf(v scan.Verdict, estimate, low, high float64) scan.Cell {
	c := cellOf(v, estimate, low, high)
	c.Faults = append(c.Faults, scan.Fault{Dependency: "letters", Mode: plan.Refuse})
	return c
}

// A pair that began to harm is a regression, though each alone is as harmless as before.
func TestStatusOfAPair(t *testing.T) {
	t.Parallel()
	set := func(pairs ...scan.Cell) func(*scan.Map) {
		return func(m *scan.Map) {
			m.Pairs = pairs
			for _, p := range pairs {
				if p.Verdict == scan.Harmful {
					m.Findings = []scan.Finding{{Code: scan.FallbackHarms, Dependency: "mail", Other: "letters", Modes: []plan.FailureMode{plan.Hang, plan.Refuse}}}
				}
			}
		}
	}
	harmless, harmful := pairOf(scan.Harmless, 0, 0, 0.02), pairOf(scan.Harmful, 0.9, 0.8, 1)
	for name, tt := range map[string]struct {
		base, head []scan.Cell
		want       Status
		known      bool // whether the side without the finding would have seen it
		findings   int
		exit       int
	}{
		"it began to harm":   {[]scan.Cell{harmless}, []scan.Cell{harmful}, Regressed, true, 1, result.ExitRefuted},
		"it harms no more":   {[]scan.Cell{harmful}, []scan.Cell{harmless}, Improved, true, 1, result.ExitHeld},
		"the same":           {[]scan.Cell{harmful}, []scan.Cell{harmful}, Unchanged, false, 0, result.ExitHeld},
		"only head has it":   {nil, []scan.Cell{harmful}, NotComparable, false, 1, result.ExitHeld},
		"only base has it":   {[]scan.Cell{harmful}, nil, NotComparable, false, 1, result.ExitHeld},
		"head has no answer": {[]scan.Cell{harmful}, []scan.Cell{pairOf(scan.NotReached, 0, 0, 0)}, Uncertain, false, 1, result.ExitHeld},
	} {
		c := compared(t, set(tt.base...), set(tt.head...))
		got := c.Scan.Pairs
		if len(got) != 1 || got[0].Status != tt.want || got[0].Dependency != "mail" || got[0].Other != "letters" || got[0].OtherMode != plan.Refuse || c.ExitCode != tt.exit || c.Scan.Counts[tt.want] == 0 {
			t.Errorf("%s: %+v, exit code %d, counts %v; want %s, %d", name, got, c.ExitCode, c.Scan.Counts, tt.want, tt.exit)
		}
		if f := c.Scan.Findings; len(f) != tt.findings || len(f) == 1 && f[0].Known != tt.known {
			t.Errorf("%s: findings %+v, want %d, known: %t", name, f, tt.findings, tt.known)
		}
	}
}

// Of more findings than reports show, one that was repaired is gone, and the others are
// neither gone nor new.
func TestMoreFindingsThanAreShown(t *testing.T) {
	t.Parallel()
	find := func(names ...string) func(*scan.Map) {
		return func(m *scan.Map) {
			for _, name := range names {
				m.Findings = append(m.Findings, scan.Finding{Code: scan.NoTimeout, Dependency: name, Modes: []plan.FailureMode{plan.Hang}})
			}
		}
	}
	c := compared(t, find("a", "mail", "c", "d", "e", "f", "g"), find("a", "c", "d", "e", "f", "g"))
	if f := c.Scan.Findings; len(f) != 1 || f[0].Only != InBase || f[0].Finding.Dependency != "mail" || !f[0].Known {
		t.Errorf("%+v, want that of mail to be gone, and nothing else", f)
	}
}
