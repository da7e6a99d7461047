package stop

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/redact"
	"github.com/blastgauge/blastgauge/experiments/run/cleanup"
	"github.com/blastgauge/blastgauge/injectors/fleet"
	"github.com/blastgauge/blastgauge/injectors/toxiproxy"
)

const serversTimeout = 10 * time.Second // for all servers together

// A target is one Toxiproxy, or all behind one name, and where the token for them is.
type target struct{ url, token string }

// shown is the target as a person may name it again; empty: its address has a login.
func (t target) shown() string {
	if url := cleanup.WithoutCredentials(t.url); !redact.HasLogin(url) {
		return url
	}
	return ""
}

func (o Options) namesServers() bool { return o.System != nil || len(o.Servers) > 0 }

// targets are the servers that are named. Without any they are those of this user's open
// runs, and those that this user has blocked.
func (o Options) targets() []target {
	var list []target
	add := func(token string, urls ...string) {
		for _, url := range urls {
			if t := (target{url, token}); url != experiments.Embedded && !slices.Contains(list, t) {
				list = append(list, t)
			}
		}
	}
	if o.System != nil {
		add(o.Token, o.System.Toxiproxies()...)
	}
	add(o.Token, o.Servers...)
	if o.namesServers() { // those of a system may be embedded: then there are none
		return list
	}
	open, err := o.Registry.All()
	if err != nil {
		o.printf("warning: %v", err)
	}
	for _, r := range open {
		if r.Plan != nil && r.Toxiproxy != "" {
			add(cmp.Or(o.Token, r.Server.Token), r.Plan.System.Toxiproxies()...)
		}
	}
	blocked, err := o.Registry.BlockedServers()
	if err != nil {
		o.printf("warning: %v", err)
	}
	for _, s := range blocked {
		add(cmp.Or(o.Token, s.Token), s.URL)
	}
	return list
}

// names are the servers of targets as a person may name them, each once.
func names(targets []target) (list []string) {
	for _, t := range targets {
		if url := t.shown(); url != "" && !slices.Contains(list, url) {
			list = append(list, url)
		}
	}
	return list
}

// onEach does something on the servers of each target, and returns a row for each of them.
func (o Options) onEach(ctx context.Context, targets []target, do func(context.Context, *fleet.Fleet) []fleet.Status) [][]fleet.Status {
	ctx, cancel := context.WithTimeout(ctx, serversTimeout)
	defer cancel()
	found := make([][]fleet.Status, len(targets))
	var calls sync.WaitGroup
	for i, t := range targets {
		calls.Go(func() {
			token, err := toxiproxy.ReadToken(t.token, o.Getenv)
			if err != nil {
				found[i] = []fleet.Status{{URL: redact.Logins(t.url), Err: err}}
				return
			}
			found[i] = do(ctx, fleet.New(fleet.Options{System: &experiments.System{Toxiproxy: t.url}, Token: token, AnyHost: true}))
			for j := range found[i] {
				found[i][j].URL = redact.Logins(found[i][j].URL) // it is printed
			}
		})
	}
	calls.Wait()
	return found
}

// once are the rows of all targets, by URL. A server that two targets name is there once.
func once(found [][]fleet.Status) []fleet.Status {
	rows := slices.Concat(found...)
	slices.SortStableFunc(rows, func(a, b fleet.Status) int { return cmp.Compare(a.URL, b.URL) })
	return slices.CompactFunc(rows, func(a, b fleet.Status) bool { return a.URL == b.URL && (a.Err == nil) == (b.Err == nil) })
}

func statuses(ctx context.Context, f *fleet.Fleet) []fleet.Status { return f.Statuses(ctx) }
