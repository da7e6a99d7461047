// Package gameday reads what the command line says of a game day, asks people at a terminal
// before each experiment what comes next, and takes their notes.
package gameday

import (
	"time"

	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/usage"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/run"
)

// Flags are what the command line says, as it is written there.
type Flags struct {
	File   string // of the game day; empty: the run is of none
	Yes    bool   // it goes on by itself
	Within string // how long it waits for a decision; empty: the usual time
}

// longestWait is how long a game day may wait for one decision: it keeps others from the
// Toxiproxies meanwhile.
const longestWait = 24 * time.Hour

// CheckNamed refuses experiments that are named beside a game day, as arguments or by --only.
func (f Flags) CheckNamed(args, only []string) error {
	named := ""
	switch {
	case f.File == "":
		return nil
	case len(args) > 0:
		named = args[0]
	case len(only) > 0:
		named = "--only " + only[0]
	default:
		return nil
	}
	return usage.Errorf("%s says which experiments are run: leave out %s, or --gameday", f.File, named)
}

// Set reads the flags into the options of a run. decides reports whether somebody can decide
// while it goes on. An error is a [usage.Error].
func (f Flags) Set(o *run.Options, decides bool) error {
	switch {
	case f.File == "" && f.Yes:
		return usage.Errorf("--yes lets a game day go on by itself: --gameday FILE is needed, too")
	case f.File == "" && f.Within != "":
		return usage.Errorf("--decide-within is how long a game day waits: --gameday FILE is needed, too")
	case f.File == "":
		return nil
	case !f.Yes && !decides:
		return usage.Errorf("a game day waits for people before each experiment, and nobody types at a terminal here: run it in one, with --live to decide on a page, or with --yes, and it goes on by itself")
	}
	o.Unattended = f.Yes
	if f.Within == "" {
		return nil
	}
	d, err := time.ParseDuration(f.Within)
	if err != nil || d < time.Second || d > longestWait {
		return usage.Errorf("--decide-within %s: write a time from 1s to %s, such as 30m", f.Within, "24h")
	}
	o.DecideWithin = d
	return nil
}

// Asks reports whether people are asked.
func (f Flags) Asks() bool { return f.File != "" && !f.Yes }

// Ask asks at a terminal, beside what shows the run otherwise. It returns what shows both.
func Ask(o Options, to *run.Options, show func(*plan.Plan) run.View) func(*plan.Plan) run.View {
	prompt := New(o)
	to.Control = func(p *plan.Plan, c *run.Control) { prompt.Begin(p, c) }
	return func(p *plan.Plan) run.View { return run.Views(show(p), prompt) }
}
