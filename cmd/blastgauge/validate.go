package main

import (
	"errors"
	"io"

	"github.com/spf13/cobra"

	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/exit"
	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/output"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/validate"
	"github.com/blastgauge/blastgauge/report"
)

func newValidate(a *app) *cobra.Command {
	var s selection
	var specs []string
	cmd := &cobra.Command{
		Use:   "validate [EXPERIMENT... | GAMEDAY... | DIR...]",
		Short: "Check the documents; inject nothing",
		Long:  help("validate"),
		Example: `  blastgauge validate
  blastgauge validate gameday.yaml
  blastgauge validate examples/
  blastgauge validate -o github
  blastgauge validate -f staging/blastgauge.yaml staging/experiments/payments-slow.yaml`,
		ValidArgsFunction: s.completeIDs,
		RunE: func(cmd *cobra.Command, args []string) error {
			outputs, err := output.Parse(a.console(), specs, func(name string, _ report.Options) (func(io.Writer, *validate.Validation) error, error) {
				return report.ValidationFor(name)
			})
			if err != nil {
				return err
			}
			s.args = args
			var list []validate.Checked
			err = readNamed(cmd.Context(), func() (err error) {
				list, err = validate.All(s.documents(a.getenv))
				return err
			})
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

// printValidation prints what is valid, and returns what is not.
func (a *app) printValidation(list []validate.Checked) error {
	var errs []error
	for _, c := range list {
		if errs = append(errs, c.Err); c.Err == nil {
			a.printf("%s", c.Text())
		}
	}
	return errors.Join(errs...)
}

// publishValidation writes what is valid and what is not to every output.
func (a *app) publishValidation(outputs []output.Output[*validate.Validation], list []validate.Checked) error {
	v, err := validate.Summary(list)
	if err != nil {
		v.ExitCode = exit.Code(err)
	}
	if err := output.Write(a.stdout, outputs, v); err != nil {
		return err
	}
	if v.Valid {
		return nil
	}
	a.printExit(output.TextOnStdout(outputs), v.ExitCode, result.ExitMeaning(v.ExitCode))
	return exit.With(v.ExitCode)
}
