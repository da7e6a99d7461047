// Package embedded starts a system under test behind proxies of our own, as the child
// process of a run, and stops both in the end.
package embedded

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/blastgauge/blastgauge/experiments/listening"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/redact"
	"github.com/blastgauge/blastgauge/experiments/run/internal/injectorset"
	"github.com/blastgauge/blastgauge/injectors/proxy"
)

// Options say what to start.
type Options struct {
	Command []string // a program and its arguments
	// Supervisor is a program and its arguments. With those of the command as further
	// arguments it must call [supervise.Supervise].
	Supervisor []string
	Version    string // of blastgauge, which the proxy server reports
}

// A System is a system under test between its start and its end, behind proxies of
// our own.
type System struct {
	server  *proxy.Server
	command *command
}

// Start starts a proxy server, a proxy for every dependency of p's system that
// declares one, and then the command. It returns once the system answers where
// journeys enter it. The plan's system then names the proxy server.
func Start(ctx context.Context, p *plan.Plan, o Options) (s *System, err error) {
	s = &System{}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	if s.server, err = proxy.Start(proxy.Options{Seed: p.Seed, Version: o.Version}); err != nil {
		return s, err
	}
	p.System.Toxiproxy = s.server.URL()
	proxies, err := injectorset.NewFleet(&p.System, "", os.LookupEnv, nil)
	if err != nil {
		return s, err
	}
	for _, d := range p.System.Dependencies {
		if err := proxies.Create(ctx, d); err != nil {
			if owner := listening.Owner(d.Listen); owner != "" {
				err = fmt.Errorf("%w; at %s listens %s", err, d.Listen, owner)
			}
			return s, fmt.Errorf("the proxy of %s: %w", d.Name, err)
		}
	}
	if s.command, err = startCommand(o.Supervisor, o.Command, redact.FromEnv(p.EnvNames(), os.LookupEnv)); err != nil {
		return s, err
	}
	return s, s.command.awaitAnswer(ctx, &p.System)
}

// KeepLog writes what the command wrote into a run's directory.
func (s *System) KeepLog(dir string) error { return s.command.keepLog(dir) }

// Ended returns a channel that is closed when the command has ended.
func (s *System) Ended() <-chan struct{} { return s.command.process.Ended() }

// Close stops the command before the proxies that it depends on. The error says so
// where the command had ended before.
func (s *System) Close() error {
	var errs []error
	if s.command != nil {
		errs = append(errs, s.command.stop(), s.command.log.Close())
	}
	if s.server != nil {
		errs = append(errs, s.server.Close())
	}
	return errors.Join(errs...)
}
