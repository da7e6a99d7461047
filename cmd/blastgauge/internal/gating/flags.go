// Package gating measures a candidate, the neighborhood of one that holds, and the parts of
// one that fails, as the command line says.
package gating

import (
	"strconv"
	"time"

	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/usage"
)

// DefaultBudget is how long all runs together may take, if nothing else is said.
const DefaultBudget = 10 * time.Minute

// Flags are what the command line says, as it is written there.
type Flags struct {
	File         string   // the candidate
	Experiments  []string // their ids or files; empty: those whose candidate it is
	Served       string   // a file with what is served now; empty: it is asked for
	Budget       string   // empty: [DefaultBudget]
	Neighborhood bool     // what is near a candidate that holds is measured
	Smallest     bool     // the smallest part that fails is searched
	MaxAttempts  int      // how often the candidate may be measured; 0: any number
}

// budget reads how long all runs together may take.
func (f Flags) budget() (time.Duration, error) {
	if f.Budget == "" {
		return DefaultBudget, nil
	}
	d, err := time.ParseDuration(f.Budget)
	if err != nil || d <= 0 {
		return 0, usage.Errorf("--budget %q is not a duration such as 10m", f.Budget)
	}
	return d, nil
}

// words are the flags as a command line says them again, behind gate.
func (f Flags) words() []string {
	words := append([]string{"gate", f.File}, f.Experiments...)
	if f.Served != "" {
		words = append(words, "--served="+f.Served)
	}
	if f.Budget != "" {
		words = append(words, "--budget="+f.Budget)
	}
	if !f.Neighborhood {
		words = append(words, "--neighbourhood=false")
	}
	if !f.Smallest {
		words = append(words, "--smallest=false")
	}
	if f.MaxAttempts != 0 {
		words = append(words, "--max-attempts="+strconv.Itoa(f.MaxAttempts))
	}
	return words
}
