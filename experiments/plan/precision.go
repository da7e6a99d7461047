package plan

import (
	"time"

	"github.com/blastgauge/blastgauge/experiments/stats"
)

// Precision returns the half width of the interval that j's blast radius will have,
// if it is at its limit: with the base harm and the bursts of the last run, or, where
// none is known, with half of the harm that a baseline may have and no bursts.
func (e Experiment) Precision(j Journey) float64 {
	return e.outlook(j, j.Limit).HalfWidth(e.base(j), j.Limit, j.Limit)
}

// base is the share of j that is expected to be harmed without the fault.
func (e Experiment) base(j Journey) float64 {
	if j.Last.Known {
		return j.Last.Base
	}
	return e.Limits.Baseline / 2
}

// outlook is the comparison that will be made of j, as a result makes it, if the fault
// harms excess of it.
func (e Experiment) outlook(j Journey, excess float64) stats.Outlook {
	c := e.cohort(j)
	rate := e.ArmRate(j) / j.Last.effect(e.base(j), excess) // of independent journeys
	switch e.Design(j) {
	case Turns:
		return stats.Outlook{Method: stats.Repeated, Control: eachOf(c.control, rate), Fault: eachOf(c.fault, rate)}
	case SecondRoute:
		batches := batchesOf(c.fault, rate, e.BatchEvery)
		before := batchesOf([]stretch{{0, e.Phases.Baseline - e.inFlight(j)}}, rate, e.BatchEvery)
		return stats.Outlook{Method: stats.Paired, Control: batches, Fault: batches, ArmsBefore: before}
	case BeforeAndAfter:
		end := e.Phases.Baseline + e.Phases.Fault + e.Phases.Recovery
		after := batchesOf([]stretch{{end - e.Phases.Recovery + stats.Settling, end}}, rate, e.BatchEvery)
		return stats.Outlook{Method: stats.Surrounded, Control: batchesOf(c.control, rate, e.BatchEvery), Fault: batchesOf(c.fault, rate*e.LargestShare(), e.BatchEvery), After: after}
	case BaselineOnly:
	}
	return stats.Outlook{Method: stats.Unpaired, Control: batchesOf(c.control, rate, e.BatchEvery), Fault: batchesOf(c.fault, rate*e.LargestShare(), e.BatchEvery)}
}

// eachOf makes a stretch of trials of each.
func eachOf(list []stretch, rate float64) []stats.Expected {
	expected := make([]stats.Expected, len(list))
	for i, s := range list {
		expected[i] = stats.Expected{Trials: rate * max(0, s.to-s.from).Seconds(), Middle: (s.from + s.to).Seconds() / 2}
	}
	return expected
}

// batchesOf cuts stretches of time into batches. Time between them does not count.
func batchesOf(list []stretch, rate float64, every time.Duration) []stats.Expected {
	total := length(list)
	n := stats.BatchesOf(total, every)
	expected := make([]stats.Expected, n)
	for i := range expected {
		expected[i] = stats.Expected{
			Trials: rate * total.Seconds() / float64(n),
			Middle: at(list, total*time.Duration(2*i+1)/time.Duration(2*n)).Seconds(),
		}
	}
	return expected
}

// at is the moment before which so much of the time has passed.
func at(list []stretch, passed time.Duration) time.Duration {
	for _, s := range list {
		if passed < s.to-s.from {
			return s.from + passed
		}
		passed -= s.to - s.from
	}
	return 0
}
