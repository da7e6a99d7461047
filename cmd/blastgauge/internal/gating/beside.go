package gating

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/gate"
	"github.com/blastgauge/blastgauge/experiments/history"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/run"
)

// beside is what is known of the runs beside the candidate's.
type beside struct {
	began  time.Time // when the first run did
	slower float64   // how many times as long a run takes as its plan says
	dir    string    // of the candidate's run
	code   int       // that the gate ends with
	runs   []string  // ids

	smallest    *gate.Smallest
	neighbors   []gate.Neighbor
	notMeasured []gate.NotMeasured
}

// A skip says that something was not measured.
func (b *beside) skip(operator, pointer, code, format string, args ...any) {
	b.notMeasured = append(b.notMeasured, gate.NotMeasured{Operator: operator, Pointer: pointer, Why: fmt.Sprintf(format, args...), Code: code})
}

// fitting is how many experiments there is time for, each as long as one of the candidate's
// run.
func (g *Gate) fitting(each time.Duration) int {
	left := g.budget - time.Since(g.began)
	if left <= 0 {
		return 0
	}
	return int(left.Seconds() / (each.Seconds() * g.slower))
}

// errEnded means that no more is measured: somebody interrupted the gate, or what a fault
// changed may not be as it was.
var errEnded = errors.New("the gate ended")

// perform performs a run beside the candidate's, and tells nobody of it but who looks on.
// The result is nil where it found nothing.
func (g *Gate) perform(ctx context.Context, list []*experiments.Experiment, about string) (*result.Result, error) {
	system := *g.system
	system.Notify = nil
	o := g.o.Plan
	o.Run, o.Selected = "", true
	loaded, err := plan.Prepare(&system, list, o, g.o.Getenv)
	if err != nil {
		return nil, err
	}
	loaded.Plan.Choices.Gate = g.plan.Choices.Gate
	how := g.o.Run
	how.Dir = filepath.Join(g.dir, history.BesideDir, loaded.Plan.Run)
	out, err := g.o.Perform(ctx, loaded.Plan, how, about, false)
	if out == nil {
		return nil, g.ended(ctx, err, run.ExitCode(err))
	}
	g.runs = append(g.runs, out.Result.Run.ID)
	if out.Err != nil {
		g.o.Logf("error: %v", out.Err)
	}
	return out.Result, g.ended(ctx, out.Err, out.Result.Run.ExitCode)
}

// ended decides whether a run ended the gate. What a neighbor does changes no exit code; an
// interrupt, and a fault that may be left, do.
func (g *Gate) ended(ctx context.Context, err error, code int) error {
	if run.OutranksError(code) {
		g.code = code
		return errors.Join(errEnded, err)
	}
	if ctx.Err() != nil {
		return errors.Join(errEnded, err)
	}
	return err
}

// find finds an experiment of a result.
func find(r *result.Result, id string) *result.Experiment {
	if r == nil {
		return nil
	}
	for i := range r.Experiments {
		if r.Experiments[i].ID == id {
			return &r.Experiments[i]
		}
	}
	return nil
}
