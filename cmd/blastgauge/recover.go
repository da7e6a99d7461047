package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/blastgauge/blastgauge/experiments/engine"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

func newRecover(a *app) *cobra.Command {
	var token string
	cmd := &cobra.Command{
		Use:   "recover DIR...",
		Short: "Remove the faults that a run left behind when it died",
		Long: `Recover reads the journal in a run's directory, removes every fault that is not
proven gone, reads back that it is, and writes what it did beside the journal. A
run that is still alive is left alone. Running it twice does no harm.`,
		Example: "  blastgauge recover .blastgauge/runs/20261124t140200z-7f3a9c",
		Args:    usage(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			var errs []error
			for _, dir := range args {
				if err := a.recoverRun(cmd.Context(), dir, token); err != nil {
					errs = append(errs, fmt.Errorf("%s: %w", dir, err))
				}
			}
			return errors.Join(errs...)
		},
	}
	cmd.Flags().StringVar(&token, "token-file", "", "`FILE` that holds the bearer token of the Toxiproxy API")
	return cmd
}

func (a *app) recoverRun(ctx context.Context, dir, token string) (err error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("not a run directory: %w", err)
	}
	defer root.Close()
	alive, err := journal.Alive(root)
	if err != nil {
		return err
	}
	if alive {
		return fmt.Errorf("%w: stop it with Ctrl-C, which removes its faults", journal.ErrAlive)
	}
	undo, err := journal.OpenUndo(root)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, undo.Close()) }()
	p, left, err := leftBehind(root)
	if err != nil {
		return err
	}
	if len(left) == 0 {
		fmt.Fprintf(a.stdout, "%s: no fault was left behind\n", dir)
		return nil
	}
	return a.removeLeft(ctx, undo, p, left, token)
}

// leftBehind lists the faults that a journal does not prove gone.
func leftBehind(root *os.Root) (*plan.Plan, []plan.Fault, error) {
	var p *plan.Plan
	open := map[string]bool{}
	for _, name := range []string{journal.EventsFile, journal.UndoFile} {
		file, err := root.Open(name)
		if err != nil {
			return nil, nil, err
		}
		defer file.Close()
		for e, err := range journal.ReadEvents(file) {
			if err != nil {
				return nil, nil, err
			}
			switch e.Kind {
			case journal.RunStarted:
				p = e.Plan
			case journal.FaultIntended:
				open[e.Fault] = true
			case journal.FaultRemoved:
				open[e.Fault] = open[e.Fault] && !e.Verified
			}
		}
	}
	if p == nil {
		return nil, nil, errors.New("the journal holds no plan: nothing was injected")
	}
	var left []plan.Fault
	for _, e := range p.Experiments {
		for _, f := range e.Faults {
			if open[f.Name] {
				left = append(left, f)
			}
		}
	}
	return p, left, nil
}

func (a *app) removeLeft(ctx context.Context, undo *journal.Undo, p *plan.Plan, left []plan.Fault, token string) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	driver, err := newDriver(&p.System, token, nil)
	if err != nil {
		return err
	}
	var errs []error
	for _, f := range left {
		err := driver.Revert(ctx, f)
		e := journal.Event{At: time.Now().UTC(), Kind: journal.FaultRemoved, Fault: f.Name, Verified: err == nil}
		for _, x := range p.Experiments {
			for _, g := range x.Faults {
				if g.Name == f.Name {
					e.Experiment = x.ID
				}
			}
		}
		if err != nil {
			e.Error = err.Error()
			errs = append(errs, fmt.Errorf("%w: %s: %w; remove it with\n  %s", engine.ErrNotRemoved, describe(f), err, driver.ByHand(ctx, f)))
		} else {
			fmt.Fprintf(a.stdout, "removed, read back as gone: %s (%s)\n", describe(f), f.Name)
		}
		errs = append(errs, undo.Record(e))
	}
	// The dead run's hold on the server ends with it.
	if release, err := driver.Hold(ctx, p.Run); err == nil {
		errs = append(errs, release(ctx))
	}
	return errors.Join(errs...)
}
