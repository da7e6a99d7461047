package ending

import (
	"context"
	"errors"
	"path/filepath"

	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/exit"
	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/output"
	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/signals"
	"github.com/blastgauge/blastgauge/experiments/run"
	"github.com/blastgauge/blastgauge/experiments/run/preflight"
)

// A Closing is how every command ends that performs runs.
type Closing struct {
	Page output.Opening
	Logf func(format string, args ...any)
	// PrintExit says what the exit code means: below the text on stdout, or for those who
	// read no text there.
	PrintExit func(text bool, code int, meaning string)
	Hurry     *signals.Hurry
}

// Found is what a command found.
type Found struct {
	Out      *run.Outcome
	Code     int // that the command ends with
	Meaning  string
	PageFile string       // the page, in the directory of the run
	Text     bool         // text goes to stdout
	Publish  func() error // writes the reports
	Tell     func()       // tells the answer where a report could not be written
}

// End publishes what was found, shows the page, and returns what the command ends with. That
// a report could not be written hides no fault that may be left.
func (c Closing) End(ctx context.Context, f Found) error {
	if f.Out.Decisive || errors.Is(f.Out.Err, preflight.ErrFailed) {
		c.Logf("error: %v", f.Out.Err)
	}
	err := f.Publish()
	if err != nil {
		f.Tell()
		c.Logf("but for the error below: exit %d: %s", f.Code, f.Meaning)
		if !run.OutranksError(f.Code) {
			return exit.Lost(err)
		}
		c.Logf("error: %v", err)
	}
	if err == nil && !c.Hurry.Skipped() {
		if err := exit.UnlessDecided(c.Page.Show(ctx, filepath.Join(f.Out.Dir, f.PageFile)), f.Code, c.Logf); err != nil {
			return err
		}
	}
	c.PrintExit(err == nil && f.Text, f.Code, f.Meaning)
	return exit.With(f.Code)
}
