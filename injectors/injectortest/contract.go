// Package injectortest holds the injector contract, as tests that every injector
// must pass on every kind of server.
//
// The tests look at a fault from both ends: what the injector reports, and what a
// client of a live dependency meets on the wire.
//
// This is a test helper. It imports package testing, and only tests import it.
package injectortest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/run/engine"
	"github.com/blastgauge/blastgauge/injectors"
)

// A Target is the kind of server that is tested. The tests start the dependencies
// themselves.
type Target struct {
	// New returns an injector that shares only the server with others.
	New func() engine.Injector
	// Route puts a new proxy in front of a dependency at host:port, and returns
	// its name and the address at which clients reach it.
	Route func(t *testing.T, upstream string) (proxy, listen string)
	// Unroute removes a proxy that Route made.
	Unroute func(t *testing.T, proxy string)
	// Enable enables or disables a proxy that Route made, without the injector.
	Enable func(t *testing.T, proxy string, enabled bool)
	// Counts reports whether the evidence has counts.
	Counts bool
	// Disables reports whether a down disables its proxy, so that nothing on the server
	// has the fault's name.
	Disables bool
}

// Run tests the contract with every kind of byte-level fault.
func Run(t *testing.T, target Target) {
	t.Run("contract", func(t *testing.T) { contract(t, target) })
	for _, k := range kinds() {
		t.Run(k.name, func(t *testing.T) {
			s := newScene(t, target, k.fault())
			s.effect(k)
		})
	}
	t.Run("live connections", func(t *testing.T) { live(t, target) })
	t.Run("upstream", func(t *testing.T) { upstream(t, target) })
	t.Run("share", func(t *testing.T) { share(t, target) })
}

// testRun is the run that the faults belong to.
const testRun = "20261124t000000z-test00"

// bound is how long anything may take before a test gives up on it.
const bound = time.Minute // a busy machine is slow

// A scene is one live dependency behind one proxy, and one fault for it.
type scene struct {
	*testing.T
	target Target
	dep    *dependency
	in     engine.Injector
	fault  plan.Fault
	listen string
}

func newScene(t *testing.T, target Target, f experiments.Fault) *scene {
	s := &scene{T: t, target: target, dep: newDependency(t), in: target.New()}
	var proxy string
	proxy, s.listen = target.Route(t, s.dep.address())
	f.Into = proxy
	s.fault = plan.Fault{Name: injectors.FaultName(testRun, 1), Fault: f, Proxy: proxy, Listen: s.listen, Upstream: s.dep.address()}
	t.Cleanup(func() { // a fault that a failed test leaves would hold up the server's end
		ctx, cancel := context.WithTimeout(context.Background(), bound)
		defer cancel()
		if err := target.New().Revert(ctx, s.fault); err != nil {
			t.Errorf("clean up: %v", err)
		}
	})
	s.normal()
	return s
}

func (s *scene) context() context.Context {
	ctx, cancel := context.WithTimeout(s.Context(), bound)
	s.Cleanup(cancel)
	return ctx
}

func (s *scene) inject() {
	s.Helper()
	if err := s.in.Inject(s.context(), s.fault); err != nil {
		s.Fatalf("Inject(%s) = %v", s.fault.Inject, err)
	}
}

func (s *scene) revert() {
	s.Helper()
	if err := s.in.Revert(s.context(), s.fault); err != nil {
		s.Fatalf("Revert(%s) = %v", s.fault.Inject, err)
	}
}

// check returns what Check finds. An error ends the test.
func (s *scene) check() journal.Evidence {
	s.Helper()
	e, err := s.in.Check(s.context(), s.fault)
	if err != nil {
		s.Fatalf("Check(%s) = %v", s.fault.Inject, err)
	}
	return e
}

func (s *scene) wantPresent() {
	s.Helper()
	if e := s.check(); !e.Present || e.Detail != "" || e.Counted != s.target.Counts {
		s.Fatalf("Check(%s) = %+v, want it present, counted: %v", s.fault.Inject, e, s.target.Counts)
	}
}

func (s *scene) wantAbsent() {
	s.Helper()
	if e := s.check(); e.Present || e.Detail == "" {
		s.Fatalf("Check(%s) = %+v, want it absent and a detail", s.fault.Inject, e)
	}
}

// quick is well below every delay that the faults ask for.
const quick = 50 * time.Millisecond

// normal waits until an exchange through the proxy is complete and quick. Right after a
// removal, connections that the fault held are still ending.
func (s *scene) normal() {
	s.Helper()
	s.eventually(func() error {
		a := s.fetch(2000)
		switch {
		case a.err != nil:
			return a.err
		case a.took > quick:
			return fmt.Errorf("an exchange took %v", a.took)
		}
		return nil
	})
}

// eventually tries until it succeeds.
func (s *scene) eventually(try func() error) {
	s.Helper()
	deadline := time.Now().Add(bound)
	for {
		err := try()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			s.Fatalf("after %v still: %v", bound, err)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// effect injects, measures on the wire, reverts, and measures again.
func (s *scene) effect(k kind) {
	s.wantAbsent()
	s.inject()
	s.wantPresent()
	if err := k.met(s); err != nil {
		s.Errorf("%s on the wire: %v", k.name, err)
	}
	if s.target.Counts {
		s.eventually(func() error { // a fault that ends connections is counted afterwards
			if e := s.check(); e.Met < 1 && !e.Refuses || e.Of < e.Met { // who is refused is not seen
				return fmt.Errorf("the server counted %d of %d connections", e.Met, e.Of)
			}
			return nil
		})
	}
	s.wantPresent()
	s.revert()
	s.wantAbsent()
	s.normal()
}

func contract(t *testing.T, target Target) {
	latency := experiments.Fault{Inject: "latency", Attributes: injectors.Attributes{"latency": 0.1}, Share: 1}
	down := experiments.Fault{Inject: "down", Share: 1}
	both := map[string]experiments.Fault{"latency": latency, "down": down}
	for name, f := range both {
		t.Run(name, func(t *testing.T) {
			for what, test := range map[string]func(*scene){
				"what never was is reverted": func(s *scene) { s.revert(); s.wantAbsent(); s.normal() },
				"reverted twice":             func(s *scene) { s.inject(); s.revert(); s.revert(); s.wantAbsent(); s.normal() },
				"injected twice": func(s *scene) {
					s.inject()
					s.inject()
					s.wantPresent()
					s.revert()
					s.wantAbsent()
					s.normal()
				},
				"injected again": func(s *scene) {
					s.inject()
					s.revert()
					s.inject()
					s.wantPresent()
					s.revert()
					s.normal()
				},
				"checked and reverted by another":     byAnother,
				"removed behind its back":             removedBehind,
				"a cancelled context changes nothing": cancelled,
				"on a proxy that does not exist":      withoutProxy,
				"on a proxy that was removed":         proxyRemoved,
				"said to be on another proxy":         elsewhere,
			} {
				t.Run(what, func(t *testing.T) { test(newScene(t, target, f)) })
			}
		})
	}
	t.Run("half applied with other attributes", func(t *testing.T) { halfApplied(newScene(t, target, latency)) })
	t.Run("changed behind its back", func(t *testing.T) { changed(newScene(t, target, latency)) })
	t.Run("two faults on one proxy", func(t *testing.T) { two(newScene(t, target, latency)) })
	t.Run("its proxy disabled by another", func(t *testing.T) { disabledBehind(newScene(t, target, latency)) })
}

// byAnother does what recover does: a process that injected nothing reverts.
func byAnother(s *scene) {
	s.inject()
	s.in = s.target.New()
	s.wantPresent()
	s.in = s.target.New()
	s.revert()
	s.wantAbsent()
	s.normal()
}

// removedBehind tests a fault that another client removed: it is not in force, and there
// is nothing left to revert.
func removedBehind(s *scene) {
	s.inject()
	if err := s.target.New().Revert(s.context(), s.fault); err != nil {
		s.Fatal(err)
	}
	s.wantAbsent()
	s.normal()
	s.revert()
	s.revert()
	s.normal()
}

// disabledBehind tests a fault on a proxy that another client disabled: it affects no
// connection. Revert must not enable the proxy.
func disabledBehind(s *scene) {
	s.inject()
	s.target.Enable(s.T, s.fault.Proxy, false)
	s.wantAbsent()
	if err := s.in.Inject(s.context(), s.fault); err == nil {
		s.Error("Inject() on a disabled proxy = nil")
	}
	s.revert()
	s.wantAbsent()
	if err := refused(s); err != nil {
		s.Errorf("after Revert() the proxy is no longer disabled: %v", err)
	}
	s.target.Enable(s.T, s.fault.Proxy, true)
	s.wantAbsent()
	s.normal()
}

func cancelled(s *scene) {
	ctx, cancel := context.WithCancel(s.Context())
	cancel()
	if err := s.in.Inject(ctx, s.fault); !errors.Is(err, context.Canceled) {
		s.Errorf("Inject() with a cancelled context = %v, want context.Canceled", err)
	}
	if _, err := s.in.Check(ctx, s.fault); !errors.Is(err, context.Canceled) {
		s.Errorf("Check() with a cancelled context = %v, want context.Canceled", err)
	}
	s.wantAbsent()
	s.inject()
	if err := s.in.Revert(ctx, s.fault); !errors.Is(err, context.Canceled) {
		s.Errorf("Revert() with a cancelled context = %v, want context.Canceled", err)
	}
	s.wantPresent()
	s.revert()
	s.normal()
}

func withoutProxy(s *scene) {
	s.fault.Proxy = "nobody"
	if err := s.in.Inject(s.context(), s.fault); err == nil {
		s.Error("Inject() on a proxy that does not exist = nil")
	}
	s.wantAbsent()
	s.revert()
	s.normal()
}

func proxyRemoved(s *scene) {
	s.inject()
	s.target.Unroute(s.T, s.fault.Proxy)
	s.wantAbsent()
	s.revert()
}

// elsewhere reverts a fault that is on another proxy than its plan says, as the plan of a
// damaged journal may: that the plan's proxy does not have it proves nothing.
func elsewhere(s *scene) {
	other, _ := s.target.Route(s.T, s.dep.address())
	for _, proxy := range []string{"nobody", other} {
		s.inject()
		wrong := s.fault
		wrong.Proxy = proxy
		err := s.target.New().Revert(s.context(), wrong)
		if s.target.Disables && s.fault.Inject == "down" {
			if err == nil {
				s.Errorf("Revert() on %s = nil", proxy)
			}
			s.wantPresent()
			s.revert()
		} else if err != nil {
			s.Errorf("Revert() on %s = %v", proxy, err)
		}
		s.wantAbsent()
		s.normal()
	}
}

// halfApplied injects over a toxic of the same name and another latency.
func halfApplied(s *scene) {
	asked := s.fault
	s.fault.Attributes = injectors.Attributes{"latency": 3600.0}
	s.inject()
	s.fault = asked
	s.wantAbsent()
	s.inject()
	s.wantPresent()
	if a := s.fetch(100); a.err != nil || a.took < 90*time.Millisecond {
		s.Errorf("an exchange took %v (%v), want 100ms", a.took, a.err)
	}
	s.revert()
	s.wantAbsent()
	s.normal()
}

// changed tests a fault that another client changed: it is no longer the one asked for.
func changed(s *scene) {
	s.inject()
	other := s.target.New()
	altered := s.fault
	altered.Attributes = injectors.Attributes{"latency": 0.1, "jitter": 0.05}
	if err := other.Inject(s.context(), altered); err != nil {
		s.Fatal(err)
	}
	s.wantAbsent()
	s.revert()
	s.normal()
}

// two tests that faults on one proxy come and go independently.
func two(s *scene) {
	s.inject()
	second := s.fault
	second.Name = injectors.FaultName(testRun, 2)
	second.Stream = experiments.Upstream
	if err := s.in.Inject(s.context(), second); err != nil {
		s.Fatal(err)
	}
	if a := s.fetch(100); a.err != nil || a.took < 180*time.Millisecond {
		s.Errorf("an exchange under both took %v (%v), want 200ms", a.took, a.err)
	}
	s.revert()
	if e, err := s.in.Check(s.context(), second); err != nil || !e.Present {
		s.Errorf("Check() of the second after removing the first = %+v, %v", e, err)
	}
	if err := s.in.Revert(s.context(), second); err != nil {
		s.Fatal(err)
	}
	s.normal()
}
