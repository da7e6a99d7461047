package main

import (
	"github.com/spf13/cobra"

	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/approval"
	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/usage"
)

func newGate(a *app) *cobra.Command {
	var o runOptions
	var rest offline
	var attempts int
	cmd := &cobra.Command{
		Use:   "gate --verify FILE | --keygen NAME | FILE --bypass REASON",
		Short: "Decide by what was measured whether a change of config may ship",
		Long:  help("gate"),
		Example: `  blastgauge gate --keygen release
  blastgauge gate --verify gateway.json --key release.pub.pem --max-harm 5%
  blastgauge gate gateway.json --bypass "the shop is down" --key release.pem --statement gateway.json.intoto.jsonl`,
		RunE: func(cmd *cobra.Command, args []string) error {
			done, err := a.gateOffline(cmd, rest, o.selection, o.signed, attempts, o.outputs, args)
			if done || err != nil {
				return err
			}
			return usage.Errorf("say what to do: --verify, --keygen or --bypass")
		},
	}
	o.fileFlags(cmd)
	outputFlag(cmd, &o.outputs, approval.Formats())
	statementFlags(cmd, &o.signed)
	offlineFlags(cmd, &rest)
	cmd.Flags().IntVar(&attempts, "max-attempts", 0, "how often a candidate may be measured, this time included, as `N` (default: any number)")
	return cmd
}
