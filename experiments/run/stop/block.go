package stop

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/redact"
	"github.com/blastgauge/blastgauge/experiments/run/internal/usage"
	"github.com/blastgauge/blastgauge/injectors/fleet"
	"github.com/blastgauge/blastgauge/injectors/toxiproxy"
)

// Block is the kill switch: it takes the servers away from all runs, whoever they are of,
// keeps runs of this user from beginning on this machine, and ends those that go on. It is
// in force until [Unblock]. Everything is tried, whatever fails.
func Block(ctx context.Context, o Options) error {
	o = o.withDefaults()
	if o.Why == "" {
		return usage.Errorf("--block needs a reason, such as \"incident 4711\": whoever is refused reads it")
	}
	targets := o.targets()
	own := o.Registry.SetBlock(journal.Block{Reason: o.Why, By: o.By, At: time.Now().UTC()})
	if own == nil {
		o.printf("blocked   runs of this user on this machine")
	}
	own = errors.Join(own, o.remember(targets))
	rows := once(o.onEach(ctx, targets, func(ctx context.Context, f *fleet.Fleet) []fleet.Status { return f.Block(ctx, o.By, o.Why) }))
	errs := []error{own, o.tellBlocked(rows)}
	errs = append(errs, o.stopOwn(ctx))
	if !o.NoWait {
		errs = append(errs, o.awaitClear(ctx, targets, blockedOf(rows)))
	}
	o.printf("to lift it: blastgauge stop --unblock")
	if list := names(targets); len(list) > 0 {
		o.printf("elsewhere:  blastgauge stop --unblock --toxiproxy %s", strings.Join(list, " --toxiproxy "))
	}
	return errors.Join(errs...)
}

// remember keeps the names of servers for [Unblock], but not the logins in them.
func (o Options) remember(targets []target) error {
	var errs []error
	for _, t := range targets {
		if url := t.shown(); url != "" {
			errs = append(errs, o.Registry.AddBlockedServer(journal.BlockedServer{URL: url, Token: t.token}))
		}
		if redact.HasLogin(t.url) {
			o.printf("note      the login of %s is not kept: name it again to lift its block", redact.Logins(t.url))
		}
	}
	return errors.Join(errs...)
}

// tellBlocked prints which servers are blocked, and returns why others are not.
func (o Options) tellBlocked(rows []fleet.Status) error {
	var errs []error
	for _, row := range rows {
		if row.Block == nil {
			errs = append(errs, fmt.Errorf("not blocked: %w", row.Err))
			continue
		}
		note := ""
		switch {
		case row.Err != nil:
			errs = append(errs, fmt.Errorf("blocked, but: %w", row.Err))
		case row.Kind == toxiproxy.KindStock:
			note = "; it is a stock Toxiproxy: toxics of a run that died stay until `blastgauge recover --toxiproxy " + row.URL + "`, and the block goes when the server is restarted"
		case !row.Block.Kept:
			note = "; the block goes when the server is restarted, as it has no --state DIR"
		}
		o.printf("blocked   %s%s", row.URL, note)
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
	found := o.onEach(ctx, targets, func(ctx context.Context, f *fleet.Fleet) []fleet.Status { return f.Unblock(ctx) })
	rows := once(found)
	switch {
	case own != nil || err != nil:
	case len(rows) > 0:
		o.printf("free      runs of this user on this machine: they were not blocked")
	default:
		o.printf("nothing was blocked")
	}
	for _, row := range rows {
		switch {
		case row.Err != nil:
			errs = append(errs, fmt.Errorf("still blocked, or not reached: %w; `blastgauge stop --unblock --toxiproxy %s` lifts it", row.Err, row.URL))
			continue
		case row.Block != nil:
			o.printf("lifted    %s: %s had blocked it since %s: %s", row.URL, row.Block.By, row.Block.At.Format(time.RFC3339), row.Block.Reason)
		default:
			o.printf("free      %s: it was not blocked", row.URL)
		}
	}
	return errors.Join(append(errs, o.forget(targets, found))...)
}

// forget forgets the servers whose block is lifted, and prints which are still remembered.
func (o Options) forget(targets []target, found [][]fleet.Status) error {
	var errs []error
	for i, t := range targets {
		if failed := func(row fleet.Status) bool { return row.Err != nil }; !slices.ContainsFunc(found[i], failed) {
			errs = append(errs, o.Registry.ForgetBlockedServer(t.shown()))
		}
	}
	left, err := o.Registry.BlockedServers()
	for _, s := range left {
		o.printf("blocked   %s, as far as is known: `blastgauge stop --unblock` lifts that", s.URL)
	}
	return errors.Join(append(errs, err)...)
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
	for _, row := range once(o.onEach(ctx, o.targets(), statuses)) {
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
		o.printf("goes on   %s, since %s%s", r.Run, r.Started.Local().Format(time.TimeOnly), in(r))
	}
	return errors.Join(append(errs, err)...)
}
