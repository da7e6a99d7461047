package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/version"
	"github.com/blastgauge/blastgauge/experiments/run/standing"
	"github.com/blastgauge/blastgauge/injectors/proxy"
)

func newProxy(a *app) *cobra.Command {
	o := standing.Options{Version: version.Current(), Log: a.stderr}
	var showVersion bool
	cmd := &cobra.Command{
		Use:   "proxy",
		Short: "Serve proxies that a system stands behind: a drop-in for toxiproxy-server",
		Long:  help("proxy"),
		Example: `  blastgauge proxy
  blastgauge proxy -f blastgauge.yaml
  blastgauge proxy -host 0.0.0.0 -port 8474 -config proxies.json --token-file token`,
		Args: atMost(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if showVersion {
				_, err := fmt.Fprintf(a.stdout, "toxiproxy-server version %s (blastgauge proxy %s)\n", proxy.Compatible, version.Current())
				return err
			}
			return a.serveProxies(cmd.Context(), o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.Host, "host", "", "`HOST` of the API (default: localhost)")
	f.StringVar(&o.Port, "port", "", "`PORT` of the API (default: 8474)")
	f.StringVar(&o.Config, "config", "", "JSON `FILE` of proxies to make, as toxiproxy-server takes it")
	f.StringVarP(&o.File, "file", "f", "", "system `FILE` whose dependencies get proxies")
	setFlag(cmd, &o.Set)
	tokenFlags(cmd, &o.Token, "a bearer token; requests must carry it")
	f.StringVar(&o.Certificate, "cert", "", "PEM `FILE` of the certificate for clients that speak TLS (default: one that each proxy of an encrypted upstream signs for itself, at /blastgauge/certificates/PROXY)")
	f.StringVar(&o.Key, "key", "", "PEM `FILE` of the key to --cert")
	f.StringVar(&o.UpstreamCA, "upstream-ca", "", "PEM `FILE` of who signs the certificates of upstreams: https://, rediss://, postgres:// with sslmode=verify-ca or verify-full and no sslrootcert (default: whom this machine trusts)")
	f.Int64Var(&o.Seed, "seed", 0, "`SEED` of who is affected by a share (default: random)")
	f.StringVar(&o.State, "state", "", "keep a block (stop --block) in `DIR` over a restart")
	f.BoolVar(&o.RuntimeMetrics, "runtime-metrics", false, "serve metrics of the process at /metrics")
	f.BoolVar(&o.ProxyMetrics, "proxy-metrics", false, "serve metrics of the proxies at /metrics")
	f.StringVar(&o.LogLevel, "log-level", "", "log to standard error from `LEVEL` on: debug, info, warn or error (default: $LOG_LEVEL, or info)")
	f.StringVar(&o.LogFormat, "log-format", "text", "`FORMAT` of the log: text or json")
	completeFlag(cmd, "log-level", cobra.FixedCompletions([]string{"debug", "info", "warn", "error"}, cobra.ShellCompDirectiveNoFileComp))
	completeFlag(cmd, "log-format", cobra.FixedCompletions([]string{"text", "json"}, cobra.ShellCompDirectiveNoFileComp))
	completeYAML(cmd, "file")
	f.BoolVar(&showVersion, "version", false, "print the version")
	return cmd
}

// singleDashed accepts the long flags of toxiproxy-server with a single dash, as that
// server does. It returns args with two dashes.
func singleDashed(args []string) []string {
	if len(args) == 0 || args[0] != "proxy" {
		return args
	}
	known := []string{"host", "port", "config", "seed", "runtime-metrics", "proxy-metrics", "version", "help"}
	out := slices.Clone(args)
	for i, arg := range out {
		name, _, _ := strings.Cut(strings.TrimPrefix(arg, "-"), "=")
		if strings.HasPrefix(arg, "-") && slices.Contains(known, name) {
			out[i] = "-" + arg
		}
	}
	return out
}

func (a *app) serveProxies(ctx context.Context, o standing.Options) error {
	o.Getenv = a.getenv // as it is now: it may hold a token that came from a pipe
	var s *standing.Server
	err := readNamed(ctx, func() (err error) {
		s, err = standing.Start(o)
		return err
	})
	if err != nil {
		return err
	}
	if s.OpenToAll() {
		a.logf("warning: the API listens at %s and has no --token-file: everybody who can reach it can break the services behind these proxies", s.Address)
	}
	a.printf("proxy     %s\n", s.URL())
	for _, p := range s.Proxies {
		a.printf("          %s  %s -> %s\n", p.Name, p.Listen, p.Upstream)
	}
	a.printf("ready\n")
	a.serves.Store(true)
	<-ctx.Done()
	return errors.Join(s.Drain(), stoppedByUser(ctx))
}
