package main

import (
	"cmp"
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/serving"
	"github.com/blastgauge/blastgauge/experiments/gate/verdicts"
)

func newServe(a *app) *cobra.Command {
	var o serving.Flags
	cmd := &cobra.Command{
		Use:   "serve --verdicts DIR --key PUB.pem",
		Short: "Answer controllers of rollouts whether a change may pass",
		Long:  help("serve"),
		Example: `  blastgauge serve --verdicts verdicts --key ci.pub.pem
  blastgauge serve --verdicts /verdicts --key /keys/ci.pub.pem --policy /policy/policy.yaml --listen :8480 --cert tls.crt,tls.key --host verdicts.gate.svc
  curl http://127.0.0.1:8480/verdicts/sha256:$(sha256sum < settings.json | cut -d ' ' -f 1)`,
		Args: atMost(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := cmp.Or(refuseEmpty(cmd), refuseNoAttempts(cmd, o.MaxAttempts), o.Check()); err != nil {
				return err
			}
			return a.serveVerdicts(cmd.Context(), o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.Dir, "verdicts", "", "`DIR` of files of statements, *"+verdicts.Suffix)
	f.StringArrayVar(&o.Keys, "key", nil, "PEM `FILE` of a public key whose statements count; repeatable")
	f.StringArrayVar(&o.Approvers, "approver", nil, "PEM `FILE` of the public key of one who approves: it counts beside one of --key, and never alone; repeatable")
	f.StringVar(&o.Listen, "listen", serving.Address, "`HOST:PORT` to listen at; an empty host is every address of this machine")
	f.StringVar(&o.Cert, "cert", "", "PEM files `CERT,KEY` for TLS")
	f.StringArrayVar(&o.Hosts, "host", nil, "`NAME` that others call this server by, such as verdicts.gate.svc; repeatable")
	f.StringVar(&o.Policy, "policy", "", "YAML `FILE` of what is required, in place of the flags below")
	f.StringSliceVar(&o.Experiments, "require-experiments", nil, "`IDS` of experiments that must have been run and have held")
	f.StringArrayVar(&o.ExperimentFiles, "experiment-file", nil, "experiment `FILE` that must have been run exactly as it is here; repeatable")
	f.StringVar(&o.MaxHarm, "max-harm", "", "`SHARE` that the upper bound of harm of no journey may exceed, such as 5%")
	f.StringVar(&o.SecondApproverAbove, "second-approver-above", "", "`SHARE` of harm above which two keys must have signed, such as 2%")
	f.IntVar(&o.MaxAttempts, "max-attempts", 0, "how often the same change may be measured (default: any `NUMBER`)")
	f.StringVar(&o.Environment, "environment", "", "`NAME` of the environment that it must have been measured on")
	f.StringVar(&o.System, "system", "", "system `FILE` that it must have been measured with")
	f.BoolVar(&o.AcceptBypass, "accept-bypass", false, "let a change pass that somebody let pass without a measurement")
	return cmd
}

func (a *app) serveVerdicts(ctx context.Context, o serving.Flags) error {
	var s *verdicts.Server
	err := readNamed(ctx, func() (err error) {
		s, err = o.Start(a.logf)
		return err
	})
	if err != nil {
		return err
	}
	a.printf("verdicts  %s\nready\n", s.URL())
	a.serves.Store(true)
	<-ctx.Done()
	return errors.Join(s.Shutdown(), stoppedByUser(ctx))
}
