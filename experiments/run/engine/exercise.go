package engine

import (
	"context"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/run/internal/wait"
)

// exercise is the baseline of a scan. It counts which dependencies the journeys call, and
// how often journeys are harmed without a fault.
func (s *scanRun) exercise(ctx context.Context) error {
	if err := s.startPhase(journal.Baseline); err != nil {
		return err
	}
	begun := time.Now()
	from := s.log.since()
	s.counts.startBaseline(from)
	s.healthy.begin(from)
	s.causes.begin(from)
	s.late.begin(from)
	before := s.readCounters(ctx, journal.BeforeBaseline, counterTimeout)
	if _, err := s.askInvariants(ctx, journal.Baseline); err != nil {
		return err
	}
	if err := s.checkGuardrailsOnce(ctx); err != nil {
		return err
	}
	if !wait.For(ctx, s.e.Phases.Baseline-time.Since(begun)) {
		return nil
	}
	to := s.log.since()
	s.counts.endBaseline(to)
	after := s.readCounters(ctx, journal.BeforeFault, counterMargin)
	s.causes.end(to)
	started := s.startedIn(from, to)
	s.causes.clear()
	s.late.end(to)
	s.healthy.learn(s.counts)
	s.healthy.end(from, to, s.generator.InFlight)
	s.healthy.endBaseline()
	ex := journal.Exercise{From: from, To: to, Journeys: s.healthy.totals(), Started: started,
		Carried: moved(before, after), Idle: s.idleRates(), Answers: answerTimes(before, after), Late: s.late.known()}
	s.lateBefore = ex.Late
	if err := s.log.event(journal.Exercised, journal.Event{Exercise: &ex}); err != nil {
		return err
	}
	s.scanner.Exercised(ex)
	s.removed, s.healthyFrom = to, to
	s.healthy.begin(s.log.since())
	return s.endIfHarmed(to)
}

// startedIn returns how many journeys of each kind were to start on the fault arm in the
// stretch of time that causes are counted for.
func (s *scanRun) startedIn(from, to time.Duration) []int {
	list := make([]int, len(s.e.Journeys))
	for k := range list {
		list[k] = s.causes.startedOf(k)
		for _, intended := range s.generator.InFlight(k, plan.FaultArm) {
			if intended >= from && intended < to {
				list[k]++
			}
		}
	}
	return list
}

// moved returns what proxies carried between two readings; nil where that is not known.
func moved(before, after reading) (list []journal.Traffic) {
	if !before.known || !after.known {
		return nil
	}
	first := map[string]journal.Traffic{}
	for _, t := range before.carried {
		first[t.Proxy] = t
	}
	for _, t := range after.carried {
		old := first[t.Proxy]
		d := journal.Traffic{Proxy: t.Proxy, Connections: t.Connections - old.Connections, Bytes: t.Bytes - old.Bytes, DialFailed: t.DialFailed - old.DialFailed}
		if t.Calls != nil {
			d.Calls = new(*t.Calls)
			if old.Calls != nil {
				*d.Calls -= *old.Calls
			}
		}
		if d.Connections < 0 || d.Bytes < 0 || d.Calls != nil && *d.Calls < 0 {
			return nil // the server has started again meanwhile
		}
		list = append(list, d)
	}
	return list
}

// idleRates returns what each proxy carried per second before there were journeys.
func (s *scanRun) idleRates() (list []journal.IdleRate) {
	seconds := (s.idle[1].began - s.idle[0].began).Seconds()
	if seconds <= 0 {
		return nil
	}
	for _, t := range moved(s.idle[0], s.idle[1]) {
		rate := journal.IdleRate{Proxy: t.Proxy, Connections: float64(t.Connections) / seconds, Seconds: seconds}
		if t.Calls != nil {
			rate.Calls = float64(*t.Calls) / seconds
		}
		list = append(list, rate)
	}
	return list
}
