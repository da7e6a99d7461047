package progress

import (
	"slices"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/stats"
)

// A Fault is one that is in force, or was.
type Fault struct {
	Name, Text string
	Injected   time.Time
	Removed    time.Time         // zero: it was not
	Verified   bool              // it was read back as gone
	Lost       string            // why it is gone although nobody removed it, or is not gone
	Evidence   *journal.Evidence // from the last look at it; nil: there was none
}

// recordFault takes what an event says of a fault.
func (c *Experiment) recordFault(p *plan.Plan, e journal.Event, now time.Time) {
	at := slices.IndexFunc(c.Faults, func(f Fault) bool { return f.Name == e.Fault })
	if at < 0 {
		at = len(c.Faults)
		c.Faults = append(c.Faults, Fault{Name: e.Fault, Text: DescribeFault(p, e.Fault), Injected: now})
	}
	f := &c.Faults[at]
	if e.Evidence != nil {
		f.Evidence = e.Evidence
	}
	switch e.Kind {
	case journal.FaultInjected:
		*f = Fault{Name: f.Name, Text: f.Text, Injected: now, Evidence: f.Evidence}
		c.Harm.inject(e.Since)
		c.Recovery = Recovery{}
	case journal.FaultVanished:
		f.Lost = e.Detail
	case journal.FaultRemoved:
		f.Removed, f.Verified = now, e.Verified
		if !e.Verified {
			f.Lost = e.Error
		}
		c.Harm.remove(e.Began)
		if !slices.ContainsFunc(c.Faults, func(f Fault) bool { return f.Removed.IsZero() }) {
			c.Recovery = Recovery{Removed: now}
		}
	}
}

// See takes what a look at a fault in force has shown.
func (p *Progress) See(fault string, e journal.Evidence) {
	for i := range p.Current.Faults {
		if f := &p.Current.Faults[i]; f.Name == fault && f.Removed.IsZero() {
			f.Evidence = &e
		}
	}
}

// A Recovery is how the system does since the faults are gone.
type Recovery struct {
	Removed time.Time // of the last fault; zero: none was removed, or one is in force
	// Healthy is since when no more journeys are harmed than the baseline may have, going by
	// those of the last seconds; zero: more are.
	Healthy time.Time
}

// leastLooked is with how many journeys something is said.
const leastLooked = 5

func (r *Recovery) look(recent stats.Count, limit float64, now time.Time) {
	switch {
	case r.Removed.IsZero() || recent.N < leastLooked:
	case stats.Wilson(recent).Low > limit:
		r.Healthy = time.Time{}
	case r.Healthy.IsZero():
		r.Healthy = now
	}
}

// recentHarm are the journeys of the fault arm that ended in the last seconds.
func (c *Experiment) recentHarm() (all stats.Count) {
	for _, sample := range c.Samples[max(0, len(c.Samples)-lately):] {
		for _, a := range sample {
			all.N += a.Journeys[plan.FaultArm]
			all.Hits += a.Harmed[plan.FaultArm]
		}
	}
	return all
}
