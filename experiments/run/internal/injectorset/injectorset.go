// Package injectorset joins the injectors of one run: those of its Toxiproxy, of files
// on this machine and of programs of the user, and the request that makes a system
// read its config again.
package injectorset

import (
	"context"
	"fmt"
	"os"

	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/redact"
	"github.com/blastgauge/blastgauge/experiments/run/engine"
	"github.com/blastgauge/blastgauge/experiments/run/journey"
	"github.com/blastgauge/blastgauge/injectors"
	"github.com/blastgauge/blastgauge/injectors/command"
	"github.com/blastgauge/blastgauge/injectors/configfile"
	"github.com/blastgauge/blastgauge/injectors/fleet"
)

// A Set holds the injectors of one run.
type Set struct {
	// Fleet drives the run's Toxiproxies. Nil: the proxies were part of the run's
	// process and ended with it.
	Fleet *fleet.Fleet

	files    *configfile.Injector
	commands *command.Injector
	reload   reloadHook
}

// Options say what the injectors of a run may touch and read.
type Options struct {
	// Getenv holds the secrets in the requests that are sent.
	Getenv func(string) (string, bool)
	// Files are the files of the faults, and Originals their digests, see
	// [configfile.Options].
	Files, Originals map[string]string
	// Keep means that the files are right as they are, see [configfile.Options].
	Keep bool
	// Untrusted means that a stranger may have written the run's directory, see
	// [configfile.Options].
	Untrusted bool
	// MayReload returns an error if the reload request of a fault must not be sent; nil:
	// each may.
	MayReload func(plan.Fault) error
	// MayRun returns an error if the programs of a fault by command must not be run; nil:
	// all may.
	MayRun func(plan.Fault) error
	// Refused decides what it means that a server refuses a connection while a fault is
	// removed from it, see [fleet.Fleet.WhenRefused].
	Refused func(error) error
}

// New makes the injectors of the run that has the directory root.
func New(p *plan.Plan, root *os.Root, f *fleet.Fleet, o Options) Set {
	secrets := redact.FromEnv(p.EnvNames(), o.Getenv)
	reload := func(ctx context.Context, f plan.Fault, _ bool) error {
		if f.Reload == nil {
			return nil
		}
		if o.MayReload != nil {
			if err := o.MayReload(f); err != nil {
				return fmt.Errorf("%s %s: %w", f.Reload.Request.Method, f.Reload.Request.Target, err)
			}
		}
		return sendReload(ctx, &p.System, *f.Reload, journey.Facts{Run: p.Run, Arm: plan.ControlArm, Env: o.Getenv, Secrets: secrets})
	}
	files := configfile.New(configfile.Options{Run: root, Seed: p.Seed, Files: o.Files, Originals: o.Originals, Keep: o.Keep, Untrusted: o.Untrusted, Replaced: reload})
	if f != nil && o.Refused != nil {
		f.WhenRefused(o.Refused)
	}
	return Set{f, files, command.New(command.Options{Secrets: secrets, May: o.MayRun}), reload}
}

// ByKind returns the injector of every kind of fault in the catalogue.
func (s Set) ByKind() map[string]engine.Injector {
	byKind := map[string]engine.Injector{}
	for _, k := range injectors.Catalogue() {
		switch {
		case k.Level == injectors.File:
			byKind[k.Name] = s.files // which calls the reload hook itself
		case k.Level == injectors.Command:
			byKind[k.Name] = s.commands
		case s.Fleet != nil && k.Config:
			byKind[k.Name] = reloading{s.Fleet, s.reload}
		case s.Fleet != nil:
			byKind[k.Name] = s.Fleet
		default:
			byKind[k.Name] = endedWithServer{}
		}
	}
	return byKind
}

// Manual returns the command that removes a fault without blastgauge.
func (s Set) Manual(ctx context.Context, f plan.Fault) string {
	switch {
	case f.OnFile():
		return s.files.ManualRestore(ctx, f)
	case f.ByCommand():
		return s.commands.Manual(f)
	}
	return s.Fleet.ManualRemoval(ctx, f)
}

// MarkUnsettled says that the process which was injecting a fault died before it knew that
// it was done: the injection may still be on its way.
func (s Set) MarkUnsettled(f plan.Fault) {
	switch {
	case f.ByCommand():
		s.commands.MarkUnsettled(f.Name)
	case f.OnProxy() && s.Fleet != nil:
		s.Fleet.MarkUnsettled(f.Name)
	}
}

// MarkDoubtful says that nothing tells of the injection of a fault. It changes how one by
// command is removed.
func (s Set) MarkDoubtful(f plan.Fault) {
	if f.ByCommand() {
		s.commands.MarkDoubtful(f.Name)
	}
}

// endedWithServer has nothing to remove: the faults ended with the server that
// carried them.
type endedWithServer struct{ engine.Injector }

func (endedWithServer) Revert(context.Context, plan.Fault) error { return nil }
