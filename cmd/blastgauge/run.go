package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/live"
	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/hosts"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/run/engine"
	"github.com/blastgauge/blastgauge/injectors/configfile"
	"github.com/blastgauge/blastgauge/injectors/toxiproxy"
)

type runOptions struct {
	selection
	out      string
	outputs  []string
	allow    []string
	progress string
	token    string
	create   bool
	command  []string // starts the system, where the proxies are ours
	embedded bool     // the proxies are part of this process
}

func newRun(a *app) *cobra.Command {
	var o runOptions
	cmd := &cobra.Command{
		Use:   "run [EXPERIMENT...] [-- COMMAND ARG...]",
		Short: "Run experiments and judge their hypotheses",
		Long: `Run injects each experiment's faults, one experiment at a time, sends journeys
meanwhile, removes the faults, and writes a report.

With toxiproxy: embedded in the system file, run starts proxies of its own and then
COMMAND, which is the system behind them, and stops both in the end.

Ctrl-C removes the faults and writes the report; a second one skips the report; a
third leaves at once.
` + exitStatus,
		Example: `  blastgauge run
  blastgauge run payments-slow --phases baseline=20s,fault=30s
  blastgauge run -f staging/blastgauge.yaml -o text -o json=result.json
  blastgauge run -- docker compose up`,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.args = args
			if dash := cmd.ArgsLenAtDash(); dash >= 0 {
				o.args, o.command = args[:dash], args[dash:]
			}
			return a.runCommand(cmd.Context(), o)
		},
	}
	o.planFlags(cmd)
	f := cmd.Flags()
	f.StringVar(&o.out, "out", "", "the run's `DIR` (default: .blastgauge/runs/ID)")
	f.StringArrayVarP(&o.outputs, "output", "o", nil, "`FORMAT[=PATH]`: text, json, ndjson, html, md, junit or github; repeatable (default: text on stdout)")
	f.StringSliceVar(&o.allow, "allow", nil, "`VERDICT`, inconclusive or invalid, that counts as held; repeatable")
	f.StringVar(&o.progress, "progress", "auto", "`HOW` to show progress on stderr: auto, bar, lines or none")
	tokenFlags(cmd, &o.token, apiToken)
	f.BoolVar(&o.create, "create-proxies", false, "create declared proxies that are missing, and leave them")
	return cmd
}

func (a *app) runCommand(ctx context.Context, o runOptions) error {
	outputs, err := a.outputs(o.outputs)
	if err != nil {
		return err
	}
	allow, err := parseAllow(o.allow)
	if err != nil {
		return err
	}
	p, err := o.plan(time.Now())
	if err != nil {
		return err
	}
	if o.unset != nil {
		return o.unset
	}
	if err := checkCommand(&p.System, o.command); err != nil {
		return err
	}
	r, dir, err := a.measure(ctx, p, o)
	if r == nil {
		return err
	}
	code := a.settle(r, allow, err)
	r.Run.ExitCode = code
	if err := a.publish(r, dir, outputs); err != nil {
		return err
	}
	a.last(textOnStdout(outputs), code, r.ExitMeaning())
	if code == result.ExitHeld {
		return nil
	}
	return verdictError{code}
}

// measure performs a plan, on a system that it starts where that is asked for.
func (a *app) measure(ctx context.Context, p *plan.Plan, o runOptions) (r *result.Result, dir string, err error) {
	if len(o.command) > 0 {
		e, failed := raiseEmbedded(ctx, p, o.command)
		if failed != nil {
			return nil, "", failed
		}
		defer func() {
			if dir != "" {
				err = errors.Join(err, e.command.keep(dir))
			}
			err = errors.Join(err, e.close())
		}()
	}
	s := a.screen(o.progress)
	defer s.Close()
	return a.perform(ctx, p, o, func(p *plan.Plan) live.View { return s.View(0, p) })
}

// settle is the exit code of a run that has a result. What went wrong beside the
// verdicts is said here and counts as its class says: a hold that could not be
// released is an error of the environment, however well the hypotheses held.
func (a *app) settle(r *result.Result, allow []result.Verdict, err error) int {
	code := max(r.Exit(allow), 0)
	if err == nil {
		return code
	}
	stronger := []int{result.ExitNotRemoved, result.ExitHUP, result.ExitINT, result.ExitTERM}
	also := exitCode(err)
	if also == result.ExitNotRemoved || also == result.ExitError && !slices.Contains(stronger, code) {
		fmt.Fprintf(a.stderr, "error: %v\n", err)
		return also
	}
	return code
}

// publish writes the reports, unless somebody is in a hurry: report DIR makes
// them later.
func (a *app) publish(r *result.Result, dir string, outputs []output[*result.Result]) error {
	if a.hurry.Load() {
		fmt.Fprintf(a.stderr, "report skipped; make it with: blastgauge report %s\n", dir)
		return nil
	}
	if err := keep(dir, r); err != nil {
		return err
	}
	if err := a.write(outputs, r); err != nil {
		return err
	}
	fmt.Fprintf(a.stderr, "report  %s\ndata    %s\n", filepath.Join(dir, reportFile), filepath.Join(dir, resultFile))
	return nil
}

func parseAllow(names []string) ([]result.Verdict, error) {
	var list []result.Verdict
	for _, name := range names {
		v := result.Verdict(name)
		if v != result.Inconclusive && v != result.Invalid {
			return nil, usagef("--allow %s: only inconclusive and invalid can be allowed", name)
		}
		list = append(list, v)
	}
	return list, nil
}

// perform runs a plan and folds its journal. The result is nil where nothing
// was run; an error beside a result is in the result as well.
func (a *app) perform(ctx context.Context, p *plan.Plan, o runOptions, show func(*plan.Plan) live.View) (r *result.Result, dir string, err error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	if err := checkAddresses(ctx, p); err != nil {
		return nil, "", err
	}
	driver, err := newDriver(&p.System, o.token, func(lost error) { stop(fmt.Errorf("the hold on Toxiproxy was lost: %w", lost)) })
	if err != nil {
		return nil, "", err
	}
	kind, err := driver.Identify(ctx)
	if err != nil {
		return nil, "", err
	}
	if o.embedded || len(o.command) > 0 {
		kind.Kind = experiments.Embedded
	}
	kind.Token = o.token
	if err := a.checkUnfinished(p, o.out); err != nil {
		return nil, "", err
	}
	release, err := driver.Acquire(ctx, p.Run) // before the preflight: another run's fault looks like a stranger's
	if err != nil {
		return nil, "", err
	}
	guarded := &ward{app: a, stop: stop, token: o.token}
	defer func() { err = errors.Join(err, guarded.end(letGo(release))) }()
	if p, err = prepare(ctx, driver, p, o.create); err != nil {
		return nil, "", err
	}
	if err := a.checkReloads(p); err != nil {
		return nil, "", err
	}
	if err := a.checkTags(ctx, driver, p); err != nil {
		return nil, "", err
	}
	dir, root, err := runDir(o.out, p.Run)
	if err != nil {
		return nil, "", err
	}
	defer root.Close()
	w := &wiring{app: a, plan: p, hands: handsOf(p, root, driver, a.getenv), kind: kind, ward: guarded}
	runErr := execEngine(ctx, dir, root, w, show)
	if errors.Is(runErr, engine.ErrNotRemoved) {
		a.tellByHand(w.hands, p)
	}
	r, err = result.Read(root)
	if err != nil {
		return nil, dir, errors.Join(runErr, err)
	}
	return r, dir, runErr
}

// prepare looks at everything a run will touch before it touches anything. The
// plan it returns knows the addresses of every proxy.
func prepare(ctx context.Context, d *toxiproxy.Driver, p *plan.Plan, create bool) (*plan.Plan, error) {
	if create {
		if err := d.CreateMissing(ctx, p); err != nil {
			return nil, err
		}
	}
	p = absolute(p)
	if _, err := configfile.Preflight(p); err != nil {
		return nil, err
	}
	if err := d.Preflight(ctx, p); err != nil {
		return nil, err
	}
	return d.Fill(ctx, p)
}

// letGo ends the hold on the server, also when the run was told to stop.
func letGo(release func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), dropIn)
	defer cancel()
	return release(ctx)
}

// execEngine runs the engine with the journal on disk and the view beside it.
func execEngine(ctx context.Context, dir string, root *os.Root, w *wiring, show func(*plan.Plan) live.View) error {
	log, err := journal.Create(root)
	if err != nil {
		return err
	}
	embedded := w.kind.Kind == experiments.Embedded // such a server ends with the run, and its faults with it
	if !embedded || onFiles(w.plan) {
		if err := w.ward.begin(dir, root, w.plan, embedded); err != nil {
			return errors.Join(err, log.Close())
		}
	}
	v := show(w.plan)
	err = engine.Run(ctx, w.plan, &shownJournal{log, v}, w.engineOptions())
	v.Close()
	return errors.Join(err, log.Close())
}

// tellByHand prints how to remove every fault of the plan without blastgauge.
func (a *app) tellByHand(h hands, p *plan.Plan) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	fmt.Fprintln(a.stderr, "A FAULT MAY STILL BE ACTIVE. When Toxiproxy answers again, and for files at once:")
	for _, e := range p.Experiments {
		for _, f := range e.Faults {
			fmt.Fprintf(a.stderr, "  %s\n", h.byHand(ctx, f))
		}
	}
}

// newDriver makes the driver of a system's Toxiproxy, whose token is where it is
// said to be.
func newDriver(s *experiments.System, where string, lost func(error)) (*toxiproxy.Driver, error) {
	token, err := readToken(where)
	if err != nil {
		return nil, err
	}
	return toxiproxy.New(toxiproxy.Options{URL: s.Toxiproxy, Token: token, Dial: hosts.Dialer{Policy: s.Hosts()}.DialContext, Lost: lost}), nil
}
