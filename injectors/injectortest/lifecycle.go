package injectortest

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/run/engine"
)

// A Subject is one fault on something other than a proxy, such as a file.
type Subject struct {
	// New returns an injector that shares only the faulted thing with others.
	New   func() engine.Injector
	Fault plan.Fault
	// Bad and Well look at the faulted thing as its user does. Bad returns nil while it has
	// the fault, and Well returns nil while it is unchanged.
	Bad, Well func() error
}

// Lifecycle tests the part of the contract that holds for every kind of fault. Each test
// has its own subject.
func Lifecycle(t *testing.T, subject func(t *testing.T) Subject) {
	for name, test := range map[string]func(*course){
		"injected and reverted":               (*course).whole,
		"what never was is reverted":          func(c *course) { c.wantAbsent(); c.revert(); c.wantAbsent() },
		"injected again":                      func(c *course) { c.inject(); c.revert(); c.whole() },
		"injected twice":                      func(c *course) { c.inject(); c.whole() },
		"reverted twice":                      func(c *course) { c.inject(); c.revert(); c.revert(); c.wantAbsent() },
		"checked and reverted by another":     (*course).byAnother,
		"removed behind its back":             (*course).removedBehind,
		"reverted by many at once":            (*course).byMany,
		"a cancelled context changes nothing": (*course).cancelled,
	} {
		t.Run(name, func(t *testing.T) {
			c := &course{T: t, Subject: subject(t)}
			c.in = c.New()
			t.Cleanup(func() {
				ctx, cancel := context.WithTimeout(context.Background(), bound)
				defer cancel()
				if err := errors.Join(c.New().Revert(ctx, c.Fault), c.Well()); err != nil {
					t.Errorf("clean up: %v", err)
				}
			})
			test(c)
		})
	}
}

// A course is one test of one subject.
type course struct {
	*testing.T
	Subject
	in engine.Injector
}

func (c *course) context() context.Context {
	ctx, cancel := context.WithTimeout(c.Context(), bound)
	c.Cleanup(cancel)
	return ctx
}

func (c *course) inject() {
	c.Helper()
	if err := c.in.Inject(c.context(), c.Fault); err != nil {
		c.Fatalf("Inject() = %v", err)
	}
	if err := c.Bad(); err != nil {
		c.Fatalf("after Inject(): %v", err)
	}
}

func (c *course) revert() {
	c.Helper()
	if err := c.in.Revert(c.context(), c.Fault); err != nil {
		c.Fatalf("Revert() = %v", err)
	}
	if err := c.Well(); err != nil {
		c.Fatalf("after Revert(): %v", err)
	}
}

func (c *course) check() journal.Evidence {
	c.Helper()
	e, err := c.in.Check(c.context(), c.Fault)
	if err != nil {
		c.Fatalf("Check() = %v", err)
	}
	return e
}

func (c *course) wantPresent() {
	c.Helper()
	if e := c.check(); !e.Present || e.Detail != "" {
		c.Fatalf("Check() = %+v, want it present", e)
	}
}

func (c *course) wantAbsent() {
	c.Helper()
	if e := c.check(); e.Present || e.Detail == "" {
		c.Fatalf("Check() = %+v, want it absent and a detail", e)
	}
}

func (c *course) whole() {
	c.inject()
	c.wantPresent()
	c.revert()
	c.wantAbsent()
}

// byAnother does what recover does: a process that injected nothing reverts.
func (c *course) byAnother() {
	c.inject()
	c.in = c.New()
	c.wantPresent()
	c.in = c.New()
	c.revert()
	c.wantAbsent()
}

func (c *course) removedBehind() {
	c.inject()
	if err := c.New().Revert(c.context(), c.Fault); err != nil {
		c.Fatal(err)
	}
	c.wantAbsent()
	c.revert()
}

// byMany tests a run, its watchdog and a person who all revert at the same time.
func (c *course) byMany() {
	c.inject()
	ctx := c.context()
	var all sync.WaitGroup
	for i := range 6 {
		in := c.in
		if i%2 == 1 {
			in = c.New()
		}
		all.Go(func() {
			if err := in.Revert(ctx, c.Fault); err != nil {
				c.Errorf("Revert() = %v", err)
			}
		})
	}
	all.Wait()
	c.wantAbsent()
}

func (c *course) cancelled() {
	ctx, cancel := context.WithCancel(c.Context())
	cancel()
	if err := c.in.Inject(ctx, c.Fault); !errors.Is(err, context.Canceled) {
		c.Errorf("Inject() with a cancelled context = %v, want context.Canceled", err)
	}
	if err := c.Well(); err != nil {
		c.Error(err)
	}
	if _, err := c.in.Check(ctx, c.Fault); !errors.Is(err, context.Canceled) {
		c.Errorf("Check() with a cancelled context = %v, want context.Canceled", err)
	}
	c.inject()
	if err := c.in.Revert(ctx, c.Fault); !errors.Is(err, context.Canceled) {
		c.Errorf("Revert() with a cancelled context = %v, want context.Canceled", err)
	}
	c.wantPresent()
	c.revert()
}
