package main

import (
	"github.com/spf13/cobra"

	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/usage"
	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/gate"
	"github.com/blastgauge/blastgauge/experiments/gate/requirements"
	"github.com/blastgauge/blastgauge/experiments/gate/statement"
	"github.com/blastgauge/blastgauge/experiments/run/generator"
)

func newSchema(a *app) *cobra.Command {
	return &cobra.Command{
		Use:       "schema [system|experiment|gameday|traffic|statement|gate|policy]",
		Short:     "Print the JSON Schema of the documents, for editors",
		Long:      help("schema"),
		Args:      atMost(1),
		ValidArgs: []string{string(experiments.SystemKind), string(experiments.ExperimentKind), string(experiments.GameDayKind), string(experiments.LineKind), string(experiments.StatementKind), string(experiments.GateKind), string(experiments.PolicyKind)},
		RunE: func(_ *cobra.Command, args []string) error {
			kind := experiments.SystemKind
			if len(args) > 0 {
				kind = experiments.Kind(args[0])
			}
			text, err := experiments.Schema(kind)
			switch kind {
			case experiments.LineKind:
				text, err = generator.Schema()
			case experiments.StatementKind:
				text, err = statement.Schema(), nil
			case experiments.GateKind:
				text, err = gate.JSONSchema(), nil
			case experiments.PolicyKind:
				text, err = requirements.Schema()
			}
			if err != nil {
				return usage.Error{Err: err}
			}
			_, err = a.stdout.Write(text)
			return err
		},
	}
}
