package approval

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/statements"
	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/usage"
	"github.com/blastgauge/blastgauge/experiments/atomicfile"
	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/gate/policy"
	"github.com/blastgauge/blastgauge/experiments/gate/signing"
	"github.com/blastgauge/blastgauge/experiments/gate/statement"
	"github.com/blastgauge/blastgauge/experiments/result"
)

// Approve is what the command line says of an approval, as it is written there.
type Approve struct {
	Statements   string // the file
	Key          string // the file of a private key
	Candidate    string // a file that must be what was measured; empty: any
	Run          string // whose statements are signed; empty: the newest
	AcceptBypass bool   // also what nobody measured
}

// A Refused is why statements were not signed.
type Refused struct{ Why string }

func (r *Refused) Error() string { return r.Why }

func refuse(format string, args ...any) error { return &Refused{fmt.Sprintf(format, args...)} }

// Sign shows what is approved and adds a signature to both statements of a run. The file is
// replaced as a whole, or stays as it was. A [Refused] says why nothing was signed.
func (o Approve) Sign(w io.Writer, now time.Time) error {
	if o.Key == "" {
		return usage.Errorf("approve: --key PRIVATE.pem says who approves")
	}
	key, err := statements.ReadKey(o.Key)
	if err != nil {
		return usage.Errorf("--key: %w", err)
	}
	var candidate *statement.Digest
	if o.Candidate != "" {
		text, err := atomicfile.ReadGiven(o.Candidate, statement.MostBytes, patience)
		if err != nil {
			return fmt.Errorf("--candidate: %w", err)
		}
		d := statement.DigestOf(text)
		candidate = &d
	}
	if _, err := statements.ReadFile(o.Statements); err != nil { // before the folder is locked
		return err
	}
	return statements.Update(o.Statements, func() ([]byte, error) {
		envelopes, pair, err := o.find()
		if err != nil {
			return nil, err
		}
		if err := show(w, o.Statements, pair); err != nil {
			return nil, err
		}
		if err := o.check(pair, candidate, now); err != nil {
			return nil, err
		}
		for _, e := range []*signing.Envelope{pair.InTestResult, pair.InResilience} {
			switch err := e.Sign(key); {
			case errors.Is(err, signing.ErrSignedAlready):
				return nil, refuse("%s, line %d: this key has signed it already, and two signatures of one key are those of one person: another person approves with another key", o.Statements, e.Line())
			case err != nil:
				return nil, refuse("%s, line %d: %v", o.Statements, e.Line(), err)
			}
		}
		return signing.Write(envelopes)
	})
}

// find finds the statements that are approved, among all envelopes of the file.
func (o Approve) find() ([]*signing.Envelope, *policy.Pair, error) {
	text, err := statements.ReadFile(o.Statements)
	if err != nil {
		return nil, nil, err
	}
	envelopes, err := signing.Read(text)
	if err != nil {
		return nil, nil, refuse("%s, %v", o.Statements, err)
	}
	pairs, err := policy.PairsOf(envelopes)
	if err != nil {
		return nil, nil, refuse("%s, %v", o.Statements, err)
	}
	if o.Run != "" {
		pairs = slices.DeleteFunc(pairs, func(p policy.Pair) bool { return p.Resilience.Predicate.Run != o.Run })
	}
	if len(pairs) == 0 && o.Run != "" {
		return nil, nil, refuse("%s: no statement of it is about the run %s", o.Statements, o.Run)
	}
	if len(pairs) == 0 {
		return nil, nil, refuse("%s: there is no statement of blastgauge in it", o.Statements)
	}
	newest := 0
	for i := range pairs { // of the same moment the last
		if !pairs[i].Resilience.Predicate.Finished.Before(pairs[newest].Resilience.Predicate.Finished) {
			newest = i
		}
	}
	return envelopes, &pairs[newest], nil
}

// check refuses what nobody should approve.
func (o Approve) check(p *policy.Pair, candidate *statement.Digest, now time.Time) error {
	b := &p.Resilience.Predicate
	about := func(s statement.Subject) bool { return candidate != nil && s.Digest == *candidate && !s.IsCanonical() }
	bypassed := b.Bypass != nil && o.AcceptBypass
	switch {
	case candidate != nil && !slices.ContainsFunc(p.Resilience.Subject, about):
		return refuse("%s is %s, and that is not what was measured", o.Candidate, candidate)
	case candidate != nil && b.Change != nil && b.Change.To != *candidate:
		return refuse("%s is %s, and is only named beside what was measured, %s", o.Candidate, candidate, b.Change.To)
	case !now.Before(b.ValidUntil):
		return refuse("it was valid until %s: measure the change again", b.ValidUntil.Format(time.RFC3339))
	case now.Add(policy.ClocksDiffer).Before(b.Finished):
		return refuse("it ended at %s, which is still to come: are the clocks right?", b.Finished.Format(time.RFC3339))
	case b.Bypass != nil && !o.AcceptBypass:
		return refuse("it is a bypass by %q, whatever was measured: --accept-bypass approves it", b.Bypass.By)
	case b.Verdict != result.Held && !bypassed:
		return refuse("its verdict is %s, and only what held is approved", b.Verdict)
	case b.Comparison != nil && b.Comparison.Verdict != result.Held && !bypassed:
		return refuse("it was compared with %s, and no regression is ruled out", b.Comparison.Base[0])
	}
	return nil
}

// show shows what is approved. What statements say is somebody else's text.
func show(w io.Writer, file string, p *policy.Pair) error {
	b := &p.Resilience.Predicate
	var l lines
	l.add("statements", "%s, lines %d and %d", file, p.InTestResult.Line(), p.InResilience.Line())
	for _, s := range p.Resilience.Subject {
		if !s.IsCanonical() {
			l.add("change", "%s, %s", s.Name, s.Digest)
		}
	}
	l.add("run", "%s of %s on %s", b.Run, b.System.Name, b.Environment)
	l.add("verdict", "%s", b.Verdict)
	l.add("harm", "%s", harmText(b))
	if b.Budget != nil {
		l.add("budget", "two people sign above %s", figures.ShortPercent(b.Budget.SecondApproverAbove, 3))
	}
	l.add("valid until", "%s UTC", figures.Minute(b.ValidUntil))
	l.attempts(b.Attempts.Count, b.Attempts.List)
	if b.Bypass != nil {
		l.add("BYPASS", "by %s at %s: %s", b.Bypass.By, b.Bypass.At.Format(time.RFC3339), b.Bypass.Reason)
	}
	l.before(b.Comparison, b.Attempts.Bypasses)
	for _, s := range p.InResilience.Signatures {
		l.add("signed by", "%.200s (as it says: `blastgauge gate --verify` checks it)", s.KeyID)
	}
	if len(p.InResilience.Signatures) == 0 {
		l.add("signed by", "nobody: no one has vouched yet for what stands here")
	}
	_, err := io.WriteString(w, l.String())
	return err
}

// harmText is the highest upper bound of harm of any journey, with its limit.
func harmText(b *statement.Resilience) string {
	high, known := b.HighestHarm()
	if !known {
		return "not known for every journey"
	}
	for _, e := range b.Experiments {
		for _, j := range e.Journeys {
			if j.Harm.High == high {
				return fmt.Sprintf("at most %s of %s, limit %s", figures.UpperPercent(max(high, 0)), j.Name, figures.ShortPercent(j.Limit, 3))
			}
		}
	}
	return "not known"
}
