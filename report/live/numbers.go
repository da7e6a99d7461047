package live

import (
	"time"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/inert"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/progress"
	"github.com/blastgauge/blastgauge/report/page"
	"github.com/blastgauge/blastgauge/report/words"
)

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
	if arm == plan.FaultArm && v.isBeyond(v.Shown()) {
		f.Tone = "bad"
	}
	return f
}

// isBeyond reports whether more journeys of a kind are harmed beyond the control than its
// limit allows, as counted.
func (v *view) isBeyond(journey int) bool {
	excess, known := v.Beyond(v.shownCounts(), journey)
	return known && excess > v.Experiment().Journeys[journey].Limit
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
	lost := v.Current.Harm.Lost
	switch {
	case known.Rough || lost > 0:
		f.Value = "about " + f.Value
	case known.Low > limit:
		f.Tone = "bad"
	case known.High <= limit:
		f.Tone = "ok"
	}
	switch {
	case lost > 0:
		f.Notes = append(f.Notes, page.Note{Text: figures.Plural(lost, "journey is", "journeys are") + " missing here, not in the report"})
	case known.Rough:
		f.Notes = append(f.Notes, page.Note{Text: "rough: bursts of harm are not minded yet"})
	default:
		f.Notes = append(f.Notes, page.Note{Text: "95% interval, right at any moment"})
	}
	if n := len(v.Experiment().Journeys); n > 1 {
		f.Notes = append(f.Notes, page.Note{Text: "of one kind: the worst of " + figures.Count(n)})
	}
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
	for i, j := range v.Experiment().Journeys {
		counts := v.shownCounts()
		control, arm := v.Control(counts, i)
		list = append(list, journeyRow{
			Name: inert.Text(j.Name), Fault: counted(counts.Journey(i), plan.FaultArm), Control: counted(control, arm),
			Limit: words.Limit(j.Limit), Bad: v.isBeyond(i),
		})
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
