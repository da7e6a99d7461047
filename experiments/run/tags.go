package run

import (
	"context"
	"fmt"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/run/traffic"
	"github.com/blastgauge/blastgauge/injectors"
)

const (
	tagTimeout = 5 * time.Second // how long tagged journeys are sent to see whether one reaches a dependency
	tagDelay   = 0.001           // seconds, of a request that is seen to arrive
)

// checkTags finds out whether the tag of the fault arm reaches every dependency that
// an experiment wants to break for tagged journeys only. Where it does not, the
// experiment's control becomes its baseline, and the log says so. An experiment whose
// faults touch shares of the journeys cannot do without: the error is of class
// [plan.ErrImpossible].
//
// It does so with a toxic of the run's own that delays tagged requests by a
// millisecond. That toxic is the only one in force before there is a journal. The
// server, which is one of ours where requests are told apart, removes it when the
// run's lease ends.
//
// Where another program sends the journeys nobody knows before: a fault that none of its
// requests meets is not exercised, which makes the experiment invalid.
func (r *run) checkTags(ctx context.Context) error {
	if r.plan.System.Traffic.Elsewhere() {
		return nil
	}
	reached := map[string]bool{} // by proxy
	for i := range r.plan.Experiments {
		e := &r.plan.Experiments[i]
		for _, f := range e.Faults {
			if !e.Tagged {
				break
			}
			if _, asked := reached[f.Proxy]; !asked {
				ok, err := r.tagReaches(ctx, i, f)
				if err != nil {
					return err
				}
				reached[f.Proxy] = ok
			}
			switch {
			case reached[f.Proxy] || r.plan.Scan != nil:
			case e.Turns != nil: // without the tag nobody knows whom the fault touches
				return fmt.Errorf("%w: %s: saturation: journeys were tagged with baggage and none of their requests reached %s with it: let the system pass the baggage header on, or leave saturation out", plan.ErrImpossible, e.ID, f.Into)
			default:
				r.untag(e, fmt.Sprintf("journeys were tagged with baggage and none of their requests reached %s with it", f.Into))
			}
		}
	}
	r.keepReached(reached)
	return nil
}

func (r *run) untag(e *plan.Experiment, why string) {
	e.Untag(why)
	r.o.logf("warning: %s: %s", e.ID, e.ControlWhy)
}

// keepReached leaves out of a scan what no tagged request reaches.
func (r *run) keepReached(reached map[string]bool) {
	if r.plan.Scan == nil || !r.plan.Experiments[0].Tagged {
		return
	}
	left, ok := r.plan.Reached(func(proxy string) bool { return reached[proxy] })
	if !ok {
		r.untag(&r.plan.Experiments[0], "journeys were tagged with baggage and none of their requests reached a dependency with it")
		return
	}
	if n := len(left.Scan.Unavailable) - len(r.plan.Scan.Unavailable); n > 0 {
		r.o.logf("warning: %d faults of the scan are left out: %s", n, plan.NotTagged)
	}
	r.plan = left
}

// tagReaches reports whether a tagged request of an experiment reaches the proxy of a
// fault.
func (r *run) tagReaches(ctx context.Context, experiment int, f plan.Fault) (reached bool, err error) {
	canary := f
	canary.Name = injectors.FaultName(r.plan.Run, 0)
	canary.Fault = experiments.Fault{Inject: "http_latency", Into: f.Into, Share: 1, Attributes: injectors.Attributes{
		"latency": tagDelay, "match": map[string]any{"baggage": map[string]any{plan.Tag: r.plan.Run}},
	}}
	if err := r.fleet.Inject(ctx, canary); err != nil {
		return false, err
	}
	defer func() {
		undo, cancel := context.WithTimeout(context.WithoutCancel(ctx), tagTimeout)
		defer cancel()
		if failed := r.fleet.Revert(undo, canary); failed != nil {
			err = failed
		}
	}()
	sending, stop := context.WithTimeout(ctx, tagTimeout)
	defer stop()
	sent, err := r.sendFaultArm(sending, experiment)
	if err != nil {
		return false, err
	}
	for !reached && sending.Err() == nil && err == nil {
		select {
		case <-sending.Done():
		case <-time.After(50 * time.Millisecond):
			var seen journal.Evidence
			seen, err = r.fleet.Check(ctx, canary)
			reached = seen.Met > 0
		}
	}
	stop()
	<-sent
	return reached, err
}

// sendFaultArm sends the journeys of an experiment's fault arm, and of no other, until
// ctx ends. The channel is closed when the last one has ended.
func (r *run) sendFaultArm(ctx context.Context, experiment int) (sent <-chan struct{}, err error) {
	alone := *r.plan
	alone.Experiments = []plan.Experiment{r.plan.Experiments[experiment]}
	alone.Experiments[0].Control = plan.Baseline // so that only the fault arm is sent
	t, err := traffic.New(traffic.Options{Plan: &alone, Env: r.o.Getenv, Secrets: r.secrets, Memory: r.memory})
	if err != nil {
		return nil, err
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		t.Run(ctx, func(journal.Observation) {})
	}()
	return done, nil
}
