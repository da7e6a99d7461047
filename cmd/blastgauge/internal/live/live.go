// Package live shows runs on a terminal or in a log while they go on: as bars, as
// one line per event, or not at all.
//
// A view gets the same events as the journal, after the journal. It waits for the terminal,
// and so it is for a goroutine of its own, which drops what a terminal is too slow for.
package live

import (
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"time"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/inert"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/progress"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report/terminal"
)

// A View shows one run. Its methods may be called from several goroutines; nothing may be
// called after Close.
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

// closeWithin is how long a terminal may take that does not scroll.
const closeWithin = 2 * time.Second

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
		what, about = "a scan of "+figures.Plural(len(p.Scan.Dependencies), "dependency", "dependencies"), "at most "+figures.Span(p.Scan.Budget)
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
		return newBars(s.canvas, p, label, run, run+1 >= len(s.labels) || p.Scan != nil)
	}
	if p.Scan != nil {
		return newScanLines(s.log, p, label, s.color)
	}
	return newLines(s.log, p, label, s.color)
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
	s.canvas.console.ask()
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

// Silent is a View that shows nothing.
type Silent struct{}

// Record shows nothing.
func (Silent) Record(journal.Event) {}

// Observe shows nothing.
func (Silent) Observe(journal.Observation) {}

// Close has nothing to end.
func (Silent) Close() {}
