package result

import (
	"fmt"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/journal"
)

// mostMissed is how many kinds of requests a result holds of one fault.
const mostMissed = 5

// seeInstead replaces why a fault met nothing, where the proxy knows what came instead: no
// connection, connections for which the dependency could not be reached, or requests
// that it is not about. What matched and was not affected explains itself.
func (r *experimentRun) seeInstead(e *Exercised, f *faultRecord) {
	seen := f.evidence
	e.Requests = seen.Seen
	for _, m := range seen.Missed[:min(len(seen.Missed), mostMissed)] {
		e.Missed = append(e.Missed, Missed{cutTo(m.What, mostKey), m.Count})
	}
	came, known := r.cameToProxy(f.plan.Proxy)
	if known {
		e.Connections, e.DialFailed = &came.Connections, came.DialFailed
	}
	switch {
	case e.Unmet == UnmetShareTooLow || e.Unmet == UnmetUnchanged:
	case known && came.DialFailed > 0 && came.DialFailed >= came.Connections && seen.Of == 0:
		e.Unmet = UnmetNotDialled
		e.Note = fmt.Sprintf("%s came, and the proxy could not reach %s for any of them: does it run, and where the proxy dials it?", quantity(came.Connections, "connection"), f.plan.Into)
	case seen.Seen > 0 && seen.Of == 0:
		e.Unmet = UnmetNoMatch
		e.Note = quantity(seen.Seen, "request") + " came, and none matched"
		if len(e.Missed) > 0 {
			e.Note += ": " + describeMissed(e.Missed)
		}
	case known && came.Connections == 0 && came.Bytes == 0 && (came.Calls == nil || *came.Calls == 0):
		e.Unmet = UnmetNoConnection
		e.Note = fmt.Sprintf("no connection came to the proxy of %s, and nothing on older ones: the system does not use it, or did not call %s meanwhile", f.plan.Into, f.plan.Into)
	}
}

// mostKey is how many bytes a kind of requests has at the most.
const mostKey = 160

// quantity is "1 request" or "1,200 requests".
func quantity(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return figures.Count(int(n)) + " " + noun + "s"
}

// describeMissed is "POST /charge 78, GET /health 2".
func describeMissed(list []Missed) string {
	parts := make([]string, len(list))
	for i, m := range list {
		parts[i] = m.What + " " + figures.Count(int(m.Count))
	}
	return strings.Join(parts, ", ")
}

// cameToProxy is what came to a proxy from right before the fault until after it; false
// where that is not known.
func (r *experimentRun) cameToProxy(proxy string) (journal.Traffic, bool) {
	a, ok1 := counterReading{traffic: r.samples[journal.BeforeFault].Traffic}.of(proxy)
	b, ok2 := counterReading{traffic: r.samples[journal.AfterFault].Traffic}.of(proxy)
	if !ok1 || !ok2 || b.Connections < a.Connections || b.DialFailed < a.DialFailed {
		return journal.Traffic{}, false // a server that started anew counts from zero
	}
	came := journal.Traffic{Proxy: proxy, Connections: b.Connections - a.Connections, Bytes: b.Bytes - a.Bytes, DialFailed: b.DialFailed - a.DialFailed}
	if a.Calls != nil && b.Calls != nil {
		came.Calls = new(*b.Calls - *a.Calls)
	}
	return came, true
}
