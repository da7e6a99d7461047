package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/blastgauge/blastgauge/examples/checkout"
	"github.com/blastgauge/blastgauge/experiments/engine"
	"github.com/blastgauge/blastgauge/injectors/proxy/stock"
	"github.com/blastgauge/blastgauge/injectors/toxiproxy"
)

type demoOptions struct {
	serve      string
	storefront string
	toxiproxy  string
	out        string
	progress   string
}

func newDemo(a *app) *cobra.Command {
	var o demoOptions
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Break a dependency of a small web shop and see what that harms",
		Long: `Demo starts a web shop on this machine, takes its payments down while customers
check out, and shows what share of them that harms. Nothing outside this machine
is touched, and nothing is left behind but a report.

With --serve it starts the shop, writes the files that describe it, and runs
until interrupted, so that every other command can be tried on it:

  blastgauge demo --serve shop
  blastgauge run -f shop/blastgauge.yaml payments-slow`,
		Args: usage(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.storefront != checkout.Naive && o.storefront != checkout.Hardened {
				return usagef("--storefront %s: naive and hardened are the ones there are", o.storefront)
			}
			if o.serve != "" {
				return a.serveDemo(cmd.Context(), o)
			}
			return a.showDemo(cmd.Context(), o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.serve, "serve", "", "start the shop, write its documents into `DIR`, and wait")
	f.StringVar(&o.storefront, "storefront", checkout.Naive, "the shop's `BUILD`: naive or hardened")
	f.StringVar(&o.toxiproxy, "toxiproxy", "", "use the Toxiproxy at this `URL` instead of one of our own")
	f.StringVar(&o.out, "out", "", "the run's `DIR` (default: .blastgauge/runs/ID)")
	f.StringVar(&o.progress, "progress", "auto", "`HOW` to show progress on stderr: auto, bar, lines or none")
	return cmd
}

// A stage is the demo shop with its proxies and its documents.
type stage struct {
	shop    *checkout.System
	server  *stock.Server // nil when it is somebody else's
	driver  *toxiproxy.Driver
	created []string // proxies that we made
	file    string   // blastgauge.yaml
}

// raise starts the shop behind its proxies and writes its documents into dir.
func raise(ctx context.Context, o demoOptions, dir string) (s *stage, err error) {
	s = &stage{}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	if s.shop, err = checkout.Start(ctx, checkout.Options{Storefront: o.storefront}); err != nil {
		return s, err
	}
	url := o.toxiproxy
	if url == "" {
		if s.server, err = startStock(); err != nil {
			return s, err
		}
		url = s.server.URL()
	}
	s.driver = toxiproxy.New(toxiproxy.Options{URL: url})
	listen, err := s.createProxies(ctx)
	if err != nil {
		return s, err
	}
	if err := s.shop.Open(ctx, listen); err != nil {
		return s, err
	}
	documents, err := s.shop.Documents(listen, url)
	if err != nil {
		return s, err
	}
	s.file = filepath.Join(dir, "blastgauge.yaml")
	return s, writeDocuments(dir, documents)
}

func startStock() (*stock.Server, error) {
	port, err := checkout.FreePort()
	if err != nil {
		return nil, err
	}
	return stock.Start(fmt.Sprintf("127.0.0.1:%d", port))
}

// createProxies puts a proxy in front of every dependency and says where each
// listens.
func (s *stage) createProxies(ctx context.Context) (map[string]string, error) {
	if _, err := s.driver.Identify(ctx); err != nil {
		return nil, err
	}
	deps := s.shop.Dependencies()
	addresses, err := checkout.FreeAddresses(len(deps))
	if err != nil {
		return nil, err
	}
	listen := map[string]string{}
	for i, d := range deps {
		if err := s.driver.Create(ctx, d.Name, addresses[i], d.Upstream); err != nil {
			return nil, err
		}
		s.created = append(s.created, d.Name)
		listen[d.Name] = addresses[i]
	}
	return listen, nil
}

func writeDocuments(dir string, documents map[string]string) error {
	for _, name := range slices.Sorted(maps.Keys(documents)) {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(documents[name]), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// close takes everything down, callers before what they call.
func (s *stage) close() error {
	var errs []error
	if s.shop != nil {
		errs = append(errs, s.shop.Close())
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if s.server == nil {
		for _, name := range s.created {
			errs = append(errs, s.driver.Delete(ctx, name))
		}
	} else {
		errs = append(errs, s.server.Close())
	}
	return errors.Join(errs...)
}

func (a *app) serveDemo(ctx context.Context, o demoOptions) error {
	s, err := raise(ctx, o, o.serve)
	if err != nil {
		return err
	}
	fmt.Fprintf(a.stdout, "shop      %s (%s storefront; the control route is %s)\nfiles     %s\ntry       blastgauge run -f %s payments-down\nready\n",
		s.shop.URL(), o.storefront, s.shop.ControlURL(), o.serve, s.file)
	<-ctx.Done()
	return errors.Join(s.close(), stoppedByUser(ctx))
}

// stoppedByUser is nil: being interrupted is how a server is meant to end.
func stoppedByUser(ctx context.Context) error {
	if _, ok := errors.AsType[*engine.Interrupt](context.Cause(ctx)); ok {
		return nil
	}
	return context.Cause(ctx)
}

// showDemo runs one experiment against a shop of its own.
func (a *app) showDemo(ctx context.Context, o demoOptions) (err error) {
	dir, err := os.MkdirTemp("", "blastgauge-demo-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	s, err := raise(ctx, o, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()

	run := runOptions{selection: selection{file: s.file, args: []string{"payments-down"}}, out: o.out, progress: o.progress}
	run.phases = "warmup=1s,baseline=6s,fault=12s,recovery=6s"
	p, err := run.plan(time.Now())
	if err != nil {
		return err
	}
	r, out, err := a.perform(ctx, p, run)
	if r == nil {
		return err
	}
	outputs, outErr := a.outputs(nil)
	if outErr != nil {
		return errors.Join(err, outErr)
	}
	return errors.Join(err, a.publish(r, out, outputs)) // what was cut short is reported too
}
