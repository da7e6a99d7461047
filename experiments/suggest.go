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
	if best := meant(wrote, sorted); best != "" {
		hint = "did you mean " + strconv.Quote(best) + "?"
	}
	if len(sorted) > listed {
		return hint, "known: " + strings.Join(sorted[:listed], ", ") + " and " + strconv.Itoa(len(sorted)-listed) + " more"
	}
	return hint, "known: " + strings.Join(sorted, ", ")
}

// meant is the known word that a user may have meant, by what it means elsewhere or
// by how it is written; or empty.
func meant(wrote string, known []string) string {
	for _, word := range synonyms(strings.ToLower(wrote)) {
		if slices.Contains(known, word) {
			return word
		}
	}
	return nearest(wrote, known)
}

// synonyms are the words of this language for one of another tool's, or of other
// people's.
func synonyms(wrote string) []string {
	switch wrote {
	case "type", "kind", "fault", "toxic":
		return []string{"inject"}
	case "proxy", "target", "dependency", "service":
		return []string{"into", "proxy"}
	case "toxicity", "percent", "percentage", "probability":
		return []string{"share"}
	case "delay":
		return []string{"latency"}
	case "duration", "length":
		return []string{"for", "fault"}
	case "start", "after", "offset":
		return []string{"at"}
	case "id", "name":
		return []string{"experiment", "system", "name"}
	case "description", "summary":
		return []string{"hypothesis"}
	case "equals", "equal", "is", "==":
		return []string{"eq"}
	case "regex", "regexp", "pattern", "match":
		return []string{"matches", "regex"}
	case "min", "at_least", "ge", ">=":
		return []string{"gte"}
	case "max", "at_most", "le", "<=":
		return []string{"lte"}
	case "get", "post", "put", "delete", "method", "path", "uri", "call", "http":
		return []string{"request"}
	case "extract", "save", "store", "set":
		return []string{"capture"}
	case "assert", "check", "checks", "assertions", "validate", "response":
		return []string{"expect"}
	case "data", "payload":
		return []string{"json", "body"}
	case "thresholds", "slo", "steady_state":
		return []string{"limits", "invariants"}
	case "rps", "qps", "load", "throughput":
		return []string{"rate"}
	case "budget", "slow", "slo_latency":
		return []string{"slow_after"}
	case "base_url", "target_url", "entry", "host", "endpoint":
		return []string{"url"}
	case "env":
		return []string{"environment"}
	case "services", "proxies":
		return []string{"dependencies"}
	case "scenarios", "flows", "users":
		return []string{"journeys"}
	case "requests":
		return []string{"steps"}
	}
	return nil
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
