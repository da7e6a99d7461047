package check

import (
	"fmt"
	"maps"
	"time"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/journal"
)

// A standing is what every look at an invariant has found so far.
type standing struct {
	within time.Duration
	looked bool
	keys   map[string]int // how many violations have a key; nil: not all keys are known
	least  float64        // violations, where keys do not tell them apart
}

// keep returns the answer r of a look without what an earlier look did not find.
// Where keys do not tell violations apart, it has the least number of them.
func (s *standing) keep(r journal.CheckResult) journal.CheckResult {
	first := !s.looked
	s.looked = true
	if r.Holds {
		return r
	}
	if first {
		s.keys, s.least = countKeys(r.All), r.Violations
		return r
	}
	s.least = min(s.least, r.Violations)
	if s.keys == nil || r.All == nil {
		s.keys = nil
		r.All, r.Violations = nil, s.least
		return r
	}
	found := len(r.All)
	kept := bothHave(r.All, s.keys)
	s.keys = countKeys(kept)
	switch len(kept) {
	case found:
		return r
	case 0:
		return journal.CheckResult{Invariant: r.Invariant, Holds: true}
	}
	r.All, r.Keys = kept, kept[:min(len(kept), maxKeys)]
	r.Violations = min(r.Violations, float64(len(kept)))
	r.Detail = fmt.Sprintf("%d of %d violations stood for %s", len(kept), found, figures.Span(s.within))
	return r
}

// bothHave returns those keys that were there before as well, each as often as it was.
func bothHave(keys []string, before map[string]int) []string {
	left := maps.Clone(before)
	kept := []string{}
	for _, k := range keys {
		if left[k] > 0 {
			left[k]--
			kept = append(kept, k)
		}
	}
	return kept
}

// countKeys counts how often each key is there; nil for nil.
func countKeys(keys []string) map[string]int {
	if keys == nil {
		return nil
	}
	counts := make(map[string]int, len(keys))
	for _, k := range keys {
		counts[k]++
	}
	return counts
}

// setKeys gives a result the keys of its violations: the first of them for people, and
// all of them if there is one for each.
func setKeys(r *journal.CheckResult, keys []string) {
	r.Keys = keys[:min(len(keys), maxKeys)]
	if len(keys) > 0 && len(keys) < maxCompared && float64(len(keys)) >= r.Violations {
		r.All = keys
	}
}
