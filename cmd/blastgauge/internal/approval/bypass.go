package approval

import (
	"fmt"
	"path/filepath"
	"strings"
	"time"
	"unicode"

	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/statements"
	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/usage"
	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/atomicfile"
	"github.com/blastgauge/blastgauge/experiments/gate/bypass"
	"github.com/blastgauge/blastgauge/experiments/gate/statement"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/result"
)

// Bypass lets a change pass that nobody measured, or that did not hold.
type Bypass struct {
	Candidate string // a file, or [NoFile]
	By        string
	Reason    string
	Version   string // of this program
	Commit    string // under test; empty: not known
	Runs      string // the directory of runs, beside which it is kept
	Signed    statements.Flags
}

// Check returns what is missing.
func (o *Bypass) Check() error {
	b := statement.Bypass{By: o.By, Reason: o.Reason}
	switch err := b.Check(); {
	case o.Candidate == "" || o.Candidate == NoFile && len(o.Signed.Subjects)+len(o.Signed.SubjectFiles) == 0:
		return usage.Errorf("--bypass: the FILE of the candidate is needed, or - and --subject")
	case len(o.Signed.Keys) == 0:
		return usage.Errorf("--bypass: --key PRIVATE.pem says who answers for it")
	case !o.Signed.Asked():
		return usage.Errorf("--bypass: --statement FILE says where it is written")
	case !says(o.By):
		return usage.Errorf("--bypass: --by NAME says who lets it pass")
	case !says(o.Reason):
		return usage.Errorf("--bypass REASON: why must it pass? It is kept for ever")
	case err != nil:
		return usage.Errorf("--bypass: %w", err)
	}
	return nil
}

// says reports whether a text says anything to who reads it. Spaces and marks that nobody sees do
// not.
func says(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) })
}

// Write keeps the bypass for ever, and then writes its statements. It returns the file that it
// is kept in.
func (o *Bypass) Write(s *experiments.System, now time.Time) (*statements.Written, string, error) {
	if err := o.Check(); err != nil {
		return nil, "", err
	}
	writer, err := o.Signed.Prepare()
	if err != nil {
		return nil, "", err
	}
	about, err := o.about(now)
	if err != nil {
		return nil, "", err
	}
	r := nothingMeasured(s, now)
	r.Tool.Version, r.Run.Commit = o.Version, o.Commit
	entry := bypass.Entry{
		Schema: bypass.Schema, By: about.Bypass.By, Reason: about.Bypass.Reason, At: about.Bypass.At, Run: r.Run.ID, System: r.System.Name, Environment: r.System.Environment,
		Subject: writer.SubjectsOf(r, about.Subjects...), Statement: o.Signed.File, SignedBy: writer.KeyIDs(),
	}
	kept, err := bypass.AppendBeside(o.Runs, entry)
	if err != nil {
		return nil, kept, err
	}
	if about.Attempts, err = writer.Attempts(o.Runs, r, about.Subjects...); err != nil {
		return nil, kept, err
	}
	written, err := writer.Write(r, about)
	return written, kept, err
}

func (o *Bypass) about(now time.Time) (statements.About, error) {
	about := statements.About{Bypass: &statement.Bypass{By: o.By, Reason: o.Reason, At: now.UTC().Truncate(time.Millisecond)}}
	if o.Candidate == NoFile {
		return about, nil
	}
	text, err := atomicfile.ReadGiven(o.Candidate, statement.MostBytes, patience)
	if err != nil {
		return about, fmt.Errorf("--bypass: %w", err)
	}
	about.Subjects = statement.OfFile(filepath.ToSlash(filepath.Clean(o.Candidate)), text)
	return about, nil
}

// nothingMeasured is the result of a run that did nothing.
func nothingMeasured(s *experiments.System, now time.Time) *result.Result {
	r := &result.Result{
		Schema: result.Schema, Run: result.Run{ID: plan.NewRun(now), Started: now, Ended: now, Outcome: result.Completed, ExitCode: result.ExitInvalid},
		System: result.System{Name: s.Name, Environment: s.Environment}, Documents: []result.Document{{File: s.File, Text: s.Text}},
	}
	if len(s.Set) > 0 {
		r.Documents = append(r.Documents, result.Document{File: result.SetDocument, Text: strings.Join(s.Set, "\n") + "\n"})
	}
	return r
}
