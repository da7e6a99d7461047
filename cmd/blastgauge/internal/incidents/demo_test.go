package incidents

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
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
	"github.com/blastgauge/blastgauge/experiments/shape"
)

// A lane is a naive and a hardened shop, on which incidents are re-enacted one after the
// other. All lanes run at once.
type lane struct {
	rate   float64
	fault  time.Duration
	stores demo.Stores
	list   []library.Incident
}

// Every incident harms the naive shop, and spares the hardened one, as its document says.
// What the machine spoilt is tried again, for longer.
func TestIncidentsOnTheDemoShop(t *testing.T) {
	t.Parallel() // mostly waiting
	if testing.Short() {
		t.Skip("it takes a minute")
	}
	for n, l := range lanes(t) {
		t.Run(fmt.Sprintf("lane %d", n+1), func(t *testing.T) {
			t.Parallel()
			l.run(t)
		})
	}
}

// lanes spreads the incidents: those that touch a part of what passes need more journeys.
func lanes(t *testing.T) []lane {
	t.Helper()
	all, err := library.All()
	if err != nil {
		t.Fatal(err)
	}
	some := []string{"cloudflare-2025-11-18", "knight-2012-08-01", "slack-2022-02-22", "square-2023-02-06"}
	list := []lane{{rate: 30, fault: 8 * time.Second}, {rate: 16, fault: 3 * time.Second}, {rate: 16, fault: 3 * time.Second}}
	database := lane{rate: 16, fault: 3 * time.Second, stores: demo.Stores{Postgres: demo.StartLocally}}
	for n, i := range all {
		switch {
		case slices.Contains(some, i.ID):
			list[0].list = append(list[0].list, i)
		case slices.Contains(slices.Collect(maps.Values(i.Demo.Bind)), "orders-db"):
			database.list = append(database.list, i)
		default:
			list[1+n%2].list = append(list[1+n%2].list, i)
		}
	}
	if err := checkout.ServersInstalled(); err != nil && os.Getenv("BLASTGAUGE_REQUIRE") != "all" {
		t.Logf("%d incidents are left out: %v", len(database.list), err)
		return list
	}
	return append(list, database)
}

func (l lane) run(t *testing.T) {
	stores, servers, err := demo.StartStores(t.Context(), l.stores)
	t.Cleanup(func() { _ = servers.Close() }) // the shops have gone by then
	if err != nil {
		t.Fatal(err)
	}
	l.stores = stores
	shops := map[string]*demo.Environment{}
	for _, build := range []string{checkout.Naive, checkout.Hardened} {
		shops[build] = startShop(t, build, stores)
	}
	const tries = 3
	for try := 1; len(l.list) > 0; try++ {
		var problems []error
		l.list, problems = l.judge(t, shops)
		if try == tries {
			t.Error(errors.Join(problems...))
			return
		}
		for _, p := range problems {
			t.Logf("tried again: %v", p)
		}
		l.fault *= 2
	}
}

func startShop(t *testing.T, build string, stores demo.Stores) *demo.Environment {
	t.Helper()
	shop, err := demo.Start(t.Context(), demo.EnvironmentOptions{Dir: filepath.Join(t.TempDir(), build), Storefront: build, Stores: stores})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := shop.Close(); err != nil {
			t.Error(err)
		}
	})
	return shop
}

// judge re-enacts the incidents of a lane on both of its shops, and returns those that did
// not go as their documents say, with what did not.
func (l lane) judge(t *testing.T, shops map[string]*demo.Environment) (again []library.Incident, problems []error) {
	t.Helper()
	var both sync.WaitGroup
	var found [2]*result.Result
	var errs [2]error
	for n, build := range []string{checkout.Naive, checkout.Hardened} {
		both.Go(func() { found[n], errs[n] = l.reenact(t.Context(), t.TempDir(), shops[build].SystemFile) })
	}
	both.Wait()
	if err := errors.Join(errs[:]...); err != nil {
		t.Fatal(err)
	}
	for n, i := range l.list {
		err := errors.Join(compareWith(i.Demo.Naive, &found[0].Experiments[n]), compareWith(i.Demo.Hardened, &found[1].Experiments[n]))
		if err != nil {
			again, problems = append(again, i), append(problems, fmt.Errorf("%s: %w", i.ID, err))
		}
	}
	return again, problems
}

// reenact runs the incidents of a lane on one shop.
func (l lane) reenact(ctx context.Context, dir, system string) (*result.Result, error) {
	options := plan.Options{
		Phases: experiments.Phases{Warmup: 200 * time.Millisecond, Baseline: time.Second, Fault: l.fault, Recovery: 500 * time.Millisecond},
		Rates:  map[string]float64{"checkout": l.rate, "browse": 1},
	}
	selection := experiments.Selection{SystemFile: system, Write: func(s *experiments.System) (documents []shape.Source, err error) {
		for _, i := range l.list { // each has places of its own
			var given []string
			for role, name := range i.Demo.Bind {
				given = append(given, role+"="+name)
			}
			b, err := Bind([]string{i.ID}, given)
			if err != nil {
				return nil, err
			}
			one, err := b.Write(s)
			if err != nil {
				return nil, err
			}
			documents = append(documents, one...)
		}
		return documents, nil
	}}
	selection.Set = []string{"defaults.limits.baseline=100%"} // a busy machine is slow
	loaded, err := plan.Load(selection, options, os.LookupEnv)
	if err != nil {
		return nil, err
	}
	out, err := run.Run(ctx, loaded.Plan, run.Options{Dir: filepath.Join(dir, "run"), Embedded: true})
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

// compareInvariants wants the invariant broken that a document names, and no other.
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
