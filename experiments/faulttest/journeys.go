package faulttest

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/blastgauge/blastgauge/experiments/stats"
)

// Outcomes are what became of journeys.
type Outcomes struct {
	Journeys int
	OK       int
	Slow     int // completed, later than they may be
	Failed   int // returned an error, or panicked
	Shed     int // were not started: too many were on their way
	// First is the error of a journey that failed; nil where none did.
	First error

	late    []time.Duration // by which journeys started
	batches []stats.Count   // of harm, by when they should have started
}

// Harmed counts the journeys that were not OK.
func (o Outcomes) Harmed() int { return o.Journeys - o.OK }

// Share is the share of journeys that were harmed.
func (o Outcomes) Share() float64 { return o.count().Share() }

func (o Outcomes) count() stats.Count { return stats.Count{Hits: o.Harmed(), N: o.Journeys} }

// An end is how one journey ended.
type end struct {
	slow, shed bool
	err        error
	late       time.Duration
}

func (e end) harmed() bool { return e.slow || e.shed || e.err != nil }

func (o *Outcomes) add(e end, batch int) {
	o.Journeys++
	switch {
	case e.shed:
		o.Shed++
	case e.err != nil:
		o.Failed++
		if o.First == nil {
			o.First = e.err
		}
	case e.slow:
		o.Slow++
	default:
		o.OK++
	}
	o.late = append(o.late, e.late)
	for len(o.batches) <= batch {
		o.batches = append(o.batches, stats.Count{})
	}
	o.batches[batch].N++
	if e.harmed() {
		o.batches[batch].Hits++
	}
}

// lateness is the time that one journey in a hundred started late by, or more.
func (o Outcomes) lateness() time.Duration {
	if len(o.late) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(o.late))
	return sorted[len(sorted)*99/100]
}

// mostInFlight bounds the journeys that are on their way at once. A journey that cannot be
// started for that is harmed: its user would have waited.
const mostInFlight = 10_000

// send starts journeys at the rate for a while, each on time, and returns when all have
// ended.
func (m Measurement) send(ctx context.Context, during time.Duration) Outcomes {
	var o Outcomes
	var mu sync.Mutex
	var all sync.WaitGroup
	free := make(chan struct{}, mostInFlight)
	count, batches := max(1, int(during.Seconds()*m.Rate)), stats.Batches(during)
	begun := time.Now()
	for k := range count {
		intended := begun.Add(time.Duration(float64(k) / m.Rate * float64(time.Second)))
		if !waitUntil(ctx, intended) {
			break
		}
		note := func(e end) {
			mu.Lock()
			defer mu.Unlock()
			o.add(e, k*batches/count)
		}
		select {
		case free <- struct{}{}:
		default:
			note(end{shed: true, late: time.Since(intended)})
			continue
		}
		all.Go(func() {
			defer func() { <-free }()
			m.one(ctx, intended, note)
		})
	}
	all.Wait()
	return o
}

// waitUntil waits for a moment. It reports false where the test has ended before.
func waitUntil(ctx context.Context, at time.Time) bool {
	timer := time.NewTimer(time.Until(at))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// one sends one journey, and notes how it ended. Its time begins when it should have
// started, so that what holds it up before counts as well.
func (m Measurement) one(ctx context.Context, intended time.Time, note func(end)) {
	e := end{late: time.Since(intended), err: errNoReturn}
	ctx, cancel := context.WithDeadline(ctx, intended.Add(2*m.SlowAfter))
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			e.err = fmt.Errorf("the journey panicked: %v\n%s", p, debug.Stack())
		}
		note(e)
	}()
	e.err = m.Journey(ctx)
	e.slow = e.err == nil && time.Since(intended) > m.SlowAfter
}

// errNoReturn is the error of a journey that fails the test on its own.
var errNoReturn = errors.New("the journey ended its goroutine: it has to return an error, and not to call FailNow")
