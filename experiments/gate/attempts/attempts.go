// Package attempts counts how often a change was measured before.
//
// A run notes what it is about in its directory before it injects anything, see [Note], so
// that one which was cut short because it went badly counts as well. Who repeats a run
// until it passes is seen in the statement, see [Count].
package attempts

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"time"

	"github.com/blastgauge/blastgauge/experiments/atomicfile"
	"github.com/blastgauge/blastgauge/experiments/gate/bypass"
	"github.com/blastgauge/blastgauge/experiments/gate/statement"
	"github.com/blastgauge/blastgauge/experiments/gate/strictjson"
	"github.com/blastgauge/blastgauge/experiments/history"
	"github.com/blastgauge/blastgauge/experiments/result"
)

// File is the name of the file in a run's directory that says what the run is about.
const File = "subjects.json"

// Schema is the name and version of its format.
const Schema = "blastgauge/subjects/v1"

// mostBytes bounds the file of subjects.
const mostBytes = 1 << 20

type note struct {
	Schema  string              `json:"schema"`
	Run     string              `json:"run"`
	At      time.Time           `json:"at"` // when the run began
	Subject []statement.Subject `json:"subject"`
}

// Note writes into a run's directory what the run is about. It is to be called before the
// first fault.
func Note(dir *os.Root, run string, at time.Time, subjects []statement.Subject) error {
	return atomicfile.RewriteIn(dir, File, func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(note{Schema, run, statement.Moment(at), subjects})
	})
}

// Count counts the runs of a directory that measured a change before the run that is named,
// which is not counted. The first subject is the change. A run is one of it if it is about
// the same bytes, or about the same document in another layout. A commit is compared with
// that of runs that noted nothing, too. One that goes on counts: two side by side are two.
func Count(runs *os.Root, subjects []statement.Subject, run string) (statement.Attempts, error) {
	none := statement.Attempts{List: []statement.Attempt{}}
	if len(subjects) == 0 {
		return none, nil
	}
	entries, err := history.Scan(runs)
	if err != nil {
		return none, err
	}
	c := counter{runs: runs, change: changeOf(subjects), own: run, byRun: map[string]statement.Attempt{}}
	for _, e := range entries {
		c.see(e)
	}
	return c.attempts(), nil
}

// changeOf are the digests of the first subject: of its bytes and of its canonical form.
func changeOf(subjects []statement.Subject) []statement.Digest {
	list := []statement.Digest{subjects[0].Digest}
	if len(subjects) > 1 && subjects[1].IsCanonical() {
		list = append(list, subjects[1].Digest)
	}
	return list
}

type counter struct {
	runs   *os.Root
	change []statement.Digest
	own    string
	byRun  map[string]statement.Attempt // copies of a run are one attempt
}

// see counts a directory if its run measured the change.
func (c *counter) see(e history.Entry) {
	n, err := readNote(c.runs, e.Name)
	a := statement.Attempt{Run: e.Name, At: n.At, Verdict: result.Invalid} // what is known of a run that cannot be read
	about := err == nil && slices.ContainsFunc(n.Subject, func(s statement.Subject) bool { return slices.Contains(c.change, s.Digest) })
	switch {
	case err == nil && e.Run == nil:
		a.Run = n.Run
	case e.Run == nil:
		return
	default:
		if s, ok := statement.OfCommit(e.Run.Commit); ok && slices.Contains(c.change, s.Digest) {
			about = true
		}
		a = statement.Attempt{Run: e.Run.ID, At: statement.Moment(e.Run.Started), Verdict: verdictOf(e.Run)}
	}
	if !about || a.Run == c.own {
		return
	}
	if was, seen := c.byRun[a.Run]; seen {
		a.Verdict = statement.Worse(was.Verdict, a.Verdict)
	}
	c.byRun[a.Run] = a
}

// attempts lists the newest of them, oldest first.
func (c *counter) attempts() statement.Attempts {
	list := []statement.Attempt{}
	for _, a := range c.byRun {
		list = append(list, a)
	}
	slices.SortFunc(list, func(a, b statement.Attempt) int {
		if d := a.At.Compare(b.At); d != 0 {
			return d
		}
		if a.Run < b.Run {
			return -1
		}
		return 1
	})
	out := statement.Attempts{Count: len(list), List: list[max(0, len(list)-statement.MostAttempts):]}
	if len(list) > 0 {
		out.First = &list[0].At
	}
	return out
}

// readNote reads what a run is about. A file that is damaged is no note.
func readNote(runs *os.Root, name string) (note, error) {
	var n note
	file, err := atomicfile.OpenIn(runs, path.Join(name, File))
	if err != nil {
		return n, err
	}
	defer func() { _ = file.Close() }() // it was only read
	text, err := io.ReadAll(io.LimitReader(file, mostBytes+1))
	if err == nil && len(text) > mostBytes {
		err = fmt.Errorf("more than %d bytes", mostBytes)
	}
	if err == nil {
		err = strictjson.Decode(text, &n)
	}
	for _, s := range n.Subject {
		err = errors.Join(err, s.Check())
	}
	if err == nil && (n.Schema != Schema || n.Run == "" || n.At.Year() < 1 || n.At.Year() > 9999) {
		err = errors.New("it is of another schema")
	}
	n.At = statement.Moment(n.At)
	return n, err
}

// verdictOf is the verdict on a run that measured the change.
func verdictOf(r *history.Run) result.Verdict {
	v := result.NotRun
	switch {
	case r.Outcome != result.Completed:
		v = result.Invalid
	case r.Scan != nil:
		return ofExit(r.ExitCode)
	case len(r.Experiments) > 0:
		v = result.Held
	}
	for _, e := range r.Experiments {
		v = statement.Worse(v, e.Verdict)
	}
	return v
}

// ofExit is the verdict that an exit code tells.
func ofExit(code int) result.Verdict {
	switch code {
	case result.ExitHeld:
		return result.Held
	case result.ExitRefuted:
		return result.Refuted
	case result.ExitInconclusive:
		return result.Inconclusive
	}
	return result.Invalid
}

// CountIn is [Count] of the runs in a directory, with the bypasses that stand beside it. Where
// there is none, nothing was measured.
func CountIn(dir string, subjects []statement.Subject, run string) (statement.Attempts, error) {
	a, err := countBelow(dir, subjects, run)
	if err != nil || len(subjects) == 0 {
		return a, err
	}
	list, _, err := bypass.ReadBeside(dir) // a line that cannot be read is told by the history
	if err != nil {
		return a, err
	}
	change := changeOf(subjects)
	for _, e := range list {
		if e.Run != run && e.Concerns(change) {
			a.Bypasses = append(a.Bypasses, e.Bypass())
		}
	}
	a.Bypasses = a.Bypasses[max(0, len(a.Bypasses)-statement.MostAttempts):]
	return a, nil
}

func countBelow(dir string, subjects []statement.Subject, run string) (statement.Attempts, error) {
	runs, err := atomicfile.OpenDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return statement.Attempts{List: []statement.Attempt{}}, nil
	}
	if err != nil {
		return statement.Attempts{}, err
	}
	defer func() { _ = runs.Close() }() // nothing is written
	return Count(runs, subjects, run)
}

// SubjectsIn is what the run in a directory noted that it is about; none where it noted
// nothing that can be read.
func SubjectsIn(dir string) []statement.Subject {
	root, err := atomicfile.OpenDir(dir)
	if err != nil {
		return nil
	}
	defer func() { _ = root.Close() }() // nothing is written
	n, err := readNote(root, ".")
	if err != nil {
		return nil
	}
	return n.Subject
}
