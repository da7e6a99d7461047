package engine

import (
	"context"

	"github.com/blastgauge/blastgauge/experiments/journal"
)

// before are our own exchanges ahead of the fault, by the fault's name.
type before map[string]journal.Exchange

// probeBefore makes one exchange through each proxy while all is well.
func (fs *faults) probeBefore(ctx context.Context) {
	if fs.t.o.Probe == nil {
		return
	}
	fs.t.before = before{}
	for _, f := range fs.t.e.Faults {
		if f.Proxy != "" {
			fs.t.before[f.Name] = fs.t.o.Probe.Probe(ctx, f)
		}
	}
}

// probeDuring makes the same exchange under each fault that starts with the
// phase and that its server does not count.
func (t *trial) probeDuring(ctx context.Context) {
	defer t.catch("probe")
	if t.o.Probe == nil {
		return
	}
	for _, a := range t.faults.list() {
		if t.faults.evidence(a).Counted || a.Proxy == "" { // there is nothing to talk to
			continue
		}
		first := t.before[a.Name]
		during := t.o.Probe.Probe(ctx, a.Fault)
		if ctx.Err() != nil {
			return // cut short: what it saw is the end of the fault
		}
		p := journal.Probe{Before: first, During: during, Met: t.o.Probe.Met(a.Fault, first, during)}
		if err := t.event(journal.Probed, journal.Event{Fault: a.Name, Probe: &p}); err != nil {
			t.fatal(err)
		}
	}
}
