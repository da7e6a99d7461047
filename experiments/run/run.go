// Package run performs one run, from a plan to an exit code: it checks what the run
// will touch, takes the lease of the Toxiproxy, wires the engine with traffic, checks
// and injectors, removes the faults, and folds the journal into a result.
//
// Everything that `blastgauge run` decides is decided here, without a terminal and
// without flags.
package run

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/inert"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/redact"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/run/cleanup"
	"github.com/blastgauge/blastgauge/experiments/run/engine"
	"github.com/blastgauge/blastgauge/experiments/run/internal/injectorset"
	"github.com/blastgauge/blastgauge/experiments/run/internal/usage"
	"github.com/blastgauge/blastgauge/experiments/run/journey"
	"github.com/blastgauge/blastgauge/experiments/run/notify"
	"github.com/blastgauge/blastgauge/experiments/run/preflight"
	"github.com/blastgauge/blastgauge/injectors/configfile"
	"github.com/blastgauge/blastgauge/injectors/fleet"
)

// Options say how to perform a run. The zero value is usable; its run has no watchdog
// process, which the log says.
type Options struct {
	// Dir is the run's directory; empty means .blastgauge/runs/ID below the working
	// directory.
	Dir string
	// Registry lists the user's open runs, see [journal.UserRegistry]. The zero value
	// is a registry that keeps nothing.
	Registry journal.Registry
	// Watchdog is the program, with its arguments, that becomes the watchdog process of
	// the run, see [cleanup.ProtectOptions].
	Watchdog []string
	// Supervisor is the program, with its arguments, that becomes the supervisor of the
	// program that sends the journeys, where the system's document names one, see
	// [supervise.Supervise].
	Supervisor []string
	// Getenv reads the environment, which holds the secrets of the documents and the
	// token; nil means [os.LookupEnv].
	Getenv func(string) (string, bool)
	// Token says where the bearer token of the Toxiproxy API is, see
	// [toxiproxy.ReadToken]. Empty: there is none.
	Token string
	// CreateProxies creates declared proxies that are missing, and leaves them there.
	CreateProxies bool
	// Stated are the flags of its statement, as its command line says them, for who repeats it.
	Stated []string
	// Embedded: the proxies are part of this process and end with it.
	Embedded bool
	// NoPreflight asks nothing of the system before the first fault. What does not work
	// already is measured then.
	NoPreflight bool
	// Start starts the system under test, which the run stops in the end. The plan's
	// system must have its proxies embedded. Nil: the system stands already.
	Start func(context.Context, *plan.Plan) (System, error)
	// Command is what Start starts, as a program and its arguments, for the command that
	// repeats the run. Nil: there is none.
	Command []string
	// Allow lists verdicts, inconclusive or invalid, that count as held in the exit code.
	Allow []result.Verdict
	// Unattended lets a game day go on by itself. Otherwise it waits before each experiment
	// until somebody decides by [Control.Decide], and Control is needed.
	Unattended bool
	// DecideWithin is how long a game day waits for one decision before the run is
	// interrupted; 0 means [engine.DefaultDecideWithin].
	DecideWithin time.Duration
	// Earlier is the result of an earlier scan, of which a scan takes over what still holds;
	// nil: nothing is.
	Earlier *result.Result
	// View shows the run while it goes on; nil: nothing does.
	View func(*plan.Plan) View
	// Control is given, once the journal is open and before its first event, how others act on
	// the run while it goes on; nil: nobody does.
	Control func(*plan.Plan, *Control)
	// Opened is called once the run's directory is there, before the first event, and with the
	// time; nil: nothing is. Its error ends the run before anything is injected.
	Opened func(dir *os.Root, at time.Time) error
	// Log receives warnings, and the commands that remove faults by hand where the run
	// could not; nil discards them.
	Log io.Writer

	told *notify.Notifier // of those whom the system's document names
}

func (o Options) withDefaults() Options {
	if o.Getenv == nil {
		o.Getenv = os.LookupEnv
	}
	if o.Log == nil {
		o.Log = io.Discard
	}
	o.Log = inert.NewWriter(o.Log) // lines hold what servers and journals say
	if o.View == nil {
		o.View = func(*plan.Plan) View { return noView{} }
	}
	return o
}

// logf writes a line to the log. A log that cannot be written stops no run.
func (o Options) logf(format string, args ...any) {
	_, _ = fmt.Fprintf(o.Log, format+"\n", args...)
}

// A System is a system under test that a run starts and stops.
type System interface {
	// KeepLog moves what the system wrote into the run's directory.
	KeepLog(dir string) error
	// Ended returns a channel that is closed when the system has ended by itself.
	Ended() <-chan struct{}
	// Close stops the system. The error says so where it had ended before.
	Close() error
}

// An Outcome is a run that is over.
type Outcome struct {
	Dir    string         // the run's directory
	Result *result.Result // with its exit code
	// Err is what went wrong beside the verdicts. The result has it as well, but for a
	// lease that could not be ended and a system that ended too early.
	Err error
	// Decisive reports that Err, and not a verdict, decided the exit code, and that the
	// result does not say so.
	Decisive bool
}

// Run performs p once and folds its journal. The outcome is nil where nothing was
// run; [ExitCode] gives the meaning of the error. To interrupt a run, cancel ctx with
// an [engine.Interrupt] as its cause.
//
// Run writes nothing beside the journal: see [WriteFiles].
func Run(ctx context.Context, p *plan.Plan, o Options) (*Outcome, error) {
	o = o.withDefaults()
	if err := CheckStart(&p.System, o); err != nil {
		return nil, err
	}
	if p.GameDay != nil && !o.Unattended && o.Control == nil {
		return nil, usage.Errorf("a game day waits for decisions, and nobody can make them")
	}
	ctx, release := o.announce(ctx, p)
	defer release()
	if err := o.checkOwnBlock(); err != nil { // its Toxiproxies are asked with their lease
		return nil, err
	}
	var err error
	if o.told, err = notify.New(p, notify.Options{Getenv: o.Getenv, Logf: o.logf}); err != nil {
		return nil, err
	}
	out := &Outcome{}
	out.Err = o.runSystem(ctx, p, out)
	if out.Result != nil {
		out.decide(o.Allow)
	}
	o.told.End(out.Result)
	if out.Result == nil {
		return nil, o.notBegun(ctx, out.Err)
	}
	return out, nil
}

// runSystem performs p on a system that it starts where that is asked for.
func (o Options) runSystem(ctx context.Context, p *plan.Plan, out *Outcome) (err error) {
	if o.Start == nil {
		return o.perform(ctx, p, nil, out)
	}
	system, err := o.Start(ctx, p)
	if err != nil {
		return err
	}
	o.Embedded = true
	err = o.perform(ctx, p, system.Ended(), out)
	if out.Dir != "" {
		err = errors.Join(err, system.KeepLog(out.Dir))
	}
	return errors.Join(err, system.Close())
}

// A run is one execution of a plan.
type run struct {
	o         Options
	plan      *plan.Plan
	secrets   *redact.Secrets // of all documents: the system may repeat that of one journey in its answer to another one
	server    journal.Toxiproxy
	fleet     *fleet.Fleet
	files     map[string]string // of the faults, see [configfile.Files]
	injectors injectorset.Set
	memory    *journey.Memory     // for the answers of journeys, invariants and probes
	guard     *cleanup.Protection // nil before there is a fault to remove
	stop      context.CancelCauseFunc
	control   *Control
	decisions decisions                              // of a game day
	ended     <-chan struct{}                        // closed when the system has ended; nil: nobody would know
	root      *os.Root                               // the run's directory
	seen      func(fault string, e journal.Evidence) // tells the view what faults meet
	closers   []io.Closer                            // of what was opened there
}

// perform performs p on a system that stands.
func (o Options) perform(ctx context.Context, p *plan.Plan, ended <-chan struct{}, out *Outcome) (err error) {
	r := &run{o: o, plan: p, ended: ended, secrets: redact.FromEnv(p.EnvNames(), o.Getenv), memory: journey.NewMemory()}
	ctx, r.stop = context.WithCancelCause(ctx)
	defer r.stop(nil)
	release, err := r.acquire(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.guard.End(endLease(release))) }()
	r.nameCommand()
	if err := r.preflight(ctx); err != nil {
		return r.notRun(err, out)
	}
	if err := o.checkOwnBlock(); err != nil { // it may have come since
		return err
	}
	dir, root, err := openDir(o.Dir, p.Run)
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }() // what is written is synced
	out.Dir, r.root = dir, root
	if o.Opened != nil {
		if err := o.Opened(root, time.Now()); err != nil {
			return err
		}
	}
	defer func() {
		for _, c := range r.closers {
			_ = c.Close() // a log that is not whole stops no run
		}
	}()
	if r.files, err = configfile.Files(r.plan); err != nil {
		return err
	}
	r.injectors = injectorset.New(r.plan, root, r.fleet, injectorset.Options{Getenv: o.Getenv, Files: r.files})
	runErr := r.execute(ctx, dir, root)
	if errors.Is(runErr, engine.ErrNotRemoved) {
		r.logManualCleanup(root)
	}
	folded, err := result.Read(root)
	if err == nil {
		out.Result = folded
	}
	return errors.Join(runErr, err)
}

// notRun keeps what a preflight found in the run's directory, so that reports tell it as
// they tell all else. Any other error is returned as it is, and so is a refusal, which
// leaves nothing behind.
func (r *run) notRun(why error, out *Outcome) error {
	if _, interrupted := errors.AsType[*engine.Interrupt](why); interrupted {
		return fmt.Errorf("%w before anything was injected", why)
	}
	failed, ok := errors.AsType[*preflight.Error](why)
	if !ok || errors.Is(why, experiments.ErrRefused) {
		return why
	}
	dir, root, err := openDir(r.o.Dir, r.plan.Run)
	if err != nil {
		return errors.Join(why, err)
	}
	defer func() { _ = root.Close() }() // what is written is synced
	log, err := journal.Create(root)
	if err != nil {
		return errors.Join(why, err)
	}
	if err := errors.Join(engine.RecordNotRun(r.plan, log, r.server, failed.Lines()), log.Close()); err != nil {
		return errors.Join(why, err)
	}
	out.Dir = dir
	out.Result, err = result.Read(root)
	return errors.Join(why, err)
}

// acquire takes the lease of the run's Toxiproxies, once the run may reach it and no
// earlier run left anything there.
func (r *run) acquire(ctx context.Context) (release func(context.Context) error, err error) {
	if err := checkAddresses(ctx, r.plan); err != nil {
		return nil, err
	}
	if r.fleet, err = injectorset.NewFleet(&r.plan.System, r.o.Token, r.o.Getenv, r.leaseLost); err != nil {
		return nil, err
	}
	r.fleet.NeedOnly(r.plan)
	if r.server, err = r.fleet.Identify(ctx); err != nil {
		return nil, err
	}
	if r.o.Embedded {
		r.server.Kind = experiments.Embedded
	}
	r.server.Token = r.o.Token
	if err := r.checkUnfinished(); err != nil {
		return nil, err
	}
	return r.fleet.Acquire(ctx, r.plan.Run) // before the preflight, to which another run's fault would look like a stranger's
}

// leaseTimeout is how long the end of a run's lease may take.
const leaseTimeout = 2 * time.Second

// endLease ends the lease on the server, also when the run was interrupted.
func endLease(release func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), leaseTimeout)
	defer cancel()
	return release(ctx)
}

// execute runs the engine with the journal on disk and the view beside it.
func (r *run) execute(ctx context.Context, dir string, root *os.Root) error {
	log, err := journal.Create(root)
	if err != nil {
		return err
	}
	embedded := r.server.Kind == experiments.Embedded // such a server ends with the run, and its faults with it
	if !embedded || r.plan.LeavesProxies() {
		r.guard, err = cleanup.Protect(dir, root, r.plan, cleanup.ProtectOptions{
			Registry: r.o.Registry, Getenv: r.o.Getenv, Server: r.server, Files: r.files, Watchdog: r.o.Watchdog, Stop: r.stop, Log: r.o.Log,
		})
		if err != nil {
			return errors.Join(err, log.Close())
		}
	}
	view := r.view()
	rec := newRecorder(log, view, root, r.plan, r.o.logf)
	r.control, r.seen = r.newControl(), rec.see
	defer r.control.end()
	defer r.watchOrders(root)()
	if r.o.Control != nil {
		r.o.Control(r.plan, r.control)
	}
	err = r.runEngine(ctx, rec)
	r.control.end() // what comes now has no effect
	view.Close()
	return errors.Join(err, log.Close())
}

// logManualCleanup logs how to remove every fault that may be there without blastgauge.
func (r *run) logManualCleanup(dir *os.Root) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	r.o.logf("A FAULT MAY STILL BE ACTIVE. When Toxiproxy answers again, and for files and commands at once:")
	for _, f := range r.mayBeThere(dir) {
		r.o.logf("  %s", r.injectors.Manual(ctx, f))
	}
}

// mayBeThere are the faults that are not proven gone: going by the journal, or all of the
// plan where it does not tell.
func (r *run) mayBeThere(dir *os.Root) (list []plan.Fault) {
	left, err := journal.ReadLeftovers(dir)
	if err == nil && left.Certain() && len(left.Faults) > 0 {
		for _, f := range left.Faults {
			list = append(list, f.Fault)
		}
		return list
	}
	for _, e := range r.plan.Experiments {
		list = append(list, e.Faults...)
	}
	return list
}
