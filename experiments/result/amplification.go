package result

import (
	"slices"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/stats"
)

// stormFactor is how many times the calls of the baseline make a retry storm, at the
// lower end of the interval.
const stormFactor = 1.5

// amplification compares what the proxies counted under the fault with what they
// counted before it. The control's route has no proxies, so the same arm without the
// fault is what there is to compare with. Other callers of a dependency, such as
// health checks, count on both sides. Calls that a fault refuses are not seen: of such a
// dependency nothing is said.
func (r *experimentRun) amplification(dependencies []experiments.Dependency) []Amplification {
	var rows []Amplification
	for _, d := range dependencies {
		if r.refusesAt(d.ProxyName()) {
			continue
		}
		before, ok1 := r.callCounts(d, r.batches.before, func(j *journeyRecord) *callerCounts { return &j.callers[0] })
		under, ok2 := r.callCounts(d, r.batches.under, func(j *journeyRecord) *callerCounts { return &j.callers[1] })
		if ok1 && ok2 && before.unit == under.unit {
			rows = append(rows, r.compareCalls(d.Name, before, under))
		}
	}
	return rows
}

// compareCalls is how much more often a dependency is called under the fault.
func (r *experimentRun) compareCalls(dependency string, before, under callCounts) Amplification {
	usual := sum(before.calls) / (sum(before.journeys) + sum(before.others))
	// Where both arms pass the proxies, the calls of the other arm are as usual: so many
	// times the usual calls, for each journey of the fault arm.
	others := sum(under.others) / sum(under.journeys)
	row := Amplification{Dependency: dependency, Unit: under.unit, Baseline: usual, Fault: max(0, sum(under.calls)/sum(under.journeys)-usual*others)}
	ratio := stats.RateRatioBatches(under.rates(false), before.rates(true))
	if r.plan.Repeat > 1 {
		ratio = stats.RateRatioRepeats(before.rates(true), under.rates(false))
	}
	if ratio.Low <= 0 || ratio.Estimate <= others {
		return row
	}
	row.Factor, row.Low, row.High = ratio.Estimate-others, max(0, ratio.Low-others), ratio.High-others
	row.Storm = row.Unit == Calls && row.Low >= stormFactor
	row.Method, row.Batches = methodName(ratio.Method), ratio.Batches
	if ratio.Method == stats.Counted {
		row.Method = row.Unit + " taken as independent"
	}
	return row
}

// callCounts are how often a dependency was called, batch by batch, and how many
// journeys of the fault arm and of others passed its proxy.
type callCounts struct {
	unit             string
	calls            []float64
	connections      []float64
	journeys, others []float64
}

// in are the counts in a unit; false where only connections are known.
func (c callCounts) in(unit string) (callCounts, bool) {
	if unit == Connections {
		c.unit, c.calls = Connections, c.connections
	}
	return c, c.unit == unit
}

// rates are calls for each journey of the fault arm, or of all.
func (c callCounts) rates(all bool) []stats.Rate {
	list := make([]stats.Rate, len(c.calls))
	for i := range list {
		list[i] = stats.Rate{Events: c.calls[i], Over: c.journeys[i]}
		if all {
			list[i].Over += c.others[i]
		}
	}
	return list
}

// callCounts is false where the proxy does not count, was restarted meanwhile, or too
// few journeys passed it.
func (r *experimentRun) callCounts(d experiments.Dependency, batches []counterBatch, callers func(*journeyRecord) *callerCounts) (callCounts, bool) {
	c, ok := countCalls(d.ProxyName(), batches)
	if !ok {
		return callCounts{}, false
	}
	for i := range r.journeys {
		if !r.mayCall(i, d.Name) {
			continue
		}
		v := callers(&r.journeys[i])
		for k := range batches {
			c.journeys[k] += float64(v.journeys[k])
			if r.plan.Tagged { // else the control's route has no proxies
				c.others[k] += float64(v.others[k])
			}
		}
	}
	return c, len(batches) > 0 && slices.Min(c.calls) >= 0 && sum(c.journeys) >= leastJourneys
}

// countCalls are the calls that a proxy counted, or the connections where it counts no
// calls.
func countCalls(proxy string, batches []counterBatch) (callCounts, bool) {
	n := len(batches)
	c := callCounts{unit: Calls, calls: make([]float64, n), connections: make([]float64, n), journeys: make([]float64, n), others: make([]float64, n)}
	for i, b := range batches {
		from, ok1 := b.from.of(proxy)
		to, ok2 := b.to.of(proxy)
		if !ok1 || !ok2 {
			return callCounts{}, false
		}
		c.connections[i] = float64(to.Connections - from.Connections)
		if from.Calls == nil || to.Calls == nil {
			c.unit = Connections
			continue
		}
		c.calls[i] = float64(*to.Calls - *from.Calls)
	}
	if c.unit == Connections {
		c.calls = c.connections
	}
	return c, true
}

// mayCall reports whether journey i may call a dependency. Where no step says what it
// needs, any may.
func (r *experimentRun) mayCall(i int, dependency string) bool {
	return !r.plan.NeedsDeclared(dependency) || r.plan.Journeys[i].MayNeed(dependency)
}

func sum(list []float64) (all float64) {
	for _, v := range list {
		all += v
	}
	return all
}
