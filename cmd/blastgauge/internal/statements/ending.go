package statements

import (
	"path/filepath"
	"strings"

	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/ending"
	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/usage"
	"github.com/blastgauge/blastgauge/experiments/compare"
	"github.com/blastgauge/blastgauge/experiments/gate/attempts"
	"github.com/blastgauge/blastgauge/experiments/gate/statement"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/run"
)

// Ending writes the statements about a run once its reports are written. Its attempts are
// among the runs in a directory.
func (w *Writer) Ending(runs string, logf func(format string, args ...any)) []ending.More {
	if w == nil {
		return nil
	}
	write := func(out *run.Outcome) error {
		return w.writeCounted(runs, out.Result, About{}, logf)
	}
	return []ending.More{{Do: write, Skipped: "no statement was written to " + w.file + ": measure again"}}
}

// writeCounted writes the statements about a result, with the attempts before it, and says so.
func (w *Writer) writeCounted(runs string, r *result.Result, about About, logf func(format string, args ...any)) (err error) {
	if about.Attempts, err = w.Attempts(runs, r, about.Subjects...); err != nil {
		return err
	}
	written, err := w.Write(r, about)
	if err != nil {
		return err
	}
	written.Log(logf)
	return nil
}

// Log says what was written, and who signed it.
func (w *Written) Log(logf func(format string, args ...any)) {
	logf("signed  %s", w.File)
	for _, id := range w.Keys {
		logf("        by the key %s", id)
	}
	if len(w.Keys) == 0 {
		logf("        by nobody: `blastgauge approve %s --key PRIVATE.pem` signs it", w.File)
	}
}

// CheckSides refuses a comparison that cannot be stated: a statement is about one run.
func (w *Writer) CheckSides(head []compare.Input) error {
	if w != nil && len(head) > 1 {
		return usage.Errorf("--statement: a statement is about one run, and head has %d", len(head))
	}
	return nil
}

// WriteComparison writes the statements about head, with what was found when it was compared.
// Its subjects are those that its run noted, where the flags name none.
func (w *Writer) WriteComparison(runs string, c *compare.Comparison, head []compare.Input, logf func(format string, args ...any)) error {
	if w == nil {
		return nil
	}
	var base []string
	for _, r := range c.Base {
		base = append(base, r.ID)
	}
	found, err := statement.CompareWith(base, c.ExitCode)
	if err != nil {
		return err
	}
	about := About{Comparison: found}
	if len(w.options.Subjects) == 0 {
		about.Subjects = attempts.SubjectsIn(strings.TrimSuffix(head[0].Source, string(filepath.Separator)+result.File))
	}
	if len(w.subjects(about.Subjects, head[0].Result.Run.Commit)) == 0 {
		return noSubject()
	}
	return w.writeCounted(runs, head[0].Result, about, logf)
}
