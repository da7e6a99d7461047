package live

import (
	"io"
	"os"

	"golang.org/x/term"
)

// IsTerminal reports whether w is a terminal.
func IsTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// IsTyped reports whether somebody types at a terminal what is read from r. A process in
// the background may not read there: it would be stopped in the middle of its work.
func IsTyped(r io.Reader) bool {
	f, ok := r.(*os.File)
	return ok && term.IsTerminal(int(f.Fd())) && inForeground(f)
}

// Columns returns the width of a terminal, at most 100, and 80 for anything else.
func Columns(w io.Writer) int {
	columns, _ := size(w)
	return min(columns, 100)
}

// size returns the columns and the rows of a terminal, and 80 and 24 for anything else.
func size(w io.Writer) (columns, rows int) {
	if f, ok := w.(*os.File); ok {
		if columns, rows, err := term.GetSize(int(f.Fd())); err == nil && columns > 0 && rows > 0 {
			return columns, rows
		}
	}
	return 80, 24
}
