package engine

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/stats"
)

const (
	sampleWithin = 2 * time.Second // of a sample at the beginning or the end of a phase
	// apart is how far samples within a phase keep from what changes in it: one is
	// over, or given up, before a fault comes or goes, and neither waits for it.
	apart = 250 * time.Millisecond
)

// sample records what the proxies carried so far. It is evidence beside the main
// line: not getting it stops nothing.
func (t *trial) sample(ctx context.Context, moment string, within time.Duration) {
	if t.o.Carried == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	began := t.since()
	carried, counts, err := t.o.Carried(ctx)
	if err != nil || !counts || ctx.Err() != nil {
		return
	}
	e := journal.Event{Detail: moment, Traffic: carried, Began: began}
	if err := t.event(journal.Sampled, e); err != nil && t.fatal != nil {
		t.fatal(err)
	}
}

// sampling takes samples at moments of a phase that began at begun, until ctx ends.
// One that is late is left out: what it counted belongs to another batch.
func (t *trial) sampling(ctx context.Context, begun time.Time, moments []time.Duration, name string) {
	defer t.catch("sampling")
	for _, at := range moments {
		if late := time.Since(begun) - at; late > apart {
			continue
		}
		if !wait(ctx, at-time.Since(begun)) {
			return
		}
		t.sample(ctx, name, apart)
	}
}

// sampleBeside does so beside the main line, until the function that it returns is
// called.
func (t *trial) sampleBeside(ctx context.Context, begun time.Time, moments []time.Duration, name string) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var sampling sync.WaitGroup
	sampling.Go(func() { t.sampling(ctx, begun, moments, name) })
	return func() {
		cancel()
		sampling.Wait()
	}
}

// boundaries are where the batches of a phase meet, as offsets from its beginning:
// none where it is too short for as many as an interval needs.
func boundaries(phase time.Duration) []time.Duration {
	n := stats.Batches(phase)
	list := make([]time.Duration, 0, n-1)
	for k := 1; k < n; k++ {
		list = append(list, phase*time.Duration(k)/time.Duration(n))
	}
	return list
}

// underFaults are the moments of the fault phase at which the counters are read:
// where batches meet, or, where control and fault take turns, in the middle between
// turns, from where on the system has had time to come back; and on both sides of
// every change, so that what is between two of them was one or the other.
func (t *trial) underFaults() []time.Duration {
	phase := t.e.Phases.Fault
	list, changed := boundaries(phase), []time.Duration{phase}
	if t.e.Repeat > 1 {
		list = t.betweenTurns()
	}
	if len(list) == 0 {
		return nil
	}
	for _, c := range changes(t.e) {
		changed = append(changed, c.at)
	}
	list = slices.DeleteFunc(list, func(at time.Duration) bool {
		return slices.ContainsFunc(changed, func(c time.Duration) bool { return (at - c).Abs() < 2*apart })
	})
	for _, c := range changed {
		list = append(list, c-apart, c+apart)
	}
	list = slices.DeleteFunc(list, func(at time.Duration) bool { return at < 0 || at >= phase })
	slices.Sort(list)
	return slices.Compact(list)
}

// betweenTurns are the moments just behind the middle between two turns.
func (t *trial) betweenTurns() []time.Duration {
	var list []time.Duration
	cycle := t.e.FaultPeriod + t.e.Phases.Baseline
	for k := range t.e.Repeat - 1 {
		list = append(list, time.Duration(k)*cycle+t.e.FaultPeriod+t.e.Phases.Baseline/2+apart)
	}
	return list
}
