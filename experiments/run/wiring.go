package run

import (
	"context"
	"io"
	"os"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/hosts"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/run/alerts"
	"github.com/blastgauge/blastgauge/experiments/run/check"
	"github.com/blastgauge/blastgauge/experiments/run/engine"
	"github.com/blastgauge/blastgauge/experiments/run/generator"
	"github.com/blastgauge/blastgauge/experiments/run/journey"
	"github.com/blastgauge/blastgauge/experiments/run/prometheus"
	"github.com/blastgauge/blastgauge/experiments/run/traffic"
	"github.com/blastgauge/blastgauge/injectors/toxiproxy"
)

// mostKind is how many bytes of a kind of request are kept.
const mostKind = 160

// engineOptions joins the engine with the injectors, the traffic and the checks, none
// of which it knows.
func (r *run) engineOptions() engine.Options {
	o := engine.Options{
		Injectors:      r.injectors.ByKind(),
		Traffic:        r.traffic,
		Toxiproxy:      r.server,
		CheckInvariant: r.checkInvariant,
		Fenced:         r.guard.Fenced,
		Joins:          r.onJoin,
		Seen:           r.seen,
		Noting:         r.control.started,
		Watch:          r.watchAlerts,
	}
	if r.plan.GameDay != nil && !r.o.Unattended {
		o.Decide, o.DecideWithin = r.decisions.open, r.o.DecideWithin
	}
	if r.secrets != nil {
		o.Hide = func(text string) string { return r.secrets.Plain(r.hideRows(text), mostKind) }
	}
	if r.server.Kind == toxiproxy.KindStock {
		o.Exchanger = exchanger{r.plan.System.Hosts()}
	} else {
		o.Counters = r.fleet.Carried
	}
	return o
}

// onJoin makes durable that a Toxiproxy which has come is to carry a fault: in the list of
// open runs, for those who clean up without the run's directory, and in the journal. Once
// another process removes the faults of this run, none joins.
func (r *run) onJoin(record func(fault, instance string) error) {
	r.fleet.OnJoin(func(fault, instance string) error {
		if err := r.guard.Joined(journal.Joined{Fault: fault, Instance: instance}); err != nil {
			return err
		}
		if err := record(fault, instance); err != nil {
			return err
		}
		return r.guard.Fenced()
	})
}

// hideRows hides what is a secret of any row of the journeys' data.
func (r *run) hideRows(text string) string {
	for _, j := range r.plan.System.Journeys {
		if j.Data != nil && j.Data.Table != nil {
			text = j.Data.Table.Mask(text)
		}
	}
	return text
}

// traffic sends the journeys of an experiment, or starts the program that does.
func (r *run) traffic(experiment int, epoch time.Time) (engine.Generator, error) {
	if r.plan.System.Measure != nil {
		return prometheus.New(prometheus.Options{Plan: r.plan, Experiment: experiment, Epoch: epoch, Env: r.o.Getenv})
	}
	if r.plan.System.Traffic.Elsewhere() {
		return generator.New(generator.Options{Plan: r.plan, Experiment: experiment, Epoch: epoch, Supervisor: r.o.Supervisor, Environ: os.Environ(), Secrets: r.secrets, Log: r.trafficLog()})
	}
	return traffic.New(traffic.Options{Plan: r.plan, Experiment: experiment, Epoch: epoch, Env: r.o.Getenv, Secrets: r.secrets, Memory: r.memory})
}

// mostAlertText is how many bytes of what a server says of an alert are kept.
const mostAlertText = 400

// watchAlerts watches the alerts of an experiment.
func (r *run) watchAlerts(ctx context.Context, experiment int, epoch time.Time, record func(journal.Event)) {
	hide := func(text string) string { return r.secrets.Plain(text, mostAlertText) }
	alerts.Watch(ctx, alerts.Options{Plan: r.plan, Experiment: experiment, Epoch: epoch, Env: r.o.Getenv, Hide: hide}, record)
}

// trafficLog is what the program that sends journeys writes to standard error, in the run's
// directory. Without it the run goes on.
func (r *run) trafficLog() io.Writer {
	f, err := r.root.OpenFile(generator.LogFile, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		r.o.logf("warning: what the program that sends journeys says is not kept: %v", err)
		return nil
	}
	r.closers = append(r.closers, f)
	return f
}

func (r *run) checkInvariant(ctx context.Context, inv experiments.Invariant, started time.Time) journal.CheckResult {
	facts := journey.Facts{Run: r.plan.Run, Arm: plan.ControlArm, Started: started, Env: r.o.Getenv, Secrets: r.secrets}
	return check.Invariant(ctx, &r.plan.System, inv, facts, r.memory)
}

// An exchanger talks to dependencies through their proxies.
type exchanger struct{ hosts hosts.Policy }

func (x exchanger) Exchange(ctx context.Context, f plan.Fault) journal.Exchange {
	return check.Exchange(ctx, f, x.hosts)
}

func (exchanger) Shows(f plan.Fault, before, during journal.Exchange) bool {
	return check.ShowsFault(f, before, during)
}
