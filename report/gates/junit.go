package gates

import (
	"cmp"
	"io"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/gate"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report/encode"
	"github.com/blastgauge/blastgauge/report/words"
)

// WriteJUnit writes a suite with a case for each experiment that measured the candidate, and
// one for the gate itself, which is an error where it did not come to its end. The
// neighborhood fails nothing: it stands in the output of the suite. Servers follow a case
// from change to change by its names, so these hold nothing that was measured.
func WriteJUnit(w io.Writer, r *gate.Report, links ...encode.Link) error {
	s := summarize(r)
	suite := encode.Suite{ID: "_gate", Name: s.named(), File: r.Candidate.File}
	if !r.Started.IsZero() {
		suite.Timestamp = r.Started.UTC().Format("2006-01-02T15:04:05")
	}
	s.setProperties(&suite)
	suite.SetLinks(links)
	for _, m := range s.measured() {
		suite.Add(encode.Outcome{
			Name: s.named() + ": " + m.Experiment, Verdict: s.allowed(m.Verdict), Links: links,
			Expected: harmText(m.Harm, m.Journey, m.Limit), Reasons: s.reasons(m),
		})
	}
	suite.Add(s.gateCase(links))
	suite.SetOut(s.output())
	return encode.WriteJUnit(w, encode.GateKind, r.System, []encode.Suite{suite})
}

// named is the candidate as servers follow it: two files of one name are not the same.
func (s *summary) named() string { return cmp.Or(s.r.Candidate.File, "candidate") }

// allowed is the verdict of a case: what the exit code allows is skipped.
func (s *summary) allowed(v result.Verdict) result.Verdict {
	if s.passes() && v != result.Held && v != result.Refuted {
		return result.NotRun
	}
	return v
}

// reasons are why an experiment speaks against the candidate, and what to do.
func (s *summary) reasons(m gate.Measured) []string {
	for _, f := range s.failures() {
		if f.Experiment == m.Experiment {
			list := append([]string{f.brief()}, f.Whys()...)
			list = append(list, words.NonEmpty(f.example())...)
			for _, x := range s.steps {
				list = append(list, x.line())
			}
			return list
		}
	}
	return words.NonEmpty(m.Reason)
}

// gateCase is the case of the gate itself.
func (s *summary) gateCase(links []encode.Link) encode.Outcome {
	o := encode.Outcome{Name: s.named() + ": gate", Seconds: s.r.Spent, Verdict: result.Held, Links: links}
	if s.notPutBack() || s.interrupted() || s.r.ExitCode == result.ExitError || len(s.measured()) == 0 {
		o.Verdict, o.Reasons = result.Invalid, []string{s.headline()}
		if s.notPutBack() {
			o.Reasons = append(o.Reasons, s.recover())
		}
	}
	return o
}

// setProperties sets the numbers of the candidate, for those who chart them.
func (s *summary) setProperties(suite *encode.Suite) {
	suite.Set("run", s.r.Run)
	suite.Set("verdict", words.VerdictCode(s.r.Verdict))
	suite.Set("candidate", s.r.Candidate.Digest.String())
	suite.Set("attempts.before", figures.Fixed(float64(s.r.Attempts.Count), 0))
	if m := s.worst(); m != nil {
		suite.Set("harm.journey", m.Journey)
		suite.Set("harm.estimate", figures.Fixed(m.Harm.Estimate, 4))
		suite.Set("harm.low", figures.Fixed(m.Harm.Low, 4))
		suite.Set("harm.high", figures.Fixed(m.Harm.High, 4))
		suite.Set("harm.limit", figures.Fixed(m.Limit, 4))
	}
	if n := s.nearest(); n != nil {
		suite.Set("nearest_failing", n.text())
	}
}

// output is what a person reads beside the cases.
func (s *summary) output() (lines []string) {
	lines = append(lines, s.headline(), s.lead())
	lines = append(lines, words.NonEmpty(s.attemptsText())...)
	lines = append(lines, s.bypasses()...)
	for _, m := range s.changed() {
		lines = append(lines, "changed: "+m.text())
	}
	for _, m := range s.smallest() {
		lines = append(lines, "smallest part that fails: "+m.text())
	}
	for _, n := range s.neighbors() {
		lines = append(lines, "near it: "+strings.Join(words.NonEmpty(n.text()+" "+words.Verdict(n.Verdict), n.measure()), ", "))
	}
	for _, g := range s.openGaps() {
		lines = append(lines, "not measured: "+g.Text())
	}
	return words.NonEmpty(lines...)
}
