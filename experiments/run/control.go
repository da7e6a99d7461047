package run

import (
	"cmp"
	"context"
	"fmt"
	"sync"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/run/engine"
)

// Errors of a [Control].
var (
	// ErrOver means that the run takes no orders and no notes any more.
	ErrOver = engine.ErrOver
	// ErrNote means that a note cannot be kept as it is. Its text says what would be right.
	ErrNote = journal.ErrNote
)

// A Control is how others act on a run that goes on: from a page, from another terminal, or
// from the server that carries the faults. Its methods may be called from several
// goroutines, but not by a [View] that is being told something. Once the run is over they
// return [ErrOver].
type Control struct {
	stop context.CancelCauseFunc
	hide func(text string, most int) string // masks secrets

	mu     sync.Mutex
	record func(journal.Event) error // nil: the run has not started yet
	early  []journal.Event           // notes from before it has
	notes  int                       // that were kept, or are being
	over   bool
}

// Stop interrupts the run as Ctrl-C does: it removes its faults, folds its journal and ends
// with the same exit code. Stop does not wait for that. Who asks for it, and why, is in the
// journal and in every report; a text that is too long is cut.
func (c *Control) Stop(by, why string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.over {
		return ErrOver
	}
	c.stop(interrupt(c.hide(by, journal.MostAuthor), c.hide(why, journal.MostReason)))
	return nil
}

// interrupt is the order of a person to end a run.
func interrupt(by, why string) *engine.Interrupt {
	by = cmp.Or(journal.CutLine(by, journal.MostAuthor), "somebody")
	return &engine.Interrupt{Signal: "INT", By: by, Why: journal.CutLine(why, journal.MostReason)}
}

// Note keeps what somebody writes while the run goes on. It is on disk when Note returns,
// or will be before anything else of the run. The error is of the class [ErrNote] where the
// note itself is wrong.
func (c *Control) Note(author, text string, followUp bool) error {
	note, err := journal.NewNote(author, text, followUp)
	if err != nil {
		return err
	}
	note.Author, note.Detail = c.hide(note.Author, journal.MostAuthor), c.hide(note.Detail, journal.MostNote)
	record, err := c.admit(note)
	if err != nil || record == nil {
		return err
	}
	return record(note)
}

// admit counts a note. Before the run has started it is kept for later: record is nil then.
func (c *Control) admit(note journal.Event) (record func(journal.Event) error, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.over:
		return nil, ErrOver
	case c.notes >= journal.MostNotes:
		return nil, fmt.Errorf("%w: the run has %d, and keeps no more", ErrNote, journal.MostNotes)
	}
	c.notes++
	if c.record == nil {
		c.early = append(c.early, note)
	}
	return c.record, nil
}

// started lets notes into the journal. Those from before come first.
func (c *Control) started(record func(journal.Event) error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, note := range c.early {
		_ = record(note) // the next event fails as well, and ends the run
	}
	c.record, c.early = record, nil
}

// end refuses everything from now on.
func (c *Control) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.over = true
}

// newControl is how others act on r.
func (r *run) newControl() *Control {
	return &Control{stop: r.stop, hide: func(text string, most int) string {
		const mark = len("...") // stands where a text was cut
		text = r.hideRows(text)
		if hidden := r.secrets.Text(text, most); len(hidden) <= most {
			return hidden
		}
		return r.secrets.Text(text, most-mark)
	}}
}
