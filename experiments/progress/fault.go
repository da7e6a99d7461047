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
		c.before.end(e.Since)
		c.Harm.inject(f.Name, e.Since)
		c.Recovery = Recovery{}
	case journal.FaultVanished:
		f.Lost = e.Detail
	case journal.FaultRemoved:
		f.Removed, f.Verified = now, e.Verified
		if !e.Verified {
			f.Lost = e.Error
		}
		c.Harm.remove(f.Name, e.Began)
		if !slices.ContainsFunc(c.Faults, func(f Fault) bool { return f.Removed.IsZero() }) {
			c.cutSample(now)
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
	// Known means that enough journeys have ended in the last seconds to say something.
	Known bool
	// Quiet is since when those of no kind show more harm than before the fault; zero: they
	// do show more, or nothing is known yet.
	Quiet time.Time
	// Looked is when it was looked at last; zero: it was not. No journeys are sent after the
	// end of the experiment or after an interruption, and nothing is looked at.
	Looked time.Time

	samples int // that ended since the removal
}

// Sends reports whether the experiment sends journeys: it goes on, and nobody has stopped it.
func (p *Progress) Sends() bool { return p.Current.Running && p.Stopping == "" && !p.Over }

// leastLooked is with how many journeys of a kind something is said.
const leastLooked = 5

// lookAtRecovery compares what ended in the last seconds since the removal with the time
// before the fault, each kind of journey by itself.
func (p *Progress) lookAtRecovery(now time.Time) {
	c := &p.Current
	r := &c.Recovery
	if r.Removed.IsZero() || !p.Sends() {
		return
	}
	r.Looked = now
	r.samples++
	var recent Counts
	for _, sample := range c.Samples[max(0, len(c.Samples)-min(lately, r.samples)):] {
		recent = recent.Plus(sample)
	}
	enough, harmed := false, false
	for i, a := range recent {
		if ended := a.harm(plan.FaultArm); ended.N >= leastLooked {
			enough = true
			harmed = harmed || p.harmedMore(ended, c.Baseline.Journey(i).harm(plan.FaultArm))
		}
	}
	r.Known = enough
	switch {
	case harmed || !enough:
		r.Quiet = time.Time{}
	case r.Quiet.IsZero():
		r.Quiet = now
	}
}

// harmedMore reports whether more journeys are shown to be harmed than before the fault, or
// than a baseline may have where nothing is known of it.
func (p *Progress) harmedMore(ended, before stats.Count) bool {
	if before.N == 0 {
		return stats.Wilson(ended).Low > p.Experiment().Limits.Baseline
	}
	return stats.Newcombe(ended, before).Low > 0
}
