package main

import (
	"context"
	"time"

	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/live"
	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/hosts"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/run/check"
	"github.com/blastgauge/blastgauge/experiments/run/engine"
	"github.com/blastgauge/blastgauge/experiments/run/journey"
	"github.com/blastgauge/blastgauge/experiments/run/traffic"
	"github.com/blastgauge/blastgauge/injectors/toxiproxy"
)

// wiring joins the strangers of a run: the engine knows neither the driver nor
// the traffic.
type wiring struct {
	app   *app
	plan  *plan.Plan
	hands hands
	kind  journal.Toxiproxy
	ward  *ward
}

func (w *wiring) engineOptions() engine.Options {
	o := engine.Options{
		Injectors: w.hands.injectors(),
		Traffic:   w.traffic,
		Toxiproxy: w.kind,
		Ask:       w.ask,
		Fenced:    w.ward.fenced,
	}
	if w.kind.Kind == toxiproxy.KindStock {
		o.Probe = prober{w.plan.System.Hosts()}
	} else {
		o.Carried = w.hands.driver.Carried
	}
	return o
}

func (w *wiring) traffic(experiment int, epoch time.Time) (engine.Generator, error) {
	return traffic.New(traffic.Options{Plan: w.plan, Experiment: experiment, Epoch: epoch, Env: w.app.getenv})
}

func (w *wiring) ask(ctx context.Context, inv experiments.Invariant, started time.Time) journal.Reading {
	facts := journey.Facts{Run: w.plan.Run, Arm: plan.ControlArm, Started: started, Env: w.app.getenv}
	return check.Invariant(ctx, &w.plan.System, inv, facts)
}

// A shownJournal writes everything to the journal, and then shows it.
type shownJournal struct {
	journal *journal.Log
	view    live.View
}

func (r *shownJournal) Record(e journal.Event) error {
	if err := r.journal.Record(e); err != nil {
		return err
	}
	r.view.Record(e)
	return nil
}

func (r *shownJournal) Observe(o journal.Observation) error {
	r.view.Observe(o)
	return r.journal.Observe(o)
}

// prober makes our own exchanges through a proxy.
type prober struct{ hosts hosts.Policy }

func (p prober) Probe(ctx context.Context, f plan.Fault) journal.Exchange {
	return check.Dependency(ctx, f, p.hosts)
}

func (prober) Met(f plan.Fault, before, during journal.Exchange) bool {
	return check.Met(f, before, during)
}
