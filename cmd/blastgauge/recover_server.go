package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/run/engine"
	"github.com/blastgauge/blastgauge/injectors"
	"github.com/blastgauge/blastgauge/injectors/toxiproxy"
)

// urlDriver drives a server that a person named, or that a run used: whatever its
// host, taking faults back is always allowed.
func urlDriver(url string, tokens ...string) (*toxiproxy.Driver, error) {
	for _, where := range tokens {
		if where == "" {
			continue
		}
		token, err := readToken(where)
		return toxiproxy.New(toxiproxy.Options{URL: url, Token: token}), err
	}
	return toxiproxy.New(toxiproxy.Options{URL: url}), nil
}

// recoverServer removes the toxics of all runs from a server, but for those of a
// run that holds it.
func (a *app) recoverServer(ctx context.Context, o recoverOptions) error {
	d, err := urlDriver(o.url, o.token)
	if err != nil {
		return err
	}
	o.url = anonymous(o.url) // from here on it is only shown
	if _, err := d.Identify(ctx); err != nil {
		return err
	}
	if o.recreate != "" {
		if err := d.Recreate(ctx, o.recreate, "", ""); err != nil {
			return fmt.Errorf("%w: %w", engine.ErrNotRemoved, err)
		}
		fmt.Fprintf(a.stdout, "%s: proxy %s was deleted and made again\n", o.url, o.recreate)
	}
	held, err := d.Owner(ctx)
	if err != nil {
		return fmt.Errorf("%w: %w", engine.ErrNotRemoved, err)
	}
	errs := []error{a.removeLeftovers(ctx, d, o.url, func(run string) bool { return run != held })}
	if held != "" {
		errs = append(errs, a.recoverHolder(ctx, held, o))
	}
	return errors.Join(append(errs, a.tellDisabled(ctx, d, o.url))...)
}

// recoverHolder looks after the run that holds the server. One of this user's
// that has died can be recovered by its journal; any other may be alive.
func (a *app) recoverHolder(ctx context.Context, run string, o recoverOptions) error {
	list, _ := a.listing().All() // an entry that cannot be read is not this run's
	for _, open := range list {
		if open.Run == run && gone(open) {
			return a.recoverLost(ctx, open, o)
		}
		if open.Run == run {
			return a.recoverRun(ctx, open.Dir, recoverOptions{token: o.token})
		}
	}
	return fmt.Errorf("%w: run %s holds %s and was left alone: if it has died, its hold lapses within a minute", experiments.ErrRefused, run, o.url)
}

// removeLeftovers removes the toxics of the runs that are wanted, without any
// journal.
func (a *app) removeLeftovers(ctx context.Context, d *toxiproxy.Driver, url string, wanted func(run string) bool) error {
	found, err := d.Leftovers(ctx)
	if err != nil {
		return fmt.Errorf("%w: %w", engine.ErrNotRemoved, err)
	}
	found = slices.DeleteFunc(found, func(f plan.Fault) bool {
		run, _, _ := injectors.ParseFaultName(f.Name)
		return !wanted(run)
	})
	s := &salvage{hands: hands{driver: d}, say: func(format string, args ...any) { fmt.Fprintf(a.stdout, url+": "+format+"\n", args...) }}
	if len(found) == 0 {
		s.say("no toxic of blastgauge's was left behind")
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, removalIn)
	defer cancel()
	toxic := map[string]engine.Injector{}
	for _, f := range found {
		toxic[f.Inject] = d
	}
	return s.tell(found, engine.Revert(ctx, toxic, found))
}

// tellDisabled names the proxies that are disabled: on a stock server that may be
// what a run left behind, and nobody but a person can know.
func (a *app) tellDisabled(ctx context.Context, d *toxiproxy.Driver, url string) error {
	server, err := d.Identify(ctx)
	if err != nil || server.Kind != toxiproxy.KindStock {
		return err
	}
	proxies, err := d.Proxies(ctx)
	if err != nil {
		return err
	}
	for _, p := range proxies {
		if !p.Enabled && p.Name != toxiproxy.LockProxy {
			down := plan.Fault{Proxy: p.Name, Fault: experiments.Fault{Inject: "down"}}
			fmt.Fprintf(a.stdout, "%s: proxy %s is disabled; if that was a run and not a person: %s\n", url, p.Name, d.ManualRemoval(ctx, down))
		}
	}
	return nil
}

// gone tells that a listed run has no journal any more.
func gone(open journal.Open) bool {
	_, err := os.Stat(filepath.Join(open.Dir, journal.EventsFile))
	return err != nil
}

// recoverLost looks after a run whose directory is gone: by the names of its
// toxics, as far as that goes.
func (a *app) recoverLost(ctx context.Context, open journal.Open, o recoverOptions) error {
	fmt.Fprintf(a.stdout, "%s: the directory of run %s is gone: looking for what it left\n", open.Dir, open.Run)
	if err := lostFiles(open); err != nil {
		return err
	}
	if open.Toxiproxy == "" {
		return a.listing().Remove(open.Run)
	}
	d, err := urlDriver(open.Toxiproxy, o.token, open.Token)
	if err != nil {
		return err
	}
	err = a.removeLeftovers(ctx, d, open.Toxiproxy, func(run string) bool { return run == open.Run })
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		fmt.Fprintf(a.stdout, "%s: nobody answers: a server that has ended took its toxics along\n", open.Toxiproxy)
	case err != nil:
		return err
	default:
		if err := a.tellDisabled(ctx, d, open.Toxiproxy); err != nil {
			return err
		}
		s := &salvage{run: open.Run, hands: hands{driver: d}, listing: a.listing(), say: func(format string, args ...any) { fmt.Fprintf(a.stdout, format+"\n", args...) }}
		s.drop(ctx)
	}
	return a.listing().Remove(open.Run)
}
