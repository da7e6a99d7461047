package fleet_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/injectors"
	"github.com/blastgauge/blastgauge/injectors/fleet"
	"github.com/blastgauge/blastgauge/injectors/toxiproxy"
)

// Two dependencies share a server: a process that did not inject removes the fault of each
// there as well.
func TestASharedServer(t *testing.T) {
	t.Parallel()
	r := start(t, 3)
	for i := range r.servers {
		if err := r.driver(i).Create(t.Context(), "carts", address(i).String()+":0", r.backend); err != nil {
			t.Fatal(err)
		}
	}
	payments := experiments.Dependency{Name: "payments", Proxy: "payments", Toxiproxy: []string{r.url(0), r.url(1)}}
	carts := experiments.Dependency{Name: "carts", Proxy: "carts", Toxiproxy: []string{r.url(1), r.url(2)}}
	fault := plan.Fault{Name: injectors.FaultName(testRun, 1), Proxy: "carts", Fault: experiments.Fault{
		Inject: "latency", Into: "carts", Share: 1, Attributes: injectors.Attributes{"latency": 0.05},
	}}
	for name, s := range map[string]*experiments.System{
		"two lists":     {Dependencies: []experiments.Dependency{payments, carts}},
		"and a default": {Toxiproxy: r.url(1), Dependencies: []experiments.Dependency{carts}},
	} {
		if err := fleet.New(fleet.Options{System: s}).Inject(t.Context(), fault); err != nil {
			t.Fatal(err)
		}
		f := fleet.New(fleet.Options{System: s})
		if err := f.Absent(t.Context(), fault); err == nil {
			t.Errorf("%s: Absent() = nil while it is on two servers", name)
		}
		if err := f.Revert(t.Context(), fault); err != nil {
			t.Fatal(err)
		}
		if got := r.on(t); len(got) > 0 {
			t.Errorf("%s: it is still on %v", name, got)
		}
	}
}

// A plan names its servers, and an unknown URL in it is not asked.
func TestUnknownServersOfAPlan(t *testing.T) {
	t.Parallel()
	r := start(t, 2)
	s := r.system(0, 1)
	f := fleet.New(fleet.Options{System: s})
	fault := planned(s, nil).Experiments[0].Faults[0]
	fault.On = []string{r.url(0), "http://127.0.0.250:9"}
	if err := f.Revert(t.Context(), fault); err != nil || slices.Contains(f.URLs(), fault.On[1]) {
		t.Errorf("Revert() = %v, servers %v", err, f.URLs())
	}
}

// A server leaves and comes back: it gets the fault again.
func TestLeavesAndComesBack(t *testing.T) {
	t.Parallel()
	r := start(t, 2)
	r.name(0, 1)
	run := r.ready(t, r.system(), nil)
	if err := run.Inject(t.Context(), run.fault); err != nil {
		t.Fatal(err)
	}
	r.name(0)
	until(t, "it has left", func() bool { return states(run.check(t)) == "2:in_force 3:left" })
	until(t, "it is clean", func() bool { return slices.Equal(r.on(t), []int{0}) })
	r.name(0, 1)
	until(t, "it has the fault again", func() bool {
		return states(run.check(t)) == "2:in_force 3:in_force" && slices.Equal(r.on(t), []int{0, 1})
	})
	if owner, err := r.driver(1).Owner(t.Context()); err != nil || owner != testRun {
		t.Errorf("run %q has it, %v", owner, err)
	}
	if err := run.Revert(t.Context(), run.fault); err != nil {
		t.Fatal(err)
	}
	if got := r.on(t); len(got) > 0 {
		t.Errorf("it is still on %v", got)
	}
}

// Where one of several servers is told that the run is over, the run ends.
func TestToldThatTheRunIsOver(t *testing.T) {
	t.Parallel()
	r := start(t, 2)
	lost := make(chan error, 2)
	f := fleet.New(fleet.Options{System: r.system(0, 1), Lost: func(err error) { lost <- err }})
	if _, err := f.Identify(t.Context()); err != nil {
		t.Fatal(err)
	}
	release, err := f.Acquire(t.Context(), testRun)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = release(context.Background()) })
	if err := r.driver(1).Release(t.Context(), testRun); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-lost:
		if !toxiproxy.IsLost(err) {
			t.Errorf("lost: %v", err)
		}
	case <-time.After(patience):
		t.Error("the run goes on")
	}
}
