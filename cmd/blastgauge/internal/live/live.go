// Package live shows runs on a terminal or in a log while they go on: as bars, as
// one line per event, or not at all.
//
// A view gets the same events as the journal, after the journal. It never holds up
// a run: what a terminal is too slow for is not shown.
package live

import (
	"fmt"
	"io"
	"math"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/blastgauge/blastgauge/experiments/inert"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/progress"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report/terminal"
)

// A View shows one run. Its methods may be called from several goroutines. Only
// Close may wait, for at most two seconds; nothing may be called after it.
type View interface {
	Record(journal.Event)
	Observe(journal.Observation)
	Close()
}

// A verdictView shows verdicts, too.
type verdictView interface {
	View
	Judge(*result.Experiment)
}

// The modes in which a [Screen] shows runs.
const (
	Auto  = "auto"  // bars on a terminal that can draw them, lines elsewhere
	Bars  = "bar"   // bars that move
	Lines = "lines" // one line per event
	None  = "none"  // nothing
)

// Modes lists the modes.
func Modes() []string { return []string{Auto, Bars, Lines, None} }

// Options say how and where runs are shown.
type Options struct {
	Mode   string    // one of the modes; anything else is Lines
	Output io.Writer // where runs are shown
	Term   string    // the value of $TERM: Auto draws no bars on a dumb terminal
	Color  bool      // colour verdicts
	Labels []string  // one per run, where several run side by side; none for a single run
}

// A Screen shows one run, or several side by side. What else has to be said on the same
// terminal is written to the screen, in whole lines.
type Screen struct {
	mode   string // Bars, Lines or None
	output io.Writer
	log    *logWriter
	color  bool
	labels []string
	canvas *canvas // nil unless mode is Bars
	closed atomic.Bool
}

// minColumns is the narrowest terminal on which Auto draws bars.
const minColumns = 40

// New makes a screen.
func New(o Options) *Screen {
	s := &Screen{mode: Lines, output: o.Output, log: &logWriter{w: o.Output}, color: o.Color, labels: o.Labels}
	switch {
	case o.Mode == None:
		s.mode = None
	case IsTerminal(o.Output) && (o.Mode == Bars || o.Mode == Auto && o.Term != "dumb" && Columns(o.Output) >= minColumns):
		s.mode, s.canvas = Bars, newCanvas(o.Output, o.Color, func() (columns, rows int) { return size(o.Output) })
	}
	return s
}

// Drawn reports whether the screen draws bars, and so over what a terminal echoes.
func (s *Screen) Drawn() bool { return s.canvas != nil && !s.closed.Load() }

// Announce says first what is going to run and how long it takes.
func (s *Screen) Announce(p *plan.Plan, against string) {
	what := "1 experiment"
	if n := len(p.Experiments); n != 1 {
		what = fmt.Sprintf("%d experiments, one after the other,", n)
	}
	about := "about " + About(progress.Expected(p))
	if p.Scan != nil {
		what, about = fmt.Sprintf("a scan of %d dependencies", len(p.Scan.Dependencies)), "at most "+trimZeros(p.Scan.Budget)
	}
	text := inert.Text(fmt.Sprintf("%s against %s: %s", what, against, about))
	switch s.mode {
	case Bars:
		_, _ = io.WriteString(s.canvas, strings.Join(terminal.Lines(text, s.canvas.columns()-1), "\n")+"\n\n") // it has no error
	case Lines:
		s.log.print(line(time.Now(), "", "run", text))
	}
}

// View starts to show a run of p. run is its index among the labels, or 0 where
// there are none. With bars, the view of the last run also shows the time that is
// left, and that of a scan what is left of its budget.
func (s *Screen) View(run int, p *plan.Plan) View {
	label := ""
	if len(s.labels) > 0 {
		label = s.labels[run]
	}
	switch s.mode {
	case None:
		return Silent{}
	case Bars:
		return newBuffered(newBars(s.canvas, p, label, run, run+1 >= len(s.labels) || p.Scan != nil))
	}
	if p.Scan != nil {
		return newBuffered(newScanLines(s.log, p, label, s.color))
	}
	return newBuffered(newLines(s.log, p, label, s.color))
}

// Write writes whole lines above the bars, or to the output where there are none.
func (s *Screen) Write(lines []byte) (int, error) {
	if s.canvas != nil {
		return s.canvas.Write(lines)
	}
	return s.output.Write(lines)
}

// Ask prints lines, and takes what is drawn from the place where somebody types an answer
// then, until it is [Screen.Answered].
func (s *Screen) Ask(lines string) {
	lines = inert.Lines(lines)
	if s.canvas == nil {
		s.log.print(strings.TrimSuffix(lines, "\n"))
		return
	}
	_, _ = s.canvas.Write([]byte(lines)) // it has no error
	s.canvas.console.ask("> ")
}

// Answered draws again after an answer, or where none is needed any more.
func (s *Screen) Answered() {
	if s.canvas != nil {
		s.canvas.console.answered()
	}
}

// Close takes the bars from the terminal. All views must be closed before.
func (s *Screen) Close() {
	if s.canvas != nil {
		s.canvas.close()
	}
	s.closed.Store(true)
}

// A buffered view passes everything on to another view from a goroutine of its
// own. Where that view is too slow, journeys are dropped: a fault must not stay in
// force because a terminal does not scroll. Events and verdicts are few, and none is
// dropped.
type buffered struct {
	to   verdictView
	wake chan struct{}
	done chan struct{}

	mu     sync.Mutex
	queue  []any // journal.Event, journal.Observation or *result.Experiment
	closed bool
}

const (
	queueLength = 4096            // about ten seconds of journeys
	closeWithin = 2 * time.Second // how long Close waits for what is still to be shown
)

func newBuffered(to verdictView) *buffered {
	b := &buffered{to: to, wake: make(chan struct{}, 1), done: make(chan struct{})}
	go func() {
		defer close(b.done)
		for range b.wake {
			list, closed := b.take()
			for _, item := range list {
				b.pass(item)
			}
			if closed {
				to.Close()
				return
			}
		}
	}()
	return b
}

// take returns what was queued since the last call, and whether nothing comes after it.
func (b *buffered) take() (list []any, closed bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	list, b.queue = b.queue, nil
	return list, b.closed
}

func (b *buffered) pass(item any) {
	switch item := item.(type) {
	case journal.Event:
		b.to.Record(item)
	case journal.Observation:
		b.to.Observe(item)
	case *result.Experiment:
		b.to.Judge(item)
	}
}

func (b *buffered) Record(e journal.Event)        { b.put(e, math.MaxInt) }
func (b *buffered) Judge(e *result.Experiment)    { b.put(e, math.MaxInt) }
func (b *buffered) Observe(o journal.Observation) { b.put(o, queueLength) }

// put queues an item, unless so many are waiting.
func (b *buffered) put(item any, most int) {
	b.mu.Lock()
	if len(b.queue) < most {
		b.queue = append(b.queue, item)
	}
	b.mu.Unlock()
	b.signal()
}

// signal wakes the goroutine, which may have been woken already.
func (b *buffered) signal() {
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

func (b *buffered) Close() {
	b.mu.Lock()
	b.closed = true
	b.mu.Unlock()
	b.signal()
	select {
	case <-b.done:
	case <-time.After(closeWithin):
	}
}

// Silent is a View that shows nothing.
type Silent struct{}

// Record shows nothing.
func (Silent) Record(journal.Event) {}

// Observe shows nothing.
func (Silent) Observe(journal.Observation) {}

// Close has nothing to end.
func (Silent) Close() {}
