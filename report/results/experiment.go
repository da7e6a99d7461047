package results

import (
	"html/template"
	"slices"
	"strconv"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report/page"
	"github.com/blastgauge/blastgauge/report/words"
)

// An experiment is one section of the page.
type experiment struct {
	*result.Experiment
	s          *summary
	Everything bool // unfold everything, for paper
}

func newExperiment(s *summary, e *result.Experiment) *experiment {
	return &experiment{Experiment: e, s: s}
}

// Name is the title, or the id of an experiment without one.
func (e *experiment) Name() string {
	if e.Title != "" {
		return e.Title
	}
	return e.ID
}

// Head is the journey that the blast radius is of.
func (e *experiment) Head() *result.Journey { return headJourney(e.Experiment) }

// Limit is that of the head journey.
func (e *experiment) Limit() float64 { return limitOf(e.Experiment) }

// Late tells whether recovery took longer than its limit.
func (e *experiment) Late() bool { return late(e.Experiment) }

// RecoveryText is the time to recovery.
func (e *experiment) RecoveryText() string {
	switch {
	case e.Recovery == nil:
		return "–"
	case e.Recovery.Seconds == 0 && !e.Recovery.Censored:
		return "at once"
	}
	return words.Recovery(e.Recovery)
}

// Known is the blast radius, if it can be trusted.
func (e *experiment) Known() *result.BlastRadius { return trustedRadius(e.Experiment) }

// Forest draws the interval on the scale of all.
func (e *experiment) Forest(s page.RootScale) template.HTML { return forest(s, e.Experiment) }

// Targets are the dependencies that the faults go into, with what their owners
// say of them.
func (e *experiment) Targets() string {
	var list []string
	for _, f := range e.Faults {
		text := f.Into
		if e.s != nil {
			if c := e.s.r.System.Dependencies[f.Into].Criticality; c != "" {
				text += ", " + c
			}
		}
		if len(list) == 0 || list[len(list)-1] != text {
			list = append(list, text)
		}
	}
	return strings.Join(list, "; ")
}

// About is the line below the title.
func (e *experiment) About() []string {
	list := words.NonEmpty(e.Targets())
	for _, f := range e.Faults {
		text := f.Description
		if text == "" {
			text = f.Inject
		}
		if f.Share > 0 && f.Share < 1 {
			text += ", share " + words.Limit(f.Share)
		}
		list = append(list, text)
	}
	return list
}

// Owners of the dependencies that the faults go into.
func (e *experiment) Owners() string {
	if e.s == nil {
		return ""
	}
	return strings.Join(e.s.owners(e.Experiment), ", ")
}

// SoftBehavesHard marks a declaration that does not fit.
func (e *experiment) SoftBehavesHard() bool { return e.s != nil && e.s.softBehavesHard(e.Experiment) }

// Doubt tells whether reasons need to be told on their own: the criteria say
// why a hypothesis holds or not, but not why a measurement is void.
func (e *experiment) Doubt() bool {
	return e.Verdict == result.Invalid || e.Verdict == result.NotRun || e.Verdict == result.Inconclusive || len(e.Criteria) == 0
}

// InvariantState is one of the table of all experiments.
func (e *experiment) InvariantState() page.Note {
	broken, open := 0, 0
	for i := range e.Invariants {
		switch invariantVerdict(e.Experiment, &e.Invariants[i]) {
		case result.Refuted:
			broken++
		case result.Held:
		default:
			open++
		}
	}
	switch {
	case len(e.Invariants) == 0:
		return page.Note{Tone: "mute", Text: "none"}
	case broken > 0:
		return page.Note{Tone: "bad", Text: "× " + figures.Count(broken) + " broken"}
	case open > 0:
		return page.Note{Tone: "unsure", Text: "? " + figures.Count(open) + " not judged"}
	}
	return page.Note{Tone: "", Text: "✓ all hold"}
}

// CriterionTitle names a criterion in a table, where invariants go by their own
// name.
func (e *experiment) CriterionTitle(c result.Criterion) string {
	if c.Kind == result.InvariantCriterion {
		return figures.Capital(c.Subject)
	}
	return figures.Capital(c.Name)
}

// InvariantVerdict is the verdict on one of them.
func (e *experiment) InvariantVerdict(i int) result.Verdict {
	return invariantVerdict(e.Experiment, &e.Invariants[i])
}

// A block is what one journey met.
type block struct {
	*result.Journey
	e    *experiment
	Open bool
	Sole bool // the only journey: it needs no title
	Lead bool // the first one: the experiment's events stand beside its latencies
}

// Experiment is the one that the journey is part of.
func (b block) Experiment() *experiment { return b.e }

// Everything tells whether everything is to be unfolded.
func (b block) Everything() bool { return b.e.Everything }

// Warned are the warnings; where there is one experiment alone they stand on
// top of the page already.
func (e *experiment) Warned() []string {
	if e.s != nil && len(e.s.order) == 1 {
		return nil
	}
	return warnings(e.Experiment)
}

// Blocks are the journeys, the one that the verdict rests on first.
func (e *experiment) Blocks() []block {
	var list []block
	head := e.Head()
	if head != nil {
		list = append(list, block{head, e, true, len(e.Journeys) == 1, true})
	}
	for i := range e.Journeys {
		if j := &e.Journeys[i]; j != head {
			list = append(list, block{j, e, j.Verdict == result.Refuted || head == nil, len(e.Journeys) == 1, len(list) == 0})
		}
	}
	return list
}

// Chart draws the journey over time.
func (b block) Chart() template.HTML { return chartOf(b.e.Experiment, b.Journey) }

// Percentiles draws how long journeys took.
func (b block) Percentiles() template.HTML { return percentileChartOf(b.Journey) }

// Points are the chart's data.
func (b block) Points() []chartPoint {
	var list []chartPoint
	for _, p := range seriesPoints(b.Series) {
		list = append(list, chartPoint{p.from, p.to, p.fault, p.control})
	}
	return list
}

type chartPoint struct {
	From, To       float64
	Fault, Control tallied
}

// Width of a point in the chart.
func (b block) Width() string {
	if list := seriesPoints(b.Series); len(list) > 0 {
		return figures.Duration(list[0].to - list[0].from)
	}
	return ""
}

// Bucket is the width of the series' own buckets where several make a point.
func (b block) Bucket() string {
	if list := seriesPoints(b.Series); len(list) > 0 && list[0].to-list[0].from > b.Series.Bucket {
		return figures.Duration(b.Series.Bucket)
	}
	return ""
}

// Compared are the counts that the fault arm is compared with.
func (b block) Compared() result.Counts { c, _ := compared(b.Journey); return c }

// ComparedArm is the line beside the fault arm's in the plot of percentiles.
func (b block) ComparedArm() string {
	if arms := latencyArms(b.Journey); len(arms) > 1 {
		return arms[1].name
	}
	return "nothing to compare with"
}

// ComparedName is what they are called.
func (b block) ComparedName() string { _, name := compared(b.Journey); return name }

// HasControl tells whether there was a second arm.
func (b block) HasControl() bool { return b.Arms.Control != nil }

// HasSteps tells whether it is known where journeys were harmed.
func (b block) HasSteps() bool { return len(b.Steps) > 0 && b.Arms.Fault.Journeys > 0 }

// A stepRow is where journeys were first harmed.
type stepRow struct {
	result.Step
	Of  int // journeys of the fault arm
	Bar template.HTML
}

// StepRows are the steps with their bars; the longest possible bar is that of
// all steps together.
func (b block) StepRows() []stepRow {
	var list []stepRow
	for _, s := range b.Steps {
		list = append(list, b.row(s))
	}
	return list
}

func (b block) row(s result.Step) stepRow {
	c := b.Arms.Fault
	full := max(c.Harmed(), c.Journeys/20, 1) // a little harm must not fill the bar
	return stepRow{s, c.Journeys, harmBar{s.Failed, s.Wrong, s.Slow, full}.draw()}
}

// Control is the share of the control that was harmed at the step.
func (r stepRow) Control() string {
	v := figures.Share(r.Failed+r.Wrong+r.Slow, r.Of) - r.Excess
	if text := figures.Percent(v); v > 0 && text != "0.0%" {
		return text
	}
	return ""
}

// Harmless marks a step where the fault arm met no harm at all.
func (r stepRow) Harmless() bool { return r.Failed+r.Wrong+r.Slow == 0 }

// Parts are the shares of the step by outcome.
func (r stepRow) Parts() []stepPart {
	return []stepPart{
		{"Failed", r.Failed, some(r.Failed, r.Of)},
		{"Wrong", r.Wrong, some(r.Wrong, r.Of)},
		{"Slow", r.Slow, some(r.Slow, r.Of)},
	}
}

// some is a share that is not none, however small.
func some(part, whole int) string {
	if text := figures.Percent(figures.Share(part, whole)); part == 0 || text != "0.0%" {
		return text
	}
	return "<0.1%"
}

type stepPart struct {
	Label string
	N     int
	Text  string
}

// Signed is the excess in points with its sign.
func (r stepRow) Signed() string {
	text := figures.Points(r.Excess)
	if r.Excess > 0 && text != "0.0" {
		return "+" + text
	}
	return strings.Replace(text, "-", "−", 1)
}

// Total is the row of all steps.
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
	Sub bool // part of the row above it, or beside the headline
}

// Arms lists the outcomes of each arm.
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

// Causes say how the failed journeys failed.
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
	Name   string
	Values []string
}

// LatencyHead names the percentiles; empty where none are known.
func (b block) LatencyHead() []string {
	var list []string
	for _, p := range b.percentiles() {
		list = append(list, percentileName(p.P))
	}
	return list
}

func (b block) percentiles() []result.Percentile {
	for _, list := range [][]result.Percentile{b.Latency.Fault, b.Latency.Control, b.Latency.Baseline} {
		if len(list) > 0 {
			return list
		}
	}
	return nil
}

// LatencyRows are in the order of LatencyHead.
func (b block) LatencyRows() []latencyRow {
	var list []latencyRow
	for _, arm := range []struct {
		name   string
		values []result.Percentile
	}{{"Fault arm", b.Latency.Fault}, {"Control arm", b.Latency.Control}, {"Fault arm in the baseline", b.Latency.Baseline}} {
		if len(arm.values) == 0 {
			continue
		}
		row := latencyRow{Name: arm.name}
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

// ratios are how many times as long the fault arm took.
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

// bounds are those of a percentile, where there are any: " (1.10 s to 1.32 s)".
func bounds(p result.Percentile) string {
	if p.High == 0 {
		return ""
	}
	return " (" + figures.Latency(p.Low) + " to " + figures.Latency(p.High) + ")"
}

// CallMethods are how the bounds of the calls per journey were made, each once.
func (e *experiment) CallMethods() (list []string) {
	for _, a := range e.Amplification {
		if a.Method != "" && !slices.Contains(list, a.Method) {
			list = append(list, a.Method)
		}
	}
	return list
}

// Storms tells whether retries added to the trouble.
func (e *experiment) Storms() bool {
	return slices.ContainsFunc(e.Amplification, func(a result.Amplification) bool { return a.Storm })
}

// ImpactText is what an hour of it would do to the real system's traffic; empty
// where that is not declared.
func (e *experiment) ImpactText() string {
	if e.Impact == nil || e.s == nil || e.s.r.System.Traffic == nil || !trusted(e.Experiment) {
		return ""
	}
	return figures.Capital(impactWords(e.Impact))
}

// ImpactNote says where that comes from.
func (e *experiment) ImpactNote() string { return impactNote(e.s.r.System.Traffic) }

// Spreads are those of journeys in which something was counted.
func (e *experiment) Spreads() []result.Spread {
	var list []result.Spread
	for _, s := range e.Spread {
		if s.Harmed > 0 && trusted(e.Experiment) {
			list = append(list, s)
		}
	}
	return list
}

// Number of an event, in the list and in the chart.
func (e *experiment) Number(i int) int { return i + 1 }

// Where is the place of the experiment in its file.
func (e *experiment) Where() string {
	if e.File == "" || e.Line == 0 {
		return e.File
	}
	return e.File + ":" + strconv.Itoa(e.Line)
}

// Command runs the experiment again.
func (e *experiment) Command() string {
	if e.s == nil {
		return ""
	}
	args := append(e.s.base(), "--only", words.ShellWord(e.ID), "--seed", strconv.FormatUint(e.s.r.Run.Seed, 10))
	if e.File != "" {
		args = append(args, words.ShellWord(e.File))
	}
	return strings.Join(args, " ")
}

// base is the command with the file of the system, unless it would be found anyway.
func (s *summary) base() []string {
	args := []string{"blastgauge", "run"}
	of := map[string]bool{}
	for _, e := range s.order {
		of[e.File] = true
	}
	for _, d := range s.r.Documents {
		if !of[d.File] && d.File != "blastgauge.yaml" {
			return append(args, "-f", words.ShellWord(d.File))
		}
	}
	return args
}

// runCommand runs the whole again.
func runCommand(r *result.Result) string {
	return strings.Join(append(summarize(r).base(), "--seed", strconv.FormatUint(r.Run.Seed, 10)), " ")
}
