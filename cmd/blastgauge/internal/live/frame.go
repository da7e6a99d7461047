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
	"github.com/blastgauge/blastgauge/report/terminal"
)

const (
	sampleEvery   = time.Second // how much time one character of a sparkline stands for
	sparklineSize = 24          // characters
	lately        = 5           // samples that a guardrail is compared with, as in the engine
)

// A picture is what bars show of a run at a moment.
type picture struct {
	plan      *plan.Plan
	label     string // of the run; empty where there is a single one
	showTotal bool   // whether the time of the whole run is shown
	started   time.Time
	current   currentExperiment
	tally     scanTally // of a scan
}

// A currentExperiment is what bars know of the experiment that is going on.
type currentExperiment struct {
	index        int // in the plan; -1 before the first
	running      bool
	started      time.Time
	phase        journal.Phase
	phaseStarted time.Time
	before       time.Duration // planned time of the phases that have ended
	counts       counts        // of the current phase
	baseline     counts        // of the baseline, once it has ended
	underFault   counts        // of the fault phase, once it has ended
	seen         map[int]journal.SeenCause
	samples      []counts  // of the last seconds, for the sparklines
	inPhase      int       // how many samples ended in the current phase
	sample       counts    // of the current second
	sampled      time.Time // when the current second began
	tripped      string    // by which the guardrail tripped; empty if none did
	note         string    // what happened last
}

// lines draws the picture for a terminal of so many columns. No line is longer, and
// where a terminal is narrow, what matters least is left out.
func (p *picture) lines(now time.Time, columns int) []string {
	var list []string
	switch {
	case p.current.running && p.plan.Scan != nil:
		list = p.scanning(now, columns)
	case p.current.running:
		list = append(list, p.title(columns), p.phases(now, columns))
		list = append(list, p.arms(columns)...)
		if len(p.experiment().Guardrails) > 0 {
			list = append(list, p.guardrail(columns))
		}
		list = append(list, p.cause(), "  "+p.current.note, "")
	}
	if p.showTotal {
		list = append(list, p.total(now, columns))
	}
	for i, line := range list {
		list[i] = strings.TrimRight(terminal.Truncate(inert.Line(line), columns-1), " ")
	}
	return list
}

func (p *picture) experiment() *plan.Experiment { return &p.plan.Experiments[p.current.index] }

// title names the experiment, its fault, and how many there are.
func (p *picture) title(columns int) string {
	e := p.experiment()
	name := inert.Text(e.ID)
	if p.label != "" {
		name = p.label + ": " + name
	}
	number := fmt.Sprintf("  %d of %d", p.current.index+1, len(p.plan.Experiments))
	room := columns - 1 - terminal.Width(number)
	left := terminal.Cut(name, room)
	if rest := room - terminal.Width(left) - 3; rest >= 10 {
		left += "   " + terminal.Cut(inert.Text(describeFaults(*e)), rest)
	}
	return terminal.Left(left, room) + number
}

// phases draws the phases side by side, each as long as it takes, and tells the time.
func (p *picture) phases(now time.Time, columns int) string {
	e, at := p.experiment(), p.at(now)
	left := e.Duration() - at
	clock := fmt.Sprintf("  %s, %s left", short(now.Sub(p.current.started)), short(left))
	if at >= p.current.before+p.phaseLength() && p.current.phase == journal.Warmup && p.current.index > 0 {
		clock = "  waits for a healthy system"
	}
	const lead = 11
	width := min(columns-1-lead-terminal.Width(clock), 60)
	return "  " + terminal.Left(cmp.Or(string(p.current.phase), "starts"), lead-2) + drawPhases(e.Phases, at, width) + clock
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
	worst := p.current.counts.worst()
	name := terminal.Left(terminal.Cut(inert.Text(p.experiment().Journeys[worst].Name), 9), 9)
	list := []string{p.arm(name, "fault", worst, plan.FaultArm, columns)}
	if p.experiment().Turns != nil && p.current.counts.journey(worst).journeys[plan.ControlArm] > 0 {
		return append(list, p.arm(terminal.Left("", 9), "others", worst, plan.ControlArm, columns))
	}
	if p.experiment().Control != plan.Concurrent {
		before := p.current.baseline.journey(worst)
		return append(list, "  "+terminal.Left("", 9)+" before   "+before.describe(plan.FaultArm))
	}
	return append(list, p.arm(terminal.Left("", 9), "control", worst, plan.ControlArm, columns))
}

// arm is the line of one arm.
func (p *picture) arm(name, arm string, journey int, which plan.Arm, columns int) string {
	text := p.current.counts.journey(journey).describe(which)
	if columns >= 60 && p.current.counts.journey(journey).journeys[which] > 0 {
		text += " harmed"
	}
	var shares []float64
	for _, sample := range p.current.samples {
		if c := sample.journey(journey); c.journeys[which] > 0 {
			shares = append(shares, c.harmedShare(which))
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
	if p.current.tripped != "" {
		return lead + "TRIPPED " + p.current.tripped
	}
	e := p.experiment()
	if p.current.phase != journal.Fault {
		return lead + e.Guardrails[0].Says(e.Journeys[p.current.counts.worst()].Name)
	}
	g, journey, excess := p.nearest()
	if g.Probe != nil {
		return lead + "asks " + g.Probe.Name
	}
	text := fmt.Sprintf("%s lately, limit %s", figures.Percent(max(excess, 0)), figures.ShortPercent(g.Share(), 1))
	if columns >= 60 {
		text += ": " + g.Says(e.Journeys[journey].Name)
	}
	return lead + text
}

// nearest returns the guardrail and the journey that are nearest to the limit, and the
// share of the last seconds beyond the control.
func (p *picture) nearest() (nearest experiments.Guardrail, journey int, excess float64) {
	recent := p.current.sample
	for _, s := range p.current.samples[len(p.current.samples)-min(lately, p.current.inPhase, len(p.current.samples)):] {
		recent = recent.plus(s)
	}
	e := p.experiment()
	nearest, most := e.Guardrails[0], -1.0
	for i, g := range e.Guardrails {
		for j := range e.Journeys {
			if g.Probe != nil || g.Share() <= 0 {
				continue
			}
			control := recent.journey(j).guardedShare(i, plan.ControlArm)
			if e.Control != plan.Concurrent {
				control = p.current.baseline.journey(j).guardedShare(i, plan.FaultArm)
			}
			beyond := recent.journey(j).guardedShare(i, plan.FaultArm) - control
			if ratio := max(beyond, 0) / g.Share(); ratio > most {
				nearest, journey, excess, most = g, j, beyond, ratio
			}
		}
	}
	return nearest, journey, excess
}

// cause names what harmed most journeys in the current phase, or else under the fault.
func (p *picture) cause() string {
	const lead = "  top cause "
	for _, c := range []counts{p.current.counts, p.current.underFault} {
		worst := c.worst()
		top, n := c.journey(worst).topCause()
		if n == 0 {
			continue
		}
		return fmt.Sprintf("%s%s, %d of %d", lead, describeCause(p.seenCause(worst, top)), n, c.journey(worst).journeys[plan.FaultArm])
	}
	return lead + "none so far"
}

// seenCause is a cause as it was introduced, or what is known of it without that.
func (p *picture) seenCause(journey int, c cause) journal.SeenCause {
	if seen, ok := p.current.seen[c.why]; ok {
		return seen
	}
	seen := journal.SeenCause{Class: cmp.Or(c.class, "unknown")}
	if steps := p.experiment().Journeys[journey].Steps; c.why == 0 && c.step >= 0 && c.step < len(steps) {
		seen.Step = steps[c.step].Name
	}
	return seen
}

// total draws the time of the whole run.
func (p *picture) total(now time.Time, columns int) string {
	elapsed, left := now.Sub(p.started), p.left(now)
	clock := fmt.Sprintf("  %s, about %s left", short(elapsed), short(left))
	if p.plan.Scan != nil {
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

// at is how much of the planned time of the current experiment has passed.
func (p *picture) at(now time.Time) time.Duration {
	return p.current.before + max(0, min(now.Sub(p.current.phaseStarted), p.phaseLength()))
}

// left is how long the rest of the run takes.
func (p *picture) left(now time.Time) time.Duration {
	if p.plan.Scan != nil {
		return max(0, p.plan.Scan.Budget-now.Sub(p.started))
	}
	var left time.Duration
	next := p.current.index + 1
	if p.current.running {
		left = p.experiment().Duration() - p.at(now)
	}
	for _, e := range p.plan.Experiments[next:] {
		left += expected(e)
	}
	return left
}

// betweenExperiments is what an experiment takes beyond its phases: idle counters are
// read, invariants asked, and journeys in flight awaited.
const betweenExperiments = time.Second

func expected(e plan.Experiment) time.Duration { return e.Duration() + betweenExperiments }

// Expected returns about how long the experiments of a plan take if nothing stops them.
func Expected(p *plan.Plan) time.Duration {
	if p.Scan != nil {
		return p.Scan.Budget
	}
	var sum time.Duration
	for _, e := range p.Experiments {
		sum += expected(e)
	}
	return sum
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
	return trimZeros(d.Round(step))
}

// short writes a length of time to the second.
func short(d time.Duration) string { return trimZeros(max(0, d).Round(time.Second)) }

// trimZeros writes 5m and 2h instead of 5m0s and 2h0m0s.
func trimZeros(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// phaseLength is the planned time of the current phase.
func (p *picture) phaseLength() time.Duration {
	if p.current.index < 0 {
		return 0
	}
	phases := p.experiment().Phases
	switch p.current.phase {
	case journal.Warmup:
		return phases.Warmup
	case journal.Baseline:
		return phases.Baseline
	case journal.Fault:
		return phases.Fault
	case journal.Recovery:
		return phases.Recovery
	}
	return 0
}
