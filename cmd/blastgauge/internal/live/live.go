// Package live shows runs on a terminal or in a log while they go on: as bars, as
// one line per event, or not at all.
//
// A view gets the same events as the journal, after the journal. It never holds up
// a run: what a terminal is too slow for is not shown.
package live

import (
	"io"
	"time"

	"github.com/blastgauge/blastgauge/experiments/inert"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// A View shows one run. Its methods may be called from several goroutines. Only
// Close may wait, for at most two seconds; nothing may be called after it.
type View interface {
	Record(journal.Event)
	Observe(journal.Observation)
	Close()
}

// The modes in which a [Screen] shows runs.
const (
	Auto  = "auto"  // bars on a terminal that can draw them, lines elsewhere
	Bars  = "bar"   // bars that move
	Lines = "lines" // one line per event
	None  = "none"  // nothing
)

// Options say how and where runs are shown.
type Options struct {
	Mode   string    // one of the modes; anything else is Lines
	Output io.Writer // where runs are shown
	Term   string    // the value of $TERM: Auto draws no bars on a dumb terminal
	Labels []string  // one per run, where several run side by side; none for a single run
}

// A Screen shows one run, or several side by side.
type Screen struct {
	mode   string    // Bars, Lines or None
	output io.Writer // of whole lines; several views may write to it
	labels []string
	canvas *canvas // nil unless mode is Bars
}

// minColumns is the narrowest terminal on which Auto draws bars.
const minColumns = 60

// New makes a screen.
func New(o Options) *Screen {
	s := &Screen{mode: Lines, output: inert.NewWriter(o.Output), labels: o.Labels}
	switch {
	case o.Mode == None:
		s.mode = None
	case o.Mode == Bars, o.Mode == Auto && IsTerminal(o.Output) && o.Term != "dumb" && Columns(o.Output) >= minColumns:
		s.mode, s.canvas = Bars, newCanvas(o.Output)
	}
	return s
}

// View starts to show a run of p. run is its index among the labels, or 0 where
// there are none. With bars, the view of the last run also shows the time that is
// left.
func (s *Screen) View(run int, p *plan.Plan) View {
	label := ""
	if len(s.labels) > 0 {
		label = s.labels[run]
	}
	switch s.mode {
	case None:
		return Silent{}
	case Bars:
		return newBuffered(newBars(s.canvas, p, label, run, run+1 >= len(s.labels)))
	}
	return newBuffered(newLines(s.output, p, label))
}

// Close draws what is left to draw. All views must be closed before.
func (s *Screen) Close() {
	if s.canvas != nil {
		s.canvas.progress.Wait()
	}
}

// A buffered view passes everything on to another view from a goroutine of its
// own. Where that view is too slow, events are dropped: a fault must not stay in
// force because a terminal does not scroll.
type buffered struct {
	to    View
	queue chan any // journal.Event or journal.Observation
	done  chan struct{}
}

const (
	queueLength = 4096            // about ten seconds of events and journeys
	closeWithin = 2 * time.Second // how long Close waits for what is still to be shown
)

func newBuffered(to View) *buffered {
	b := &buffered{to, make(chan any, queueLength), make(chan struct{})}
	go func() {
		defer close(b.done)
		for item := range b.queue {
			switch item := item.(type) {
			case journal.Event:
				to.Record(item)
			case journal.Observation:
				to.Observe(item)
			}
		}
		to.Close()
	}()
	return b
}

func (b *buffered) Record(e journal.Event)        { b.put(e) }
func (b *buffered) Observe(o journal.Observation) { b.put(o) }

func (b *buffered) put(item any) {
	select {
	case b.queue <- item:
	default:
	}
}

func (b *buffered) Close() {
	close(b.queue)
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
