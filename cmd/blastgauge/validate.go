package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/shape"
)

func newValidate(a *app) *cobra.Command {
	var s selection
	cmd := &cobra.Command{
		Use:   "validate [EXPERIMENT... | DIR...]",
		Short: "Check the documents; inject nothing",
		Long: `Validate reports every mistake of the documents at once, each with its place and
what would be right. In a DIR it checks every blastgauge.yaml, there and below, with
the experiments beside it. It looks at no server: where a proxy leads that a dependency
only names, plan finds out.

Exit status:
  0    the documents are valid
  2    invalid flags or documents
  6    a run would be refused by a safety rule: a host or an environment that is not
       allowed`,
		Example: `  blastgauge validate
  blastgauge validate examples/
  blastgauge validate -f staging/blastgauge.yaml staging/experiments/payments-slow.yaml`,
		RunE: func(cmd *cobra.Command, args []string) error {
			systems, err := s.systemsBelow(args)
			if err != nil {
				return err
			}
			if len(systems) == 0 {
				s.args = args
				return a.validate(cmd.Context(), s)
			}
			var errs []error
			for _, file := range systems {
				errs = append(errs, a.validate(cmd.Context(), selection{file: file}))
			}
			return errors.Join(errs...)
		},
	}
	s.flags(cmd)
	return cmd
}

func (a *app) validate(ctx context.Context, s selection) error {
	var system *experiments.System
	var list []*experiments.Experiment
	err := readNamed(ctx, func() (err error) {
		system, list, err = s.documents(a.getenv).Load()
		return err
	})
	if err != nil {
		return err
	}
	err = system.CheckEnvironment()
	if system.HostsKnown() {
		err = errors.Join(err, system.CheckHosts(list...))
	}
	if err != nil {
		return err
	}
	what := fmt.Sprintf("%d experiments", len(list))
	if len(list) == 1 {
		what = "1 experiment"
	}
	ids := make([]string, len(list))
	for i, e := range list {
		ids[i] = e.ID
	}
	a.printf("%s and %s are valid: %s\n", system.File, what, strings.Join(ids, ", "))
	for _, e := range shape.Errors(experiments.CheckVariables(a.getenv, system, list...)) {
		a.printf("not checked: %s:%d:%d: %s; a run needs it\n", e.File, e.Line, e.Col, e.Msg)
	}
	if !system.HostsKnown() {
		a.printf("not checked: which hosts are allowed, which depends on a variable that is not set\n")
	}
	if unknown := system.Elsewhere(); len(unknown) > 0 {
		a.printf("not checked: where the proxy of %s leads, which only its Toxiproxy knows; plan asks it\n", figures.List(unknown, "and of"))
	}
	return nil
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
