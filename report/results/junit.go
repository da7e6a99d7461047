package results

import (
	"io"
	"iter"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report/encode"
	"github.com/blastgauge/blastgauge/report/words"
)

// WriteJUnit writes a suite per experiment: a case "hypothesis" for the verdict as a
// whole, and a case per criterion. Servers follow a case from run to run by its
// names, so these hold nothing that was measured.
//
// An experiment counts once, however many of its criteria speak against it: its own case
// fails where it is refuted, and is an error where there is no answer. A criterion that
// held passes; any other is skipped, and says what it says.
func WriteJUnit(w io.Writer, r *result.Result, links ...encode.Link) error {
	var suites []encode.Suite
	for i := range r.Experiments {
		suites = append(suites, suiteOf(r, &r.Experiments[i], links))
	}
	setOut(suites, r)
	return encode.WriteJUnit(w, encode.RunKind, r.System.Name, suites)
}

// setOut puts what people wrote, and who stopped the run, into the output of the suites: of
// the experiment that was under way, or else of the first one.
func setOut(suites []encode.Suite, r *result.Result) {
	for i := range suites {
		var notes []result.Note
		for _, n := range r.Run.Notes {
			own := slices.ContainsFunc(r.Experiments, func(e result.Experiment) bool { return e.ID == n.Experiment })
			if n.Experiment == r.Experiments[i].ID || i == 0 && !own {
				notes = append(notes, n)
			}
		}
		lines := encode.NoteLines(notes)
		if i == 0 && r.Run.InterruptedBy != "" {
			lines = append(lines, "stopped by "+words.StoppedBy(&r.Run))
		}
		suites[i].SetOut(lines)
	}
}

// suiteOf is the suite of one experiment.
func suiteOf(r *result.Result, e *result.Experiment, links []encode.Link) encode.Suite {
	called := words.Called(e.ID, e.Title)
	s := encode.Suite{ID: e.ID, Name: called, File: e.File}
	took := 0.0
	if n := len(e.Phases); n > 0 {
		took = e.Phases[n-1].To.Sub(e.Phases[0].From).Seconds()
		s.Timestamp = e.Phases[0].From.UTC().Format("2006-01-02T15:04:05")
	}
	setProperties(&s, r, e)
	setGameDay(&s, r, e)
	s.SetLinks(links)
	s.Add(encode.Outcome{Name: called + ": hypothesis", Seconds: took, Verdict: e.Verdict, Expected: e.Hypothesis, Reasons: slices.Concat(whys(e), harmsShown(e), failsOf(r, e), uncheckedTexts(e)), Links: links})
	for _, c := range e.Criteria {
		o := encode.Outcome{Name: called + ": " + c.Name, Verdict: c.Verdict, Expected: measured(c), Reasons: words.NonEmpty(c.Detail)}
		switch {
		case e.Verdict == result.Invalid || e.Verdict == result.NotRun: // then no criterion was judged
			o.Verdict, o.Reasons = result.NotRun, []string{"the experiment is " + words.Verdict(e.Verdict)}
			if c.Code == result.ReasonInvariantNotAsked {
				o.Reasons = append(o.Reasons, c.Detail)
			}
		case c.Verdict != result.Held: // the hypothesis counts
			o.Verdict = result.NotRun
			o.Reasons = []string{strings.Join(words.NonEmpty(words.Verdict(c.Verdict), c.Detail), ": ")}
		}
		s.Add(o)
	}
	return s
}

// measured writes what a criterion measured and its limit.
func measured(c result.Criterion) string {
	var parts []string
	if c.Measured != "" {
		parts = append(parts, "measured "+c.Measured)
	}
	if c.Limit != "" {
		parts = append(parts, "limit "+c.Limit)
	}
	return strings.Join(parts, ", ")
}

// extraAmounts are what is known of a blast radius where its arms were not alike, by the
// names that they have in a result.
func extraAmounts(b *result.BlastRadius) iter.Seq2[string, *result.Amount] {
	return func(yield func(string, *result.Amount) bool) {
		for _, a := range []struct {
			name string
			*result.Amount
		}{{"arms_before", b.ArmsBefore}, {"spill_over", b.SpillOver}, {"against_baseline", b.AgainstBaseline}} {
			if a.Amount != nil && !yield(a.name, a.Amount) {
				return
			}
		}
	}
}

// setProperties sets the numbers of an experiment, for those who chart them.
func setProperties(s *encode.Suite, r *result.Result, e *result.Experiment) {
	s.Set("run", r.Run.ID)
	s.Set("verdict", words.VerdictCode(e.Verdict))
	if e.Owner != "" {
		s.Set("owner", e.Owner)
	}
	for _, text := range failsOf(r, e) {
		s.Set("dependency", text)
	}
	if b := trustedRadius(e); b != nil {
		s.Set("blast_radius.journey", b.Journey)
		s.Set("blast_radius.estimate", figures.Fixed(b.Estimate, 4))
		s.Set("blast_radius.low", figures.Fixed(b.Low, 4))
		s.Set("blast_radius.high", figures.Fixed(b.High, 4))
		s.Set("blast_radius.limit", figures.Fixed(limitOf(e), 4))
		s.Set("blast_radius.control", b.Control)
		for name, a := range extraAmounts(b) {
			s.Set("blast_radius."+name, figures.Fixed(a.Estimate, 4))
		}
	}
	setAlertProperties(s, e)
	if state := e.KnownRecovery().State(); state != "" {
		s.Set("recovery", string(state))
	}
	if took := e.KnownRecovery().Took(); took != nil {
		s.Set("recovery.seconds", figures.Fixed(*took, 1))
	}
}
