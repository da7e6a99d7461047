package live

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/inert"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/progress"
	"github.com/blastgauge/blastgauge/report/terminal"
)

// A picture is what bars show of a run at a moment.
type picture struct {
	*progress.Progress
	label     string // of the run; empty where there is a single one
	showTotal bool   // whether the time of the whole run is shown
}

// lines draws the picture for a terminal of so many columns. No line is longer, and
// where a terminal is narrow, what matters least is left out.
func (p *picture) lines(now time.Time, columns int) []string {
	var list []string
	switch {
	case p.Current.Running && p.Plan.Scan != nil:
		list = p.scanning(now, columns)
	case p.Current.Running:
		list = append(list, p.title(columns), p.phases(now, columns))
		list = append(list, p.arms(columns)...)
		if len(p.Experiment().Guardrails) > 0 {
			list = append(list, p.guardrail(columns))
		}
		list = append(list, p.cause(), "  "+p.Current.Note, "")
	}
	if p.showTotal {
		list = append(list, p.total(now, columns))
	}
	for i, line := range list {
		list[i] = strings.TrimRight(terminal.Truncate(inert.Line(line), columns-1), " ")
	}
	return list
}

// title names the experiment, its fault, and how many there are.
func (p *picture) title(columns int) string {
	e := p.Experiment()
	name := inert.Text(e.ID)
	if p.label != "" {
		name = p.label + ": " + name
	}
	number := fmt.Sprintf("  %d of %d", p.Current.Index+1, len(p.Plan.Experiments))
	room := columns - 1 - terminal.Width(number)
	left := terminal.Cut(name, room)
	if rest := room - terminal.Width(left) - 3; rest >= 10 {
		left += "   " + terminal.Cut(inert.Text(progress.DescribeFaults(*e)), rest)
	}
	return terminal.Left(left, room) + number
}

// phases draws the phases side by side, each as long as it takes, and tells the time.
func (p *picture) phases(now time.Time, columns int) string {
	e, at := p.Experiment(), p.At(now)
	left := e.Duration() - at
	clock := fmt.Sprintf("  %s, %s left", short(now.Sub(p.Current.Started)), short(left))
	if p.WaitsForHealth(now) {
		clock = "  waits for a healthy system"
	}
	const lead = 11
	width := min(columns-1-lead-terminal.Width(clock), 60)
	return "  " + terminal.Left(cmp.Or(string(p.Current.Phase), "starts"), lead-2) + drawPhases(e.Phases, at, width) + clock
}

// drawPhases draws the phases of an experiment of which so much has passed. The fault
// phase is hatched.
func drawPhases(p experiments.Phases, now time.Duration, width int) string {
	lengths := []time.Duration{p.Warmup, p.Baseline, p.Fault, p.Recovery}
	total := p.Warmup + p.Baseline + p.Fault + p.Recovery
	var line strings.Builder
	phase, end := 0, lengths[0]
	for cell := range max(0, width) {
		middle := total * time.Duration(2*cell+1) / time.Duration(2*width)
		border := false
		for phase < len(lengths)-1 && middle >= end {
			phase++
			end += lengths[phase]
			border = true
		}
		switch {
		case border && cell > 0:
			line.WriteString("│")
		case middle >= now:
			line.WriteString("░")
		case phase == 2:
			line.WriteString("▓")
		default:
			line.WriteString("█")
		}
	}
	return line.String()
}

// arms shows both arms of the journey that the fault harms most.
func (p *picture) arms(columns int) []string {
	worst := p.Current.Counts.Worst()
	name := terminal.Left(terminal.Cut(inert.Text(p.Experiment().Journeys[worst].Name), 9), 9)
	list := []string{p.arm(name, "fault", worst, plan.FaultArm, columns)}
	if p.Experiment().Turns != nil && p.Current.Counts.Journey(worst).Journeys[plan.ControlArm] > 0 {
		return append(list, p.arm(terminal.Left("", 9), "others", worst, plan.ControlArm, columns))
	}
	if p.Experiment().Control != plan.Concurrent {
		before := p.Current.Baseline.Journey(worst)
		return append(list, "  "+terminal.Left("", 9)+" before   "+describe(before, plan.FaultArm))
	}
	return append(list, p.arm(terminal.Left("", 9), "control", worst, plan.ControlArm, columns))
}

// arm is the line of one arm.
func (p *picture) arm(name, arm string, journey int, which plan.Arm, columns int) string {
	text := describe(p.Current.Counts.Journey(journey), which)
	if columns >= 60 && p.Current.Counts.Journey(journey).Journeys[which] > 0 {
		text += " harmed"
	}
	var shares []float64
	for _, sample := range p.Current.Samples {
		if c := sample.Journey(journey); c.Journeys[which] > 0 {
			shares = append(shares, c.HarmedShare(which))
		}
	}
	lead := "  " + name + " " + terminal.Left(arm, 8) + " " + terminal.Left(text, 15)
	if columns < 60 { // there is no room for a line
		return lead
	}
	lead = terminal.Left(lead, 44) + " "
	return lead + sparkline(shares[max(0, len(shares)-max(0, columns-1-terminal.Width(lead))):])
}

// sparkline draws shares between 0 and 1, one character each.
func sparkline(shares []float64) string {
	levels := []rune("▁▂▃▄▅▆▇█")
	var s strings.Builder
	for _, v := range shares {
		s.WriteRune(levels[min(int(v*float64(len(levels))), len(levels)-1)])
	}
	return s.String()
}

// guardrail tells how far the guardrail that is nearest to its limit is from it.
func (p *picture) guardrail(columns int) string {
	const lead = "  guardrail "
	if p.Current.Tripped != "" {
		return lead + "TRIPPED " + p.Current.Tripped
	}
	e := p.Experiment()
	if p.Current.Phase != journal.Fault {
		return lead + e.Guardrails[0].Says(e.Journeys[p.Current.Counts.Worst()].Name)
	}
	g := p.Nearest()
	if g.Probe != nil {
		return lead + "asks " + g.Probe.Name
	}
	text := fmt.Sprintf("%s lately, limit %s", figures.Percent(max(g.Excess, 0)), figures.ShortPercent(g.Share(), 1))
	if columns >= 60 {
		text += ": " + g.Says(e.Journeys[g.Journey].Name)
	}
	return lead + text
}

// cause names what harmed most journeys in the current phase, or else under the fault.
func (p *picture) cause() string {
	const lead = "  top cause "
	for _, top := range p.Causes(1) {
		return fmt.Sprintf("%s%s, %d of %d", lead, progress.DescribeCause(top.SeenCause), top.Count, top.Of)
	}
	return lead + "none so far"
}

// total draws the time of the whole run.
func (p *picture) total(now time.Time, columns int) string {
	elapsed, left := now.Sub(p.Began), p.Left(now)
	clock := fmt.Sprintf("  %s, about %s left", short(elapsed), short(left))
	if p.Plan.Scan != nil {
		clock = fmt.Sprintf("  %s, at most %s left", short(elapsed), short(left))
	}
	hint := "   Ctrl-C removes the faults"
	const lead = 6
	if columns-1-lead-terminal.Width(clock+hint) < 8 {
		hint = ""
	}
	width := min(columns-1-lead-terminal.Width(clock+hint), 60)
	done := 0
	if whole := elapsed + left; whole > 0 {
		done = int(time.Duration(width) * elapsed / whole)
	}
	return terminal.Left("run", lead) + strings.Repeat("█", max(0, done)) + strings.Repeat("░", max(0, width-done)) + clock + hint
}

// About writes a length of time that is an estimate: "45s", "2m35s", "31m".
func About(d time.Duration) string {
	step := 5 * time.Second
	switch {
	case d < 30*time.Second:
		step = time.Second
	case d >= 10*time.Minute:
		step = time.Minute
	}
	return figures.Span(d.Round(step))
}

// short writes a length of time to the second.
func short(d time.Duration) string { return figures.Span(max(0, d).Round(time.Second)) }
