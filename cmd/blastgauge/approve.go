package main

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/approval"
	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/exit"
	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/usage"
	"github.com/blastgauge/blastgauge/experiments/gate/policy"
)

func newApprove(a *app) *cobra.Command {
	var o approval.Approve
	cmd := &cobra.Command{
		Use:   "approve STATEMENTS --key PRIVATE.pem",
		Short: "Sign, as a second person, what was measured",
		Long:  help("approve"),
		Example: `  blastgauge approve gateway.json.intoto.jsonl --key ada.pem --candidate gateway.json
  blastgauge approve gateway.json.intoto.jsonl --key ada.pem --run 20261123t140231z-7f3a9c`,
		Args:              atMost(1),
		ValidArgsFunction: completeStatements,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage.Errorf("approve takes the file of STATEMENTS")
			}
			if err := refuseEmpty(cmd); err != nil {
				return err
			}
			o.Statements = args[0]
			return a.approve(cmd.Context(), o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.Key, "key", "", "sign with the private key in `FILE`")
	f.StringVar(&o.Candidate, "candidate", "", "sign only what is about the bytes of `FILE`")
	f.StringVar(&o.Run, "run", "", "sign the statements about the run with this `ID` (default: the newest)")
	f.BoolVar(&o.AcceptBypass, "accept-bypass", false, "sign also a bypass, of which nothing was measured")
	return cmd
}

func (a *app) approve(ctx context.Context, o approval.Approve) error {
	err := readNamed(ctx, func() error { return o.Sign(a.stdout, time.Now()) })
	if refused, ok := errors.AsType[*approval.Refused](err); ok {
		a.logf("refused: %s", refused.Why)
		a.printExit(false, policy.ExitDenied, "nothing was signed")
		return exit.With(policy.ExitDenied)
	}
	if err != nil {
		return err
	}
	a.printf("signed\n")
	return nil
}
