package cleanup

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/run/internal/injectorset"
	"github.com/blastgauge/blastgauge/injectors"
	"github.com/blastgauge/blastgauge/injectors/command"
	"github.com/blastgauge/blastgauge/injectors/manual"
	"github.com/blastgauge/blastgauge/injectors/toxiproxy"
)

// A directory that is not in the user's registry may have been written by anybody: it
// may have come with a cloned repository. It decides nothing. It is shown what it would
// have done; with a person's trust that is done within bounds which the person sets.

// bounds limit a clean-up after such a run.
type bounds struct{ trust Trust }

// limit takes from a plan everything that says where requests may go, and what they may
// carry.
func (b *bounds) limit(left *journal.Leftovers) {
	left.Toxiproxy.Token = ""
	if left.Plan == nil {
		return
	}
	p := *left.Plan
	p.System.AllowHosts, p.System.TLS, p.System.File = nil, nil, ""
	if s := b.trust.System; s != nil {
		p.System.AllowHosts, p.System.TLS, p.System.File = s.AllowHosts, s.TLS, s.File
	}
	left.Plan = &p
}

// mayReload returns an error if a reload request must not be sent: only the directory
// asks for it. What a request does to the one who receives it cannot be seen in it, with
// secrets or without.
func (b *bounds) mayReload(f plan.Fault) error {
	if f.Reload == nil {
		return nil
	}
	for _, e := range b.trust.Experiments {
		for _, own := range e.Faults {
			if own.Reload != nil && sameReload(*own.Reload, *f.Reload) {
				return nil
			}
		}
	}
	return fmt.Errorf("%w: no experiment beside the system file that -f names has it", errNotSent)
}

// errNotSent means that a reload request was not sent, and will not be.
var errNotSent = errors.New("the request was not sent")

// mayRun returns an error if the programs of a fault must not be run: only the directory
// asks for it. What they are is compared with the user's own experiments, and so is whom
// they are meant for, which they are told.
func (b *bounds) mayRun(f plan.Fault) error {
	if _, _, ours := injectors.ParseFaultName(f.Name); ours {
		for _, e := range b.trust.Experiments {
			for _, own := range e.Faults {
				if own.Inject == command.Kind && own.Into == f.Into && samePrograms(command.Locate(own, e.File), f.Attributes) {
					return nil
				}
			}
		}
	}
	return fmt.Errorf("%w: no experiment beside the system file that -f names has them", errNotRun)
}

// errNotRun means that the programs of a fault were not run, and will not be.
var errNotRun = errors.New("its programs were not run")

func samePrograms(a, b injectors.Attributes) bool {
	same := a.Text("dir") == b.Text("dir")
	for _, step := range []string{"do", "undo", "check"} {
		same = same && slices.Equal(a.Program(step), b.Program(step))
	}
	return same
}

func sameReload(a, b experiments.Reload) bool {
	textA, errA := json.Marshal(a)
	textB, errB := json.Marshal(b)
	return errors.Join(errA, errB) == nil && bytes.Equal(textA, textB)
}

// variables lists the environment variables that the reload request of a fault carries.
func variables(f plan.Fault) []string {
	if f.Reload == nil {
		return nil
	}
	text, err := json.Marshal(f.Reload)
	if err != nil {
		return []string{"what cannot be read"}
	}
	var names []string
	for _, name := range experiments.EnvNamesIn(text) {
		names = append(names, "$"+name)
	}
	return names
}

// runForeign cleans up after a run that is not in the registry, or shows what that
// would be.
func (o Options) runForeign(ctx context.Context, dir string, root *os.Root) error {
	alive, err := journal.Alive(root)
	if err != nil {
		return err
	}
	r := &rollback{by: "recover", foreign: &bounds{}, dir: dir, root: root, getenv: o.Getenv, ended: o.ServerEnded, keep: o.KeepFiles, logf: o.logf(dir)}
	switch {
	case alive && o.Stop: // the fence is in that directory, and the run itself removes its faults
		if err := r.fenceAndAwaitEnd(ctx); err != nil {
			return err
		}
	case alive:
		return errAlive(dir)
	}
	left, err := journal.ReadLeftovers(root)
	if err != nil {
		return err
	}
	switch {
	case !mayHaveLeft(left):
		r.logClean(left)
		return nil
	case o.Trust == nil:
		o.describe(dir, left)
		if open, ok := o.openRun(left.Run); ok {
			return fmt.Errorf("%w: run %s is in your list of open runs with the directory %s: blastgauge recover cleans up after it", experiments.ErrRefused, open.Run, open.Dir)
		}
		return fmt.Errorf("%w: it is not in your list of open runs, so anybody may have written it, and nothing was done: blastgauge recover --trust %s does it", experiments.ErrRefused, manual.Quote(dir))
	}
	return o.recoverForeign(ctx, r, left)
}

// mayHaveLeft reports whether a directory says that its run may have left something.
func mayHaveLeft(left *journal.Leftovers) bool {
	if left.Certain() || left.Plan != nil && left.Damage == nil && left.Toxiproxy.Kind == experiments.Embedded {
		return slices.ContainsFunc(left.Faults, func(f journal.Leftover) bool {
			return !f.OnProxy() || left.Toxiproxy.Kind != experiments.Embedded
		})
	}
	return true
}

// logClean logs why there is nothing to do.
func (r *rollback) logClean(left *journal.Leftovers) {
	switch {
	case left.Undone > 0:
		r.logUndone(left)
	case left.Toxiproxy.Kind == experiments.Embedded:
		r.logf("its proxies were part of it and ended with it")
	case left.Ended:
		r.logf("the run ended and left no fault behind")
	default:
		r.logf("no fault was left behind")
	}
}

// recoverForeign cleans up after a run as far as a person's trust goes.
func (o Options) recoverForeign(ctx context.Context, r *rollback, left *journal.Leftovers) error {
	r.foreign.trust = *o.Trust
	r.foreign.limit(left)
	r.open = journal.OpenRun{Run: left.Run, Dir: r.dir, Plan: left.Plan, Server: left.Toxiproxy}
	system := o.Trust.System
	if left.Plan != nil {
		system = &left.Plan.System
	} else if run := filepath.Base(r.dir); system != nil {
		if _, _, ours := injectors.ParseFaultName(injectors.FaultName(run, 1)); ours {
			r.open.Run = run
		}
	}
	if system != nil && system.Toxiproxy != experiments.Embedded && left.Toxiproxy.Kind != experiments.Embedded {
		if err := checkServers(ctx, system); err != nil {
			return err
		}
		var err error
		if r.fleet, err = injectorset.NewFleet(system, o.Token, o.Getenv, nil); err != nil {
			return err
		}
		r.open.Toxiproxy, r.servers = namedServer(system), namedServers(system)
		if left.Plan != nil { // with a checksum that is right
			r.fleet.MarkKnown(left.Plan)
			r.fleet.NeedOnly(left.Plan)
		}
	}
	if o.Recreate != "" {
		if err := r.recreate(ctx, o.Recreate); err != nil {
			return err
		}
	}
	return r.cleanUpInTurn(ctx)
}

// checkServers refuses servers that the system does not allow, before anything is done.
// Those of a name are looked up and checked when they are asked; which ones a stranger's
// directory names does not count.
func checkServers(ctx context.Context, s *experiments.System) error {
	policy := s.Hosts()
	for _, source := range s.Toxiproxies() {
		if name, ok := experiments.ParseDNSName(source); ok {
			if err := policy.CheckName(name.Name); err != nil {
				return fmt.Errorf("%w (-f names the system file that counts)", err)
			}
			continue
		}
		u, err := url.Parse(source)
		if err != nil {
			return fmt.Errorf("toxiproxy: %q is not a URL", source)
		}
		if err := policy.CheckHost(ctx, u.Hostname()); err != nil {
			return fmt.Errorf("%w (-f names the system file that counts)", err)
		}
	}
	return nil
}

// describe logs what a clean-up after a run would do.
func (o Options) describe(dir string, left *journal.Leftovers) {
	logf := o.logf(dir)
	if left.Damage != nil {
		logf("its journal is damaged: %v", left.Damage)
	}
	if left.Plan == nil {
		logf("nothing says what its run was going to do: a clean-up looks at the server of the system file that -f names")
		return
	}
	logf("says that it is of run %s, whose faults a clean-up would remove from the Toxiproxy at %s:", shown(left.Run), shown(strings.Join(namedServers(&left.Plan.System), ", ")))
	for _, f := range left.Faults {
		if f.ByCommand() {
			logf("  %s: run %s, where an experiment beside the system file that -f names has that fault", shown(f.Describe()), shown(injectors.DescribeProgram(f.Attributes.Program("undo"))))
		} else if f.OnFile() {
			logf("  %s: put back %s", shown(f.Describe()), describeFile(f.Fault))
		} else {
			logf("  %s: remove toxic %s from proxy %s, or enable that proxy", shown(f.Describe()), shown(f.Name), shown(f.Proxy))
		}
		if f.Reload == nil {
			continue
		}
		logf("  and then send %s %s, where an experiment beside the system file that -f names has that request", shown(f.Reload.Request.Method), shown(f.Reload.Request.Target))
		if names := variables(f.Fault); len(names) > 0 {
			logf("  which would carry %s", strings.Join(names, ", "))
		}
	}
	switch token := left.Toxiproxy.Token; token {
	case "":
	case toxiproxy.TokenPipe:
		logf("its token came from a pipe: give your own with --token-file or --token-env")
	default:
		logf("its token would be %s: give your own with --token-file or --token-env", shown(token))
	}
}

func describeFile(f plan.Fault) string {
	file := f.File()
	if to, err := filepath.EvalSymlinks(file); err == nil && to != file {
		return shown(file) + ", which leads to " + shown(to)
	}
	return shown(file)
}

// argument is the argument that makes recover act on this run again.
func (r *rollback) argument() string {
	if r.foreign != nil {
		return "--trust " + manual.Quote(r.dir)
	}
	return manual.Quote(r.dir)
}
