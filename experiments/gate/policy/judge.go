package policy

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/gate/signing"
	"github.com/blastgauge/blastgauge/experiments/gate/statement"
	"github.com/blastgauge/blastgauge/experiments/result"
)

// ClocksDiffer is by how much the clock of who measured may be ahead of ours.
const ClocksDiffer = time.Minute

// judged is a pair of statements with what speaks against it.
type judged struct {
	pair   Pair
	wanted []statement.Digest
	req    *Requirements
	now    time.Time

	by       []string // trusted keys that signed both statements
	trusted  bool     // one of them is more than an approver's
	about    bool     // it is about the change
	attempts int
	denied   []Reason
	told     []Reason
}

func (j *judged) body() *statement.Resilience { return &j.pair.Resilience.Predicate }
func (j *judged) finished() time.Time         { return j.body().Finished }

// rank is how much it says to who asks.
func (j *judged) rank() int {
	rank := 0
	if j.about {
		rank += 2
	}
	if j.trusted {
		rank++
	}
	return rank
}

func (j *judged) decision() *Decision {
	b := j.body()
	return &Decision{
		Denied: append([]Reason{}, j.denied...), Told: j.told, Run: b.Run, Finished: b.Finished, ValidUntil: b.ValidUntil,
		SignedBy: j.by, Attempts: j.attempts, Tried: b.Attempts.List, Bypass: b.Bypass, Earlier: b.Attempts.Bypasses, Comparison: b.Comparison, Verdict: b.Verdict,
	}
}

// deny adds a reason; each code stands once.
func (j *judged) deny(code Code, format string, args ...any) {
	if !slices.ContainsFunc(j.denied, func(r Reason) bool { return r.Code == code }) {
		j.denied = append(j.denied, Reason{code, fmt.Sprintf(format, args...)})
	}
}

// checkSignatures finds who signed both statements.
func (j *judged) checkSignatures(keys, approvers []signing.PublicKey) {
	var bad int
	j.by, bad = j.pair.verify(slices.Concat(keys, approvers))
	j.trusted = slices.ContainsFunc(keys, func(k signing.PublicKey) bool { return slices.Contains(j.by, k.ID()) })
	switch {
	case bad > 0:
		j.deny(BadSignature, "a signature says that it is of a trusted key, and it is not, or not of these bytes")
	case j.trusted:
	case len(j.by) > 0:
		j.deny(UnknownKey, "the statements about run %s are approved, and nobody who measures signed them", j.body().Run)
	case len(j.pair.InTestResult.Signatures) == 0 || len(j.pair.InResilience.Signatures) == 0:
		j.deny(Unsigned, "nobody signed the statements about run %s", j.body().Run)
	default:
		j.deny(UnknownKey, "no key that is trusted here signed both statements about run %s", j.body().Run)
	}
}

// checkSubjects finds whether it is about everything that was asked about.
func (j *judged) checkSubjects() {
	j.about = len(j.wanted) > 0
	if !j.about {
		j.deny(WrongSubject, "nothing says which change is meant")
	}
	for _, d := range j.wanted {
		if !slices.ContainsFunc(j.pair.Resilience.Subject, func(s statement.Subject) bool { return s.Digest == d && !s.IsCanonical() }) {
			j.about = false
			j.deny(WrongSubject, "%s was not measured: run %s is about %s", d, j.body().Run, nameSubjects(j.pair.Resilience.Subject))
		}
	}
	if c := j.body().Change; c != nil && j.asksForBytes() && !slices.Contains(j.wanted, c.To) {
		j.about = false
		j.deny(WrongSubject, "run %s measured another document, %s, and what is asked about is only named beside it", j.body().Run, c.To)
	}
}

// asksForBytes reports whether it was asked about a file or an image. A gate measures one
// document: whatever else was named with it was not in its place. A commit is what the document
// belongs to.
func (j *judged) asksForBytes() bool {
	return slices.ContainsFunc(j.wanted, func(d statement.Digest) bool { return d.SHA256 != "" })
}

// nameSubjects names a few subjects.
func nameSubjects(list []statement.Subject) string {
	var names []string
	for _, s := range list[:min(len(list), 3)] {
		names = append(names, fmt.Sprintf("%q (%s)", s.Name, s.Digest))
	}
	if more := len(list) - len(names); more > 0 {
		names = append(names, fmt.Sprintf("%d more", more))
	}
	return strings.Join(names, ", ")
}

// judge finds what else speaks against it. older are those that are not newer.
func (j *judged) judge(older []*judged) {
	b := j.body()
	if j.now.Add(ClocksDiffer).Before(b.Finished) {
		j.deny(NotYetValid, "run %s ended at %s, which is still to come: are the clocks right?", b.Run, b.Finished.Format(time.RFC3339))
	}
	if !j.now.Before(b.ValidUntil) {
		j.deny(Expired, "it was valid until %s: measure the change again", b.ValidUntil.Format(time.RFC3339))
	}
	if e := j.req.Environment; e != "" && e != b.Environment {
		j.deny(WrongPlace, "it was measured on %q, and %q is required", b.Environment, e)
	}
	if s := j.req.System; s != nil {
		switch {
		case *s != b.System.Digest:
			j.deny(WrongDocument, "it was measured with another document of the system, %s, and %s is required", b.System.Digest, s)
		case b.Overrides != nil && b.Overrides.Set != nil:
			j.deny(WrongDocument, "parts of the system's document were set in its place when it was measured")
		}
	}
	measured := &judged{pair: j.pair, wanted: j.wanted, req: j.req, about: j.about}
	measured.judgeMeasured(older)
	j.attempts = measured.attempts
	switch p := b.Bypass; {
	case p == nil:
		j.denied = append(j.denied, measured.denied...)
	case j.req.AcceptBypass:
		j.told = append([]Reason{{Bypassed, bypassText(p)}}, measured.denied...)
	default:
		j.deny(Bypassed, "%s, and no bypass is accepted here", bypassText(p))
		j.denied = append(j.denied, measured.denied...)
	}
	j.judgeRequired()
}

func bypassText(p *statement.Bypass) string {
	return fmt.Sprintf("%q lets it pass since %s, whatever was measured: %q", p.By, p.At.Format(time.RFC3339), p.Reason)
}

// judgeMeasured judges what was measured, which a bypass overlooks.
func (j *judged) judgeMeasured(older []*judged) {
	b := j.body()
	if b.Verdict != result.Held {
		j.deny(VerdictNotHeld, "the verdict of run %s is %s, and held is required", b.Run, b.Verdict)
	}
	for _, e := range b.Experiments {
		if e.Verdict != result.Held {
			j.deny(ExperimentFailed, "experiment %q is %s, and held is required", e.ID, e.Verdict)
		}
	}
	for _, id := range j.req.Experiments {
		if !slices.ContainsFunc(b.Experiments, func(e statement.Experiment) bool { return e.ID == id }) {
			j.deny(ExperimentMissing, "experiment %q is required, and was not run", id)
		}
	}
	for _, d := range j.req.Documents {
		if !slices.ContainsFunc(b.Experiments, func(e statement.Experiment) bool { return e.Digest == d }) {
			j.deny(ExperimentMissing, "the experiment whose document is %s is required, and was not run as it is there", d)
		}
	}
	if most := j.req.MaxHarm; most != nil {
		j.judgeHarm(*most)
	}
	j.judgeComparison()
	j.judgeAttempts(older)
}

// judgeAttempts judges how often the change was measured before, which the statement counts of
// its first subject.
func (j *judged) judgeAttempts(older []*judged) {
	b := j.body()
	j.attempts = b.Attempts.Count
	seen := map[string]bool{b.Run: true}
	for _, o := range older {
		if o.trusted && o.about {
			seen[o.body().Run] = true
		}
	}
	j.attempts = max(j.attempts, len(seen)-1)
	most, counted := j.req.MaxAttempts, j.pair.Resilience.Subject[0]
	switch {
	case most == 0:
	case j.attempts >= most:
		j.deny(TooManyAttempts, "it was measured %s before, and at most %s allowed", figures.Plural(j.attempts, "time", "times"), figures.Plural(most, "attempt is", "attempts are"))
	case j.about && b.Change == nil && !slices.Contains(j.wanted, counted.Digest):
		j.deny(TooManyAttempts, "how often it was measured before is not known: run %s counted the attempts of %s", b.Run, nameSubjects([]statement.Subject{counted}))
	}
}

// judgeHarm compares the upper bound of every journey's harm with a limit, and names the
// highest.
func (j *judged) judgeHarm(most float64) {
	journeys, worst, text := 0, most, ""
	for _, e := range j.body().Experiments {
		for _, y := range e.Journeys {
			journeys++
			switch h := y.Harm; {
			case h == nil:
				j.deny(LimitExceeded, "how many journeys %q were harmed in experiment %q is not known, and at most %s are allowed", y.Name, e.ID, figures.ShortPercent(most, 3))
			case h.High > worst:
				worst = h.High
				text = fmt.Sprintf("up to %s of journeys %q were harmed in experiment %q, and at most %s are allowed", figures.ShortPercent(h.High, 3), y.Name, e.ID, figures.ShortPercent(most, 3))
			}
		}
	}
	switch {
	case journeys == 0:
		j.deny(LimitExceeded, "no journeys were measured, and at most %s may be harmed", figures.ShortPercent(most, 3))
	case text != "":
		j.deny(LimitExceeded, "%s", text)
	}
}

// judgeComparison judges what was found when the run was compared with others.
func (j *judged) judgeComparison() {
	c := j.body().Comparison
	switch {
	case c == nil || c.Verdict == result.Held:
	case c.Verdict == result.Refuted:
		j.deny(Regressed, "it is worse than run %s", c.Base[0])
	default:
		j.deny(NotComparable, "nothing of it can be compared with run %s", c.Base[0])
	}
}

// judgeRequired judges what must be there even where a bypass is accepted.
func (j *judged) judgeRequired() {
	b := j.body()
	for _, above := range []*float64{j.req.SecondApproverAbove, ownBudget(b)} {
		if above == nil || len(j.by) >= 2 {
			continue
		}
		switch high, known := b.HighestHarm(); {
		case !known:
			j.deny(SecondApproverMissing, "how many journeys are harmed is not known, so two people must sign, and %s did", people(len(j.by)))
		case high > *above:
			j.deny(SecondApproverMissing, "up to %s of journeys may be harmed, above %s two people must sign, and %s did", figures.ShortPercent(high, 3), figures.ShortPercent(*above, 3), people(len(j.by)))
		}
	}
}

// ownBudget is the share above which the statement itself requires a second signature.
func ownBudget(b *statement.Resilience) *float64 {
	if b.Budget == nil {
		return nil
	}
	return &b.Budget.SecondApproverAbove
}

func people(n int) string {
	if n == 0 {
		return "nobody"
	}
	return "one"
}
