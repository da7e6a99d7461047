package engine

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// carrying returns a server that counts one call per millisecond.
func carrying(epoch time.Time) func(context.Context) ([]journal.Traffic, bool, error) {
	return func(context.Context) ([]journal.Traffic, bool, error) {
		return []journal.Traffic{{Proxy: "payments", Calls: new(time.Since(epoch).Milliseconds())}}, true, nil
	}
}

// sampled returns when the counters were read, by the name of the moment.
func (m *memory) sampled() map[string][]time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	at := map[string][]time.Duration{}
	for _, e := range m.events {
		if e.Kind == journal.Sampled {
			at[e.Detail] = append(at[e.Detail], e.Since)
		}
	}
	return at
}

// phaseAt returns when a phase started.
func (m *memory) phaseAt(p journal.Phase) time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, e := range m.events {
		if e.Kind == journal.PhaseStarted && e.Phase == p {
			return e.Since
		}
	}
	return -1
}

// secondsAfter returns moments in seconds after another one.
func secondsAfter(from time.Duration, list []time.Duration) (seconds []float64) {
	for _, at := range list {
		seconds = append(seconds, (at - from).Seconds())
	}
	return seconds
}

// Counters are read where batches meet, and before and behind every change. A phase
// has at most ten batches, of two seconds or more.
func TestCountersAreReadWhereBatchesMeet(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		baseline, fault     time.Duration
		at, until           time.Duration // of the fault
		inBaseline, inFault []float64
	}{
		"ten batches":    {40 * time.Second, 100 * time.Second, 0, 100 * time.Second, []float64{4, 8, 12, 16, 20, 24, 28, 32, 36}, []float64{0.25, 10, 20, 30, 40, 50, 60, 70, 80, 90, 99.75}},
		"of two seconds": {18 * time.Second, 16 * time.Second, 0, 16 * time.Second, []float64{2, 4, 6, 8, 10, 12, 14, 16}, []float64{0.25, 2, 4, 6, 8, 10, 12, 14, 15.75}},
		"too short":      {15 * time.Second, 5 * time.Second, 0, 5 * time.Second, nil, nil},
		"a part of it":   {16 * time.Second, 20 * time.Second, 4 * time.Second, 15 * time.Second, []float64{2, 4, 6, 8, 10, 12, 14}, []float64{2, 3.75, 4.25, 6, 8, 10, 12, 14, 14.75, 15.25, 16, 18, 19.75}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench()
				e := &b.plan.Experiments[0]
				e.Phases.Baseline, e.Phases.Fault = tt.baseline, tt.fault
				e.Faults = []plan.Fault{newFault("blastgauge.r.1", tt.at, tt.until)}
				b.opts.Counters = carrying(time.Now())
				if err := b.run(t.Context()); err != nil {
					t.Fatal(err)
				}
				at := b.mem.sampled()
				if got := secondsAfter(b.mem.phaseAt(journal.Baseline), at[journal.InBaseline]); !slices.Equal(got, tt.inBaseline) {
					t.Errorf("in the baseline at %v, want %v", got, tt.inBaseline)
				}
				if got := secondsAfter(b.mem.phaseAt(journal.Fault), at[journal.InFault]); !slices.Equal(got, tt.inFault) {
					t.Errorf("in the fault at %v, want %v", got, tt.inFault)
				}
				for _, moment := range []string{journal.BeforeIdle, journal.BeforeTraffic, journal.BeforeBaseline, journal.BeforeFault, journal.AfterFault} {
					if len(at[moment]) != 1 {
						t.Errorf("%s: %v, want one", moment, at[moment])
					}
				}
			})
		})
	}
}

// Where control and fault alternate, counters are read before and behind every
// change, and once the system has had time to recover.
func TestCountersAreReadBetweenTurns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		e := &b.plan.Experiments[0]
		e.Control, e.Repeat, e.FaultPeriod = plan.Baseline, 3, 5*time.Second
		e.Phases.Baseline, e.Phases.Fault = 8*time.Second, 31*time.Second // 5, 8, 5, 8, 5
		e.Faults = nil
		for k, at := range []time.Duration{0, 13 * time.Second, 26 * time.Second} {
			f := newFault("blastgauge.r."+string(rune('1'+k)), at, at+5*time.Second)
			f.Period = k
			e.Faults = append(e.Faults, f)
		}
		b.opts.Counters = carrying(time.Now())
		if err := b.run(t.Context()); err != nil {
			t.Fatal(err)
		}
		want := []float64{0.25, 4.75, 5.25, 9.25, 12.75, 13.25, 17.75, 18.25, 22.25, 25.75, 26.25, 30.75}
		if got := secondsAfter(b.mem.phaseAt(journal.Fault), b.mem.sampled()[journal.InFault]); !slices.Equal(got, want) {
			t.Errorf("at %v, want %v", got, want)
		}
	})
}

// Where a server hangs, fails or cannot count, reads are lost and nothing else: the
// fault comes and goes on time.
func TestReadsOfCountersDelayNothing(t *testing.T) {
	t.Parallel()
	for name, server := range map[string]struct { // what it does while phases last
		hangs, counts bool
		err           error
	}{
		"hangs":            {true, true, context.DeadlineExceeded},
		"hangs and cannot": {true, false, nil},
		"fails":            {false, true, errors.New("no such server")},
		"cannot count":     {false, false, nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench()
				e := &b.plan.Experiments[0]
				e.Phases.Baseline, e.Phases.Fault = 20*time.Second, 20*time.Second
				e.Faults[0].Until = e.Phases.Fault
				start := time.Now()
				answers := carrying(start)
				var asked atomic.Int64
				b.opts.Counters = func(ctx context.Context) ([]journal.Traffic, bool, error) {
					// Three times before the baseline, once before the fault, once after it.
					switch now := time.Since(start); {
					case asked.Add(1) <= 3, now == 21500*time.Millisecond, now >= 41500*time.Millisecond:
						return answers(ctx)
					}
					if server.hangs {
						<-ctx.Done()
					}
					return nil, server.counts, server.err
				}
				var removed time.Duration
				b.in.revert = func(context.Context) error { removed = time.Since(start); return nil }
				if err := b.run(t.Context()); err != nil {
					t.Fatal(err)
				}
				if at, ok := b.mem.find(journal.FaultIntended); !ok || at.Since != 21500*time.Millisecond {
					t.Errorf("the fault came at %v, want 21.5s", at.Since)
				}
				if removed != 41500*time.Millisecond {
					t.Errorf("it went at %v, want 41.5s", removed)
				}
			})
		})
	}
}
