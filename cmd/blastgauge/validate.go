package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/output"
	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/shape"
	"github.com/blastgauge/blastgauge/report"
	"github.com/blastgauge/blastgauge/report/validations"
)

func newValidate(a *app) *cobra.Command {
	var s selection
	var specs []string
	cmd := &cobra.Command{
		Use:   "validate [EXPERIMENT... | DIR...]",
		Short: "Check the documents; inject nothing",
		Long: `Validate reports every mistake of the documents at once, each with its place and
what would be right. In a DIR it checks every blastgauge.yaml, there and below, with
the experiments beside it. It looks at no server: where a proxy leads that a dependency
only names, plan finds out. A variable of the environment that is not set is no
mistake of a document: it is named, and what depends on it is not checked.

With -o github each problem is shown beside its line in a pull request.

Exit status:
  0    the documents are valid
  2    invalid flags or documents
  6    a run would be refused by a safety rule: a host or an environment that is not
       allowed`,
		Example: `  blastgauge validate
  blastgauge validate examples/
  blastgauge validate -o github
  blastgauge validate -f staging/blastgauge.yaml staging/experiments/payments-slow.yaml`,
		RunE: func(cmd *cobra.Command, args []string) error {
			outputs, err := output.Parse(a.console(), specs, func(name string, _ report.Options) (func(io.Writer, *validations.Validation) error, error) {
				return report.ValidationFor(name)
			})
			if err != nil {
				return err
			}
			list, err := a.validateAll(cmd.Context(), s, args)
			if err != nil {
				return err
			}
			if len(specs) == 0 {
				return a.printValidation(list)
			}
			return a.publishValidation(outputs, list)
		},
	}
	s.flags(cmd)
	outputFlag(cmd, &specs, report.ValidationFormats())
	return cmd
}

// A validated is one system and its experiments, and what is wrong with them.
type validated struct {
	system      *experiments.System // nil after an error
	experiments []*experiments.Experiment
	err         error // of class experiments.ErrInvalid or experiments.ErrRefused
	unset       error // variables of the environment that are missing
}

// validateAll checks the systems that args name.
func (a *app) validateAll(ctx context.Context, s selection, args []string) ([]validated, error) {
	systems, err := s.systemsBelow(args)
	if err != nil {
		return nil, err
	}
	if len(systems) == 0 {
		s.args = args
		one, err := a.validate(ctx, s)
		return []validated{one}, err
	}
	var list []validated
	for _, file := range systems {
		one, err := a.validate(ctx, selection{file: file, set: s.set})
		if err != nil {
			return nil, err
		}
		list = append(list, one)
	}
	return list, nil
}

// validate checks one system. The error is not about the documents.
func (a *app) validate(ctx context.Context, s selection) (v validated, err error) {
	err = readNamed(ctx, func() (err error) {
		v.system, v.experiments, err = s.documents(a.getenv).Load()
		return err
	})
	if errors.Is(err, experiments.ErrInvalid) {
		return validated{err: err}, nil
	}
	if err != nil {
		return v, err
	}
	v.unset = experiments.CheckVariables(a.getenv, v.system, v.experiments...)
	v.err = v.system.CheckEnvironment()
	if v.system.HostsKnown() {
		v.err = errors.Join(v.err, v.system.CheckHosts(v.experiments...))
	}
	return v, nil
}

// remarks are the warnings about valid documents, and what validate cannot know.
func (v validated) remarks() []validations.Problem { return append(v.warnings(), v.notChecked()...) }

// warnings are what the documents alone tell of a control arm that is none, and of data
// with too few rows.
func (v validated) warnings() (list []validations.Problem) {
	if experiments.CheckAddresses(v.system, v.experiments...) != nil { // they are not known
		return nil
	}
	p, err := plan.Make(v.system, v.experiments, plan.Options{Phases: plan.NoOverride()})
	if err != nil { // what a run makes of them, plan tells
		return nil
	}
	at, _ := v.system.Place("control_url")
	for _, text := range p.SharedWarnings() {
		list = append(list, validations.Problem{Kind: validations.Warning, File: v.system.File, Line: at.Line, Column: at.Col, Message: text})
	}
	for _, w := range p.DataWarnings() {
		at, _ := v.system.Place("journeys." + w.Journey + ".data")
		list = append(list, validations.Problem{Kind: validations.Warning, File: v.system.File, Line: at.Line, Column: at.Col, Message: w.Text})
	}
	return list
}

// notChecked are what validate cannot know, as problems.
func (v validated) notChecked() (list []validations.Problem) {
	for _, e := range shape.Errors(v.unset) {
		p := problem(validations.NotChecked, e)
		p.Message += ", and a run needs it"
		list = append(list, p)
	}
	if !v.system.HostsKnown() {
		list = append(list, validations.Problem{Kind: validations.NotChecked, File: v.system.File, Message: "which hosts are allowed depends on a variable that is not set"})
	}
	if unknown := v.system.Elsewhere(); len(unknown) > 0 {
		list = append(list, validations.Problem{Kind: validations.NotChecked, File: v.system.File,
			Message: "where the proxy of " + figures.List(unknown, "and of") + " leads, which only its Toxiproxy knows; plan asks it"})
	}
	return list
}

// problem is a mistake in a document.
func problem(kind validations.Kind, e *shape.Error) validations.Problem {
	p := validations.Problem{Kind: kind, File: e.File, Line: e.Line, Column: e.Col, Message: e.Msg, Hint: e.Hint, Note: e.Note}
	if e.Col > 0 && e.Width > 0 {
		p.EndColumn = e.Col + e.Width
	}
	return p
}

// says is the line for people about documents without a mistake.
func (v validated) says() string {
	ids := make([]string, len(v.experiments))
	for i, e := range v.experiments {
		ids[i] = e.ID
	}
	var text strings.Builder
	fmt.Fprintf(&text, "%s and %s are valid: %s\n", v.system.File, figures.Plural(len(ids), "experiment", "experiments"), strings.Join(ids, ", "))
	for _, p := range v.remarks() {
		at := ""
		if p.Line > 0 {
			at = fmt.Sprintf("%s:%d:%d: ", p.File, p.Line, p.Column)
		}
		text.WriteString(strings.ReplaceAll(string(p.Kind), "_", " ") + ": " + at + p.Message + "\n")
	}
	return text.String()
}

// printValidation prints what is valid, and returns what is not.
func (a *app) printValidation(list []validated) error {
	var errs []error
	for _, v := range list {
		if errs = append(errs, v.err); v.err == nil {
			a.printf("%s", v.says())
		}
	}
	return errors.Join(errs...)
}

// publishValidation writes what is valid and what is not to every output.
func (a *app) publishValidation(outputs []output.Output[*validations.Validation], list []validated) error {
	v := &validations.Validation{Schema: validations.Schema, Systems: []validations.System{}, Problems: []validations.Problem{}}
	var errs []error
	for _, one := range list {
		errs = append(errs, one.err)
		if one.err != nil {
			v.Problems = append(v.Problems, one.problems()...)
			if v.Text += experiments.Explain(one.err); len(shape.Errors(one.err)) == 0 {
				v.Text += "error: " + one.err.Error() + "\n"
			}
			continue
		}
		s := validations.System{File: one.system.File, Experiments: []validations.Experiment{}}
		for _, e := range one.experiments {
			s.Experiments = append(s.Experiments, validations.Experiment{ID: e.ID, File: e.File})
		}
		v.Systems = append(v.Systems, s)
		v.Problems = append(v.Problems, one.remarks()...)
		v.Text += one.says()
	}
	err := errors.Join(errs...)
	if err != nil {
		v.ExitCode = exitCode(err)
	}
	v.Valid = err == nil
	if err := output.Write(a.stdout, outputs, v); err != nil {
		return err
	}
	if v.Valid {
		return nil
	}
	a.printExit(output.TextOnStdout(outputs), v.ExitCode, result.ExitMeaning(v.ExitCode))
	return verdictError{v.ExitCode}
}

// problems are the mistakes and the refusals.
func (v validated) problems() (list []validations.Problem) {
	mistakes := shape.Errors(v.err)
	for _, e := range mistakes {
		list = append(list, problem(validations.Mistake, e))
	}
	switch {
	case len(mistakes) > 0:
		return list
	case v.system == nil:
		return []validations.Problem{{Kind: validations.Mistake, Message: v.err.Error()}}
	}
	if err := v.system.CheckEnvironment(); err != nil {
		p := validations.Problem{Kind: validations.Refused, File: v.system.File, Message: err.Error()}
		if at, ok := v.system.Place("environment"); ok {
			p.Line, p.Column = at.Line, at.Col
		}
		list = append(list, p)
	}
	if err := v.system.CheckHosts(v.experiments...); err != nil && v.system.HostsKnown() {
		list = append(list, validations.Problem{Kind: validations.Refused, File: v.system.File, Message: err.Error()})
	}
	return list
}

// systemsBelow lists the system files in and below the folders among args. There are
// none where a system is named, or where the folders hold experiments only.
func (s *selection) systemsBelow(args []string) ([]string, error) {
	var files []string
	for _, arg := range args {
		if s.file != "" || !isFolder(arg) {
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
