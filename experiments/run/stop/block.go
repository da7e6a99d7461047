package stop

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/redact"
	"github.com/blastgauge/blastgauge/experiments/run/cleanup"
	"github.com/blastgauge/blastgauge/experiments/run/internal/usage"
	"github.com/blastgauge/blastgauge/injectors/fleet"
	"github.com/blastgauge/blastgauge/injectors/toxiproxy"
)

const (
	serversTimeout = 10 * time.Second // for all servers together
	clearWithin    = 15 * time.Second // until a run that has a blocked server gives it back
	clearEvery     = 250 * time.Millisecond
)

// A target is the servers that one token is for.
type target struct {
	system *experiments.System
	token  string
}

func (o Options) namesServers() bool { return o.System != nil || len(o.Servers) > 0 }

// targets are the servers that are named. Without any they are those of this user's open
// runs, and those that were blocked together with this user's runs.
func (o Options) targets() []target {
	var list []target
	if o.System != nil && o.System.Toxiproxy != experiments.Embedded {
		list = append(list, target{o.System, o.Token})
	}
	for _, url := range o.Servers {
		list = append(list, target{&experiments.System{Toxiproxy: url}, o.Token})
	}
	if len(list) > 0 {
		return list
	}
	open, err := o.Registry.All()
	if err != nil {
		o.printf("warning: %v", err)
	}
	for _, r := range open {
		if r.Plan != nil && r.Toxiproxy != "" {
			list = append(list, target{&r.Plan.System, cmp.Or(o.Token, r.Server.Token)})
		}
	}
	if own, err := o.Registry.Block(); err == nil && own != nil {
		for _, url := range own.Servers {
			list = append(list, target{&experiments.System{Toxiproxy: url}, cmp.Or(o.Token, own.Token)})
		}
	}
	return list
}

// onServers does something on the servers of all targets and returns a row for each, once.
func (o Options) onServers(ctx context.Context, targets []target, do func(context.Context, *fleet.Fleet) []fleet.Status) []fleet.Status {
	ctx, cancel := context.WithTimeout(ctx, serversTimeout)
	defer cancel()
	found := make([][]fleet.Status, len(targets))
	var calls sync.WaitGroup
	for i, t := range targets {
		calls.Go(func() {
			token, err := toxiproxy.ReadToken(t.token, o.Getenv)
			if err != nil {
				found[i] = []fleet.Status{{URL: strings.Join(names([]target{t}), ", "), Err: err}}
				return
			}
			found[i] = do(ctx, fleet.New(fleet.Options{System: t.system, Token: token, AnyHost: true}))
		})
	}
	calls.Wait()
	rows := slices.Concat(found...)
	for i := range rows {
		rows[i].URL = redact.Logins(rows[i].URL) // it is printed
	}
	slices.SortStableFunc(rows, func(a, b fleet.Status) int { return cmp.Compare(a.URL, b.URL) })
	return slices.CompactFunc(rows, func(a, b fleet.Status) bool { return a.URL == b.URL && (a.Err == nil) == (b.Err == nil) })
}

// Block is the kill switch: it takes the servers away from all runs, whoever they are of,
// keeps runs of this user from beginning on this machine, and ends those that go on. It is
// in force until [Unblock]. Everything is tried, whatever fails.
func Block(ctx context.Context, o Options) error {
	o = o.withDefaults()
	if o.By, o.Why = journal.CutLine(o.By, journal.MostAuthor), journal.CutLine(o.Why, journal.MostReason); o.Why == "" {
		return usage.Errorf("--block needs a reason, such as \"incident 4711\": whoever is refused reads it")
	}
	targets := o.targets()
	own := o.Registry.SetBlock(journal.Block{Reason: o.Why, By: o.By, At: time.Now().UTC(), Servers: names(targets), Token: o.Token})
	if own == nil {
		o.printf("blocked   runs of this user on this machine")
	}
	rows := o.onServers(ctx, targets, func(ctx context.Context, f *fleet.Fleet) []fleet.Status { return f.Block(ctx, o.By, o.Why) })
	errs := []error{own, o.tellBlocked(rows)}
	errs = append(errs, o.stopOwn(ctx))
	if !o.NoWait && len(rows) > 0 {
		errs = append(errs, o.awaitClear(ctx, targets))
	}
	o.printf("to lift it: blastgauge stop --unblock")
	if list := names(targets); len(list) > 0 {
		o.printf("elsewhere:  blastgauge stop --unblock --toxiproxy %s", strings.Join(list, " --toxiproxy "))
	}
	return errors.Join(errs...)
}

// tellBlocked prints which servers are blocked, and returns why others are not.
func (o Options) tellBlocked(rows []fleet.Status) error {
	var errs []error
	for _, row := range rows {
		if row.Err != nil {
			errs = append(errs, fmt.Errorf("not blocked: %w", row.Err))
			continue
		}
		note := ""
		switch {
		case row.Kind == toxiproxy.KindStock:
			note = "; it is a stock Toxiproxy: toxics of a run that died stay until `blastgauge recover --toxiproxy " + row.URL + "`, and the block goes when the server is restarted"
		case row.Block != nil && !row.Block.Kept:
			note = "; the block goes when the server is restarted, as it has no --state DIR"
		}
		o.printf("blocked   %s%s", row.URL, note)
	}
	return errors.Join(errs...)
}

// names are the servers of targets as a person may name them, each once.
func names(targets []target) (list []string) {
	for _, t := range targets {
		for _, url := range t.system.Toxiproxies() {
			if url = cleanup.WithoutCredentials(url); url != "" && !redact.HasLogin(url) && !slices.Contains(list, url) {
				list = append(list, url)
			}
		}
	}
	return list
}

// awaitClear waits until no run has a server. Those on other machines see the block within a
// second.
func (o Options) awaitClear(ctx context.Context, targets []target) error {
	deadline := time.Now().Add(clearWithin)
	for {
		rows := o.onServers(ctx, targets, func(ctx context.Context, f *fleet.Fleet) []fleet.Status { return f.Statuses(ctx) })
		busy := slices.DeleteFunc(slices.Clone(rows), func(row fleet.Status) bool { return row.Run == "" })
		if len(busy) == 0 {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("run %s still has %s: its process may be stopped or dead; `blastgauge recover --toxiproxy %s` removes toxics of runs that are over", busy[0].Run, busy[0].URL, busy[0].URL)
		}
		select {
		case <-time.After(clearEvery):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// freeServers ends the runs that have the named servers, by a block that it lifts again.
func (o Options) freeServers(ctx context.Context) error {
	targets := o.targets()
	rows := o.onServers(ctx, targets, func(ctx context.Context, f *fleet.Fleet) []fleet.Status { return f.Statuses(ctx) })
	inUse := func(row fleet.Status) bool { return row.Run != "" || row.Err != nil }
	switch {
	case !slices.ContainsFunc(rows, inUse):
		o.printf("no run has a server")
		return nil
	case slices.ContainsFunc(rows, func(row fleet.Status) bool { return row.Block != nil }):
		return o.awaitClear(ctx, targets) // whoever blocked it lifts that
	}
	why := cmp.Or(journal.CutLine(o.Why, journal.MostReason), "all runs are stopped")
	var errs []error
	for _, row := range o.onServers(ctx, targets, func(ctx context.Context, f *fleet.Fleet) []fleet.Status { return f.Block(ctx, o.By, why) }) {
		errs = append(errs, row.Err)
	}
	errs = append(errs, o.awaitClear(ctx, targets))
	for _, row := range o.onServers(context.WithoutCancel(ctx), targets, func(ctx context.Context, f *fleet.Fleet) []fleet.Status { return f.Unblock(ctx) }) {
		errs = append(errs, row.Err)
		if row.Err == nil {
			o.printf("free      %s", row.URL)
		}
	}
	return errors.Join(errs...)
}

// Unblock lifts the block of this user's runs, and that of the servers.
func Unblock(ctx context.Context, o Options) error {
	o = o.withDefaults()
	targets := o.targets()
	own, err := o.Registry.Unblock()
	errs := []error{err}
	if own != nil {
		o.printf("lifted    runs of this user on this machine: %s had blocked them since %s: %s", own.By, own.At.Format(time.RFC3339), own.Reason)
	}
	rows := o.onServers(ctx, targets, func(ctx context.Context, f *fleet.Fleet) []fleet.Status { return f.Unblock(ctx) })
	for _, row := range rows {
		switch {
		case row.Err != nil:
			errs = append(errs, fmt.Errorf("still blocked, or not reached: %w", row.Err))
		case row.Block != nil:
			o.printf("lifted    %s: %s had blocked it since %s: %s", row.URL, row.Block.By, row.Block.At.Format(time.RFC3339), row.Block.Reason)
		default:
			o.printf("          %s was not blocked", row.URL)
		}
	}
	if own == nil && len(rows) == 0 {
		o.printf("nothing was blocked")
	}
	return errors.Join(errs...)
}

// PrintStatus prints what is blocked, by whom and why, and which runs go on.
func PrintStatus(ctx context.Context, o Options) error {
	o = o.withDefaults()
	own, err := o.Registry.Block()
	errs := []error{err}
	if own != nil {
		o.printf("BLOCKED   runs of this user on this machine, by %s since %s: %s", own.By, own.At.Format(time.RFC3339), own.Reason)
	} else if err == nil {
		o.printf("free      runs of this user on this machine")
	}
	for _, row := range o.onServers(ctx, o.targets(), func(ctx context.Context, f *fleet.Fleet) []fleet.Status { return f.Statuses(ctx) }) {
		state := "free     "
		switch {
		case row.Err != nil:
			errs = append(errs, row.Err)
			state = "unknown  "
		case row.Block != nil:
			state = "BLOCKED  "
		}
		text := ""
		if row.Block != nil {
			text = fmt.Sprintf(", by %s since %s: %s", row.Block.By, row.Block.At.Format(time.RFC3339), row.Block.Reason)
		}
		if row.Run != "" {
			text += "; run " + row.Run + " has it"
		}
		o.printf("%s %s%s", state, row.URL, text)
	}
	runs, err := o.Registry.LiveRuns()
	for _, r := range runs {
		o.printf("goes on   %s, since %s, in %s", r.Run, r.Started.Local().Format(time.TimeOnly), r.Dir)
	}
	return errors.Join(append(errs, err)...)
}
