package plan

import (
	"time"

	"github.com/blastgauge/blastgauge/experiments"
)

// A Loaded is a plan with what a run needs beside it.
type Loaded struct {
	Plan *Plan
	// Unset lists the environment variables that requests use and that are not set; nil:
	// none. The plan can be read, but must not be run.
	Unset error
}

// Load loads documents, checks that they are about a system on which experiments are
// allowed, and plans a run of them. Where o has no run or no seed, it makes them up from
// the time. A variable of an address or a rate that is not set is an error: without it
// there is no plan.
func Load(s experiments.Selection, o Options, getenv func(string) (string, bool)) (*Loaded, error) {
	s.Getenv = getenv
	system, list, err := s.Load()
	if err != nil {
		return nil, err
	}
	o.Silent = o.Silent || s.Silent
	o.Selected = o.Selected || len(s.Arguments)+len(s.IDs) > 0
	return Prepare(system, list, o, getenv)
}

// LoadGameDay loads the document of a game day with all that it names, as [Load] does, and
// plans a run of it. Of the selection it uses the system's document and what is set.
func LoadGameDay(file string, s experiments.Selection, o Options, getenv func(string) (string, bool)) (*Loaded, error) {
	s.Getenv = getenv
	day, system, list, err := s.LoadGameDay(file, s.SystemFile)
	if err != nil {
		return nil, err
	}
	o.GameDay, o.Silent = day, o.Silent || s.Silent
	return Prepare(system, list, o, getenv)
}

// Prepare plans a run of documents that are loaded, as [Load] does.
func Prepare(system *experiments.System, list []*experiments.Experiment, o Options, getenv func(string) (string, bool)) (*Loaded, error) {
	if experiments.CheckAddresses(system, list...) != nil { // every variable at once
		return nil, experiments.CheckVariables(getenv, system, list...)
	}
	if err := system.CheckEnvironment(); err != nil {
		return nil, err
	}
	if err := system.CheckHosts(list...); err != nil {
		return nil, err
	}
	now := time.Now()
	if o.Run == "" {
		o.Run = NewRun(now)
	}
	if o.Seed == 0 {
		o.Seed = newSeed(now)
	}
	p, err := Make(system, list, o)
	if err != nil {
		return nil, err
	}
	return &Loaded{p, experiments.CheckVariables(getenv, system, list...)}, nil
}

// newSeed makes up a seed that people can type.
func newSeed(now time.Time) uint64 { return uint64(now.UnixMicro()) % 1e9 }
