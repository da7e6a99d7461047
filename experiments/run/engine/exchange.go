package engine

import (
	"context"

	"github.com/blastgauge/blastgauge/experiments/journal"
)

// exchangeBefore makes one exchange through each proxy before the fault.
func (x *experimentRun) exchangeBefore(ctx context.Context) {
	if x.options.Exchanger == nil {
		return
	}
	x.exchanges = map[string]journal.Exchange{}
	for _, f := range x.e.Faults {
		if f.Proxy != "" {
			x.exchanges[f.Name] = x.options.Exchanger.Exchange(ctx, f)
		}
	}
}

// exchangeDuring makes the same exchange under each fault that starts with the
// phase, where the server does not count everything that the fault meets.
func (x *experimentRun) exchangeDuring(ctx context.Context) {
	defer x.catchPanic("exchange")
	if x.options.Exchanger == nil {
		return
	}
	for _, a := range x.faults.list() {
		if seen := x.faults.evidence(a); seen.Counted && !seen.Refuses || a.Proxy == "" { // without a proxy there is nothing to talk to
			continue
		}
		before := x.exchanges[a.Name]
		during := x.options.Exchanger.Exchange(ctx, a.Fault)
		if ctx.Err() != nil {
			return // the end of the fault cut the exchange short
		}
		pair := journal.ExchangePair{Before: before, During: during, Met: x.options.Exchanger.Shows(a.Fault, before, during)}
		x.recordBeside(journal.Exchanged, journal.Event{Fault: a.Name, Exchanges: &pair})
	}
}
