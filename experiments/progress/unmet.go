package progress

import (
	"fmt"
	"time"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// unmetFor is how long a fault is in force before it is said that nothing comes to it.
const unmetFor = 10 * time.Second

// Unmet tells while a run goes on that nothing comes to a fault, as where the system calls
// the dependency and not its proxy: the verdict would say so minutes later. The zero value
// is ready to use, by one goroutine at a time.
type Unmet struct {
	since map[string]time.Time // by fault; zero: something came to it, or it is told
}

// Look takes what a fault in force has met, and returns what to tell; empty: nothing. A scan
// finds out by itself which dependencies journeys call.
func (u *Unmet) Look(p *plan.Plan, fault string, e journal.Evidence, at time.Time) (topic, text string) {
	if p.Scan != nil || !e.Counted || e.Refuses {
		return "", ""
	}
	since, known := u.since[fault]
	switch {
	case !known:
		if u.since == nil {
			u.since = map[string]time.Time{}
		}
		u.since[fault] = at
	case since.IsZero():
	case e.Met+e.Of+e.Seen > 0:
		u.since[fault] = time.Time{}
	case at.Sub(since) >= unmetFor:
		u.since[fault] = time.Time{}
		return "warning", fmt.Sprintf("%s: in force for %s, and nothing has come to its proxy: does the system call the dependency there?",
			DescribeFault(p, fault), figures.Span(unmetFor))
	}
	return "", ""
}
