package journal

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/inert"
)

// Bounds of what people write into a journal, in bytes but for the first one.
const (
	MostNotes  = 1000 // of a run
	MostNote   = 2000 // its text
	MostAuthor = 80
	MostReason = 200
)

// ErrNote means that a note cannot be kept as it is. Its text says what would be right.
var ErrNote = errors.New("not a note")

// NewNote returns a note as a run keeps it: its text has one line or several. Characters
// that command a terminal become question marks. The error is of the class [ErrNote].
func NewNote(author, text string, followUp bool) (Event, error) {
	text = strings.ReplaceAll(text, "\r\n", "\n") // as browsers send a line's end
	text = strings.TrimSpace(inert.Clean(text, '?', "\n\t"))
	author = Author(author)
	switch {
	case text == "":
		return Event{}, fmt.Errorf("%w: it has no text", ErrNote)
	case len(text) > MostNote:
		return Event{}, fmt.Errorf("%w: it has %d bytes, and %d is the most", ErrNote, len(text), MostNote)
	case len(author) > MostAuthor:
		return Event{}, fmt.Errorf("%w: its author's name has %d bytes, and %d is the most", ErrNote, len(author), MostAuthor)
	}
	return Event{Kind: Noted, Author: author, Detail: text, FollowUp: followUp}, nil
}

// Author returns a person's name as one harmless line; somebody, if there is none.
func Author(name string) string { return cmp.Or(inert.Text(name), "somebody") }

// CutLine returns what somebody wrote as one harmless line of at most so many bytes. It is
// for what must not be refused for its length, such as the reason to stop a run.
func CutLine(text string, most int) string {
	text = inert.Text(text[:min(len(text), 8*most)])
	if len(text) <= most {
		return text
	}
	return strings.TrimSpace(strings.ToValidUTF8(text[:most], ""))
}

// checkNote returns what no run can have recorded of what somebody wrote.
func (e *Event) checkNote() error {
	switch {
	case len(e.Author) > MostAuthor:
		return fmt.Errorf("author has %d bytes, and %d is the most", len(e.Author), MostAuthor)
	case len(e.Reason) > MostReason:
		return fmt.Errorf("reason has %d bytes, and %d is the most", len(e.Reason), MostReason)
	case e.Kind == Noted && len(e.Detail) > MostNote:
		return fmt.Errorf("the note has %d bytes, and %d is the most", len(e.Detail), MostNote)
	}
	return nil
}
