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
	if takesJourneysOnly(f.plan.Attributes) {
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
}

// exceeds reports whether a proxy was busier than idle, by any measure: many small calls
// beside large ones, or few large ones, are more as well. An answer that a fault gives in
// place of the dependency is a call of hardly any bytes.
func (p proxyRate) exceeds(idle proxyRate) bool {
	return p.connections > muchMore*idle.connections || p.bytes > muchMore*idle.bytes || p.calls > muchMore*idle.calls
}

// metMoreThan reports whether more requests matched a fault than come while no journeys
// run, less those that came and did not match: a few journeys beside many health checks
// that the fault spares meet it for certain.
func (r *experimentRun) metMoreThan(idle proxyRate, f *faultRecord) bool {
	kind, _ := injectors.Lookup(f.plan.Inject)
	if kind.Level != injectors.Message || f.injected == nil || f.removed == nil || r.plan.Repeat > 1 || f.evidence.Seen < f.evidence.Of {
		return false
	}
	inForce, spared := f.removed.Began-f.injected.Since, f.evidence.Seen-f.evidence.Of
	return float64(f.evidence.Of) > muchMore*max(0, idle.calls*inForce.Seconds()-float64(spared))
}

// idleRate is what a proxy carries while no journeys run; false if that is not known.
// Two times without journeys are looked at: before the first experiment, and before this
// one. What an earlier fault has put off, such as calls that are tried again, may come in
// the second; what an earlier run has, in the first.
func (r *experimentRun) idleRate(proxy string) (least proxyRate, known bool) {
	for _, at := range []*experimentRun{r, r.first} {
		rate, ok := at.proxyRate(journal.BeforeIdle, journal.BeforeTraffic, proxy)
		switch {
		case ok && known:
			least = proxyRate{min(least.connections, rate.connections), min(least.bytes, rate.bytes), min(least.calls, rate.calls)}
		case ok:
			least, known = rate, true
		}
	}
	return least, known
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
	rate := proxyRate{connections: float64(b.Connections-a.Connections) / took, bytes: float64(b.Bytes-a.Bytes) / took}
	if a.Calls != nil && b.Calls != nil {
		rate.calls = float64(*b.Calls-*a.Calls) / took
	}
	return rate, true
}
