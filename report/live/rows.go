package live

import (
	"fmt"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/inert"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/progress"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report/page"
	"github.com/blastgauge/blastgauge/report/template"
	"github.com/blastgauge/blastgauge/report/words"
)

// A causeRow is a cause of harm with an example.
type causeRow struct {
	Text, Share string
	Count       int
	Facts       []string
	Body        string
}

// TopCauses are what harmed most.
func (v *view) TopCauses() []causeRow {
	if !v.begun {
		return nil
	}
	var list []causeRow
	for _, c := range v.Causes(mostCauses) {
		row := causeRow{Text: progress.DescribeCause(c.SeenCause), Share: figures.Percent(figures.Share(c.Count, c.Of)), Count: c.Count}
		if x := c.First; x != nil {
			row.Facts, row.Body = words.ExampleFacts(exampleOf(x)), inert.Text(x.Body)
		}
		list = append(list, row)
	}
	return list
}

// exampleOf is an example as reports have it.
func exampleOf(x *journal.Example) result.CauseExample {
	return result.CauseExample{
		Arm: x.Arm, Status: x.Status, Location: x.Location, ContentType: x.ContentType, RetryAfter: x.RetryAfter,
		Expected: x.Expected, Found: x.Found, Detail: x.Detail, Trace: x.Trace, RequestID: x.RequestID,
	}
}

// A faultRow is a fault and what it has met.
type faultRow struct {
	Text, State, Met, Tone string
}

// FaultRows are the faults of the experiment, or of the cell.
func (v *view) FaultRows() []faultRow {
	var list []faultRow
	for _, f := range v.Current.Faults {
		row := faultRow{Text: inert.Text(f.Text), Met: metText(f.Evidence)}
		switch {
		case f.Lost != "":
			row.State, row.Tone = figures.Capital(inert.Text(f.Lost)), "bad"
		case !f.Removed.IsZero():
			row.State, row.Tone = "gone, read back, after "+clock(f.Removed.Sub(f.Injected)), "ok"
		default:
			row.State, row.Tone = "in force for "+clock(v.Now.Sub(f.Injected)), "fault"
		}
		list = append(list, row)
	}
	return list
}

// metText says what a fault has met.
func metText(e *journal.Evidence) string {
	switch {
	case e == nil || !e.Counted:
		return "not counted by this server"
	case e.Refuses:
		return figures.Plural(int(e.Met), "connection", "connections") + " cut; who is refused is not seen"
	case e.Of > 0:
		return figures.Count(int(e.Met)) + " of " + figures.Count(int(e.Of))
	}
	return figures.Count(int(e.Met))
}

// A guardrailRow is how far a guardrail is from its limit.
type guardrailRow struct {
	Text, Value string
	Tripped     bool
	Bar         template.HTML // empty where there is no share
}

// GuardrailRows are all guardrails of the experiment.
func (v *view) GuardrailRows() []guardrailRow {
	if !v.begun {
		return nil
	}
	var list []guardrailRow
	for _, d := range v.Distances() {
		row := guardrailRow{Text: inert.Text(d.Says(v.Experiment().Journeys[d.Journey].Name))}
		switch underFault := v.Current.Phase == journal.Fault; {
		case v.HasTripped(d.Guardrail):
			row.Tripped, row.Value = true, v.Current.Tripped
		case d.Probe != nil:
			row.Value = "asked every " + figures.Duration(d.Probe.Every.Seconds())
		case underFault:
			row.Value, row.Bar = figures.Percent(max(d.Excess, 0))+" lately", ratioBar(d.Ratio())
		default:
			row.Value = "watched under the fault"
		}
		list = append(list, row)
	}
	return list
}

// RecoveryRows say how the system does since the faults are gone.
func (v *view) RecoveryRows() []string {
	r := v.Current.Recovery
	if r.Removed.IsZero() {
		return nil
	}
	now, list := v.Now, []string{"Faults gone for " + clock(v.Now.Sub(r.Removed))}
	if !v.Sends() {
		now, list[0] = r.Looked, "No journeys are sent any more: watched for "+clock(r.Looked.Sub(r.Removed))+" after the removal"
	}
	switch {
	case now.IsZero():
		return []string{"Not watched: no journeys were sent after the removal"}
	case !r.Known:
		return append(list, "Too few journeys have ended since to say how the system does")
	case r.Quiet.IsZero():
		return append(list, "More journeys are harmed lately than before the fault")
	}
	return append(list, fmt.Sprintf("No more harm than before is shown lately: for %s, since %s after the removal. The report looks closer", clock(now.Sub(r.Quiet)), clock(r.Quiet.Sub(r.Removed))))
}

// A trialRow is one trial of a scan that has ended.
type trialRow struct {
	Number        int
	Verdict       string
	Tone          string
	Text, Details string
}

// TrialRows are the newest trials, newest first.
func (v *view) TrialRows() []trialRow {
	var list []trialRow
	for i := len(v.Trials.Ended) - 1; i >= 0 && len(list) < mostTrials; i-- {
		t := v.Trials.Ended[i]
		verdict := v.Trials.Verdict(t)
		list = append(list, trialRow{t.End.Number, words.CellVerdict(verdict), page.Tone(words.CellTone(verdict)), inert.Text(words.Trial(t.Cell)), inert.Text(words.TrialEnd(&v.Plan.Experiments[0], t.End, t.Unsettled))})
	}
	return list
}

// A verdictRow is an experiment that has ended.
type verdictRow struct {
	ID      string
	Verdict result.Verdict
	Text    string
}

// VerdictRows are those of the experiments that have ended.
func (v *view) VerdictRows() []verdictRow {
	var list []verdictRow
	for _, e := range v.Verdicts {
		list = append(list, verdictRow{inert.Text(e.ID), e.Verdict, verdictText(e)})
	}
	return list
}

// verdictText is the number of a verdict, or why there is none.
func verdictText(e *result.Experiment) string {
	if b := e.BlastRadius; b != nil {
		return fmt.Sprintf("%s of %s harmed beyond the control (%s%%), limit %s", words.Excess(b), inert.Text(b.Journey), words.Interval(b, " to "), words.Limit(e.Limits.BlastRadius))
	}
	return inert.Text(words.FirstReason(e.Reasons))
}

// An entryRow is one row of the time line.
type entryRow struct {
	*progress.Entry
	Key string
}

// What is the topic in a whole word.
func (e entryRow) What() string {
	if word := map[string]string{"invar": "invariant", "guard": "guardrail", "base": "baseline", "wait": "waiting"}[e.Topic]; word != "" {
		return word
	}
	return e.Topic
}

// VerdictText is the number of a verdict.
func (e entryRow) VerdictText() string { return verdictText(e.Verdict) }

// ID is the experiment's of a verdict.
func (e entryRow) ID() string { return inert.Text(e.Verdict.ID) }
