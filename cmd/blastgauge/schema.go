package main

import (
	"github.com/spf13/cobra"

	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/usage"
	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/run/generator"
)

func newSchema(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "schema [system|experiment|gameday|traffic]",
		Short: "Print the JSON Schema of the documents, for editors",
		Long: `Schema prints the JSON Schema (draft 2020-12) of blastgauge.yaml (system, the
default), of experiments/*.yaml (experiment), of gameday.yaml (gameday), or of the
lines that a program under traffic.command writes, with what it is told in
BLASTGAUGE_TRAFFIC (traffic).

Editors that use the YAML language server complete and check a document whose
first line names its schema, relative to the document and without a network:

  # yaml-language-server: $schema=.blastgauge/schema/system.json

blastgauge init writes these lines and the schemas. After an update:

  blastgauge schema system > .blastgauge/schema/system.json
  blastgauge schema experiment > .blastgauge/schema/experiment.json`,
		Args:      atMost(1),
		ValidArgs: []string{string(experiments.SystemKind), string(experiments.ExperimentKind), string(experiments.GameDayKind), string(experiments.LineKind)},
		RunE: func(_ *cobra.Command, args []string) error {
			kind := experiments.SystemKind
			if len(args) > 0 {
				kind = experiments.Kind(args[0])
			}
			text, err := experiments.Schema(kind)
			if kind == experiments.LineKind {
				text, err = generator.Schema()
			}
			if err != nil {
				return usage.Error{Err: err}
			}
			_, err = a.stdout.Write(text)
			return err
		},
	}
}
