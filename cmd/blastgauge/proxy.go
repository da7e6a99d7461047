package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/usage"
	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/atomicfile"
	"github.com/blastgauge/blastgauge/experiments/hosts"
	"github.com/blastgauge/blastgauge/experiments/inert"
	"github.com/blastgauge/blastgauge/experiments/listening"
	"github.com/blastgauge/blastgauge/injectors/proxy"
	"github.com/blastgauge/blastgauge/injectors/toxiproxy"
)

// drainTimeout is how long connections may go on after the server was interrupted.
const drainTimeout = 5 * time.Second

type proxyOptions struct {
	host, port      string
	config, file    string
	set             []string // in place of what the system file says
	token           string
	tls             proxyTLS
	seed            int64 // as toxiproxy-server takes it: also below 0
	runtime, counts bool
	version         bool
	logLevel        string
	logFormat       string
}

func newProxy(a *app) *cobra.Command {
	var o proxyOptions
	cmd := &cobra.Command{
		Use:   "proxy",
		Short: "Serve proxies that a system stands behind: a drop-in for toxiproxy-server",
		Long: `Proxy serves Toxiproxy's HTTP API and the proxies that are made with it, until it
is interrupted. Clients, config files and flags of toxiproxy-server work unchanged,
also with a single dash. With --file it makes the proxies of a system's dependencies
and listens where the system file says that its Toxiproxy is.

Exit status:
  0    interrupted, and ended in good order
  1    error of the tool or its environment, such as a port that is in use
  2    invalid flags, proxies or documents
  6    refused by a safety rule: what the system file names is not allowed
  129, 130, 143   interrupted (HUP, INT, TERM) before it served`,
		Example: `  blastgauge proxy
  blastgauge proxy -f blastgauge.yaml
  blastgauge proxy -host 0.0.0.0 -port 8474 -config proxies.json --token-file token`,
		Args: atMost(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.version {
				_, err := fmt.Fprintf(a.stdout, "toxiproxy-server version %s (blastgauge proxy %s)\n", proxy.Compatible, version())
				return err
			}
			return a.serveProxies(cmd.Context(), o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.host, "host", "", "`HOST` of the API (default: localhost)")
	f.StringVar(&o.port, "port", "", "`PORT` of the API (default: 8474)")
	f.StringVar(&o.config, "config", "", "JSON `FILE` of proxies to make, as toxiproxy-server takes it")
	f.StringVarP(&o.file, "file", "f", "", "system `FILE` whose dependencies get proxies")
	setFlag(cmd, &o.set)
	tokenFlags(cmd, &o.token, "a bearer token; requests must carry it")
	o.tls.flags(cmd)
	f.Int64Var(&o.seed, "seed", 0, "`SEED` of who is affected by a share (default: random)")
	f.BoolVar(&o.runtime, "runtime-metrics", false, "serve metrics of the process at /metrics")
	f.BoolVar(&o.counts, "proxy-metrics", false, "serve metrics of the proxies at /metrics")
	f.StringVar(&o.logLevel, "log-level", "", "log to standard error from `LEVEL` on: debug, info, warn or error (default: $LOG_LEVEL, or info)")
	f.StringVar(&o.logFormat, "log-format", "text", "`FORMAT` of the log: text or json")
	f.BoolVar(&o.version, "version", false, "print the version")
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

func (a *app) serveProxies(ctx context.Context, o proxyOptions) error {
	var list []proxyList
	var address string
	err := readNamed(ctx, func() (err error) {
		list, address, err = o.proxies(a.getenv)
		return err
	})
	if err != nil {
		return err
	}
	log, err := a.proxyLog(o)
	if err != nil {
		return err
	}
	token, err := toxiproxy.ReadToken(o.token, a.getenv)
	if err != nil {
		return err
	}
	var certificate *tls.Certificate
	var roots *x509.CertPool
	err = readNamed(ctx, func() (err error) {
		certificate, roots, err = o.tls.load()
		return err
	})
	if err != nil {
		return err
	}
	if o.seed == 0 {
		o.seed = time.Now().UnixNano()
	}
	s, err := proxy.Listen(proxy.Options{
		Listen: address, Token: token, Seed: uint64(o.seed), Version: version(), RuntimeMetrics: o.runtime, ProxyMetrics: o.counts,
		Certificate: certificate, UpstreamRoots: roots,
		Log: log,
	})
	if err != nil {
		return explainTaken(err)
	}
	for _, l := range list {
		if err := l.explain(s.Populate(l.body)); err != nil {
			return errors.Join(err, s.Close())
		}
	}
	s.Serve()
	log.Info("Starting Toxiproxy HTTP server", "address", address, "version", proxy.Compatible, "blastgauge", version()) // scripts wait for these words
	if host, _, _ := net.SplitHostPort(address); token == "" && !hosts.IsLoopback(host) {
		a.logf("warning: the API listens at %s and has no --token-file: everybody who can reach it can break the services behind these proxies", address)
	}
	a.printf("proxy     %s\n", s.URL())
	for _, l := range list {
		for _, d := range l.declared {
			a.printf("          %s  %s -> %s\n", d.Name, d.Listen, d.Upstream)
		}
	}
	a.printf("ready\n")
	a.serves.Store(true)
	<-ctx.Done()
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
	defer cancel()
	return errors.Join(s.Shutdown(drain), stoppedByUser(ctx))
}

// A proxyList is a list of proxies to create, as JSON, and the file that it came from.
type proxyList struct {
	file     string
	body     []byte
	declared []declaration // by the dependencies of a system
}

// explain puts before an error the file, and where it can be told the place in it.
func (l proxyList) explain(err error) error {
	if err == nil {
		return nil
	}
	err = explainTaken(err)
	if list, ok := errors.AsType[*proxy.ListError](err); ok {
		return usage.Errorf("%s:%d:%d: %w", l.file, list.Line, list.Col, list.Err)
	}
	return fmt.Errorf("%s: %w", l.file, err)
}

// explainTaken adds to an error about a port that is in use which program has it.
func explainTaken(err error) error {
	at, ok := errors.AsType[*net.OpError](err)
	if !ok || at.Addr == nil || !errors.Is(err, syscall.EADDRINUSE) {
		return err
	}
	if owner := listening.Owner(at.Addr.String()); owner != "" {
		return fmt.Errorf("%w; at %s listens %s", err, at.Addr, owner)
	}
	return err
}

// proxies returns the lists of proxies to create and the address of the API. It refuses
// a system that a run would refuse: its proxies would lead there all the same.
func (o proxyOptions) proxies(getenv func(string) (string, bool)) (list []proxyList, address string, err error) {
	host, port := "localhost", "8474"
	if strings.ContainsAny(o.host, "@/?# =") { // a resolver would be asked for it, and it may hold a password
		return nil, "", usage.Errorf("--host is a name or an address such as 127.0.0.1, without scheme, port and login")
	}
	if o.file != "" {
		sys, _, err := experiments.Outside{Getenv: getenv, Set: o.set}.Load(o.file, nil)
		if err == nil {
			err = experiments.CheckAddresses(sys)
		}
		if err != nil {
			return nil, "", err
		}
		if err := errors.Join(sys.CheckEnvironment(), sys.CheckHosts()); err != nil {
			return nil, "", err
		}
		if u, err := url.Parse(sys.Toxiproxy); err == nil && u.Host != "" {
			host, port = u.Hostname(), cmp.Or(u.Port(), port)
		}
		proxies := declared(sys)
		body, err := json.Marshal(proxies)
		if err != nil {
			return nil, "", err
		}
		list = append(list, proxyList{o.file, body, proxies})
	}
	if o.config != "" {
		body, err := atomicfile.ReadGiven(o.config, maxConfig, pipePatience)
		if err != nil {
			return nil, "", usage.Errorf("--config: %w", err)
		}
		list = append(list, proxyList{file: o.config, body: body})
	}
	return list, net.JoinHostPort(cmp.Or(o.host, host), cmp.Or(o.port, port)), nil
}

type declaration struct {
	Name     string `json:"name"`
	Listen   string `json:"listen"`
	Upstream string `json:"upstream"`
}

// declared lists the proxies that a system's dependencies declare.
func declared(sys *experiments.System) []declaration {
	list := []declaration{}
	for _, d := range sys.Dependencies {
		if d.Upstream != "" {
			list = append(list, declaration{d.ProxyName(), d.Listen, d.Upstream})
		}
	}
	return list
}

// proxyLog is where the server tells who changed what. Names in it are other people's.
func (a *app) proxyLog(o proxyOptions) (*slog.Logger, error) {
	level, err := a.proxyLogLevel(o.logLevel)
	if err != nil {
		return nil, err
	}
	to, options := inert.NewWriter(a.stderr), &slog.HandlerOptions{Level: level}
	switch o.logFormat {
	case "text":
		return slog.New(slog.NewTextHandler(to, options)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(to, options)), nil
	}
	return nil, usage.Errorf("--log-format %q: it is text or json", o.logFormat)
}

// proxyLogLevel returns the level of a flag, or else of $LOG_LEVEL, as toxiproxy-server
// reads it, whose levels are more: trace, fatal, panic and disabled, numbers from -1 to 7,
// and capitals do not matter.
func (a *app) proxyLogLevel(flag string) (slog.Level, error) {
	from, text := "--log-level", flag
	if flag == "" {
		from = "$LOG_LEVEL"
		text, _ = a.getenv("LOG_LEVEL")
	}
	switch strings.ToLower(text) {
	case "trace", "-1", "debug", "0":
		return slog.LevelDebug, nil
	case "", "info", "1":
		return slog.LevelInfo, nil
	case "warn", "2":
		return slog.LevelWarn, nil
	case "error", "3", "fatal", "4", "panic", "5":
		return slog.LevelError, nil
	case "disabled", "7":
		return slog.LevelError + 1, nil
	}
	return 0, usage.Errorf("%s %q: it is debug, info, warn or error", from, text)
}
