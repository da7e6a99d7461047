package main

import (
	"context"
	"errors"
	"flag"
	"io"
	"os"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/run/journey/journeytest"
	"github.com/blastgauge/blastgauge/experiments/run/traffic"
)

// sendProgram is a process that only sends traffic, so that its processor time
// can be told from that of the system it sends to.
const sendProgram = "send"

// defineSend sends journeys of five steps, or of one, until its standard input
// ends, keeps what became of them in a journal as a run does, and prints how many
// failed.
func defineSend(f *flag.FlagSet) func(context.Context, *printer) error {
	to := f.String("to", "", "the `URL` of the shop")
	rate := f.Float64("rate", 100, "journeys per second")
	steps := f.Int("steps", 5, "of each journey, 1 to 5")
	return func(ctx context.Context, out *printer) (err error) {
		all := journeytest.Steps()
		if *to == "" || *steps < 1 || *steps > len(all) {
			return errors.New("send needs -to URL and -steps 1 to 5")
		}
		checkout := experiments.Journey{Name: "checkout", Rate: *rate, SlowAfter: time.Second, Steps: all[:*steps]}
		generator, err := traffic.New(traffic.Options{Plan: &plan.Plan{Run: "r", System: experiments.System{URL: *to},
			Experiments: []plan.Experiment{{ID: "e", Control: plan.Baseline, Journeys: []plan.Journey{{Journey: checkout}}}}}})
		if err != nil {
			return err
		}
		log, remove, err := scratchJournal()
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, remove()) }()
		go func() {
			_, _ = io.Copy(io.Discard, os.Stdin) // its end is the order to stop
			generator.Stop()
		}()
		failed := 0
		var unkept error
		generator.Run(ctx, func(o journal.Observation) {
			if o.Outcome == journal.Failed {
				failed++
			}
			unkept = errors.Join(unkept, log.Observe(o))
		})
		out.printf("%d\n", failed)
		return unkept
	}
}

// scratchJournal is a journal in a temporary directory.
func scratchJournal() (log *journal.Log, remove func() error, err error) {
	dir, err := os.MkdirTemp("", "blastgauge-measure-")
	if err != nil {
		return nil, nil, err
	}
	root, err := os.OpenRoot(dir)
	if err == nil {
		log, err = journal.Create(root)
	}
	if err != nil {
		return nil, nil, errors.Join(err, os.RemoveAll(dir))
	}
	return log, func() error { return errors.Join(log.Close(), root.Close(), os.RemoveAll(dir)) }, nil
}
