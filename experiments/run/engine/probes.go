package engine

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/run/internal/wait"
)

// watchedProbes are the guardrails of a scan that a check watches. They are asked over the
// whole scan: a cell is often shorter than the time that a probe takes to trip, and what
// fails between two cells must not meet the next fault.
type watchedProbes struct {
	x    *experimentRun
	list []experiments.Guardrail

	mu     sync.Mutex
	failed []int         // in a row, by guardrail
	how    []string      // what failed last, by guardrail
	fineAt time.Duration // when one last passed again that had failed
	trip   func(violation)
}

func newWatchedProbes(x *experimentRun) *watchedProbes {
	list := x.checkedGuardrails()
	return &watchedProbes{x: x, list: list, failed: make([]int, len(list)), how: make([]string, len(list)), trip: func(violation) {}}
}

// watch asks until the returned function is called, which waits for the last answers.
func (p *watchedProbes) watch(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var watchers sync.WaitGroup
	for i := range p.list {
		watchers.Go(func() { p.ask(ctx, i) })
	}
	return func() {
		cancel()
		watchers.Wait()
	}
}

func (p *watchedProbes) ask(ctx context.Context, i int) {
	defer p.x.catchPanic("guardrail")
	probe := p.list[i].Probe
	for wait.For(ctx, probe.Every) {
		result := p.x.options.CheckInvariant(ctx, probe.Invariant, p.x.started)
		if ctx.Err() != nil {
			return
		}
		p.take(i, result)
	}
}

// take takes an answer into account. While no fault is in force, a guardrail that trips has
// nothing to end.
func (p *watchedProbes) take(i int, r journal.CheckResult) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if passed(r) {
		if p.failed[i] > 0 {
			p.failed[i], p.fineAt = 0, p.x.log.since()
		}
		return
	}
	p.failed[i]++
	p.how[i] = cmp.Or(r.Error, r.Detail, "not as expected")
	if p.failed[i] >= p.list[i].Probe.Failures {
		p.trip(p.violation(i))
	}
}

// violation needs mu.
func (p *watchedProbes) violation(i int) violation {
	return violation{guardrail: p.list[i], excess: float64(p.failed[i]), limit: float64(p.list[i].Probe.Failures),
		how: fmt.Sprintf("%s (%d times in a row)", p.how[i], p.failed[i])}
}

// guard calls trip for guardrails that trip, until the returned function is called.
func (p *watchedProbes) guard(trip func(violation)) (stop func()) {
	p.set(trip)
	return func() { p.set(func(violation) {}) }
}

func (p *watchedProbes) set(trip func(violation)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.trip = trip
}

// fine reports whether every probe passed when it was asked last, and since when.
func (p *watchedProbes) fine() (since time.Duration, fine bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, failed := range p.failed {
		if failed > 0 {
			return 0, false
		}
	}
	return p.fineAt, true
}

// failing says which probes fail, and how; empty where none does.
func (p *watchedProbes) failing() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var list []string
	for i, failed := range p.failed {
		if failed > 0 {
			list = append(list, p.violation(i).describe())
		}
	}
	return strings.Join(list, "; ")
}
