package prometheus

import (
	"cmp"
	"maps"
	"slices"
)

// replacedWithin is how long before the last scrape of a target another one may have come
// that replaces it, in milliseconds: a rollout starts the new ones first.
const replacedWithin = 60_000

// unscraped are the intervals, of all targets, that no scrape ended until a moment: those
// of targets that were scraped no more, until others came in their place, and those before
// the first scrape of a target that came in the place of none. A target that was gone when
// the fault began is none of the fault's doing from then on. fault is when it began; 0: it
// did not.
func (t *targets) unscraped(until, fault int64) (found []interval) {
	names := slices.Sorted(maps.Keys(t.known))
	var fresh []string
	for _, name := range names {
		if t.known[name].first > t.start+t.longest {
			fresh = append(fresh, name)
		}
	}
	byFirst := func(a, b string) int { return cmp.Compare(t.known[a].first, t.known[b].first) }
	slices.SortStableFunc(fresh, byFirst)
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(t.known[a].last, t.known[b].last) })
	for _, name := range names {
		k := t.known[name]
		to := until
		if fault > 0 && k.last+t.longest < fault {
			to = min(to, fault)
		}
		heir := slices.IndexFunc(fresh, func(other string) bool {
			o := t.known[other]
			return other != name && o.on == k.on && o.first >= max(k.first, k.last-replacedWithin) && k.last < until-t.longest
		})
		if heir >= 0 {
			to = min(to, max(k.last+t.longest, t.known[fresh[heir]].first))
			fresh = slices.Delete(fresh, heir, heir+1)
		}
		if k.last < until-t.longest && to > k.last {
			found = append(found, interval{target: name, from: k.last, to: to, on: k.on, lost: silent})
		}
	}
	for _, name := range fresh {
		k := t.known[name]
		found = append(found, interval{target: name, from: k.first - t.longest, to: k.first, on: k.on, lost: born})
	}
	return found
}
