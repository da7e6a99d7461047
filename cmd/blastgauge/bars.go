package main

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
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// A frame is the part of a terminal that bars are drawn in.
type frame struct {
	progress *mpb.Progress
	columns  int
}

func newFrame(w io.Writer) *frame {
	// mpb writes to stdout unless told otherwise, and stdout is for results.
	return &frame{
		progress: mpb.New(mpb.WithOutput(w), mpb.WithWidth(min(width(w), 110)-54), mpb.WithRefreshRate(refresh)),
		columns:  width(w),
	}
}

// bars are the live view of a run on a terminal: one bar for the phases of the
// current experiment with the harm of both arms below it, and one for the whole
// run. What is over scrolls away above them.
type bars struct {
	*frame
	p       *plan.Plan
	label   string   // of the run; empty where there is one
	row     int      // of the run among those shown
	whole   *mpb.Bar // nil where another run shows it
	ticker  *time.Ticker
	done    chan struct{}
	stopped sync.WaitGroup

	// mu guards what is below. It is never held while mpb is called: mpb draws in
	// goroutines of its own, which ask for what is below, and a view that waits
	// for them would hold up the run.
	mu      sync.Mutex
	index   int
	bar     *mpb.Bar // of the current experiment
	phase   journal.Phase
	begun   time.Time // of the current phase
	before  time.Duration
	spent   time.Duration // planned time of the experiments that are over
	score   score
	faulty  score   // of the fault phase, once it is over
	history []score // by second, for the sparklines
	second  score
	sampled time.Time
	note    string
}

const refresh = 200 * time.Millisecond

func newBars(f *frame, p *plan.Plan, label string, row int, whole bool) *bars {
	b := &bars{frame: f, p: p, label: label, row: row, index: -1, done: make(chan struct{}), ticker: time.NewTicker(refresh)}
	if whole {
		b.whole = b.progress.New(int64(p.Duration()/time.Millisecond), blocks(),
			mpb.BarPriority(math.MaxInt),
			mpb.PrependDecorators(decor.Name("run", b.margin())),
			mpb.AppendDecorators(decor.Any(b.wholeText)),
		)
	}
	b.stopped.Go(b.tick)
	return b
}

// margin is what stands to the left of a bar.
func (b *bars) margin() decor.WC { return decor.WC{W: 20, C: decor.DindentRight} }

// blocks is how bars are drawn.
func blocks() mpb.BarStyleComposer {
	return mpb.BarStyle().Lbound("").Rbound("").Filler("█").Tip("█").Padding("░")
}

// phaseBlocks draws the phases of an experiment side by side, as long as they
// take; the one with the fault is hatched.
type phaseBlocks experiments.Phases

func (p phaseBlocks) Build() mpb.BarFiller { return p }

func (p phaseBlocks) Fill(w io.Writer, s decor.Statistics) error {
	width := min(s.RequestedWidth, s.AvailableWidth)
	spans := []time.Duration{p.Warmup, p.Baseline, p.Fault, p.Recovery}
	total, now := time.Duration(s.Total)*time.Millisecond, time.Duration(s.Current)*time.Millisecond
	var line strings.Builder
	phase, end := 0, spans[0]
	for cell := range width {
		at := total * time.Duration(2*cell+1) / time.Duration(2*width) // its middle
		border := false
		for phase < len(spans)-1 && at >= end {
			phase++
			end += spans[phase]
			border = true
		}
		switch {
		case border && cell > 0:
			line.WriteString("│")
		case at >= now:
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

// tick moves the bars with the clock.
func (b *bars) tick() {
	for {
		select {
		case <-b.done:
			return
		case now := <-b.ticker.C:
			b.move(now)
		}
	}
}

func (b *bars) move(now time.Time) {
	b.mu.Lock()
	if now.Sub(b.sampled) >= time.Second {
		b.sampled = now
		b.remember()
	}
	bar, at, spent := b.bar, time.Duration(0), b.spent
	if bar != nil {
		at = b.before + min(now.Sub(b.begun), b.phaseLength())
	}
	b.mu.Unlock()
	if bar != nil {
		bar.SetCurrent(int64(at / time.Millisecond))
		if b.whole != nil {
			b.whole.SetCurrent(int64((spent + at) / time.Millisecond))
		}
	}
}

// remember keeps the harm of the second that has passed.
func (b *bars) remember() {
	b.history = append(b.history, b.second)
	b.history = b.history[max(0, len(b.history)-24):]
	b.second = nil
}

func (b *bars) phaseLength() time.Duration {
	phases := b.p.Experiments[b.index].Phases
	switch b.phase {
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

func (b *bars) observe(o journal.Observation) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.score.add(o)
	b.second.add(o)
}

func (b *bars) event(e journal.Event) {
	switch e.Kind {
	case journal.ExperimentStarted:
		b.start()
	case journal.PhaseStarted:
		b.enter(e.Phase)
	case journal.ExperimentEnded:
		b.finish(e)
	case journal.FaultInjected, journal.FaultRemoved, journal.FaultVanished, journal.GuardrailTripped, journal.Interrupted, journal.SuiteStopped:
		_, text := eventText(b.p, e)
		b.mu.Lock()
		b.note = text
		b.mu.Unlock()
		if e.Kind == journal.SuiteStopped || e.Kind == journal.Interrupted {
			b.say(text)
		}
	case journal.InvariantChecked:
		if e.Reading != nil && !e.Reading.Holds {
			_, text := readingText(e.Reading)
			b.say(text)
		}
	}
}

// say prints a line above the bars.
func (b *bars) say(text string) {
	if b.label != "" {
		text = fmt.Sprintf("%-9s %s", b.label, text)
	}
	fmt.Fprintln(b.progress, cutTo(text, b.columns-1))
}

func (b *bars) start() {
	b.mu.Lock()
	b.index++
	b.note, b.score, b.second, b.faulty, b.history, b.before, b.phase = "", nil, nil, nil, nil, 0, ""
	b.begun, b.sampled = time.Now(), time.Now()
	index := b.index
	b.mu.Unlock()
	e := b.p.Experiments[index]
	bar := b.progress.New(int64(e.Duration()/time.Millisecond), phaseBlocks(e.Phases),
		mpb.BarPriority(b.row),
		mpb.BarRemoveOnComplete(),
		mpb.PrependDecorators(decor.Any(b.phaseText, b.margin())),
		mpb.AppendDecorators(decor.Name(fmt.Sprintf("  %d of %d  %s", index+1, len(b.p.Experiments), e.ID))),
		mpb.BarBtmExtender(b.line(b.faultLine), b.line(b.controlLine), b.line(func() string { return "  " + b.note }), b.line(func() string { return "" })),
	)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.bar = bar
}

func (b *bars) enter(p journal.Phase) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.phase == journal.Fault {
		b.faulty = b.score
	}
	b.before += b.phaseLength()
	b.phase, b.begun, b.score = p, time.Now(), nil
}

func (b *bars) finish(e journal.Event) {
	b.mu.Lock()
	bar, index := b.bar, b.index
	b.spent += b.p.Experiments[index].Duration()
	b.bar = nil
	end := b.harm()
	b.mu.Unlock()
	if e.Error != "" {
		end = "stopped early"
	}
	b.say(fmt.Sprintf("%-26s %s", e.Experiment, end))
	if bar != nil {
		bar.Abort(true)
	}
}

// harm is what the fault did to journeys, as counted while it went on.
func (b *bars) harm() string {
	worst := b.faulty.worst()
	t := b.faulty.of(worst)
	switch {
	case t.journeys[plan.FaultArm] == 0:
		return "measured"
	case t.journeys[plan.ControlArm] == 0:
		return fmt.Sprintf("%.1f%% of %s harmed", 100*t.harm(plan.FaultArm), b.journey(worst))
	}
	return fmt.Sprintf("%.1f%% of %s harmed, %.1f%% in control", 100*t.harm(plan.FaultArm), b.journey(worst), 100*t.harm(plan.ControlArm))
}

func (b *bars) journey(i int) string { return b.p.Experiments[b.index].Journeys[i].Name }

func (b *bars) phaseText(decor.Statistics) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return strings.TrimSpace(b.label + " " + string(b.phase))
}

func (b *bars) wholeText(s decor.Statistics) string {
	left := time.Duration(s.Total-s.Current) * time.Millisecond
	return fmt.Sprintf("  about %s left  Ctrl-C removes the faults", left.Round(time.Second))
}

// line is one line under a bar. It is cut to the terminal's width: a line that
// wraps would make the bars walk down the screen.
func (b *bars) line(text func() string) mpb.BarFiller {
	return mpb.BarFillerFunc(func(w io.Writer, _ decor.Statistics) error {
		b.mu.Lock()
		defer b.mu.Unlock()
		runes := []rune(text())
		_, err := io.WriteString(w, string(runes[:min(len(runes), b.columns-1)])+"\n")
		return err
	})
}

func (b *bars) faultLine() string { return b.armLine("fault arm", plan.FaultArm) }

func (b *bars) controlLine() string {
	if b.p.Experiments[b.index].Control == plan.Concurrent {
		return b.armLine("control", plan.ControlArm)
	}
	return "  the control is the baseline"
}

// armLine shows the kind of journey that the fault harms most, on one arm.
func (b *bars) armLine(name string, arm plan.Arm) string {
	worst := b.score.worst()
	var shares []float64
	for _, second := range b.history {
		if t := second.of(worst); t.journeys[arm] > 0 {
			shares = append(shares, t.harm(arm))
		}
	}
	return fmt.Sprintf("  %-22s %-22s %s", cutTo(b.journey(worst), 11)+", "+name, b.score.of(worst).text(arm)+" harmed", spark(shares))
}

// spark draws shares between 0 and 1.
func spark(shares []float64) string {
	levels := []rune("▁▂▃▄▅▆▇█")
	var s strings.Builder
	for _, v := range shares {
		s.WriteRune(levels[min(int(v*float64(len(levels))), len(levels)-1)])
	}
	return s.String()
}

// close ends the bars. One that is neither complete nor aborted would be waited
// for without end.
func (b *bars) close() {
	close(b.done)
	b.ticker.Stop()
	b.stopped.Wait()
	b.mu.Lock()
	bar := b.bar
	b.mu.Unlock()
	if bar != nil {
		bar.Abort(true)
	}
	if b.whole != nil {
		b.whole.Abort(true)
	}
}
