package experiments

import (
	"slices"
	"strconv"
	"strings"
)

// suggest finds what a user may have meant: the nearest known word, and the
// list of all of them.
func suggest(wrote string, known []string) (hint, note string) {
	const listed = 24 // more than these help nobody
	sorted := slices.Sorted(slices.Values(known))
	if best := nearest(wrote, sorted); best != "" {
		hint = "did you mean " + strconv.Quote(best) + "?"
	}
	if len(sorted) > listed {
		return hint, "known: " + strings.Join(sorted[:listed], ", ") + " and " + strconv.Itoa(len(sorted)-listed) + " more"
	}
	return hint, "known: " + strings.Join(sorted, ", ")
}

// nearest is the known word that a user may have meant, or empty.
func nearest(wrote string, known []string) string {
	best, least := "", 1+max(1, len(wrote)/3)
	for _, k := range known {
		if far := distance(strings.ToLower(wrote), strings.ToLower(k)); far < least && len(wrote) <= 64 {
			best, least = k, far
		}
	}
	return best
}

// distance is how many characters must be added, dropped, replaced or swapped
// with their neighbour to turn a into b. Words that no suggestion is made for
// are only as far as their lengths.
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
