// Package ending ends the command of a run: it writes the reports, shows the page, and
// says what the exit code means.
package ending

import (
	"context"
	"errors"
	"io"
	"path/filepath"

	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/output"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/run"
	"github.com/blastgauge/blastgauge/report/results"
	"github.com/blastgauge/blastgauge/report/scans"
	"github.com/blastgauge/blastgauge/report/terminal"
)

// A Command is what is known of a command before its run.
type Command struct {
	Outputs []output.Output[*result.Result]
	More    []More
	Stdout  io.Writer
	Closing
}

// More is what is left to do once the reports are written, such as to write other files.
type More struct {
	Do      func(*run.Outcome) error
	Skipped string // says that it was not done, after a second interrupt
}

// Conclude writes the reports and returns what a run ends with.
func (c Command) Conclude(ctx context.Context, out *run.Outcome) error {
	return c.End(ctx, Found{
		Out: out, Code: out.Result.Run.ExitCode, Meaning: out.Result.ExitMeaning(), PageFile: output.ReportFile, Text: output.TextOnStdout(c.Outputs),
		Publish: func() error { return c.publish(out) }, Tell: func() { c.logVerdicts(out.Result) },
	})
}

// logVerdicts tells what a run or a scan found where a report of it could not be written: it took
// its time, and nobody should have to look for the answer.
func (c Command) logVerdicts(r *result.Result) {
	for i := range r.Experiments {
		c.Logf("%s", results.Sentence(&r.Experiments[i], terminal.Options{}))
	}
	if r.Scan != nil {
		c.Logf("%s", scans.Headline(r))
	}
}

// publish writes the reports. After a second interrupt it does not: report DIR makes
// them later.
func (c Command) publish(out *run.Outcome) error {
	if !c.Hurry.Begin() {
		c.Logf("report skipped; make it with: blastgauge report %s", out.Dir)
		for _, more := range c.More {
			c.Logf("%s", more.Skipped)
		}
		return nil
	}
	err := output.WriteRunFiles(out.Dir, out.Result)
	if err == nil {
		c.Logf("report  %s\ndata    %s", filepath.Join(out.Dir, output.ReportFile), filepath.Join(out.Dir, result.File))
	}
	err = errors.Join(err, output.Write(c.Stdout, c.Outputs, out.Result))
	for _, more := range c.More {
		err = errors.Join(err, more.Do(out))
	}
	return err
}
