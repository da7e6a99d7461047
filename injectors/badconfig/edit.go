package badconfig

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"
)

// An Edit replaces a piece of a text.
type Edit struct {
	At  int    `json:"at"` // in bytes of the text before all edits
	Was string `json:"was"`
	Is  string `json:"is"`
}

// errOverlap means that edits cannot be made independently.
var errOverlap = errors.New("edits overlap")

// edited applies edits to a text. They are sorted on the way.
func edited(text []byte, edits []Edit) ([]byte, error) {
	slices.SortStableFunc(edits, func(a, b Edit) int {
		if a.At != b.At {
			return a.At - b.At
		}
		return len(a.Was) - len(b.Was) // an insertion comes before what is replaced there
	})
	out := make([]byte, 0, len(text)+64)
	at := 0
	for _, e := range edits {
		end := e.At + len(e.Was)
		if e.At < at || end > len(text) || string(text[e.At:end]) != e.Was {
			return nil, errOverlap
		}
		out = append(append(out, text[at:e.At]...), e.Is...)
		at = end
	}
	return append(out, text[at:]...), nil
}

// Reverse takes edits back: it makes the text before of the text after. The
// error says that the text is not the one that the edits made.
func Reverse(after []byte, edits []Edit) ([]byte, error) {
	out := make([]byte, 0, len(after))
	at, shift := 0, 0
	for i, e := range edits {
		from := e.At + shift
		if from < at || from+len(e.Is) > len(after) || string(after[from:from+len(e.Is)]) != e.Is {
			return nil, fmt.Errorf("edit %d of %d is not in the text: it was changed since", i+1, len(edits))
		}
		out = append(append(out, after[at:from]...), e.Was...)
		at = from + len(e.Is)
		shift += len(e.Is) - len(e.Was)
	}
	return append(out, after[at:]...), nil
}

// difference is one edit that makes after of before: all between what they have
// in common at the start and at the end.
func difference(before, after []byte) []Edit {
	from := 0
	for from < len(before) && from < len(after) && before[from] == after[from] {
		from++
	}
	end := 0
	for end < len(before)-from && end < len(after)-from && before[len(before)-1-end] == after[len(after)-1-end] {
		end++
	}
	for from > 0 && !(startsRune(before, from) && startsRune(after, from)) {
		from--
	}
	for end > 0 && !(startsRune(before, len(before)-end) && startsRune(after, len(after)-end)) {
		end--
	}
	return []Edit{{At: from, Was: string(before[from : len(before)-end]), Is: string(after[from : len(after)-end])}}
}

func startsRune(text []byte, at int) bool { return at >= len(text) || utf8.RuneStart(text[at]) }

// replaced is the result of putting another document in place of this one.
func replaced(before, after []byte, what string) Result {
	return Result{Body: bytes.Clone(after), Changed: true, What: what, Edits: difference(before, after)}
}
