package traffic

import (
	"cmp"
	"context"
	"fmt"
	"hash/fnv"
	"math"
	"sync"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/run/journey"
	"github.com/blastgauge/blastgauge/experiments/sampling"
)

const (
	minInFlight   = 64
	inFlightSpare = 1.5 // times what is in flight when every journey takes its whole timeout
)

// A schedule starts the journeys of one kind on one arm when they are due.
type schedule struct {
	traffic  *Traffic
	index    int // of the journey in the experiment
	arm      plan.Arm
	journey  plan.Journey
	script   *journey.Script
	entry    journey.Entry
	period   float64       // nanoseconds between journeys
	offset   time.Duration // of the first one
	arms     uint64
	seed     journey.Seed // of all its journeys: without Number and Seq
	inFlight inFlight
}

// An arrival is one journey that is due.
type arrival struct {
	schedule *schedule
	number   uint64 // of the journey in its schedule
	intended time.Time
}

func newSchedule(t *Traffic, o Options, arm plan.Arm, index int) (*schedule, error) {
	e := &o.Plan.Experiments[o.Experiment]
	j := e.Journeys[index]
	script, err := journey.Compile(j.Steps, journey.Facts{Run: o.Plan.Run, Arm: arm, Started: o.Started, Env: o.Env, Secrets: o.Secrets})
	if err != nil {
		return nil, err
	}
	arms := len(e.Arms())
	s := &schedule{traffic: t, index: index, arm: arm, journey: j, script: script, arms: uint64(arms)}
	s.period = float64(arms) * float64(time.Second) / j.Rate
	s.seed = journey.Seed{Choices: hash(e.Seed, j.Name), UUIDs: hash(e.Seed, o.Plan.Run, e.ID, j.Name, arm.String())}
	// Both arms share the offset, and the control is half a period behind, so that
	// the arms take turns.
	share := sampling.Share(sampling.Draw(s.seed.Choices, 0, 1))
	s.offset = time.Duration(s.period * (share + float64(arm)) / float64(arms))
	s.inFlight.limit = o.MaxInFlight
	if s.inFlight.limit <= 0 {
		perSecond := float64(time.Second) / s.period
		s.inFlight.limit = max(minInFlight, int(math.Ceil(perSecond*s.timeout().Seconds()*inFlightSpare)))
	}
	return s, nil
}

func (s *schedule) timeout() time.Duration {
	return cmp.Or(s.journey.Timeout, experiments.DefaultTimeout)
}

func hash(seed uint64, parts ...string) uint64 {
	h := fnv.New64a()
	_, _ = fmt.Fprintf(h, "%d/%q", seed, parts) // writing to a hash never fails
	return sampling.Draw(h.Sum64(), 0, 1)
}

// run starts journeys when they are due. It gives each to a worker that is free,
// and calls newWorker where all are busy.
func (s *schedule) run(ctx context.Context, start time.Time, newWorker func(first arrival)) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	<-timer.C
	for n := uint64(0); ; n++ {
		// Computed from the start, so that errors of waiting do not add up.
		intended := start.Add(s.offset + time.Duration(float64(n)*s.period))
		if !s.waitUntil(ctx, timer, intended) {
			return
		}
		next := arrival{schedule: s, number: n, intended: intended}
		if !s.inFlight.add(n, intended) {
			s.traffic.report(ctx, next, shed(intended))
			continue
		}
		select {
		case s.traffic.arrivals <- next:
		default: // every worker is busy
			newWorker(next)
		}
	}
}

// waitUntil waits for a moment. It reports false where no more journeys are to
// start.
func (s *schedule) waitUntil(ctx context.Context, timer *time.Timer, moment time.Time) bool {
	wait := time.Until(moment)
	if wait <= 0 {
		select {
		case <-ctx.Done():
			return false
		case <-s.traffic.stop:
			return false
		default:
			return true
		}
	}
	timer.Reset(wait)
	select {
	case <-ctx.Done():
		return false
	case <-s.traffic.stop:
		return false
	case <-timer.C:
		return true
	}
}

// perform performs one journey.
func (s *schedule) perform(ctx context.Context, e *journey.Execution, a arrival) journey.Result {
	seed := s.seed
	seed.Number, seed.Seq = a.number, a.number*s.arms+uint64(s.arm)
	return e.Perform(ctx, s.script, s.entry, seed, journey.Limits{Intended: a.intended, SlowAfter: s.journey.SlowAfter, Timeout: s.timeout()})
}

// shed is the result of a journey that could not start.
func shed(intended time.Time) journey.Result {
	late := time.Since(intended)
	return journey.Result{Outcome: journal.Failed, Cause: journal.Shed, Late: late, Took: late, Detail: "too many journeys in flight"}
}

// inFlight tracks the journeys that have started and not ended.
type inFlight struct {
	limit int

	mu       sync.Mutex
	intended map[uint64]time.Time // by number
}

// add counts a journey as in flight. It reports false, and counts nothing, where
// the limit is reached.
func (f *inFlight) add(number uint64, intended time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.intended) >= f.limit {
		return false
	}
	if f.intended == nil {
		f.intended = map[uint64]time.Time{}
	}
	f.intended[number] = intended
	return true
}

func (f *inFlight) remove(number uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.intended, number)
}

// appendStarts appends when they were intended to start, as offsets from epoch.
func (f *inFlight) appendStarts(list []time.Duration, epoch time.Time) []time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, intended := range f.intended {
		list = append(list, intended.Sub(epoch))
	}
	return list
}
