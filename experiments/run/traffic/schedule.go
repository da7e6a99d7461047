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
	"github.com/blastgauge/blastgauge/experiments/run/internal/causes"
	"github.com/blastgauge/blastgauge/experiments/run/journey"
	"github.com/blastgauge/blastgauge/experiments/sampling"
)

const (
	minInFlight   = 64
	inFlightSpare = 1.5 // times what is in flight when every journey takes its whole timeout and its longest pauses
)

// A schedule starts the journeys of one kind on one arm when they are due.
type schedule struct {
	traffic  *Traffic
	index    int // of the journey in the experiment
	arm      plan.Arm
	journey  plan.Journey
	lane     *lane         // of the schedule's arm
	spared   *lane         // of journeys that the faults do not touch; nil: there are none
	period   float64       // nanoseconds between journeys
	offset   time.Duration // of the first one
	share    float64       // of the time between two journeys of all arms, before the first
	arms     uint64
	seed     journey.Seed // of all its journeys: without Number and Seq
	inFlight inFlight
	rows     *lender // nil: the journey has no data
}

// A lane is how the journeys of an arm are sent.
type lane struct {
	arm    plan.Arm
	script *journey.Script
	entry  journey.Entry
}

// An arrival is one journey that is due.
type arrival struct {
	schedule *schedule
	lane     *lane
	number   uint64 // of the journey in its schedule
	intended time.Time
	row      int // of its data
}

func newSchedule(t *Traffic, o Options, arm plan.Arm, index int) (*schedule, error) {
	e := &o.Plan.Experiments[o.Experiment]
	j := e.Journeys[index]
	arms := len(e.Arms())
	s := &schedule{traffic: t, index: index, arm: arm, journey: j, arms: uint64(arms), rows: t.newLender(e, j)}
	if err := s.compile(o); err != nil {
		return nil, err
	}
	s.period = float64(arms) * float64(time.Second) / j.Rate
	s.seed = journey.Seed{Choices: hash(e.Seed, j.Name), UUIDs: hash(e.Seed, o.Plan.Run, e.ID, j.Name, arm.String())}
	// Both arms share the offset, and the control is half a period behind, so that
	// the arms take turns.
	share := sampling.Share(sampling.Draw(s.seed.Choices, 0, 1))
	s.offset, s.share = time.Duration(s.period*(share+float64(arm))/float64(arms)), share
	s.inFlight.limit = o.MaxInFlight
	if s.inFlight.limit <= 0 {
		perSecond := j.MaxRate() / float64(arms)
		s.inFlight.limit = max(minInFlight, int(math.Ceil(perSecond*s.journey.EndsWithin().Seconds()*inFlightSpare)))
	}
	return s, nil
}

// compile prepares the requests of the schedule's journeys, and, where faults leave a
// share of them untouched, those of the others.
func (s *schedule) compile(o Options) (err error) {
	newLane := func(arm plan.Arm) (*lane, error) {
		facts := journey.Facts{Run: o.Plan.Run, Arm: arm, Started: o.Started, Env: o.Env, Traced: o.Plan.System.Traced(), Secrets: o.Secrets}
		if s.rows != nil {
			facts.Data = s.rows.data.Table
		}
		script, err := journey.Compile(s.journey.Steps, facts)
		entry := s.traffic.entries[arm]
		entry.Wanted = func(step int, class journal.Cause, key string) bool {
			return s.traffic.causes.Want(causes.ID{Journey: s.index, Step: step, Class: class, Key: key})
		}
		return &lane{arm: arm, script: script, entry: entry}, err
	}
	if s.lane, err = newLane(s.arm); err != nil || o.Plan.Experiments[o.Experiment].Turns == nil {
		return err
	}
	s.spared, err = newLane(plan.ControlArm)
	return err
}

// choose decides whether the faults may touch a journey. It depends on the seed and on
// the journey's number alone, and a journey that is touched at one share is touched at
// every larger one.
func (s *schedule) choose(number uint64) *lane {
	if s.spared != nil && sampling.Share(sampling.Draw(s.seed.Choices, touches, number)) >= s.traffic.touched() {
		return s.spared
	}
	return s.lane
}

// touches is the stream of random numbers that decide whom faults touch.
const touches = 2

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
		intended := start.Add(s.due(n))
		if !s.waitUntil(ctx, timer, intended) {
			return
		}
		next := arrival{schedule: s, lane: s.choose(n), number: n, intended: intended}
		if !s.inFlight.add(n, flight{intended, next.lane.arm}) {
			s.traffic.report(ctx, next, next.shed("", "too many journeys in flight"))
			continue
		}
		row, free := s.rows.lend(next.lane.arm, s.seed.Choices, n)
		if next.row = row; !free {
			s.traffic.report(ctx, next, next.shed(s.rows.lack(), s.rows.lack()))
			s.inFlight.remove(n)
			continue
		}
		select {
		case s.traffic.arrivals <- next:
		default: // every worker is busy
			newWorker(next)
		}
	}
}

// due is when a journey is due by its number, since the traffic began. In stages, as many
// are due as the rates up to then make, so that no stage adds or skips one, and the arms
// take turns throughout.
func (s *schedule) due(n uint64) time.Duration {
	if s.journey.Stages == nil {
		return s.offset + time.Duration(float64(n)*s.period)
	}
	before := s.share + float64(n*s.arms+uint64(s.arm)) // journeys of all arms
	var begun time.Duration
	for _, stage := range s.journey.Stages {
		all := stage.Rate * stage.For.Seconds()
		if before < all {
			return begun + time.Duration(before/stage.Rate*float64(time.Second))
		}
		before, begun = before-all, begun+stage.For
	}
	return begun + time.Duration(before/s.journey.Rate*float64(time.Second))
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
	return e.Perform(ctx, a.lane.script, a.lane.entry, a.seed(), journey.Limits{Intended: a.intended, SlowAfter: s.journey.SlowAfter, Timeout: s.timeout()})
}

// seed decides what the journey does.
func (a arrival) seed() journey.Seed {
	s := a.schedule
	seed := s.seed
	seed.Number, seed.Seq, seed.Row = a.number, a.number*s.arms+uint64(s.arm), a.row
	return seed
}

// shed is the result of a journey that could not start. key tells the reason apart from
// that there are too many in flight.
func (a arrival) shed(key, detail string) journey.Result {
	late := time.Since(a.intended)
	return journey.Result{Outcome: journal.Failed, Cause: journal.Shed, Key: key, Late: late, Took: late, Detail: detail, Draw: a.lane.script.Draw(a.seed())}
}

// inFlight tracks the journeys that have started and not ended.
type inFlight struct {
	limit int

	mu      sync.Mutex
	flights map[uint64]flight // by number
}

// A flight is a journey that has started and not ended.
type flight struct {
	intended time.Time
	arm      plan.Arm
}

// add counts a journey as in flight. It reports false, and counts nothing, where
// the limit is reached.
func (f *inFlight) add(number uint64, started flight) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.flights) >= f.limit {
		return false
	}
	if f.flights == nil {
		f.flights = map[uint64]flight{}
	}
	f.flights[number] = started
	return true
}

func (f *inFlight) remove(number uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.flights, number)
}

// appendStarts appends when those of an arm were intended to start, as offsets from epoch.
func (f *inFlight) appendStarts(list []time.Duration, arm plan.Arm, epoch time.Time) []time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, started := range f.flights {
		if started.arm == arm {
			list = append(list, started.intended.Sub(epoch))
		}
	}
	return list
}
