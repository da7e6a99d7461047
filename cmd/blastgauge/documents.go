package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/gameday"
	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/offers"
	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/receivers"
	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/runs"
	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/usage"
	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/version"
	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/history"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/shape"
)

// systemFlags are the flags that name the system's document, and change it.
type systemFlags struct {
	file string   // of the system; empty: searched upwards
	set  []string // PATH=VALUE, in place of what the system's document says
}

func (s *systemFlags) fileFlags(cmd *cobra.Command) {
	cmd.Flags().StringVarP(&s.file, "file", "f", "", "the system `FILE` (default: blastgauge.yaml, searched upwards)")
	completeYAML(cmd, "file")
	setFlag(cmd, &s.set)
}

// offers are the documents whose names a shell offers.
func (s *systemFlags) offers() offers.Documents {
	return offers.Documents{System: s.file, Set: s.set}
}

// A selection is the flags and arguments that name documents.
type selection struct {
	systemFlags
	args   []string
	only   []string // ids
	seed   uint64
	phases string
	day    gameday.Flags
	silent receivers.Silent
	write  func(*experiments.System) ([]shape.Source, error) // experiments in place of those that are named
}

func (s *selection) flags(cmd *cobra.Command) {
	s.fileFlags(cmd)
	cmd.Flags().StringSliceVar(&s.only, "only", nil, "of those, only the experiment with this `ID`; repeatable")
	completeList(cmd, "only", s.experiments)
}

// experiments offers ids of experiments. It is called once the shell's line is read.
func (s *selection) experiments(there []string, begins string) []string {
	return s.offers().Experiments(there, begins)
}

// completeIDs offers ids of experiments as arguments, and files where none begins so.
func (s *selection) completeIDs(_ *cobra.Command, args []string, begins string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return s.experiments(args, begins), cobra.ShellCompDirectiveDefault
}

func (s *selection) seedFlag(cmd *cobra.Command) {
	cmd.Flags().Uint64Var(&s.seed, "seed", 0, "`SEED` of the traffic (default: random, printed)")
}

// setFlag adds the flag that changes the system's document from outside.
func setFlag(cmd *cobra.Command, to *[]string) {
	cmd.Flags().StringArrayVar(to, "set", nil, "another value in the system file, as `PATH=VALUE`, such as journeys.checkout.rate=20/s; repeatable")
}

func (s *selection) planFlags(cmd *cobra.Command) {
	s.flags(cmd)
	s.seedFlag(cmd)
	s.phasesFlag(cmd)
	cmd.Flags().StringVar(&s.day.File, "gameday", "", "the experiments of the game day in `FILE`, in its order; run waits for a decision before each")
	completeYAML(cmd, "gameday")
}

func (s *selection) phasesFlag(cmd *cobra.Command) {
	cmd.Flags().StringVar(&s.phases, "phases", "", "other lengths for some phases, as `PHASE=TIME,...`, such as warmup=1s,baseline=20s,fault=30s,recovery=10s")
	completeFlag(cmd, "phases", cobra.FixedCompletions([]string{"warmup=", "baseline=", "fault=", "recovery="}, cobra.ShellCompDirectiveNoSpace|cobra.ShellCompDirectiveNoFileComp))
}

// documents returns the selection for the library.
func (s *selection) documents(getenv func(string) (string, bool)) experiments.Selection {
	return experiments.Selection{SystemFile: s.file, Arguments: s.args, IDs: s.only, Write: s.write, Outside: experiments.Outside{Getenv: getenv, Set: s.set, Silent: bool(s.silent)}}
}

// plan loads the documents and plans a run of them. A signal ends the loading.
func (s *selection) plan(ctx context.Context, getenv func(string) (string, bool)) (*plan.Loaded, error) {
	if err := s.day.CheckNamed(s.args, s.only); err != nil {
		return nil, err
	}
	phases, err := plan.ParsePhases(s.phases)
	if err != nil {
		return nil, usage.Errorf("--phases: %w", err)
	}
	documents, options := s.documents(getenv), plan.Options{Seed: s.seed, Version: version.Current(), Commit: plan.CommitUnderTest(getenv), Phases: phases}
	var loaded *plan.Loaded
	err = readNamed(ctx, func() (err error) {
		if s.day.File != "" {
			loaded, err = plan.LoadGameDay(s.day.File, documents, options, getenv)
		} else {
			loaded, err = plan.Load(documents, options, getenv)
		}
		if err == nil {
			history.ForetellFrom(runs.Dir(nil), loaded.Plan)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return loaded, nil
}
