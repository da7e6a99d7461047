package statements

import (
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/usage"
	"github.com/blastgauge/blastgauge/experiments/gate/attempts"
	"github.com/blastgauge/blastgauge/experiments/gate/signing"
	"github.com/blastgauge/blastgauge/experiments/gate/statement"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/run"
)

// A Writer writes statements to a file, and signs them. That of nil writes none.
type Writer struct {
	file    string
	keys    []*signing.PrivateKey
	options statement.Options // with the subjects that the flags name
}

// About is what a statement says beside the result and the flags.
type About struct {
	Subjects   []statement.Subject // before those of the flags; the candidate first
	Change     *statement.Change
	Attempts   statement.Attempts
	Comparison *statement.Comparison
	Bypass     *statement.Bypass
}

// Written is what was written.
type Written struct {
	File    string
	Keys    []string // ids of those that signed
	Subject statement.Subject
}

// Subjects are those that the flags name.
func (w *Writer) Subjects() []statement.Subject {
	if w == nil {
		return nil
	}
	return slices.Clone(w.options.Subjects)
}

// KeyIDs are the ids of the keys that sign.
func (w *Writer) KeyIDs() []string {
	var ids []string
	if w != nil {
		for _, k := range w.keys {
			ids = append(ids, k.Public().ID())
		}
	}
	return ids
}

// add adds subjects that are not there yet.
func (w *Writer) add(list ...statement.Subject) {
	for _, s := range list {
		if !slices.Contains(w.options.Subjects, s) {
			w.options.Subjects = append(w.options.Subjects, s)
		}
	}
}

// subjects are all subjects of a run: those that are given first, those of the flags, and the
// commit. The first is the change.
func (w *Writer) subjects(first []statement.Subject, commit string) []statement.Subject {
	all := &Writer{}
	all.add(first...)
	all.add(w.options.Subjects...)
	if s, ok := statement.OfCommit(commit); ok {
		all.add(s)
	}
	return all.options.Subjects
}

// SubjectsOf are all subjects of the statements about a result; the first is the change.
func (w *Writer) SubjectsOf(r *result.Result, first ...statement.Subject) []statement.Subject {
	return w.subjects(first, r.Run.Commit)
}

// Follow makes a run note what its statement is about before its first fault, so that it
// counts as an attempt however it ends. Nothing would say what it is about is an error, before
// anything is measured.
func (w *Writer) Follow(p *plan.Plan, o *run.Options, first ...statement.Subject) error {
	if w == nil {
		return nil
	}
	subjects := w.subjects(first, p.Commit)
	if len(subjects) == 0 {
		return noSubject()
	}
	o.Opened = func(dir *os.Root, at time.Time) error { return attempts.Note(dir, p.Run, at, subjects) }
	return nil
}

func noSubject() error {
	return usage.Errorf("--statement: nothing says what it is about: name it with --subject-file FILE or --subject NAME@sha256:DIGEST, or set BLASTGAUGE_COMMIT to the commit under test")
}

// Attempts are how often the subjects of a run were measured before, and bypassed, as the
// directory of runs tells.
func (w *Writer) Attempts(runs string, r *result.Result, first ...statement.Subject) (statement.Attempts, error) {
	if w == nil {
		return statement.Attempts{}, nil
	}
	return attempts.CountIn(runs, w.subjects(first, r.Run.Commit), r.Run.ID)
}

// Write appends the statements about a result to the file. Nil is returned where the writer
// is, and nothing was written.
func (w *Writer) Write(r *result.Result, about About) (*Written, error) {
	if w == nil {
		return nil, nil //nolint:nilnil // none are asked for
	}
	o := w.options
	o.Subjects = w.subjects(about.Subjects, "") // that of the commit is added
	o.ToolDigest, o.Change, o.Attempts, o.Comparison, o.Bypass = toolDigest(), about.Change, about.Attempts, about.Comparison, about.Bypass
	pair, err := statement.Make(r, o)
	if err != nil {
		return nil, fmt.Errorf("--statement %s: %w", w.file, err)
	}
	signed, err := w.sign(pair)
	if err != nil {
		return nil, fmt.Errorf("--statement %s: %w", w.file, err)
	}
	err = Update(w.file, func() ([]byte, error) {
		list, err := w.present() // what came during the run stays
		if err != nil {
			return nil, err
		}
		return signing.Write(append(list, signed...))
	})
	if err != nil {
		return nil, err
	}
	return &Written{w.file, w.KeyIDs(), pair.Resilience.Subject[0]}, nil
}

// sign signs both statements with every key.
func (w *Writer) sign(pair *statement.Pair) ([]*signing.Envelope, error) {
	a, b, err := pair.Bytes()
	if err != nil {
		return nil, err
	}
	list := []*signing.Envelope{signing.Wrap(a), signing.Wrap(b)}
	for _, e := range list {
		for _, key := range w.keys {
			if err := e.Sign(key); err != nil {
				return nil, err
			}
		}
	}
	return list, nil
}
