// Package validate checks documents without any server: it finds every mistake at once,
// and names what cannot be known before a run.
package validate

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/shape"
)

// A Checked is one system and its experiments, and what is wrong with them.
type Checked struct {
	System      *experiments.System // nil after an error
	Experiments []*experiments.Experiment
	GameDay     *experiments.GameDay // whose experiments these are; nil: they are of none
	Err         error                // of class experiments.ErrInvalid or experiments.ErrRefused
	unset       error                // variables of the environment that are missing
	documents   []Document
}

// All checks the systems that a selection names: one, or each of the folders among its
// arguments, and the game days among these. The error is not about the documents.
func All(s experiments.Selection) ([]Checked, error) {
	days, s, err := splitGameDays(s)
	if err != nil {
		return nil, err
	}
	var list []Checked
	if len(days) == 0 || len(s.Arguments) > 0 {
		if list, err = allSystems(s); err != nil {
			return nil, err
		}
	}
	for _, file := range days {
		list = append(list, checkGameDay(file, s))
	}
	return list, nil
}

// splitGameDays takes the documents of game days from the arguments, and adds those in and
// below the folders among them.
func splitGameDays(s experiments.Selection) (days []string, rest experiments.Selection, err error) {
	var others []string
	for _, arg := range s.Arguments {
		if experiments.IsGameDay(arg) {
			days = append(days, arg)
			continue
		}
		others = append(others, arg)
		if !isFolder(arg) {
			continue
		}
		below, err := experiments.FindGameDaysBelow(arg)
		if err != nil {
			return nil, s, err
		}
		days = append(days, below...)
	}
	s.Arguments = others
	return days, s, nil
}

// allSystems checks the systems that a selection names.
func allSystems(s experiments.Selection) ([]Checked, error) {
	systems, err := systemsBelow(s)
	if err != nil {
		return nil, err
	}
	if len(systems) == 0 {
		one, err := check(s)
		return []Checked{one}, err
	}
	var list []Checked
	if len(systems) > 1 && len(s.IDs) > 0 {
		return nil, fmt.Errorf("%w: only some experiments can be checked of one system, and there are %d: name its file", experiments.ErrInvalid, len(systems))
	}
	for _, file := range systems {
		one, err := check(experiments.Selection{SystemFile: file, IDs: s.IDs, Outside: s.Outside})
		if err != nil {
			return nil, err
		}
		list = append(list, one)
	}
	return list, nil
}

// check checks one system. The error is not about the documents.
func check(s experiments.Selection) (c Checked, err error) {
	if system, list, err := s.Files(); err == nil { // what is wrong with them, Load says
		for _, file := range append([]string{system}, list...) {
			c.documents = append(c.documents, Document{file, system})
		}
	}
	c.System, c.Experiments, err = s.Load()
	if errors.Is(err, experiments.ErrInvalid) {
		return Checked{Err: err, documents: c.documents}, nil
	}
	if err != nil {
		return c, err
	}
	c.finish(s)
	return c, nil
}

// checkGameDay checks a game day, and what it names.
func checkGameDay(file string, s experiments.Selection) (c Checked) {
	day, system, list, err := s.LoadGameDay(file, s.SystemFile)
	c.documents = []Document{{file, s.SystemFile}}
	if err != nil {
		c.Err = err
		return c
	}
	c.GameDay, c.System, c.Experiments = day, system, list
	c.documents[0].System = system.File
	c.finish(s)
	return c
}

// finish looks at what documents without a mistake say together.
func (c *Checked) finish(s experiments.Selection) {
	c.unset = experiments.CheckVariables(s.Getenv, c.System, c.Experiments...)
	c.Err = c.System.CheckEnvironment()
	if c.System.HostsKnown() {
		c.Err = errors.Join(c.Err, c.System.CheckHosts(c.Experiments...))
	}
}

// Summary is what is valid and what is not in one. Its exit code is the caller's, by the
// error, which joins those of all.
func Summary(list []Checked) (*Validation, error) {
	v := &Validation{Schema: Schema, Systems: []System{}, Problems: []Problem{}, Documents: []Document{}}
	var errs []error
	for _, one := range list {
		v.Documents = append(v.Documents, one.documents...)
		errs = append(errs, one.Err)
		if one.Err != nil {
			v.Problems = append(v.Problems, one.problems()...)
			if v.Text += experiments.Explain(one.Err); len(shape.Errors(one.Err)) == 0 {
				v.Text += "error: " + one.Err.Error() + "\n"
			}
			continue
		}
		s := System{File: one.System.File, Experiments: []Experiment{}}
		for _, r := range one.System.Notify {
			s.Notify = append(s.Notify, Receiver{Receiver: r.Name(), On: r.On})
		}
		for _, e := range one.Experiments {
			s.Experiments = append(s.Experiments, Experiment{ID: e.ID, File: e.File})
		}
		if one.GameDay != nil {
			s.GameDay = one.GameDay.File
		}
		v.Systems = append(v.Systems, s)
		v.Problems = append(v.Problems, one.remarks()...)
		v.Text += one.Text()
	}
	err := errors.Join(errs...)
	v.Valid = err == nil
	return v, err
}

// remarks are the warnings about valid documents, and what validate cannot know.
func (c Checked) remarks() []Problem { return append(c.warnings(), c.notChecked()...) }

// warnings are what the documents alone tell of a control arm that is none, and of data
// with too few rows.
func (c Checked) warnings() (list []Problem) {
	if experiments.CheckAddresses(c.System, c.Experiments...) != nil { // they are not known
		return nil
	}
	p, err := plan.Make(c.System, c.Experiments, plan.Options{Phases: plan.NoOverride()})
	if err != nil { // what a run makes of them, plan tells
		return nil
	}
	at, _ := c.System.Place("control_url")
	for _, text := range p.SharedWarnings() {
		list = append(list, Problem{Kind: Warning, File: c.System.File, Line: at.Line, Column: at.Col, Message: text})
	}
	for _, w := range p.DataWarnings() {
		at, _ := c.System.Place("journeys." + w.Journey + ".data")
		list = append(list, Problem{Kind: Warning, File: c.System.File, Line: at.Line, Column: at.Col, Message: w.Text})
	}
	return list
}

// notChecked are what validate cannot know, as problems.
func (c Checked) notChecked() (list []Problem) {
	for _, e := range shape.Errors(c.unset) {
		p := problem(NotChecked, e)
		p.Message += ", and a run needs it"
		list = append(list, p)
	}
	if !c.System.HostsKnown() {
		list = append(list, Problem{Kind: NotChecked, File: c.System.File, Message: "which hosts are allowed depends on a variable that is not set"})
	}
	if unknown := c.System.Elsewhere(); len(unknown) > 0 {
		list = append(list, Problem{Kind: NotChecked, File: c.System.File,
			Message: "where the proxy of " + figures.List(unknown, "and of") + " leads, which only its Toxiproxy knows; plan asks it"})
	}
	return list
}

// problem is a mistake in a document.
func problem(kind Kind, e *shape.Error) Problem {
	p := Problem{Kind: kind, File: e.File, Line: e.Line, Column: e.Col, Message: e.Msg, Hint: e.Hint, Note: e.Note}
	if e.Col > 0 && e.Width > 0 {
		p.EndColumn = e.Col + e.Width
	}
	return p
}

// Text is the lines for people about documents without a mistake.
func (c Checked) Text() string {
	ids := make([]string, len(c.Experiments))
	for i, e := range c.Experiments {
		ids[i] = e.ID
	}
	var text strings.Builder
	count := figures.Plural(len(ids), "experiment", "experiments")
	if c.GameDay != nil {
		fmt.Fprintf(&text, "%s is valid, a game day of %s of %s: %s\n", c.GameDay.File, count, c.System.File, strings.Join(ids, ", "))
	} else {
		fmt.Fprintf(&text, "%s and %s are valid: %s\n", c.System.File, count, strings.Join(ids, ", "))
	}
	for _, r := range c.System.Notify {
		fmt.Fprintf(&text, "notify: %s is told of %s\n", r.Name(), r.Told())
	}
	for _, p := range c.remarks() {
		at := ""
		if p.Line > 0 {
			at = fmt.Sprintf("%s:%d:%d: ", p.File, p.Line, p.Column)
		}
		text.WriteString(strings.ReplaceAll(string(p.Kind), "_", " ") + ": " + at + p.Message + "\n")
	}
	return text.String()
}

// problems are the mistakes and the refusals.
func (c Checked) problems() (list []Problem) {
	mistakes := shape.Errors(c.Err)
	for _, e := range mistakes {
		list = append(list, problem(Mistake, e))
	}
	switch {
	case len(mistakes) > 0:
		return list
	case c.System == nil:
		return []Problem{{Kind: Mistake, Message: c.Err.Error()}}
	}
	if err := c.System.CheckEnvironment(); err != nil {
		p := Problem{Kind: Refused, File: c.System.File, Message: err.Error()}
		if at, ok := c.System.Place("environment"); ok {
			p.Line, p.Column = at.Line, at.Col
		}
		list = append(list, p)
	}
	if err := c.System.CheckHosts(c.Experiments...); err != nil && c.System.HostsKnown() {
		list = append(list, Problem{Kind: Refused, File: c.System.File, Message: err.Error()})
	}
	return list
}

// systemsBelow lists the system files in and below the folders among the arguments. There are
// none where a system is named, or where the folders hold experiments only.
func systemsBelow(s experiments.Selection) ([]string, error) {
	var files []string
	for _, arg := range s.Arguments {
		if s.SystemFile != "" || !isFolder(arg) {
			return nil, nil
		}
		below, err := experiments.FindBelow(arg)
		if err != nil {
			return nil, err
		}
		files = append(files, below...)
	}
	return files, nil
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
