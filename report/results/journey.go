package results

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report/charts"
	"github.com/blastgauge/blastgauge/report/template"
	"github.com/blastgauge/blastgauge/report/words"
)

// A block is the part of the section that shows what one journey met.
type block struct {
	*result.Journey
	e    *experiment
	Open bool
	Sole bool // the only journey, which needs no title
	Lead bool // the first block, which has the experiment's events beside its latencies
}

// Chart draws the journey over time.
func (b block) Chart() template.HTML {
	control, name := compared(b.Journey)
	label := fmt.Sprintf("Harmed share and p95 latency of %s over time. While the fault was in force %s of the fault arm was harmed; %s: %s.",
		b.Name, harmedPercent(b.Arms.Fault), name, harmedPercent(control))
	return charts.Time(b.e.Experiment, b.Journey, label)
}

// DrawnWhere says at which time of the chart a journey stands, and why harm may end before
// the removal of its fault.
func (b block) DrawnWhere() string {
	n := b.Released
	if n == nil || n.Journeys == 0 || !trusted(b.e.Experiment) {
		return "Timed from the intended start."
	}
	return "Timed from the intended start: the last " + figures.Plural(n.Journeys, "journey", "journeys") + " before the removal outlasted the fault, so harm falls before it; " + plural(n.Journeys, "it does", "they do") + " not count."
}

// plural is the form of a word for so many.
func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// Percentiles draws how long the journeys took.
func (b block) Percentiles() template.HTML { return charts.Percentiles(b.Journey) }

// Points are the chart's data.
func (b block) Points() []charts.Point { return charts.Points(b.Series) }

// Width writes how long a stretch of the chart is.
func (b block) Width() string {
	if list := b.Points(); len(list) > 0 {
		return figures.Duration(widest(list))
	}
	return ""
}

// widest is the longest stretch of a chart, in seconds: the first may be shorter.
func widest(list []charts.Point) (longest float64) {
	for _, p := range list {
		longest = max(longest, p.To-p.From)
	}
	return longest
}

// Bucket writes how long a bucket of the series is; it is empty where a stretch of the
// chart has only one bucket.
func (b block) Bucket() string {
	if list := b.Points(); widest(list) > b.Series.Bucket {
		return figures.Duration(b.Series.Bucket)
	}
	return ""
}

// Compared are the counts that the fault arm is compared with.
func (b block) Compared() result.Counts { c, _ := compared(b.Journey); return c }

// ComparedArm names the second curve in the plot of percentiles.
func (b block) ComparedArm() string {
	return cmp.Or(charts.ComparedArm(b.Journey), "nothing to compare with")
}

// FaultNote says what is drawn of the fault arm in the plot of percentiles, where that is no
// curve.
func (b block) FaultNote() string {
	switch list := b.Latency.Fault; len(list) {
	case 0:
		return " (no percentile is known)"
	case 1:
		return " (a point: only " + charts.PercentileName(list[0].P) + " is known)"
	}
	return ""
}

// ComparedName is what the counts that the fault arm is compared with are called.
func (b block) ComparedName() string { _, name := compared(b.Journey); return name }

// HasControl reports whether there was a control arm.
func (b block) HasControl() bool { return b.Arms.Control != nil }

// HasSteps reports whether the result says at which steps journeys were harmed.
func (b block) HasSteps() bool { return len(b.Steps) > 0 && b.Arms.Fault.Journeys > 0 }

// Harms say how long those took that were harmed, where harm was shown. The table of steps
// has the rest.
func (b block) Harms() []string {
	if !trusted(b.e.Experiment) || !harmShown(b.Journey) {
		return nil
	}
	return words.NonEmpty(paceText(b.Journey), slowStepText(b.Journey))
}

// A stepLatency is how long a step takes by itself, without those before it.
type stepLatency struct {
	Name            string
	Fault, Compared [2]string // the median and the 95th percentile
}

// StepLatencies are the latencies of the steps; empty where none are known.
func (b block) StepLatencies() (list []stepLatency) {
	write := func(rows []result.Percentile) (cells [2]string) {
		for i, p := range []float64{0.5, 0.95} {
			cells[i] = "–"
			for _, row := range rows {
				if row.P == p {
					cells[i] = figures.Latency(row.Seconds)
				}
			}
		}
		return cells
	}
	for _, s := range b.Steps {
		if s.Sent == nil {
			continue
		}
		against, _ := comparedLatency(b.Journey, s.Sent)
		list = append(list, stepLatency{s.Name, write(s.Sent.Fault), write(against)})
	}
	return list
}

// A stepRow is a step at which journeys were first harmed.
type stepRow struct {
	result.Step
	Of  int // journeys of the fault arm that take it
	Bar template.HTML
}

// StepRows are the steps with their bars. The bar of all steps together is the
// longest.
func (b block) StepRows() []stepRow {
	var list []stepRow
	for _, s := range b.Steps {
		list = append(list, b.row(s))
	}
	return list
}

// row is the row of one step.
func (b block) row(s result.Step) stepRow {
	c := b.Arms.Fault
	full := max(c.Harmed(), c.Journeys/20, 1) // harm of less than 5% does not fill the bar
	of := c.Journeys
	if s.Share > 0 {
		of = s.Taken
	}
	return stepRow{s, of, charts.HarmBar{Failed: s.Failed, Wrong: s.Wrong, Slow: s.Slow, Full: full}.Draw()}
}

// Takers says which journeys take the step; it is empty where all do.
func (r stepRow) Takers() string {
	if r.Share == 0 {
		return ""
	}
	return "taken by " + figures.ShortPercent(r.Share, 2) + ", " + figures.Plural(r.Taken, "journey", "journeys")
}

// Control writes the share of the control that was harmed at the step; it is empty for
// none.
func (r stepRow) Control() string {
	v := figures.Share(r.Failed+r.Wrong+r.Slow, r.Of) - r.Excess
	if text := figures.Percent(v); v > 0 && text != "0.0%" {
		return text
	}
	return ""
}

// Harmless reports whether the fault arm met no harm at the step.
func (r stepRow) Harmless() bool { return r.Failed+r.Wrong+r.Slow == 0 }

// Parts are the shares of journeys with each kind of harm.
func (r stepRow) Parts() []stepPart {
	return []stepPart{
		{"Failed", r.Failed, visibleShare(r.Failed, r.Of)},
		{"Wrong", r.Wrong, visibleShare(r.Wrong, r.Of)},
		{"Slow", r.Slow, visibleShare(r.Slow, r.Of)},
	}
}

// visibleShare writes a share. One that is not zero never looks like zero.
func visibleShare(part, whole int) string {
	if text := figures.Percent(figures.Share(part, whole)); part == 0 || text != "0.0%" {
		return text
	}
	return "<0.1%"
}

// A stepPart is the share of journeys with one kind of harm.
type stepPart struct {
	Label string
	N     int
	Text  string
}

// Signed writes the excess in points with its sign.
func (r stepRow) Signed() string {
	return figures.Minus(figures.SignedPoints(r.Excess))
}

// Total is the row of all steps together.
func (b block) Total() stepRow {
	c := b.Arms.Fault
	s := result.Step{Name: "All steps", Failed: c.Failed, Wrong: c.Wrong, Slow: c.Slow}
	if r := b.BlastRadius; r != nil {
		s.Excess, s.Low, s.High = r.Estimate, r.Low, r.High
	}
	return b.row(s)
}

// An armRow is one row of the table of outcomes.
type armRow struct {
	Name string
	result.Counts
	Sub bool // indented: part of the row above it, or not counted
}

// ArmRows are the outcomes of each arm.
func (b block) ArmRows() []armRow {
	list := []armRow{{"Fault arm", b.Arms.Fault, false}}
	if b.InFlight != nil {
		list = append(list, armRow{"of these under way when the fault came", *b.InFlight, true})
	}
	if b.Arms.Control != nil {
		list = append(list, armRow{"Control arm", *b.Arms.Control, false})
	}
	list = append(list, armRow{"Fault arm in the baseline", b.Baseline.Fault, false})
	if b.Baseline.Control != nil {
		list = append(list, armRow{"Control arm in the baseline", *b.Baseline.Control, false})
	}
	if b.Released != nil {
		list = append(list, armRow{"Rescued by the removal, not counted", *b.Released, false})
	}
	return list
}

// Causes counts how the failed journeys failed.
func (a armRow) Causes() string {
	var list []string
	for _, c := range []struct {
		n    int
		name string
	}{{a.FailedBy.Timeout, "time-out"}, {a.FailedBy.Status, "status"}, {a.FailedBy.Error, "error"}, {a.FailedBy.Shed, "shed"}} {
		if c.n > 0 {
			list = append(list, figures.Count(c.n)+" "+c.name)
		}
	}
	return strings.Join(list, ", ")
}

// A latencyRow is one arm's percentiles.
type latencyRow struct {
	Name      string
	Completed string // how many did, if not all
	Values    []string
}

// LatencyOf says whose latency it is. Results of older versions have that of completed
// journeys alone.
func (b block) LatencyOf() string {
	if b.Latency.Completed == nil {
		return "completed journeys"
	}
	return "all journeys"
}

// Waited reports whether those that failed are among them.
func (b block) Waited() bool {
	c := b.completed()
	return slices.ContainsFunc([]*float64{c.fault, c.control, c.baseline}, func(share *float64) bool { return share != nil && *share < 1 })
}

// completedShares are the shares of journeys that completed, by arm; nil: unknown.
type completedShares struct{ fault, control, baseline *float64 }

func (b block) completed() completedShares {
	c := b.Latency.Completed
	if c == nil {
		return completedShares{}
	}
	return completedShares{&c.Fault, c.Control, c.Baseline}
}

// LatencyHead names the percentiles; it is empty where none are known.
func (b block) LatencyHead() []string {
	var list []string
	for _, p := range b.percentiles() {
		list = append(list, charts.PercentileName(p.P))
	}
	return list
}

// percentiles are those of the first of the arms of which most are known; the others
// have the same or fewer.
func (b block) percentiles() (most []result.Percentile) {
	for _, list := range [][]result.Percentile{b.Latency.Fault, b.Latency.Control, b.Latency.Baseline} {
		if len(list) > len(most) {
			most = list
		}
	}
	return most
}

// LatencyRows are the percentiles of each arm, in the order of LatencyHead.
func (b block) LatencyRows() []latencyRow {
	var list []latencyRow
	for _, arm := range []struct {
		name      string
		values    []result.Percentile
		completed *float64
	}{
		{"Fault arm", b.Latency.Fault, b.completed().fault},
		{"Control arm", b.Latency.Control, b.completed().control},
		{"Fault arm in the baseline", b.Latency.Baseline, b.completed().baseline},
	} {
		if len(arm.values) == 0 && arm.completed == nil {
			continue
		}
		row := latencyRow{Name: arm.name}
		if arm.completed != nil && *arm.completed < 1 {
			row.Completed = figures.ShortPercent(*arm.completed, 1) + " completed"
		}
		for _, head := range b.percentiles() {
			text := "–"
			for _, p := range arm.values {
				if p.P == head.P {
					text = figures.Latency(p.Seconds) + bounds(p)
				}
			}
			row.Values = append(row.Values, text)
		}
		list = append(list, row)
	}
	if len(b.Latency.Ratio) > 0 {
		list = append(list, b.ratios())
	}
	return list
}

// ratios is the row that says how many times as long the fault arm took.
func (b block) ratios() latencyRow {
	_, name := compared(b.Journey)
	row := latencyRow{Name: "Fault arm ÷ " + name}
	for _, head := range b.percentiles() {
		text := "–"
		for _, r := range b.Latency.Ratio {
			if r.P == head.P {
				text = "× " + figures.Factor(r.Times) + " (" + figures.Factor(r.Low) + " to " + figures.Factor(r.High) + ")"
			}
		}
		row.Values = append(row.Values, text)
	}
	return row
}

// bounds writes the interval of a percentile, if it has one: " (1.10 s to 1.32 s)".
func bounds(p result.Percentile) string {
	if p.High == 0 {
		return ""
	}
	return " (" + figures.Latency(p.Low) + " to " + figures.Latency(p.High) + ")"
}
