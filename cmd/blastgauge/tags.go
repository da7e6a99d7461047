package main

import (
	"context"
	"fmt"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/run/traffic"
	"github.com/blastgauge/blastgauge/injectors"
	"github.com/blastgauge/blastgauge/injectors/toxiproxy"
)

const (
	tagWithin = 5 * time.Second // how long tagged journeys are sent to see whether one reaches a dependency
	tagDelay  = 0.001           // seconds; what a request that is seen to arrive costs
)

// checkTags looks whether the tag of the fault arm reaches every dependency that
// an experiment wants to break for tagged journeys only. Where it does not, the
// experiment falls back to its baseline, and says so.
//
// What looks is a toxic of the run's own that delays tagged requests by a
// millisecond. It is the only one that is in force before there is a journal:
// the server, which is one of ours where requests are told apart, drops it with
// the run's lease.
func (a *app) checkTags(ctx context.Context, d *toxiproxy.Driver, p *plan.Plan) error {
	reached := map[string]bool{}
	for i := range p.Experiments {
		e := &p.Experiments[i]
		for _, f := range e.Faults {
			if !e.Tagged {
				break
			}
			if _, asked := reached[f.Proxy]; !asked {
				ok, err := a.tagReaches(ctx, d, p, i, f)
				if err != nil {
					return err
				}
				reached[f.Proxy] = ok
			}
			if !reached[f.Proxy] {
				e.Untag(fmt.Sprintf("journeys were tagged with baggage and none of their requests reached %s with it", f.Into))
				fmt.Fprintf(a.stderr, "warning: %s: %s\n", e.ID, e.ControlWhy)
			}
		}
	}
	return nil
}

func (a *app) tagReaches(ctx context.Context, d *toxiproxy.Driver, p *plan.Plan, index int, f plan.Fault) (reached bool, err error) {
	look := f
	look.Name = injectors.FaultName(p.Run, 0)
	look.Fault = experiments.Fault{Inject: "http_latency", Into: f.Into, Share: 1, Attributes: injectors.Attributes{
		"latency": tagDelay, "match": map[string]any{"baggage": map[string]any{plan.Tag: p.Run}},
	}}
	if err := d.Inject(ctx, look); err != nil {
		return false, err
	}
	defer func() {
		undo, cancel := context.WithTimeout(context.WithoutCancel(ctx), tagWithin)
		defer cancel()
		if failed := d.Revert(undo, look); failed != nil {
			err = failed
		}
	}()
	alone := *p
	alone.Experiments = []plan.Experiment{p.Experiments[index]}
	alone.Experiments[0].Control = plan.Baseline // so that only the fault arm is sent
	t, err := traffic.New(traffic.Options{Plan: &alone, Env: a.getenv})
	if err != nil {
		return false, err
	}
	sending, stop := context.WithTimeout(ctx, tagWithin)
	defer stop()
	done := make(chan struct{})
	go func() {
		defer close(done)
		t.Run(sending, func(journal.Observation) {})
	}()
	for !reached && sending.Err() == nil && err == nil {
		select {
		case <-sending.Done():
		case <-time.After(50 * time.Millisecond):
			var seen journal.Evidence
			seen, err = d.Check(ctx, look)
			reached = seen.Met > 0
		}
	}
	stop()
	<-done
	return reached, err
}
