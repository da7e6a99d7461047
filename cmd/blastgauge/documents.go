package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// A selection says which documents a command is about.
type selection struct {
	file   string // of the system; empty: searched upwards
	args   []string
	only   []string // ids
	seed   uint64
	phases string
	rates  map[string]float64 // journeys per second by journey, in place of the documents'

	unset error // environment variables that the planned documents use and that are not set
}

func (s *selection) flags(cmd *cobra.Command) {
	cmd.Flags().StringVarP(&s.file, "file", "f", "", "the system `FILE` (default: blastgauge.yaml, searched upwards)")
	cmd.Flags().StringSliceVar(&s.only, "only", nil, "only the experiment with this `ID`; repeatable")
}

func (s *selection) planFlags(cmd *cobra.Command) {
	s.flags(cmd)
	cmd.Flags().Uint64Var(&s.seed, "seed", 0, "`SEED` of the traffic (default: random, printed)")
	cmd.Flags().StringVar(&s.phases, "phases", "", "other lengths for some phases, as `PHASE=TIME,...`, such as warmup=1s,baseline=20s,fault=30s,recovery=10s")
}

// load reads the documents. Arguments are files, folders of files, or ids of
// experiments beside the system file.
func (s *selection) load() (*experiments.System, []*experiments.Experiment, error) {
	system := s.file
	if system == "" {
		found, err := experiments.Find(".")
		if err != nil {
			return nil, nil, err
		}
		system = found
	}
	files, ids, err := s.files(system)
	if err != nil {
		return nil, nil, err
	}
	sys, list, err := experiments.Load(system, files)
	if err != nil {
		return nil, nil, err
	}
	for _, id := range ids {
		if !slices.ContainsFunc(list, func(e *experiments.Experiment) bool { return e.ID == id }) {
			return nil, nil, usagef("no experiment %q in %s; known: %s", id, filepath.Join(filepath.Dir(system), "experiments"), joined(idsOf(list)))
		}
	}
	if len(ids) > 0 { // in the order in which they were asked for
		list = slices.DeleteFunc(list, func(e *experiments.Experiment) bool { return !slices.Contains(ids, e.ID) })
		slices.SortStableFunc(list, func(a, b *experiments.Experiment) int { return slices.Index(ids, a.ID) - slices.Index(ids, b.ID) })
	}
	if len(list) == 0 {
		return nil, nil, usagef("no experiments: put them into %s or name their files", filepath.Join(filepath.Dir(system), "experiments"))
	}
	return sys, list, nil
}

// files sorts the arguments into files to load and ids to keep.
func (s *selection) files(system string) (files, ids []string, err error) {
	for _, arg := range s.args {
		info, err := os.Stat(arg)
		switch {
		case err == nil && info.IsDir():
			inside, err := filepath.Glob(filepath.Join(arg, "*.yaml"))
			if err != nil || len(inside) == 0 {
				return nil, nil, usagef("no *.yaml in %s", arg)
			}
			files = append(files, inside...)
		case err == nil || strings.ContainsAny(arg, "/.\\"):
			files = append(files, arg)
		default:
			ids = append(ids, arg)
		}
	}
	if len(files) == 0 {
		if files, err = experiments.DefaultExperiments(system); err != nil {
			return nil, nil, err
		}
	}
	return files, append(ids, s.only...), nil
}

func idsOf(list []*experiments.Experiment) []string {
	ids := make([]string, len(list))
	for i, e := range list {
		ids[i] = e.ID
	}
	return ids
}

// plan loads the documents and plans a run of them.
func (s *selection) plan(now time.Time) (*plan.Plan, error) {
	phases, err := parsePhases(s.phases)
	if err != nil {
		return nil, err
	}
	sys, list, err := s.load()
	if err != nil {
		return nil, err
	}
	if err := sys.CheckEnvironment(); err != nil {
		return nil, err
	}
	if err := sys.CheckHosts(list...); err != nil {
		return nil, err
	}
	for _, e := range list {
		if s.rates != nil {
			e.Rates = s.rates
		}
	}
	s.unset = experiments.CheckVariables(os.LookupEnv, sys, list...)
	seed := s.seed
	if seed == 0 {
		seed = uint64(now.UnixMicro()) % 1e9
	}
	return plan.Make(sys, list, plan.Options{
		Run: plan.NewRun(now), Seed: seed, Version: version(), Commit: commit(), Phases: phases,
	})
}

// commit is what CI systems call the commit under test.
func commit() string {
	for _, name := range []string{"BLASTGAUGE_COMMIT", "GITHUB_SHA", "CI_COMMIT_SHA"} {
		if v := os.Getenv(name); v != "" {
			return v
		}
	}
	return ""
}

// parsePhases reads "warmup=1s,baseline=5s".
func parsePhases(text string) (experiments.Phases, error) {
	p := plan.NoOverride()
	if text == "" {
		return p, nil
	}
	fields := map[string]*time.Duration{"warmup": &p.Warmup, "baseline": &p.Baseline, "fault": &p.Fault, "recovery": &p.Recovery}
	for part := range strings.SplitSeq(text, ",") {
		name, value, _ := strings.Cut(part, "=")
		field, ok := fields[strings.TrimSpace(name)]
		if !ok {
			return p, usagef("--phases: unknown phase %q; known: warmup, baseline, fault, recovery", name)
		}
		d, err := time.ParseDuration(strings.TrimSpace(value))
		if err != nil || d < 0 {
			return p, usagef("--phases: %s=%q is not a duration such as 10s", name, value)
		}
		*field = d
	}
	return p, nil
}

func joined(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}
