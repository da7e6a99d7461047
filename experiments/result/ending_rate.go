package result

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/stats"
)

// An endingRate is how many journeys ended on an arm in batches of a stretch of time. What
// was counted between two scrapes is spread over the time between them.
type endingRate struct {
	arm     plan.Arm
	spans   spans
	batches []float64
}

func newEndingRate(arm plan.Arm, over spans, every time.Duration) endingRate {
	g := group{arm: arm, spans: over, every: every}
	return endingRate{arm, over, make([]float64, g.batches())}
}

func (e *endingRate) add(o *journal.Observation) {
	whole := e.spans.length()
	if o.Arm != e.arm || o.Took <= 0 || whole <= 0 {
		return
	}
	long, passed := whole/time.Duration(len(e.batches)), time.Duration(0)
	for _, s := range e.spans {
		from, to := max(s.from, o.Intended), min(s.to, o.Ended())
		for at := from; at < to; {
			k := min(int((passed+at-s.from)/max(1, long)), len(e.batches)-1)
			until := to
			if k < len(e.batches)-1 {
				until = min(to, s.from+time.Duration(k+1)*long-passed)
			}
			e.batches[k] += float64(o.Times()) * float64(until-at) / float64(o.Took)
			at = until
		}
		passed += s.to - s.from
	}
}

// perSecond is how many ended a second, in the share of the time of which something is known.
func (e *endingRate) perSecond(lost float64) float64 {
	sum := 0.0
	for _, n := range e.batches {
		sum += n
	}
	known := e.spans.length().Seconds() * (1 - lost)
	if known <= 0 {
		return 0
	}
	return sum / known
}

// rates are those of each batch; over: divided by those of another arm meanwhile.
func (e *endingRate) rates(over *endingRate) (list []float64) {
	long := e.spans.length().Seconds() / float64(max(1, len(e.batches)))
	for i, n := range e.batches {
		switch {
		case over == nil && long > 0:
			list = append(list, n/long)
		case over != nil && over.batches[i] > 0:
			list = append(list, n/over.batches[i])
		}
	}
	return list
}

// endingRates are those of a journey that counters know by its end: before the fault and
// under it, by arm.
type endingRates struct {
	before, under [2]endingRate
}

func (r *experimentRun) newEndingRates(j *journeyRecord) (e endingRates) {
	fault, control := j.groups()
	before := spans{j.baseline}
	if fault.turns {
		before = control.spans
	}
	for _, arm := range []plan.Arm{plan.FaultArm, plan.ControlArm} {
		e.before[arm] = newEndingRate(arm, before, r.plan.BatchEvery)
		e.under[arm] = newEndingRate(arm, fault.spans, r.plan.BatchEvery)
	}
	return e
}

func (e *endingRates) add(o *journal.Observation) {
	e.before[o.Arm].add(o)
	e.under[o.Arm].add(o)
}

// fewerEnded is why harm may be hidden: fewer journeys ended under the fault than before,
// by more than the limit allows to be harmed and than chance explains. Counters know a
// journey by its end, so that what hangs is in none. It is empty where as many ended.
func (r *experimentRun) fewerEnded(p plan.Journey, j *journeyRecord) string {
	e := &j.ending
	lostOf := func(s *endingRate) float64 { return r.lostOf(p.Name, s.arm, s.spans).share }
	before := e.before[plan.FaultArm].perSecond(lostOf(&e.before[plan.FaultArm]))
	under := e.under[plan.FaultArm].perSecond(lostOf(&e.under[plan.FaultArm]))
	expected := before
	var control [2]*endingRate
	if r.plan.Control == plan.Concurrent {
		control = [2]*endingRate{&e.before[plan.ControlArm], &e.under[plan.ControlArm]}
		was := control[0].perSecond(lostOf(control[0]))
		if was <= 0 {
			return ""
		}
		expected *= control[1].perSecond(lostOf(control[1])) / was
	}
	if expected <= 0 || 1-under/expected <= p.Limit {
		return ""
	}
	usual, now := e.before[plan.FaultArm].rates(control[0]), e.under[plan.FaultArm].rates(control[1])
	if !fell(usual, now, control[0] == nil) {
		return ""
	}
	text := fmt.Sprintf("%s: of %s/s before, %s/s ended under the fault", p.Name, figures.Quantity(before), figures.Quantity(under))
	if control[0] != nil {
		text += fmt.Sprintf(", where by the control %s/s were to be expected", figures.Quantity(expected))
	}
	return text + ": what hangs is not counted, and may be harmed"
}

// fell reports whether values are lower than usual ones by more than chance explains. Of
// one arm alone, traffic has its ups and downs: the mean must be below all that was usual.
func fell(usual, now []float64, alone bool) bool {
	a, va := meanAndVariance(usual)
	b, vb := meanAndVariance(now)
	if min(len(usual), len(now)) < stats.LeastBatches { // nobody knows how much they vary
		return b < a/2
	}
	if alone && b >= slices.Min(usual) {
		return false
	}
	const sigmas = 3
	return a-b > sigmas*math.Sqrt(va/float64(len(usual))+vb/float64(len(now)))
}

func meanAndVariance(list []float64) (mean, variance float64) {
	for _, x := range list {
		mean += x / float64(len(list))
	}
	for _, x := range list {
		variance += (x - mean) * (x - mean) / float64(max(1, len(list)-1))
	}
	return mean, variance
}
