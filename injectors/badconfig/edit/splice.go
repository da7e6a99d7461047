package edit

import (
	"errors"
	"slices"
)

// A splice replaces a piece of a text.
type splice struct {
	at  int // in bytes of the text before all splices
	was string
	is  string
}

// errOverlap means that one splice lies within another one.
var errOverlap = errors.New("edits overlap")

// applySplices applies splices to a text. It sorts them first.
func applySplices(text []byte, splices []splice) ([]byte, error) {
	slices.SortStableFunc(splices, func(a, b splice) int {
		if a.at != b.at {
			return a.at - b.at
		}
		return len(a.was) - len(b.was) // an insertion comes before a replacement at the same place
	})
	out := make([]byte, 0, len(text)+64)
	at := 0
	for _, e := range splices {
		end := e.at + len(e.was)
		if e.at < at || end > len(text) || string(text[e.at:end]) != e.was {
			return nil, errOverlap
		}
		out = append(append(out, text[at:e.at]...), e.is...)
		at = end
	}
	return append(out, text[at:]...), nil
}
