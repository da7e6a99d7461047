package prometheus

import (
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
}

// An interval is what one target counted between two neighbouring scrapes, (from, to].
type interval struct {
	target   string
	from, to int64
	arms     [2]armCounts
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
)

// mostJourneys is how many journeys a target counts between two scrapes at the most.
const mostJourneys = 1_000_000_000

// A target is what is scraped at once.
type target struct {
	last   int64 // the newest scrape that was taken into account; 0: none
	values map[key]float64
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
}

func newTargets(longest time.Duration) *targets {
	return &targets{longest.Milliseconds(), map[string]*target{}}
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
	return found
}

// sort puts the new samples of a series where they belong.
func (t *targets) sort(scrapes map[string]map[int64]scrape, s *series) {
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
		known = &target{}
		t.known[name] = known
	}
	i, first := interval{target: name, from: known.last, to: at}, known.last == 0
	if !first {
		i.count(known.values, now, t.longest)
	}
	known.last, known.values = at, make(map[key]float64, len(now))
	for k, p := range now {
		known.values[k] = p.value
	}
	return i, !first
}

// count fills in what was counted between two scrapes. Nothing is guessed: where a scrape
// is missing or a counter began anew, nobody knows how much, and the interval counts for
// nothing.
func (i *interval) count(before map[key]float64, now scrape, longest int64) {
	if i.to-i.from > longest {
		i.lost = gap
		return
	}
	for k := range before {
		if _, still := now[k]; !still {
			i.lost = vanished
		}
	}
	for k, p := range now {
		was := before[k] // a series that is new in a target that is not began at 0
		if p.value < was {
			i.lost = restart
			return
		}
		if p.value-was > mostJourneys {
			i.lost = leap
			return
		}
		i.arms[p.series.arm].add(p.series, int(math.Round(p.value-was)))
	}
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
	for _, known := range t.known {
		at = max(at, known.last)
	}
	return at
}
