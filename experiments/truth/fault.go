package truth

import (
	"context"
	"sync"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// An injector is the fault's side of the simulated system: it knows when the fault
// was in force. It implements engine.Injector.
type injector struct {
	epoch time.Time
	met   int64

	mu       sync.Mutex
	inForce  map[string]bool // guarded by mu, as all below
	injected []float64       // seconds since epoch
	removed  []float64
	calls    int64 // that the proxy counted
}

// forget begins anew, for the next experiment.
func (in *injector) forget() {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.injected, in.removed = nil, nil
}

// call counts calls of a journey.
func (in *injector) call(n int) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.calls += int64(n)
}

// carried is what the proxy counted, each call on a connection of its own.
func (in *injector) carried(context.Context) ([]journal.Traffic, bool, error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	calls := in.calls
	return []journal.Traffic{{Proxy: "payments", Connections: calls, Calls: &calls}}, true, nil
}

// A state is what the fault does at one moment. Times are negative where there was
// no injection or removal before.
type state struct {
	inForce                  bool
	first, injected, removed float64 // time since the first and the last injection, and since the last removal
}

func (in *injector) at(t float64) state {
	in.mu.Lock()
	defer in.mu.Unlock()
	s := state{first: -1, injected: -1, removed: -1}
	for i, injected := range in.injected {
		if t < injected {
			break
		}
		s.inForce, s.injected, s.first = true, t-injected, t-in.injected[0]
		if i < len(in.removed) && t >= in.removed[i] {
			s.inForce, s.removed = false, t-in.removed[i]
		}
	}
	return s
}

func (in *injector) Inject(_ context.Context, f plan.Fault) error {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.inForce[f.Name] = true
	in.injected = append(in.injected, time.Since(in.epoch).Seconds())
	return nil
}

func (in *injector) Check(_ context.Context, f plan.Fault) (journal.Evidence, error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	return journal.Evidence{Present: in.inForce[f.Name], Counted: true, Met: in.met, Of: in.met}, nil
}

func (in *injector) Revert(_ context.Context, f plan.Fault) error {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.inForce[f.Name] {
		in.inForce[f.Name] = false
		in.removed = append(in.removed, time.Since(in.epoch).Seconds())
	}
	return nil
}
