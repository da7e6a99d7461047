package live

import (
	"fmt"
	"html/template"
	"time"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/inert"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/progress"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report/page"
	"github.com/blastgauge/blastgauge/report/words"
)

// most is how many rows of a kind are shown.
const (
	mostCauses = 5
	mostTrials = 12
)

// A view is what the templates of the parts read.
type view struct {
	*progress.Progress
	Label string
	Now   time.Time
	begun bool // an experiment has
}

func newView(p *progress.Progress, label string, now time.Time) *view {
	return &view{p, label, now, p.Current.Index >= 0}
}

// Begun reports whether an experiment has begun.
func (v *view) Begun() bool { return v.begun }

// IsScan reports whether the run is a scan.
func (v *view) IsScan() bool { return v.Plan.Scan != nil }

// Headline says what the run does.
func (v *view) Headline() string {
	switch c := v.Current; {
	case v.Over:
		return "The run is over"
	case v.Waiting != nil:
		return "Waits for a decision about " + inert.Text(v.Waiting.Experiment)
	case !v.begun:
		return "The run is about to begin"
	case v.IsScan():
		return v.scanHeadline()
	case !c.Running:
		return inert.Text(v.Experiment().ID) + " has ended"
	}
	return inert.Text(v.Experiment().ID) + ": " + v.phaseSays()
}

func (v *view) phaseSays() string {
	c := v.Current
	switch {
	case c.Phase == "":
		return "starts"
	case v.WaitsForHealth(v.Now):
		return "waits for a healthy system"
	case c.Phase == journal.Warmup:
		return "warms up, no fault yet"
	case c.Phase == journal.Baseline:
		return "baseline, no fault yet"
	case c.Phase == journal.Fault && c.Tripped != "":
		return "a guardrail tripped"
	case c.Phase == journal.Fault && v.inForce() > 0:
		return "fault in force"
	case c.Phase == journal.Fault:
		return "fault phase"
	}
	return "recovery, the fault is gone"
}

// inForce is how many faults are.
func (v *view) inForce() (n int) {
	for _, f := range v.Current.Faults {
		if f.Removed.IsZero() {
			n++
		}
	}
	return n
}

func (v *view) scanHeadline() string {
	switch {
	case v.Trials.Now != nil:
		return "Scan: " + inert.Text(words.Trial(v.Trials.Now))
	case v.Current.Phase == journal.Fault:
		return "Scan: waits for a healthy system"
	case v.Current.Phase == "":
		return "Scan: starts"
	}
	return "Scan: " + string(v.Current.Phase) + ", no fault yet"
}

// Lead says more of what goes on.
func (v *view) Lead() string {
	switch {
	case v.Stopping != "":
		return figures.Opening(inert.Text(v.Stopping))
	case v.Waiting != nil:
		return inert.Text(v.Waiting.Question)
	case !v.begun:
		return v.planned()
	case v.IsScan():
		harmful, harmless, undecided := v.Trials.Count()
		return fmt.Sprintf("%s: %d harmful, %d harmless, %d undecided.", figures.Plural(len(v.Trials.Ended), "trial", "trials"), harmful, harmless, undecided)
	}
	e := v.Experiment()
	return figures.Opening(inert.Text(progress.DescribeFaults(*e)))
}

// planned says what is going to run.
func (v *view) planned() string {
	if v.IsScan() {
		return "A scan of " + figures.Plural(len(v.Plan.Scan.Dependencies), "dependency", "dependencies") + "."
	}
	return figures.Plural(len(v.Plan.Experiments), "experiment", "experiments") + ", about " + figures.Duration(progress.Expected(v.Plan).Seconds()) + "."
}

// Number says which experiment it is.
func (v *view) Number() string {
	switch {
	case !v.begun:
		return ""
	case v.IsScan() && v.Trials.Now != nil:
		return fmt.Sprintf("trial %d", v.Trials.Now.Number)
	case v.IsScan():
		return ""
	}
	return fmt.Sprintf("experiment %d of %d", v.Current.Index+1, len(v.Plan.Experiments))
}

// Status is the line that a screen reader says when it changes: it has no numbers that move.
func (v *view) Status() string {
	text := v.Headline()
	if v.Current.Tripped != "" && !v.Over {
		text += ". Guardrail tripped: " + v.Current.Tripped
	}
	if v.Stopping != "" {
		text += ". " + figures.Opening(inert.Text(v.Stopping))
	}
	if n := len(v.Verdicts); n > 0 {
		last := v.Verdicts[n-1]
		text += ". " + figures.Capital(inert.Text(last.ID)) + " " + words.Verdict(last.Verdict)
	}
	return text
}

// Figures are the numbers of the first screen.
func (v *view) Figures() []page.Figure {
	if !v.begun {
		return nil
	}
	list := []page.Figure{v.armFigure(plan.FaultArm)}
	switch e := v.Experiment(); {
	case e.Control == plan.Concurrent || e.Turns != nil:
		list = append(list, v.armFigure(plan.ControlArm))
	default:
		before := v.Current.Baseline.Journey(v.Shown())
		list = append(list, armCount("Before the fault", before, plan.FaultArm, v.journeyName()))
	}
	return append(list, v.excessFigure(), v.timeFigure())
}

func (v *view) journeyName() string { return inert.Text(v.Experiment().Journeys[v.Shown()].Name) }

// shownCounts are those of the phase that goes on, and in the recovery those of the fault.
func (v *view) shownCounts() progress.Counts {
	if v.Current.Phase == journal.Recovery || v.IsScan() && v.Trials.Now == nil && v.Current.Counts == nil {
		return v.Current.UnderFault
	}
	return v.Current.Counts
}

func (v *view) armFigure(arm plan.Arm) page.Figure {
	label, e := "Harmed", v.Experiment()
	switch {
	case arm == plan.ControlArm && e.Turns != nil:
		label = "Not touched by the fault"
	case arm == plan.ControlArm:
		label = "Harmed in the control"
	case v.Current.Phase == journal.Fault, v.Current.Phase == journal.Recovery:
		label = "Harmed under the fault"
	case e.Control == plan.Concurrent:
		label = "Harmed on the fault's route"
	}
	f := armCount(label, v.shownCounts().Journey(v.Shown()), arm, v.journeyName())
	if a := v.shownCounts().Journey(v.Shown()); arm == plan.FaultArm && a.HarmedShare(plan.FaultArm)-a.HarmedShare(plan.ControlArm) > e.Journeys[v.Shown()].Limit {
		f.Tone = "bad"
	}
	return f
}

// armCount is the share of the journeys of an arm.
func armCount(label string, a progress.ArmCounts, arm plan.Arm, journey string) page.Figure {
	if a.Journeys[arm] == 0 {
		return page.Figure{Label: label, Value: "–", Notes: []page.Note{{Text: "no " + journey + " yet"}}}
	}
	return page.Figure{Label: label, Value: figures.Percent(a.HarmedShare(arm)), Notes: []page.Note{{Text: figures.Count(a.Harmed[arm]) + " of " + figures.Count(a.Journeys[arm]) + " " + journey}}}
}

// excessFigure is what is known of harm beyond the control.
func (v *view) excessFigure() page.Figure {
	limit := v.Experiment().Journeys[v.Shown()].Limit
	f := page.Figure{Label: "Beyond the control", Value: "–", Notes: []page.Note{{Text: "limit " + words.Limit(limit)}}}
	known, ok := v.Interval()
	if !ok {
		if v.Current.Phase == journal.Fault {
			f.Notes = append(f.Notes, page.Note{Text: "known once journeys have ended"})
		}
		return f
	}
	f.Value = figures.Minus(figures.Points(known.Low)) + " to " + figures.Minus(figures.Points(known.High)) + "%"
	switch {
	case known.Low > limit:
		f.Tone = "bad"
	case known.High <= limit:
		f.Tone = "ok"
	}
	f.Notes = append(f.Notes, page.Note{Text: "95% interval, right at any moment"})
	return f
}

// timeFigure is the time that is left.
func (v *view) timeFigure() page.Figure {
	left := v.Left(v.Now)
	about := "the run: about " + clock(left)
	switch {
	case v.Over:
		return page.Figure{Label: "Time", Value: clock(v.Now.Sub(v.Began)), Notes: []page.Note{{Text: "since the start"}}}
	case v.IsScan():
		return page.Figure{Label: "Budget left", Value: clock(left), Notes: []page.Note{{Text: "of " + clock(v.Plan.Scan.Budget)}}}
	case !v.Current.Running:
		return page.Figure{Label: "Time left", Value: clock(left), Notes: []page.Note{{Text: about}}}
	}
	phase := v.Current.Before + v.PhaseLength() - v.At(v.Now)
	return page.Figure{Label: "Left in " + phaseName(v.Current.Phase), Value: clock(phase), Notes: []page.Note{{Text: about}}}
}

func phaseName(p journal.Phase) string {
	switch p {
	case "":
		return "the start"
	case journal.Warmup:
		return "the warm-up"
	}
	return "the " + string(p)
}

// clock writes a length of time to the second: 0:42, 12:07.
func clock(d time.Duration) string {
	return figures.Stopwatch(max(0, d).Round(time.Second).Seconds())
}

// A journeyRow is one kind of journey in both arms.
type journeyRow struct {
	Name, Fault, Control, Limit string
	Bad                         bool
}

// Journeys are all kinds of the experiment.
func (v *view) Journeys() []journeyRow {
	if !v.begun {
		return nil
	}
	var list []journeyRow
	e := v.Experiment()
	for i, j := range e.Journeys {
		a, before := v.shownCounts().Journey(i), v.Current.Baseline.Journey(i)
		row := journeyRow{Name: inert.Text(j.Name), Fault: counted(a, plan.FaultArm), Control: counted(a, plan.ControlArm), Limit: words.Limit(j.Limit)}
		beyond := a.HarmedShare(plan.ControlArm)
		if e.Control != plan.Concurrent && e.Turns == nil {
			row.Control, beyond = counted(before, plan.FaultArm), before.HarmedShare(plan.FaultArm)
		}
		row.Bad = a.HarmedShare(plan.FaultArm)-beyond > j.Limit
		list = append(list, row)
	}
	return list
}

// ControlName is what the journeys are compared with.
func (v *view) ControlName() string {
	switch e := v.Experiment(); {
	case e.Turns != nil:
		return "Not touched"
	case e.Control == plan.Concurrent:
		return "Control"
	}
	return "Before"
}

func counted(a progress.ArmCounts, arm plan.Arm) string {
	if a.Journeys[arm] == 0 {
		return "–"
	}
	return figures.Percent(a.HarmedShare(arm)) + " of " + figures.Count(a.Journeys[arm])
}

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
	list := []string{"Faults gone for " + clock(v.Now.Sub(r.Removed))}
	if r.Healthy.IsZero() {
		return append(list, "More journeys are harmed than the baseline may have")
	}
	return append(list, fmt.Sprintf("Healthy for %s, since %s after the removal", clock(v.Now.Sub(r.Healthy)), clock(r.Healthy.Sub(r.Removed))))
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
