package gating

import (
	"context"
	"errors"
	"io"
	"path/filepath"

	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/ending"
	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/output"
	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/statements"
	"github.com/blastgauge/blastgauge/experiments/atomicfile"
	"github.com/blastgauge/blastgauge/experiments/gate"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/run"
	"github.com/blastgauge/blastgauge/report"
)

// PageFile is the page of a gate, beside that of the candidate's run.
const PageFile = "gate.html"

// A Command is what is known of the command before its runs.
type Command struct {
	Outputs    []output.Output[*gate.Report]
	Statements *statements.Writer // nil: none are written
	Stdout     io.Writer
	ending.Closing
}

// Conclude writes the statement and the reports, and returns what the gate ends with.
func (c Command) Conclude(ctx context.Context, g *Gate, r *gate.Report, out *run.Outcome) error {
	return c.End(ctx, ending.Found{
		Out: out, Code: r.ExitCode, Meaning: meaning(r, out.Result), PageFile: PageFile, Text: output.TextOnStdout(c.Outputs),
		Publish: func() error { return c.publish(g, r, out) }, Tell: func() { c.Logf("%s", r.Sentence) },
	})
}

// meaning says what the exit code means.
func meaning(r *gate.Report, of *result.Result) string {
	if r.ExitCode == of.Run.ExitCode {
		return of.ExitMeaning()
	}
	return result.ExitMeaning(r.ExitCode) // a run beside decided it
}

// publish writes the statement and the reports. After a second interrupt it does not.
func (c Command) publish(g *Gate, r *gate.Report, out *run.Outcome) error {
	if !c.Hurry.Begin() {
		c.Logf("report skipped; that of the run is made with: blastgauge report %s", out.Dir)
		return nil
	}
	err := c.state(g, r, out)
	if err := errors.Join(err, writeFiles(out.Dir, r)); err != nil {
		return err
	}
	c.Logf("report  %s\ndata    %s", filepath.Join(out.Dir, PageFile), filepath.Join(out.Dir, gate.File))
	return output.Write(c.Stdout, c.Outputs, r)
}

// state writes the statement about the candidate. Who interrupts a gate wants none.
func (c Command) state(g *Gate, r *gate.Report, out *run.Outcome) error {
	if c.Statements == nil {
		return nil
	}
	if run.OutranksError(r.ExitCode) {
		c.Logf("no statement is written: exit %d", r.ExitCode)
		return nil
	}
	w, err := c.Statements.Write(out.Result, statements.About{Subjects: g.subjects, Change: r.Change(), Attempts: g.attempts})
	if err != nil {
		return err
	}
	r.Statement, r.Signed, r.ValidUntil = w.File, w.Keys, w.ValidUntil
	w.Log(c.Logf)
	return nil
}

// writeFiles writes what every gate leaves beside the candidate's run.
func writeFiles(dir string, r *gate.Report) error {
	root, err := atomicfile.OpenDir(dir)
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }() // what is written is synced

	folder, _ := filepath.Abs(dir) // without a working directory there is no link to the run's page
	var errs []error
	for name, kind := range map[string]string{gate.File: "json", PageFile: "html"} {
		format, err := report.GateFor(kind, report.Options{Folder: folder})
		if err != nil {
			return err
		}
		errs = append(errs, atomicfile.WriteIn(root, name, 0o600, func(w io.Writer) error { return format(w, r) }))
	}
	return errors.Join(errs...)
}
