package incidents

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/demo"
	"github.com/blastgauge/blastgauge/examples/checkout"
	library "github.com/blastgauge/blastgauge/examples/incidents"
	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/run"
	"github.com/blastgauge/blastgauge/injectors/injectortest/required"
)

var every = flag.Bool("every", false, "re-enact every incident on the demo shop, and not only some")

// sample is how many incidents there are for one that is re-enacted. They share their code,
// and beside other tests each takes several times as long as by itself.
func sample() int {
	if *every {
		return 1
	}
	return 4 * slowed
}

// A lane is a naive and a hardened shop, on which incidents are re-enacted one after the
// other.
type lane struct {
	rate   float64       // of checkouts a second
	fault  time.Duration // of the fault phase
	stores demo.Stores
	list   []library.Incident // that are still to go as their documents say
	err    error              // what did not
}

// Every incident harms the naive shop, and spares the hardened one, as its document says.
// All lanes run at once. What the machine spoilt is tried again, a lane alone, for longer each
// time.
func TestIncidentsOnTheDemoShop(t *testing.T) {
	t.Parallel() // mostly waiting
	if testing.Short() {
		t.Skip("it takes a quarter of a minute")
	}
	list, dir := lanes(t), t.TempDir()
	var all sync.WaitGroup // and no subtests, of which a small machine runs few at once
	for n := range list {
		all.Go(func() { list[n].try(t.Context(), filepath.Join(dir, "1", strconv.Itoa(n))) })
	}
	all.Wait()
	for _, again := range []string{"2", "3", "4"} {
		for n := range list {
			if list[n].err != nil {
				t.Logf("tried again: %v", list[n].err)
				list[n].fault *= 2
				list[n].try(t.Context(), filepath.Join(dir, again, strconv.Itoa(n)))
			}
		}
	}
	for n, l := range list {
		if l.err != nil {
			t.Errorf("lane %d: %v", n, l.err)
		}
	}
}

// lanes spreads the incidents: those that touch a part of what passes need more journeys.
// Lanes are cheap, and journeys are not: of each there are about as many as it takes to see
// what is looked for.
func lanes(t *testing.T) []lane {
	t.Helper()
	all, err := library.All()
	if err != nil {
		t.Fatal(err)
	}
	some := []string{"cloudflare-2025-11-18", "knight-2012-08-01", "slack-2022-02-22", "square-2023-02-06", "stripe-2019-07-10"}
	part, whole := lane{rate: 20, fault: 8 * time.Second}, lane{rate: 6, fault: 4 * time.Second}
	sample := sample()
	list, database := []lane{part, part, whole, whole, whole, whole}, whole
	database.stores.Postgres = demo.StartLocally
	parts, wholes := list[:2], list[2:]
	for n, i := range all {
		to := &wholes[n/sample%len(wholes)]
		switch {
		case n%sample != 0:
			continue
		case slices.Contains(some, i.ID):
			to = &parts[slices.Index(some, i.ID)%len(parts)]
		case slices.Contains(slices.Collect(maps.Values(i.Demo.Bind)), "orders-db"):
			to = &database
		}
		to.list = append(to.list, i)
	}
	if err := checkout.ServersInstalled(); err != nil && !required.All() {
		t.Logf("%d incidents are left out: %v", len(database.list), err)
	} else {
		list = append(list, database)
	}
	return slices.DeleteFunc(list, func(l lane) bool { return len(l.list) == 0 })
}

// try starts the shops of a lane, re-enacts its incidents on both, and keeps those that did
// not go as their documents say.
func (l *lane) try(ctx context.Context, dir string) {
	l.err = func() (err error) {
		stores, servers, err := demo.StartStores(ctx, l.stores)
		defer func() { err = errors.Join(err, servers.Close()) }()
		if err != nil {
			return err
		}
		var shops [2]*demo.Environment
		for n, build := range builds() {
			if shops[n], err = demo.Start(ctx, demo.EnvironmentOptions{Dir: filepath.Join(dir, build), Storefront: build, Stores: stores}); err != nil {
				return err
			}
			defer func() { err = errors.Join(err, shops[n].Close()) }()
		}
		return l.judge(ctx, filepath.Join(dir, "runs"), shops)
	}()
}

func builds() [2]string { return [2]string{checkout.Naive, checkout.Hardened} }

// judge re-enacts the incidents of a lane on both of its shops.
func (l *lane) judge(ctx context.Context, dir string, shops [2]*demo.Environment) error {
	var both sync.WaitGroup
	var found [2]*result.Result
	var errs [2]error
	for n, build := range builds() {
		both.Go(func() { found[n], errs[n] = l.reenact(ctx, filepath.Join(dir, build), shops[n].SystemFile) })
	}
	both.Wait()
	if err := errors.Join(errs[:]...); err != nil {
		return err
	}
	var again []library.Incident
	var differ []error
	for n, i := range l.list {
		err := errors.Join(compareWith(i.Demo.Naive, &found[0].Experiments[n]), compareWith(i.Demo.Hardened, &found[1].Experiments[n]))
		if err != nil {
			again, differ = append(again, i), append(differ, fmt.Errorf("%s: %w", i.ID, err))
		}
	}
	l.list = again
	return errors.Join(differ...)
}

// reenact runs the incidents of a lane on one shop.
func (l *lane) reenact(ctx context.Context, dir, system string) (*result.Result, error) {
	options := plan.Options{
		Phases: experiments.Phases{Warmup: 200 * time.Millisecond, Baseline: 500 * time.Millisecond, Fault: l.fault, Recovery: 300 * time.Millisecond},
		Rates:  map[string]float64{"checkout": l.rate, "browse": 1},
	}
	var ids, given []string
	for _, i := range l.list {
		ids = append(ids, i.ID)
		for role, name := range i.Demo.Bind {
			given = append(given, i.ID+"."+role+"="+name)
		}
	}
	binding, err := Bind(ids, given)
	if err != nil {
		return nil, err
	}
	selection := experiments.Selection{SystemFile: system, Write: binding.Write}
	selection.Set = []string{"defaults.limits.baseline=100%"} // a busy machine is slow
	loaded, err := plan.Load(selection, options, os.LookupEnv)
	if err != nil {
		return nil, err
	}
	out, err := run.Run(ctx, loaded.Plan, run.Options{Dir: dir, Embedded: true})
	if out == nil {
		return nil, err
	}
	return out.Result, out.Err
}

// compareWith says in which way an experiment is not what a document says of a shop.
func compareWith(want library.Outcome, e *result.Experiment) error {
	for _, f := range e.Faults {
		if f.Exercised.Grade != result.GradeCounted || !f.RemovalVerified {
			return fmt.Errorf("the fault %s was not met, or not removed: %+v: %q", f.Inject, f.Exercised, e.Reasons)
		}
	}
	at := slices.IndexFunc(e.Journeys, func(j result.Journey) bool { return j.Name == "checkout" })
	counts := e.Journeys[at].Arms.Fault
	harmed := map[library.Harm]int{library.Late: counts.Slow + counts.FailedBy.Timeout, library.Wrong: counts.Wrong, library.Failed: counts.Failed}
	const few = 3
	switch {
	case want.Harm == library.None && counts.Harmed() > max(1, counts.Journeys*few/100):
		return fmt.Errorf("harmed: %+v, want no harm", counts)
	case want.Harm != library.None && harmed[want.Harm] < few:
		return fmt.Errorf("harmed: %+v, want %s", counts, want.Harm)
	}
	return errors.Join(compareStep(want, e.Journeys[at].Steps), compareInvariants(want, e.Invariants))
}

// compareStep wants harm of its kind at the step that a document names.
func compareStep(want library.Outcome, steps []result.Step) error {
	if want.Step == "" {
		return nil
	}
	for _, s := range steps {
		harmed := map[library.Harm]int{library.Late: s.Slow + s.Failed, library.Wrong: s.Wrong, library.Failed: s.Failed}
		if s.Name == want.Step && harmed[want.Harm] > 0 {
			return nil
		}
	}
	return fmt.Errorf("no journey is %s at the step %s: %+v", want.Harm, want.Step, steps)
}

// compareInvariants wants the invariant broken that a document names, and none where there is
// no harm. Others may break with it: journeys are on their way when a fault comes or goes.
func compareInvariants(want library.Outcome, list []result.Invariant) error {
	for _, i := range list {
		if i.Before == nil || i.After == nil {
			return fmt.Errorf("the invariant %q was not asked: %+v", i.Name, i)
		}
		broken := *i.After > *i.Before
		switch {
		case i.Name == want.Breaks && !broken:
			return fmt.Errorf("the invariant %q holds", i.Name)
		case want.Harm == library.None && broken:
			return fmt.Errorf("the invariant %q breaks", i.Name)
		}
	}
	return nil
}
