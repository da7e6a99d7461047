package main

import (
	"context"
	"errors"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/injectors/proxy"
)

// An embedded is a system under test between its start and its end, behind
// proxies of our own.
type embedded struct {
	server  *proxy.Server
	command *underTest
}

// raiseEmbedded starts a proxy server, the proxies of every dependency that
// declares one, and then the system, which finds its dependencies behind them.
// The plan learns where the server is.
func raiseEmbedded(ctx context.Context, p *plan.Plan, command []string) (e *embedded, err error) {
	e = &embedded{}
	defer func() {
		if err != nil {
			err = errors.Join(err, e.close())
		}
	}()
	if e.server, err = proxy.Start(proxy.Options{Seed: p.Seed, Version: version()}); err != nil {
		return e, err
	}
	p.System.Toxiproxy = e.server.URL()
	driver, err := newDriver(&p.System, "", nil)
	if err != nil {
		return e, err
	}
	for _, d := range p.System.Dependencies {
		if err := driver.Create(ctx, d.ProxyName(), d.Listen, d.Upstream); err != nil {
			return e, err
		}
	}
	if e.command, err = startSystem(command); err != nil {
		return e, err
	}
	return e, e.command.ready(ctx, &p.System)
}

// close stops the system before the proxies it depends on.
func (e *embedded) close() error {
	var errs []error
	if e.command != nil {
		errs = append(errs, e.command.stop(), e.command.forget())
	}
	if e.server != nil {
		errs = append(errs, e.server.Close())
	}
	return errors.Join(errs...)
}

// checkCommand refuses a command where the proxies stand already, and embedded
// proxies without one.
func checkCommand(s *experiments.System, command []string) error {
	switch {
	case s.Toxiproxy == experiments.Embedded && len(command) == 0:
		return usagef("toxiproxy: embedded has proxies only while blastgauge runs, so a system that is already standing cannot be behind them; let blastgauge start the system (run -- COMMAND ARG...), or start `blastgauge proxy` and put its URL into %s", s.File)
	case s.Toxiproxy != experiments.Embedded && len(command) > 0:
		return usagef("%s has toxiproxy: %s, whose proxies stand already; a command after -- is for toxiproxy: embedded", s.File, s.Toxiproxy)
	}
	return nil
}
