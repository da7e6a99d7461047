package result

import (
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/injectors"
)

// onlyIdle is what is said of a fault that health checks and the like met, and no journey.
const onlyIdle = "the proxy carried no more than it does when no journeys run"

// muchMore is how many times as much as while no journeys run shows that journeys came:
// so short a time without them tells no better.
const muchMore = 2

// aboveIdle reports whether the fault's proxy was busier with journeys than without:
// health checks and connection pools are not journeys. Without samples it gives the fault
// the benefit of the doubt. A fault that refuses lets nothing come: what counts is what
// came before it.
func (r *experimentRun) aboveIdle(f *faultRecord) bool {
	if takesJourneysOnly(f.plan.Attributes) || r.plan.Measured() { // real traffic never rests
		return true
	}
	until := journal.AfterFault
	if f.evidence.Refuses {
		until = journal.BeforeFault
	}
	idle, ok1 := r.idleRate(f.plan.Proxy)
	busy, ok2 := r.proxyRate(journal.BeforeTraffic, until, f.plan.Proxy)
	return !ok1 || !ok2 || busy.exceeds(idle) || r.metMoreThan(idle, f)
}

// takesJourneysOnly reports whether a fault is about requests that carry the mark of
// journeys: nothing else has it.
func takesJourneysOnly(a injectors.Attributes) bool {
	match := a.Group("match")
	_, tagged := match.Group("baggage")[plan.Tag]
	return tagged
}

// A proxyRate is what a proxy carried per second.
type proxyRate struct {
	connections, bytes float64
	calls              float64 // 0 where only bytes are known
	took               float64 // seconds that were looked at
}

// exceeds reports whether a proxy was busier than idle, by any measure: many small calls
// beside large ones, or few large ones, are more as well. An answer that a fault gives in
// place of the dependency is a call of hardly any bytes.
func (p proxyRate) exceeds(idle proxyRate) bool {
	return p.connections > muchMore*idle.connections || p.bytes > muchMore*idle.bytes || p.calls > muchMore*idle.calls
}

// metMoreThan reports whether more requests matched a fault than come while no journeys
// run. Those that did not match are no help: which of them were journeys is not known.
func (r *experimentRun) metMoreThan(idle proxyRate, f *faultRecord) bool {
	kind, _ := injectors.Lookup(f.plan.Inject)
	if kind.Level != injectors.Message || f.injected == nil || f.removed == nil || r.plan.Repeat > 1 {
		return false
	}
	inForce := f.removed.Began - f.injected.Since
	return float64(f.evidence.Of) > muchMore*idle.calls*inForce.Seconds()
}

// lateCalls is how many more calls or connections than three times as many in one of two
// times without journeys are taken for the work of earlier journeys.
const lateCalls = 3

// idleRate is what a proxy carries while no journeys run; false if that is not known.
// Two times without journeys are looked at: before the first experiment, and before this
// one. They count together, as a check every second is in one of them as often as not.
// What an earlier fault has put off, such as calls that are tried again, may come in the
// second; what an earlier run has, in the first: then the quieter one counts alone.
func (r *experimentRun) idleRate(proxy string) (proxyRate, bool) {
	now, ok1 := r.proxyRate(journal.BeforeIdle, journal.BeforeTraffic, proxy)
	first, ok2 := r.first.proxyRate(journal.BeforeIdle, journal.BeforeTraffic, proxy)
	switch {
	case !ok1 || r.first == r:
		return first, ok2
	case !ok2:
		return now, true
	case now.late(first):
		return first, true
	case first.late(now):
		return now, true
	}
	return now.with(first), true
}

// late reports whether it carried more than idle traffic alone would, of which another
// time gives the measure.
func (p proxyRate) late(measure proxyRate) bool {
	many := func(rate, usual float64) bool { return rate*p.took > lateCalls*(usual*p.took+1) }
	return many(p.connections, measure.connections) || many(p.calls, measure.calls)
}

// with is the rate of two times together.
func (p proxyRate) with(o proxyRate) proxyRate {
	took := p.took + o.took
	mean := func(a, b float64) float64 { return (a*p.took + b*o.took) / took }
	return proxyRate{mean(p.connections, o.connections), mean(p.bytes, o.bytes), mean(p.calls, o.calls), took}
}

// proxyRate is what a proxy carried between two samples; false if that is not known. The
// time is the longest that it can have been: samples take time on a busy machine.
func (r *experimentRun) proxyRate(from, to, proxy string) (proxyRate, bool) {
	a, ok1 := counterReading{traffic: r.samples[from].Traffic}.of(proxy)
	b, ok2 := counterReading{traffic: r.samples[to].Traffic}.of(proxy)
	took := (r.samples[to].Since - r.readingAt(from)).Seconds()
	if !ok1 || !ok2 || took <= 0 || b.Connections < a.Connections || b.Bytes < a.Bytes {
		return proxyRate{}, false // a server that started anew counts from zero
	}
	rate := proxyRate{connections: float64(b.Connections-a.Connections) / took, bytes: float64(b.Bytes-a.Bytes) / took, took: took}
	if a.Calls != nil && b.Calls != nil {
		rate.calls = float64(*b.Calls-*a.Calls) / took
	}
	return rate, true
}
