package live

import (
	"io"
	"strings"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/blastgauge/blastgauge/experiments/inert"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/progress"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report/results"
	"github.com/blastgauge/blastgauge/report/terminal"
)

const (
	refresh   = 200 * time.Millisecond
	mostLines = 10 // of the frame of one run
)

// A canvas is the part of a terminal that the bars of all runs are drawn in.
type canvas struct {
	console  *console
	progress *mpb.Progress
	color    bool
}

func newCanvas(w io.Writer, color bool, size func() (columns, rows int)) *canvas {
	c := newConsole(w, size)
	return &canvas{c, mpb.New(mpb.WithConsoleWriter(c), mpb.WithRefreshRate(refresh)), color}
}

func (c *canvas) columns() int {
	columns, _ := c.console.size()
	return min(columns, 100)
}

// Write prints whole lines above the bars, or at the end of the screen where there are
// none any more. Its error is dropped: a run goes on without its view.
func (c *canvas) Write(lines []byte) (int, error) {
	if _, err := c.progress.Write(lines); err != nil {
		c.console.print(lines)
	}
	return len(lines), nil
}

// close takes the bars from the screen. A terminal that does not scroll is left behind.
func (c *canvas) close() {
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.progress.Wait()
		c.console.Close()
	}()
	select {
	case <-done:
	case <-time.After(closeWithin):
	}
}

// bars show a run on a terminal: the phases of the current experiment, the harm of both
// arms, how far the guardrail is, and the time of the whole run. Experiments that have
// ended scroll away above them, a row each.
type bars struct {
	*canvas
	bar *mpb.Bar // nil where nothing is drawn any more

	// mu guards what is below. It is never held while mpb is called: mpb draws in
	// goroutines of its own, which lock it, and waiting for them would deadlock.
	mu    sync.Mutex
	shows picture
	unmet progress.Unmet
	lines []string // of the frame that is being drawn
}

// newBars draws the frame of a run. row is that of the run among those on the canvas.
func newBars(c *canvas, p *plan.Plan, label string, row int, showTotal bool) *bars {
	b := &bars{canvas: c, shows: picture{progress.New(p, time.Now()), label, showTotal}}
	below := make([]mpb.BarFiller, mostLines-1)
	for i := range below {
		below[i] = mpb.BarFillerFunc(func(w io.Writer, _ decor.Statistics) error { return b.draw(w, i+1, "\n") })
	}
	first := mpb.BarFillerFunc(func(w io.Writer, _ decor.Statistics) error {
		b.mu.Lock()
		b.shows.Tick(time.Now())
		b.lines = b.shows.lines(time.Now(), b.columns())
		b.mu.Unlock()
		return b.draw(w, 0, "")
	})
	if bar, err := c.progress.Add(1, first, mpb.BarPriority(row), mpb.BarFillerTrim(), mpb.BarRemoveOnComplete(), mpb.BarBtmExtender(below...)); err == nil {
		b.bar = bar
	}
	return b
}

// draw writes a line of the frame, if it has so many.
func (b *bars) draw(w io.Writer, line int, end string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if line >= len(b.lines) {
		return nil
	}
	_, err := io.WriteString(w, b.lines[line]+end)
	return err
}

func (b *bars) Observe(o journal.Observation) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.shows.Observe(o)
}

func (b *bars) Record(e journal.Event) {
	b.mu.Lock()
	ended := b.shows.Record(e, time.Now())
	above, cell := b.shows.above(e), ""
	if b.shows.Plan.Scan != nil {
		above, cell = b.shows.aboveScan(e, ended, above, terminal.Options{Color: b.color, Width: b.columns() - 1})
	}
	b.mu.Unlock()
	if cell != "" {
		_, _ = io.WriteString(b.canvas, cell+"\n") // it has no error
	}
	if above != "" {
		b.printAbove(above)
	}
}

// See tells that nothing comes to a fault.
func (b *bars) See(fault string, e journal.Evidence) {
	b.mu.Lock()
	_, text := b.unmet.Look(b.shows.Plan, fault, e, time.Now())
	b.mu.Unlock()
	if text != "" {
		b.printAbove(text)
	}
}

// above says of an event what is to stay on the screen; empty: nothing.
func (p *picture) above(e journal.Event) (above string) {
	switch e.Kind {
	case journal.Interrupted, journal.Noted, journal.SuiteStopped, journal.BaselineHarmed, journal.Decided:
		_, above = progress.Describe(p.Plan, e)
	case journal.AlertChanged:
		if e.Alert != nil && e.Alert.State != journal.AlertInactive {
			_, above = progress.Describe(p.Plan, e)
		}
	case journal.InvariantChecked:
		if e.Check != nil && !e.Check.Holds {
			_, above = progress.DescribeReading(e.Check)
		}
	}
	return above
}

// printAbove prints a line that stays above the bars.
func (b *bars) printAbove(text string) {
	if b.shows.label != "" {
		text = b.shows.label + ": " + text
	}
	_, _ = io.WriteString(b.canvas, terminal.Cut(inert.Line(inert.Text(text)), b.columns()-1)+"\n") // it has no error
}

// Judge prints the row of an experiment, with the verdict and the number of its result.
func (b *bars) Judge(e *result.Experiment) {
	rows := results.Row(b.shows.label, e, terminal.Options{Color: b.color, Width: b.columns() - 1})
	_, _ = io.WriteString(b.canvas, strings.Join(rows, "\n")+"\n") // it has no error
}

// Close ends the bars. mpb would wait for one that is not complete for ever.
func (b *bars) Close() {
	if b.bar != nil {
		b.bar.Abort(true)
	}
}
