package run

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/atomicfile"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/run/cleanup"
	"github.com/blastgauge/blastgauge/experiments/run/generator"
	"github.com/blastgauge/blastgauge/experiments/run/internal/injectorset"
	"github.com/blastgauge/blastgauge/experiments/run/internal/usage"
	"github.com/blastgauge/blastgauge/experiments/run/journey"
	"github.com/blastgauge/blastgauge/experiments/run/preflight"
	"github.com/blastgauge/blastgauge/injectors/command"
	"github.com/blastgauge/blastgauge/injectors/configfile"
	"github.com/blastgauge/blastgauge/injectors/fleet"
	"github.com/blastgauge/blastgauge/injectors/toxiproxy"
)

const lookUpTimeout = 5 * time.Second // for all names of a system together

// CheckStart refuses to start a system whose proxies stand already, and embedded
// proxies for a system that stands already, and any while the runs of this user are blocked.
// [Run] does so, too; who shows a plan asks before it.
func CheckStart(s *experiments.System, o Options) error {
	if err := checkSystem(s, o); err != nil {
		return err
	}
	return o.checkOwnBlock()
}

// checkSystem checks that the system and the options fit together.
func checkSystem(s *experiments.System, o Options) error {
	switch {
	case s.Toxiproxy == experiments.Embedded && o.Start == nil:
		return usage.Errorf("toxiproxy: embedded has proxies only while blastgauge runs, so a system that is already standing cannot be behind them; let blastgauge start the system (run -- COMMAND ARG...), or start `blastgauge proxy` and put its URL into %s", s.File)
	case s.Toxiproxy != experiments.Embedded && o.Start != nil:
		return usage.Errorf("%s has toxiproxy: %s, whose proxies stand already; a command after -- is for toxiproxy: embedded", s.File, strings.Join(s.Toxiproxies(), ", "))
	case !s.Traffic.Elsewhere():
		return nil
	case len(o.Supervisor) == 0:
		return usage.Errorf("%s has traffic.command, and a run without a supervisor could not end it for certain", s.File)
	}
	return generator.Find(s)
}

// checkAddresses looks up every host that the run connects to. It refuses a name that
// leads out of staging before anything is injected or sent. A host that turns up
// later, such as in a captured URL, is refused when it is dialled.
func checkAddresses(ctx context.Context, p *plan.Plan) error {
	ctx, cancel := context.WithTimeout(ctx, lookUpTimeout)
	defer cancel()
	dialled := p.System.Dialled()
	for _, e := range p.Experiments {
		for _, f := range e.Faults {
			dialled = append(dialled, f.Dialled()...)
		}
	}
	policy := p.System.Hosts()
	for _, host := range dialled {
		if err := policy.CheckHost(ctx, host); err != nil {
			return err
		}
	}
	return nil
}

// preflight looks at everything the run will touch before it injects anything. From
// then on the plan knows the addresses of every proxy, and names its files so that
// they are found from any directory.
func (r *run) preflight(ctx context.Context) (err error) {
	if err := r.fitServer(); err != nil {
		return err
	}
	if r.o.CreateProxies {
		if err := r.fleet.CreateMissing(ctx, r.plan); err != nil {
			return err
		}
	}
	r.plan = withAbsolutePaths(r.plan)
	if _, err := configfile.Preflight(r.plan); err != nil {
		return err
	}
	if err := r.checkCommands(ctx); err != nil {
		return err
	}
	if err := r.fleet.Preflight(ctx, r.plan); err != nil {
		return err
	}
	if r.plan, err = r.fleet.Fill(ctx, r.plan); err != nil {
		return err
	}
	if err := r.checkReloads(); err != nil {
		return err
	}
	if err := r.askSystem(ctx); err != nil {
		return err
	}
	if err := r.checkTags(ctx); err != nil {
		return err
	}
	return r.takeOver()
}

// checkCommands finds out whether the programs of faults by command are there, and
// whether their faults are not.
func (r *run) checkCommands(ctx context.Context) error {
	if err := command.Preflight(r.plan); err != nil {
		return err
	}
	return command.New(command.Options{Secrets: r.secrets}).Absent(ctx, r.plan)
}

// getReady is how long a system that the run has started may need until it does its
// work. It answers already, which says little: a shop answers 502 until its database is
// up.
const getReady = 30 * time.Second

// askSystem finds out whether the system works, before a fault is blamed for what does
// not.
func (r *run) askSystem(ctx context.Context) error {
	if r.o.NoPreflight {
		return nil
	}
	ctx, stop := r.whileItLasts(ctx)
	defer stop()
	o := preflight.Options{Plan: r.plan, Env: r.o.Getenv, Secrets: r.secrets, Memory: r.memory, Log: r.o.logf}
	if r.o.Start != nil {
		o.Patience = getReady
	}
	return preflight.Check(ctx, o)
}

// errEnded says why nothing was asked any more. How the system ended, its end says.
var errEnded = errors.New("the system ended before anything was injected")

// whileItLasts returns a context that ends with the system, which nobody need wait for
// then. Stop it to release what it holds.
func (r *run) whileItLasts(ctx context.Context) (lasting context.Context, stop func()) {
	if r.ended == nil {
		return ctx, func() {}
	}
	lasting, cancel := context.WithCancelCause(ctx)
	go func() {
		select {
		case <-r.ended:
			cancel(errEnded)
		case <-lasting.Done():
		}
	}()
	return lasting, func() { cancel(nil) }
}

// withAbsolutePaths returns a plan whose files are named by absolute paths: the
// process that removes its faults may have another working directory.
func withAbsolutePaths(p *plan.Plan) *plan.Plan {
	filled := *p
	if t := p.System.TLS; t != nil && t.CAFile != "" { // of a system that gets requests to reload its config
		filled.System.TLS = &experiments.TLS{CAFile: absolute(p.System.Resolve(t.CAFile)), ServerName: t.ServerName}
	}
	filled.Experiments = slices.Clone(p.Experiments)
	for i := range filled.Experiments {
		e := &filled.Experiments[i]
		e.Faults = slices.Clone(e.Faults)
		for j := range e.Faults {
			f := &e.Faults[j]
			f.Attributes = command.Locate(f.Fault, e.File)
			if !f.OnFile() {
				continue
			}
			f.Attributes = maps.Clone(f.Attributes)
			for _, name := range []string{"file", "within"} {
				if text, ok := f.Attributes[name].(string); ok {
					f.Attributes[name] = absolute(text)
				}
			}
		}
	}
	return &filled
}

func absolute(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}

// checkReloads finds out whether every request that makes the system read its config
// again can be built, before anything is injected.
func (r *run) checkReloads() error {
	for _, e := range r.plan.Experiments {
		for _, f := range e.Faults {
			if f.Reload == nil {
				continue
			}
			step := experiments.Step{Name: "reload", Request: f.Reload.Request, Expect: f.Reload.Expect}
			if _, err := journey.Compile([]experiments.Step{step}, journey.Facts{Run: r.plan.Run, Env: r.o.Getenv}); err != nil {
				return fmt.Errorf("%s: reload: %w", e.ID, err)
			}
		}
	}
	return nil
}

// checkUnfinished refuses to start where an earlier run left faults, on the same server
// or in the same directory.
func (r *run) checkUnfinished() error {
	if r.o.Dir != "" {
		if err := checkDir(r.o.Dir); err != nil {
			return err
		}
	}
	list, err := r.o.Registry.All()
	if err != nil {
		r.o.logf("warning: %v", err)
	}
	var errs []error
	for _, open := range list {
		if cleanup.SharesServer(open, r.fleet.URLs(), r.o.Registry) {
			errs = append(errs, r.checkOpenRun(open))
		}
	}
	return errors.Join(errs...)
}

// checkOpenRun refuses to start beside an open run that died and may have left faults.
// A run that is alive is not refused here: it has the lease of its server.
func (r *run) checkOpenRun(open journal.OpenRun) error {
	if alive, err := r.o.Registry.Alive(open.Run); err == nil && alive {
		return nil
	}
	root, err := atomicfile.OpenDir(open.Dir)
	if err != nil {
		return fmt.Errorf("%w: run %s died, its faults may still be in force, and its directory is gone: `blastgauge recover --all` looks for them", experiments.ErrRefused, open.Run)
	}
	defer func() { _ = root.Close() }() // nothing is written
	if alive, err := open.Alive(root); err == nil && alive {
		return nil
	}
	if left := open.ReadLeftovers(root); left.Certain() && len(left.Faults) == 0 {
		return nil
	}
	return fmt.Errorf("%w: run %s died and its faults may still be in force: `blastgauge recover %s` removes them", experiments.ErrRefused, open.Run, open.Dir)
}

// checkDir refuses a directory that holds a run already.
func checkDir(dir string) error {
	root, err := atomicfile.OpenDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return usage.Errorf("run directory: %w", err)
	}
	defer func() { _ = root.Close() }() // nothing is written
	if _, err := root.Stat(journal.EventsFile); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	alive, err := journal.Alive(root)
	if err != nil {
		return err
	}
	left, err := journal.ReadLeftovers(root)
	switch {
	case alive:
		return fmt.Errorf("%w: a run is going on in directory %s: choose another one for this run", experiments.ErrRefused, dir)
	case err == nil && len(left.Faults) > 0:
		return fmt.Errorf("%w: run %q died in directory %s and its faults may still be in force: `blastgauge recover %s` removes them", experiments.ErrRefused, left.Run, dir, dir)
	}
	return usage.Errorf("directory %s holds a run already: choose another one for this run", dir)
}

// An Inspection is what a run would find before it injects anything.
type Inspection struct {
	Files    []configfile.Change // what will happen to each file
	FilesFit bool                // every fault on a file can be put there and removed again
	Commands []plan.Fault        // those that programs cause, with absolute paths
	// CommandsFit is that all these programs are there. None was run.
	CommandsFit bool
	Embedded    bool // the Toxiproxy exists only while a run lasts, so it was not asked
	// Toxiproxy is the server that answers; its zero value: none did.
	Toxiproxy  journal.Toxiproxy
	ProxiesFit bool // every proxy is as a run needs it
	// Servers are all Toxiproxies, and On the faults with those that they would be put on,
	// where dependencies have some of their own.
	Servers []fleet.Server
	On      []plan.Fault
	// Blocked is who keeps runs from beginning, and how that is lifted; nil: nobody does.
	Blocked error
	// Unreachable is why no server was asked; nil where one was.
	Unreachable error
}

// Inspect looks at the files, the programs and the Toxiproxy of a plan as a run does
// before it starts, and changes nothing. It starts no program. The inspection holds what was found before an error.
func Inspect(ctx context.Context, p *plan.Plan, o Options) (found Inspection, err error) {
	o = o.withDefaults()
	found.Blocked = o.checkOwnBlock()
	if found.Files, err = configfile.Preflight(p); err != nil {
		return found, err
	}
	found.FilesFit = true
	located := withAbsolutePaths(p)
	found.Commands = command.Faults(located)
	if err := command.Preflight(located); err != nil {
		return found, err
	}
	found.CommandsFit = true
	if p.System.Toxiproxy == experiments.Embedded {
		found.Embedded = true
		return found, nil
	}
	return found, found.lookAtServers(ctx, p, o)
}

// lookAtServers finds what the Toxiproxies are, and whether they have what the plan needs.
func (found *Inspection) lookAtServers(ctx context.Context, p *plan.Plan, o Options) error {
	all, err := injectorset.NewFleet(&p.System, o.Token, o.Getenv, nil)
	if err != nil {
		return err
	}
	all.NeedOnly(p)
	found.Toxiproxy, err = all.Identify(ctx)
	if isUnreachable(err) { // a plan is worth reading before the system stands
		found.Unreachable = err
		return nil
	}
	if err != nil {
		return err
	}
	if found.Blocked == nil {
		found.Blocked = all.Blocked(ctx)
	}
	if found.Toxiproxy.Kind == toxiproxy.KindStock {
		if p, err = p.OnStock(); err != nil {
			return err
		}
	}
	if err = all.Preflight(ctx, p); err != nil {
		return err
	}
	found.ProxiesFit = true
	return found.lookAtFleet(ctx, all, p)
}

// lookAtFleet finds which Toxiproxies there are, and on which each fault would be put, where
// there may be several.
func (found *Inspection) lookAtFleet(ctx context.Context, all *fleet.Fleet, p *plan.Plan) (err error) {
	if !p.System.HasFleet() {
		return nil
	}
	if found.Servers, err = all.Servers(ctx); err != nil {
		return err
	}
	filled, err := all.Fill(ctx, p)
	if err != nil {
		return err
	}
	for _, e := range filled.Experiments {
		for _, f := range e.Faults {
			if len(f.On) > 0 {
				found.On = append(found.On, f)
			}
		}
	}
	return nil
}

// isUnreachable reports whether nothing answered at an address, as opposed to a
// server that is no Toxiproxy, or a host that may not be dialled.
func isUnreachable(err error) bool {
	dial, ok := errors.AsType[*net.OpError](err)
	return ok && dial.Op == "dial" && !errors.Is(err, experiments.ErrRefused)
}

// NewFleet makes the fleet of a system's Toxiproxies, which dials only hosts that the
// system allows. Of the options it uses the token and the environment.
func NewFleet(s *experiments.System, o Options) (*fleet.Fleet, error) {
	if _, named := experiments.ParseDNSName(s.Toxiproxy); named {
		return nil, usage.Errorf("%s stands for many Toxiproxies, which are those of a dependency: name one of them by its URL", s.Toxiproxy)
	}
	return injectorset.NewFleet(s, o.Token, o.withDefaults().Getenv, nil)
}
