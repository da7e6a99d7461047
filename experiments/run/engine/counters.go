package engine

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/run/internal/wait"
	"github.com/blastgauge/blastgauge/experiments/stats"
)

const (
	counterTimeout = 2 * time.Second // of a read at the beginning or the end of a phase
	// counterMargin is how far reads within a phase keep from what changes in it: a
	// read is over, or given up, before a fault comes or goes, and neither waits for
	// it.
	counterMargin = 250 * time.Millisecond
)

// A reading is what the proxies carried so far.
type reading struct {
	carried []journal.Traffic
	began   time.Duration // when it was asked for
	known   bool          // the server counts, and answered in time
}

// readCounters records what the proxies carried so far. It is evidence beside the
// main line: not getting it stops nothing.
func (x *experimentRun) readCounters(ctx context.Context, moment string, timeout time.Duration) reading {
	r := x.askCounters(ctx, timeout)
	if r.known {
		x.recordBeside(journal.Sampled, journal.Event{Detail: moment, Traffic: r.carried, Began: r.began})
	}
	return r
}

// askCounters asks what the proxies carried so far.
func (x *experimentRun) askCounters(ctx context.Context, timeout time.Duration) reading {
	if x.options.Counters == nil {
		return reading{}
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	began := x.log.since()
	carried, counts, err := x.options.Counters(ctx)
	if err != nil || !counts || ctx.Err() != nil {
		return reading{}
	}
	return reading{carried: carried, began: began, known: true}
}

// readCountersAt reads the counters at moments of a phase that began at begun,
// until ctx ends. It leaves out a read that would be late: its counts would belong
// to another batch.
func (x *experimentRun) readCountersAt(ctx context.Context, begun time.Time, moments []time.Duration, name string) {
	defer x.catchPanic("counters")
	for _, at := range moments {
		if late := time.Since(begun) - at; late > counterMargin {
			continue
		}
		if !wait.For(ctx, at-time.Since(begun)) {
			return
		}
		x.readCounters(ctx, name, counterMargin)
	}
}

// readCountersBeside does the same beside the main line, until stop is called.
func (x *experimentRun) readCountersBeside(ctx context.Context, begun time.Time, moments []time.Duration, name string) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var reads sync.WaitGroup
	reads.Go(func() { x.readCountersAt(ctx, begun, moments, name) })
	return func() {
		cancel()
		reads.Wait()
	}
}

// batchBoundaries returns where the batches of a phase meet, as offsets from its
// beginning: none where it is too short for as many batches as an interval needs.
func batchBoundaries(phase time.Duration) []time.Duration {
	n := stats.Batches(phase)
	list := make([]time.Duration, 0, n-1)
	for k := 1; k < n; k++ {
		list = append(list, phase*time.Duration(k)/time.Duration(n))
	}
	return list
}

// counterMoments returns the moments of the fault phase at which the counters are
// read: where batches meet, or, where control and fault alternate, halfway between
// two fault periods, from where on the system has had time to recover. Before and
// behind every change there is a read as well, so that between two reads the fault
// was always on or always off.
func (x *experimentRun) counterMoments() []time.Duration {
	phase := x.e.Phases.Fault
	list, changed := batchBoundaries(phase), []time.Duration{phase}
	if x.e.Repeat > 1 {
		list = x.betweenFaultPeriods()
	}
	if len(list) == 0 {
		return nil
	}
	for _, c := range changes(x.e) {
		changed = append(changed, c.at)
	}
	list = slices.DeleteFunc(list, func(at time.Duration) bool {
		return slices.ContainsFunc(changed, func(c time.Duration) bool { return (at - c).Abs() < 2*counterMargin })
	})
	for _, c := range changed {
		list = append(list, c-counterMargin, c+counterMargin)
	}
	list = slices.DeleteFunc(list, func(at time.Duration) bool { return at < 0 || at >= phase })
	slices.Sort(list)
	return slices.Compact(list)
}

// betweenFaultPeriods returns the moments just behind the middle between two fault
// periods.
func (x *experimentRun) betweenFaultPeriods() []time.Duration {
	var list []time.Duration
	cycle := x.e.FaultPeriod + x.e.Phases.Baseline
	for k := range x.e.Repeat - 1 {
		list = append(list, time.Duration(k)*cycle+x.e.FaultPeriod+x.e.Phases.Baseline/2+counterMargin)
	}
	return list
}
