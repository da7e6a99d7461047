package prometheus

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/blastgauge/blastgauge/experiments/plan"
)

// A sample is the value of a counter at a scrape, in milliseconds of Prometheus' clock.
type sample struct {
	at    int64
	value float64
}

// A role is what a series counts.
type role uint8

const (
	total  role = iota // journeys
	harmed             // those of them that were harmed
	bucket             // those that took no longer than an edge
)

// A series is one counter of a target.
type series struct {
	name    string // unique in its target and role
	target  string
	arm     plan.Arm
	role    role
	edge    float64 // of a bucket, in seconds
	samples []sample
	armless bool // it has no label of an arm, where others have
	labels  map[string]string
}

// An interval is what one target counted between two neighbouring scrapes, (from, to].
type interval struct {
	target   string
	from, to int64
	arms     [2]armCounts
	on       [2]bool    // the arms of the target
	lost     lossReason // why nothing is known of it; empty: it is
}

// armCounts are what was counted on an arm in an interval.
type armCounts struct {
	total, harmed int
	buckets       map[float64]int // by their edge: journeys that took no longer
}

// A lossReason is why nothing is known of an interval.
type lossReason string

const (
	gap      lossReason = "gap"      // a scrape is missing
	restart  lossReason = "restart"  // a counter began anew: what it had counted last is lost
	vanished lossReason = "vanished" // a series is gone, and its target is not
	leap     lossReason = "leap"     // a counter counted more than there can be
	unread   lossReason = "unread"   // a counter was no number
	apart    lossReason = "apart"    // harm was counted on no target of total, or on no arm
	edgeless lossReason = "edgeless" // a histogram lacks the edge of slow_after
	silent   lossReason = "silent"   // a target was scraped no more
	born     lossReason = "born"     // what a target that is new counted before its first scrape
)

// mostJourneys is how many journeys a target counts between two scrapes at the most.
const mostJourneys = 1_000_000_000

// A target is what is scraped at once.
type target struct {
	first, last int64 // the oldest and the newest scrape that were taken into account; 0: none
	values      map[key]float64
	gone        map[key]bool // series that it had, and has not now
	on          [2]bool      // the arms that it counts for
	counted     [2]float64   // journeys of each arm, as long as no fault was in force
}

// A key is a series of a target.
type key struct {
	role role
	name string
}

// targets take scrapes into account as they come, each once.
type targets struct {
	longest int64 // milliseconds; a longer interval lacks a scrape
	known   map[string]*target
	apart   map[string]sample // the newest one of series that belong to no target
	start   int64             // the newest scrape of the first look
	fixed   bool              // a fault has begun: what each counts says no more how much it carries
}

func newTargets(longest time.Duration) *targets {
	return &targets{longest: longest.Milliseconds(), known: map[string]*target{}, apart: map[string]sample{}}
}

// A scrape is all that is known of a target at a moment.
type scrape map[key]point

type point struct {
	series *series
	value  float64
}

// add returns the intervals that end with scrapes that are new, for each target in the
// order of time. What was read of a target's other counters has to be as new as what was
// read of its total: its scrapes are those of the total.
func (t *targets) add(list []series) []interval {
	scrapes := map[string]map[int64]scrape{}
	for role := total; role <= bucket; role++ {
		for i := range list {
			if list[i].role == role {
				t.sort(scrapes, &list[i])
			}
		}
	}
	var found []interval
	for _, name := range slices.Sorted(maps.Keys(scrapes)) {
		for _, at := range slices.Sorted(maps.Keys(scrapes[name])) {
			if i, ok := t.advance(name, at, scrapes[name][at]); ok {
				found = append(found, i)
			}
		}
	}
	if t.start == 0 {
		t.start = t.newest()
	}
	return append(found, t.strays(list)...)
}

// sort puts the new samples of a series where they belong.
func (t *targets) sort(scrapes map[string]map[int64]scrape, s *series) {
	if s.armless {
		return
	}
	known := t.known[s.target]
	at := scrapes[s.target]
	for _, p := range s.samples {
		if known != nil && p.at <= known.last {
			continue
		}
		if s.role == total {
			if at == nil {
				at = map[int64]scrape{}
				scrapes[s.target] = at
			}
			if at[p.at] == nil {
				at[p.at] = scrape{}
			}
		}
		if at[p.at] != nil {
			at[p.at][key{s.role, s.name}] = point{s, p.value}
		}
	}
}

// advance takes a scrape of a target into account. The first one of a target begins its
// time: what it counted before is not known to be of this time.
func (t *targets) advance(name string, at int64, now scrape) (interval, bool) {
	known := t.known[name]
	if known == nil {
		known = &target{first: at, gone: map[key]bool{}}
		t.known[name] = known
	}
	for _, p := range now {
		known.on[p.series.arm] = true
	}
	i, first := interval{target: name, from: known.last, to: at, on: known.on}, known.last == 0
	if !first {
		i.count(known, now, t.longest)
	}
	known.take(at, now)
	for arm := range i.arms {
		if i.lost == "" && !t.fixed {
			known.counted[arm] += float64(i.arms[arm].total)
		}
	}
	return i, !first
}

// take keeps a scrape. A series that is gone may come back with all that it ever counted,
// unless the target began anew.
func (k *target) take(at int64, now scrape) {
	for series := range k.values {
		if _, still := now[series]; !still {
			k.gone[series] = true
		}
	}
	if k.fell(now) {
		clear(k.gone)
	}
	k.last, k.values = at, make(map[key]float64, len(now))
	for series, p := range now {
		k.values[series] = p.value
		delete(k.gone, series)
	}
}

// fell reports whether a counter began anew.
func (k *target) fell(now scrape) bool {
	for series, p := range now {
		if p.value < k.values[series] {
			return true
		}
	}
	return false
}

// count fills in what was counted between two scrapes. Nothing is guessed: where a scrape
// is missing or a counter began anew, nobody knows how much, and the interval counts for
// nothing.
func (i *interval) count(known *target, now scrape, longest int64) {
	if i.to-i.from > longest {
		i.lost = gap
		return
	}
	if known.fell(now) {
		i.lost = restart
		return
	}
	for k := range known.values {
		if _, still := now[k]; !still {
			i.lost = vanished
		}
	}
	for k, p := range now {
		was := known.values[k] // a series that is new in a target that is not began at 0
		switch n := p.value - was; {
		case known.gone[k]:
			i.lost = vanished
		case math.IsNaN(n) || math.IsInf(n, 0):
			i.lost = unread
		case n > mostJourneys:
			i.lost = leap
		}
		if i.lost == "" {
			i.arms[p.series.arm].add(p.series, int(math.Round(p.value-was)))
		}
	}
}

// strays are the times in which something counted that belongs to no target of the total, or
// to no arm: nobody knows whose journeys those were. A target that is new may be read of
// harm before it is read of the total, so that the newest scrapes wait.
func (t *targets) strays(list []series) (found []interval) {
	until := t.newest() - t.longest
	for i := range list {
		s := &list[i]
		if s.role == total || !s.armless && t.known[s.target] != nil {
			continue
		}
		name := fmt.Sprint(s.target, " ", s.role, " ", s.name)
		for _, p := range s.samples {
			was, seen := t.apart[name]
			if p.at <= was.at || p.at > until {
				continue
			}
			t.apart[name] = p
			from := was.at
			if !seen {
				from = p.at - t.longest
			}
			if seen && p.value > was.value || !seen && p.at > t.start && p.value > 0 {
				found = append(found, interval{target: s.target, from: from, to: p.at, on: [2]bool{true, true}, lost: apart})
			}
		}
	}
	return found
}

// share is how much of an arm's journeys a target carried before the fault; of one that
// counted nothing it is that of all alike.
func (t *targets) share(name string, arm plan.Arm) float64 {
	all, targets := 0.0, 0
	for _, known := range t.known {
		if known.on[arm] {
			all, targets = all+known.counted[arm], targets+1
		}
	}
	known := t.known[name]
	switch {
	case known == nil:
		return 1
	case all > 0 && known.counted[arm] > 0:
		return known.counted[arm] / all
	}
	return 1 / float64(max(1, targets))
}

func (c *armCounts) add(s *series, n int) {
	switch s.role {
	case total:
		c.total += n
	case harmed:
		c.harmed += n
	case bucket:
		if c.buckets == nil {
			c.buckets = map[float64]int{}
		}
		c.buckets[s.edge] += n
	}
}

// slow is how many journeys took longer than a budget, which is the edge of a bucket.
func (c *armCounts) slow(budget time.Duration) int {
	if budget == 0 || c.buckets == nil {
		return 0
	}
	return max(0, c.buckets[math.Inf(1)]-c.buckets[budget.Seconds()])
}

// alive is how many targets were scraped at a moment or since.
func (t *targets) alive(at int64) (n int) {
	for _, known := range t.known {
		if known.last >= at {
			n++
		}
	}
	return n
}

// newest is the newest scrape of all targets; 0: there was none.
func (t *targets) newest() (at int64) {
	return max(t.newestOf(plan.FaultArm), t.newestOf(plan.ControlArm))
}

// newestOf is the newest scrape of the targets of an arm; 0: there was none.
func (t *targets) newestOf(arm plan.Arm) (at int64) {
	for _, known := range t.known {
		if known.on[arm] {
			at = max(at, known.last)
		}
	}
	return at
}

// oldest is the newest scrape of the target that was scraped longest ago, of those that were
// since a moment; 0: none was.
func (t *targets) oldest(since int64) (at int64) {
	for _, known := range t.known {
		if known.last >= since && (at == 0 || known.last < at) {
			at = known.last
		}
	}
	return at
}
