package shape

import (
	"slices"
	"strconv"
	"strings"
)

// suggest returns a hint with the known word that the user may have meant, and a
// note that lists all of them.
func (d *Document) suggest(wrote string, known []string) (hint, note string) {
	const listed = 24 // a longer list does not help
	sorted := slices.Sorted(slices.Values(known))
	if best := d.Guess(wrote, sorted); best != "" {
		hint = "did you mean " + strconv.Quote(best) + "?"
	}
	if len(sorted) > listed {
		return hint, "known: " + strings.Join(sorted[:listed], ", ") + " and " + strconv.Itoa(len(sorted)-listed) + " more"
	}
	return hint, "known: " + strings.Join(sorted, ", ")
}

// Guess returns the known word that a user may have meant, by a synonym or by its
// spelling, or an empty text.
func (d *Document) Guess(wrote string, known []string) string {
	if d.language.Synonyms != nil {
		for _, word := range d.language.Synonyms(strings.ToLower(wrote)) {
			if slices.Contains(known, word) {
				return word
			}
		}
	}
	return Nearest(wrote, known)
}

// Nearest returns the known word that is spelled most like another, or an empty
// text if none is close.
func Nearest(wrote string, known []string) string {
	best, least := "", 1+max(1, len(wrote)/3)
	for _, k := range known {
		if far := distance(strings.ToLower(wrote), strings.ToLower(k)); far < least && len(wrote) <= 64 {
			best, least = k, far
		}
	}
	return best
}

// distance returns how many characters must be added, dropped, replaced or swapped
// with their neighbour to turn a into b (optimal string alignment). Words of more
// than 64 bytes get no suggestion, so their distance is only their length.
func distance(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return max(len(a), len(b))
	}
	before, above, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range above {
		above[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			change := 1
			if a[i-1] == b[j-1] {
				change = 0
			}
			row[j] = min(above[j]+1, row[j-1]+1, above[j-1]+change)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, above, row = above, row, before
	}
	return above[len(b)]
}
