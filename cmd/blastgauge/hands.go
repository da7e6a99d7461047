package main

import (
	"context"
	"os"

	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/run/check"
	"github.com/blastgauge/blastgauge/experiments/run/engine"
	"github.com/blastgauge/blastgauge/experiments/run/journey"
	"github.com/blastgauge/blastgauge/injectors"
	"github.com/blastgauge/blastgauge/injectors/configfile"
	"github.com/blastgauge/blastgauge/injectors/toxiproxy"
)

// onFile tells whether a fault is on a file of this machine: no proxy has a part in
// it.
func onFile(f plan.Fault) bool {
	kind, _ := injectors.Lookup(f.Inject)
	return kind.Level == injectors.File
}

// onFiles tells whether any fault of a plan is.
func onFiles(p *plan.Plan) bool {
	for _, e := range p.Experiments {
		for _, f := range e.Faults {
			if onFile(f) {
				return true
			}
		}
	}
	return false
}

// hands are who causes the faults of one run, and takes them back.
type hands struct {
	driver *toxiproxy.Driver // nil: the proxies were part of the run, and ended with it
	files  *configfile.Injector
	tell   teller
}

// handsOf are those of a run with this directory. Secrets of what it sends come from
// env.
func handsOf(p *plan.Plan, root *os.Root, d *toxiproxy.Driver, env func(string) (string, bool)) hands {
	tell := func(ctx context.Context, f plan.Fault, _ bool) error {
		if f.Reload == nil {
			return nil
		}
		return check.Reload(ctx, &p.System, *f.Reload, journey.Facts{Run: p.Run, Arm: plan.ControlArm, Env: env})
	}
	return hands{d, configfile.New(configfile.Options{Run: root, Seed: p.Seed, Replaced: tell}), tell}
}

// injectors are the hands by kind of fault.
func (h hands) injectors() map[string]engine.Injector {
	byKind := map[string]engine.Injector{}
	for _, k := range injectors.Catalogue() {
		switch {
		case k.Level == injectors.File:
			byKind[k.Name] = h.files // which tells by itself
		case h.driver != nil && k.Config:
			byKind[k.Name] = telling{h.driver, h.tell}
		case h.driver != nil:
			byKind[k.Name] = h.driver
		default:
			byKind[k.Name] = goneAlready{}
		}
	}
	return byKind
}

// byHand is how a person takes a fault back without blastgauge.
func (h hands) byHand(ctx context.Context, f plan.Fault) string {
	if onFile(f) {
		return h.files.ManualRestore(ctx, f)
	}
	return h.driver.ManualRemoval(ctx, f)
}

// where is what a fault is on, in words.
func where(f plan.Fault) string {
	if onFile(f) {
		return "file " + fileOf(f)
	}
	return "proxy " + f.Proxy
}

// goneAlready takes back what ended with its server.
type goneAlready struct{ engine.Injector }

func (goneAlready) Revert(context.Context, plan.Fault) error { return nil }
