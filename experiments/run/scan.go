package run

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/run/engine"
	"github.com/blastgauge/blastgauge/experiments/run/internal/usage"
	"github.com/blastgauge/blastgauge/experiments/scan"
	"github.com/blastgauge/blastgauge/injectors/toxiproxy"
)

// runEngine performs the experiments of the plan, or its scan.
func (r *run) runEngine(ctx context.Context, rec engine.Recorder) error {
	if r.plan.Scan == nil {
		return engine.Run(ctx, r.plan, rec, r.engineOptions())
	}
	return engine.Scan(ctx, r.plan, scan.New(r.plan), rec, r.engineOptions())
}

// fitServer leaves out of a scan what its server cannot do. That is no error, as nobody has
// asked for one of these faults by its name.
func (r *run) fitServer() (err error) {
	if r.server.Kind != toxiproxy.KindStock || r.plan.Scan == nil {
		return nil
	}
	before := len(r.plan.Scan.Unavailable)
	if r.plan, err = r.plan.OnStock(); err != nil {
		return err
	}
	if left := len(r.plan.Scan.Unavailable) - before; left > 0 {
		r.o.logf("warning: %d faults of the scan are left out: %s", left, plan.NeedsOurs)
	}
	return nil
}

// takeOver puts into the plan of a scan what an earlier one found and still holds: its
// journal then needs no other to be read. It is asked once the plan is as it will be.
func (r *run) takeOver() error {
	earlier := r.o.Earlier
	if r.plan.Scan == nil || earlier == nil {
		return nil
	}
	if earlier.Scan == nil {
		return usage.Errorf("run %s is no scan, so there is nothing to take over: name a run of `blastgauge scan`", earlier.Run.ID)
	}
	was := scan.Basis{Commit: earlier.Run.Commit}
	for _, d := range earlier.Documents {
		was.Documents = append(was.Documents, plan.Document(d))
	}
	known := scan.TakeOver(earlier.Scan, was, r.plan)
	p, rules := *r.plan, *r.plan.Scan
	rules.Since, p.Scan = earlier.Run.ID, &rules
	if n := known.Cells(); n > 0 {
		r.o.logf("%s taken over of run %s", figures.Plural(n, "answer is", "answers are"), earlier.Run.ID)
	} else {
		why := cmp.Or(scan.Stale(earlier.Scan, was, r.plan), "nothing that it found was certain")
		text := fmt.Sprintf("nothing is taken over from run %s: %s", earlier.Run.ID, why)
		r.o.logf("warning: %s", text)
		p.Experiments = slices.Clone(p.Experiments)
		e := &p.Experiments[0]
		e.Warnings = append(slices.Clone(e.Warnings), text) // the report tells it as well
	}
	r.plan = &p
	return known.Into(r.plan)
}
