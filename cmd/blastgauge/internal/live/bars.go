package live

import (
	"fmt"
	"io"
	"math"
	"strings"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/inert"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/report/terminal"
)

const (
	refresh       = 200 * time.Millisecond
	sampleEvery   = time.Second // how much time one character of a sparkline stands for
	sparklineSize = 24          // characters
)

// A canvas is the part of a terminal that the bars of all runs are drawn in.
type canvas struct {
	progress *mpb.Progress
	columns  int
}

func newCanvas(w io.Writer, options ...mpb.ContainerOption) *canvas {
	const besides = 54 // columns of the texts to the left and right of a bar
	options = append([]mpb.ContainerOption{
		mpb.WithOutput(w), // not stdout, mpb's default: stdout is for results
		mpb.WithWidth(min(Columns(w), 110) - besides),
		mpb.WithRefreshRate(refresh),
	}, options...)
	return &canvas{progress: mpb.New(options...), columns: Columns(w)}
}

// bars show a run on a terminal: one bar for the phases of the current experiment
// with the harm of both arms below it, and one for the time of the whole run.
// Experiments that have ended scroll away above them, one line each.
type bars struct {
	*canvas
	plan    *plan.Plan
	label   string   // of the run; empty where there is a single one
	row     int      // of the run among those on the canvas
	total   *mpb.Bar // nil where another run's view shows the time
	ticker  *time.Ticker
	done    chan struct{}
	stopped sync.WaitGroup

	// mu guards what is below. It is never held while mpb is called: mpb draws in
	// goroutines of its own, which lock it, and waiting for them would deadlock.
	mu      sync.Mutex
	elapsed time.Duration // planned time of the experiments that have ended
	current currentExperiment
}

// A currentExperiment is what bars know of the experiment that is going on.
type currentExperiment struct {
	index        int      // in the plan; -1 before the first
	bar          *mpb.Bar // nil before the start and after the end
	phase        journal.Phase
	phaseStarted time.Time
	before       time.Duration // planned time of the phases that have ended
	counts       counts        // of the current phase
	faultCounts  counts        // of the fault phase, once it has ended
	samples      []counts      // of the last seconds, for the sparklines
	sample       counts        // of the current second
	sampled      time.Time     // when the current second began
	note         string        // what happened last
}

func newBars(c *canvas, p *plan.Plan, label string, row int, showTotal bool) *bars {
	b := &bars{canvas: c, plan: p, label: label, row: row, done: make(chan struct{}), ticker: time.NewTicker(refresh)}
	b.current.index = -1
	if showTotal {
		b.total = b.progress.New(int64(p.Duration()/time.Millisecond), solidBlocks(),
			mpb.BarPriority(math.MaxInt),
			mpb.PrependDecorators(decor.Name("run", nameColumn())),
			mpb.AppendDecorators(decor.Any(timeLeft)),
		)
	}
	b.stopped.Go(b.followClock)
	return b
}

// nameColumn is the column to the left of all bars.
func nameColumn() decor.WC { return decor.WC{W: 20, C: decor.DindentRight} }

func timeLeft(s decor.Statistics) string {
	left := time.Duration(s.Total-s.Current) * time.Millisecond
	return fmt.Sprintf("  about %s left  Ctrl-C removes the faults", left.Round(time.Second))
}

// solidBlocks is the style of the bar for the whole run.
func solidBlocks() mpb.BarStyleComposer {
	return mpb.BarStyle().Lbound("").Rbound("").Filler("█").Tip("█").Padding("░")
}

// phaseBlocks is the style of the bar for an experiment. It draws the phases side by
// side, each as long as it takes; the fault phase is hatched.
type phaseBlocks experiments.Phases

func (p phaseBlocks) Build() mpb.BarFiller { return p }

func (p phaseBlocks) Fill(w io.Writer, s decor.Statistics) error {
	width := min(s.RequestedWidth, s.AvailableWidth)
	lengths := []time.Duration{p.Warmup, p.Baseline, p.Fault, p.Recovery}
	total, now := time.Duration(s.Total)*time.Millisecond, time.Duration(s.Current)*time.Millisecond
	var line strings.Builder
	phase, end := 0, lengths[0]
	for cell := range width {
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
	_, err := io.WriteString(w, line.String())
	return err
}

// followClock moves the bars until the view is closed.
func (b *bars) followClock() {
	for {
		select {
		case <-b.done:
			return
		case now := <-b.ticker.C:
			b.moveTo(now)
		}
	}
}

func (b *bars) moveTo(now time.Time) {
	b.mu.Lock()
	c := &b.current
	if now.Sub(c.sampled) >= sampleEvery {
		c.sampled = now
		c.endSample()
	}
	bar, at, elapsed := c.bar, time.Duration(0), b.elapsed
	if bar != nil {
		at = c.before + min(now.Sub(c.phaseStarted), b.phaseLength())
	}
	b.mu.Unlock()
	if bar != nil {
		bar.SetCurrent(int64(at / time.Millisecond))
		if b.total != nil {
			b.total.SetCurrent(int64((elapsed + at) / time.Millisecond))
		}
	}
}

// endSample adds the second that has passed to the sparklines.
func (c *currentExperiment) endSample() {
	c.samples = append(c.samples, c.sample)
	c.samples = c.samples[max(0, len(c.samples)-sparklineSize):]
	c.sample = nil
}

// phaseLength is the planned time of the current phase. mu must be held.
func (b *bars) phaseLength() time.Duration {
	phases := b.plan.Experiments[b.current.index].Phases
	switch b.current.phase {
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

func (b *bars) Observe(o journal.Observation) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.current.counts.add(o)
	b.current.sample.add(o)
}

func (b *bars) Record(e journal.Event) {
	switch e.Kind {
	case journal.ExperimentStarted:
		b.startExperiment()
	case journal.PhaseStarted:
		b.startPhase(e.Phase)
	case journal.ExperimentEnded:
		b.endExperiment(e)
	case journal.FaultInjected, journal.FaultRemoved, journal.FaultVanished, journal.GuardrailTripped:
		b.setNote(e)
	case journal.Interrupted, journal.SuiteStopped:
		b.printAbove(b.setNote(e))
	case journal.InvariantChecked:
		if e.Check != nil && !e.Check.Holds {
			_, text := describeReading(e.Check)
			b.printAbove(text)
		}
	}
}

// setNote shows an event below the current bar, and returns its text.
func (b *bars) setNote(e journal.Event) string {
	_, text := describeEvent(b.plan, e)
	text = inert.Text(text)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.current.note = text
	return text
}

// printAbove prints a line above the bars. Its error is dropped: a run goes on
// without its view.
func (b *bars) printAbove(text string) {
	if b.label != "" {
		text = fmt.Sprintf("%-9s %s", b.label, text)
	}
	_, _ = fmt.Fprintln(b.progress, terminal.Cut(inert.Line(text), b.columns-1))
}

func (b *bars) startExperiment() {
	b.mu.Lock()
	index, now := b.current.index+1, time.Now()
	b.current = currentExperiment{index: index, phaseStarted: now, sampled: now}
	b.mu.Unlock()
	e := b.plan.Experiments[index]
	bar := b.progress.New(int64(e.Duration()/time.Millisecond), phaseBlocks(e.Phases),
		mpb.BarPriority(b.row),
		mpb.BarRemoveOnComplete(),
		mpb.PrependDecorators(decor.Any(b.phaseText, nameColumn())),
		mpb.AppendDecorators(decor.Name(fmt.Sprintf("  %d of %d  %s", index+1, len(b.plan.Experiments), inert.Text(e.ID)))),
		mpb.BarBtmExtender(b.line(b.faultLine), b.line(b.controlLine), b.line(b.noteLine), b.line(func() string { return "" })),
	)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.current.bar = bar
}

func (b *bars) startPhase(p journal.Phase) {
	b.mu.Lock()
	defer b.mu.Unlock()
	c := &b.current
	if c.phase == journal.Fault {
		c.faultCounts = c.counts
	}
	c.before += b.phaseLength()
	c.phase, c.phaseStarted, c.counts = p, time.Now(), nil
}

func (b *bars) endExperiment(e journal.Event) {
	b.mu.Lock()
	bar := b.current.bar
	b.current.bar = nil
	b.elapsed += b.plan.Experiments[b.current.index].Duration()
	outcome := b.outcome()
	b.mu.Unlock()
	if e.Error != "" {
		outcome = "stopped early"
	}
	b.printAbove(fmt.Sprintf("%-26s %s", e.Experiment, outcome))
	if bar != nil {
		bar.Abort(true)
	}
}

// outcome is the harm of the fault phase, as it was counted. mu must be held.
func (b *bars) outcome() string {
	worst := b.current.faultCounts.worst()
	c := b.current.faultCounts.journey(worst)
	switch {
	case c.journeys[plan.FaultArm] == 0:
		return "measured"
	case c.journeys[plan.ControlArm] == 0:
		return fmt.Sprintf("%.1f%% of %s harmed", 100*c.harmedShare(plan.FaultArm), b.journeyName(worst))
	}
	return fmt.Sprintf("%.1f%% of %s harmed, %.1f%% in control", 100*c.harmedShare(plan.FaultArm), b.journeyName(worst), 100*c.harmedShare(plan.ControlArm))
}

func (b *bars) journeyName(index int) string {
	return b.plan.Experiments[b.current.index].Journeys[index].Name
}

func (b *bars) phaseText(decor.Statistics) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return strings.TrimSpace(b.label + " " + string(b.current.phase))
}

// line is one line below a bar; text is called with mu held. The line is cut to the
// width of the terminal: one that wraps would make the bars walk down the screen.
func (b *bars) line(text func() string) mpb.BarFiller {
	return mpb.BarFillerFunc(func(w io.Writer, _ decor.Statistics) error {
		b.mu.Lock()
		defer b.mu.Unlock()
		_, err := io.WriteString(w, terminal.Truncate(inert.Line(text()), b.columns-1)+"\n")
		return err
	})
}

func (b *bars) noteLine() string { return "  " + b.current.note }

func (b *bars) faultLine() string { return b.armLine("fault arm", plan.FaultArm) }

func (b *bars) controlLine() string {
	if b.plan.Experiments[b.current.index].Control == plan.Concurrent {
		return b.armLine("control", plan.ControlArm)
	}
	return "  the control is the baseline"
}

// armLine shows one arm of the journey that the fault harms most.
func (b *bars) armLine(name string, arm plan.Arm) string {
	worst := b.current.counts.worst()
	var shares []float64
	for _, sample := range b.current.samples {
		if c := sample.journey(worst); c.journeys[arm] > 0 {
			shares = append(shares, c.harmedShare(arm))
		}
	}
	return fmt.Sprintf("  %s %-22s %s", terminal.Left(terminal.Cut(b.journeyName(worst), 11)+", "+name, 22), b.current.counts.journey(worst).describe(arm)+" harmed", sparkline(shares))
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

// Close ends the bars. It aborts those that are not complete: mpb would wait for
// them for ever.
func (b *bars) Close() {
	close(b.done)
	b.ticker.Stop()
	b.stopped.Wait()
	b.mu.Lock()
	bar := b.current.bar
	b.mu.Unlock()
	if bar != nil {
		bar.Abort(true)
	}
	if b.total != nil {
		b.total.Abort(true)
	}
}
