package engine

import (
	"time"

	"github.com/blastgauge/blastgauge/experiments/stats"
)

// evidenceAtAge is gathered from journeys in the order of their intended starts, each
// judged once, by what is known of it when it has an age. Which journeys are in a block
// must not depend on what becomes of them: under a fault that only delays, the journeys
// that end first are those that fail fast anyway.
type evidenceAtAge struct {
	age   time.Duration
	until time.Duration // journeys that were intended to start before are taken into account
	used  stats.Pair
}

// agesUpTo are the ages at which journeys are judged. The young ones see journeys that
// fail at once, the last one those that hang.
func agesUpTo(last time.Duration) (ages []time.Duration) {
	for _, age := range []time.Duration{250 * time.Millisecond, time.Second} {
		if age < last {
			ages = append(ages, age)
		}
	}
	return append(ages, last)
}

// take counts the journeys of both arms that came to the age since the last look.
func (a *evidenceAtAge) take(now time.Duration, fault, control []endedJourney, meets func(endedJourney) bool) stats.Pair {
	block := stats.Pair{Fault: a.count(now, fault, meets), Control: a.count(now, control, meets)}
	a.until = max(a.until, now-a.age)
	a.used = stats.Pair{Fault: joined(a.used.Fault, block.Fault), Control: joined(a.used.Control, block.Control)}
	return block
}

func (a *evidenceAtAge) count(now time.Duration, started []endedJourney, meets func(endedJourney) bool) (c stats.Count) {
	for _, j := range started {
		if j.intended >= a.until && j.intended < now-a.age {
			count(&c, meets(j), j.many())
		}
	}
	return c
}

func joined(a, b stats.Count) stats.Count { return stats.Count{Hits: a.Hits + b.Hits, N: a.N + b.N} }
