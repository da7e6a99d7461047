// Package metrics shows what a proxy server counts in the form that Prometheus reads.
package metrics

import (
	"net/http"
	"slices"

	"github.com/blastgauge/blastgauge/injectors/proxy"
)

// Of returns what [proxy.Options] takes as Metrics: metrics of the process and of the
// proxies, as chosen, with Toxiproxy's names and labels, and blastgauge's beside them. It is
// nil where nothing is chosen. Values are read on each request and not, as in Toxiproxy,
// when connections close.
func Of(process, proxies bool) func(*proxy.Server) http.Handler {
	if !process && !proxies {
		return nil
	}
	return func(s *proxy.Server) http.Handler {
		p := &page{}
		if process {
			p.sources = append(p.sources, ofGo, ofProcess)
		}
		if proxies {
			p.sources = append(p.sources, func() []family { return ofProxies(s.Status()) })
		}
		return p
	}
}

// ofProxies are the counters of all proxies.
func ofProxies(list []proxy.Status) []family {
	received := family{name: "toxiproxy_proxy_received_bytes_total", help: "Bytes that a proxy received, from its clients (upstream) and from its upstream (downstream).", kind: counter}
	sent := family{name: "toxiproxy_proxy_sent_bytes_total", help: "Bytes that a proxy sent, to its upstream (upstream) and to its clients (downstream).", kind: counter}
	open := family{name: "blastgauge_proxy_connections_open", help: "Connections that are open.", kind: gauge}
	total := family{name: "blastgauge_proxy_connections_total", help: "Connections accepted.", kind: counter}
	refused := family{name: "blastgauge_proxy_connections_refused_total", help: "Connections that down reset.", kind: counter}
	dialFail := family{name: "blastgauge_proxy_dial_failures_total", help: "Connections whose upstream could not be reached.", kind: counter}
	calls := family{name: "blastgauge_proxy_calls_total", help: "Requests that came, and connections that ended before one did.", kind: counter}
	met := family{name: "blastgauge_toxic_met", help: "Connections, or requests, that a toxic acted on.", kind: gauge}
	of := family{name: "blastgauge_toxic_of", help: "Connections, or requests, that it could have acted on.", kind: gauge}
	for _, p := range list {
		bytes := func(f *family, direction string, v int64) {
			f.add(float64(v), "direction", direction, "listener", p.Listen, "proxy", p.Name, "upstream", p.Upstream)
		}
		bytes(&received, "upstream", p.ReceivedUp)
		bytes(&sent, "upstream", p.Counts.BytesUp)
		bytes(&received, "downstream", p.ReceivedDown)
		bytes(&sent, "downstream", p.Counts.BytesDown)
		open.add(float64(p.Counts.Open), "proxy", p.Name)
		total.add(float64(p.Counts.Total), "proxy", p.Name)
		refused.add(float64(p.Counts.Refused), "proxy", p.Name)
		dialFail.add(float64(p.Counts.DialFailed), "proxy", p.Name)
		if n := p.Counts.Calls; n != nil {
			calls.add(float64(*n), "proxy", p.Name)
		}
		for _, t := range p.Toxics {
			met.add(float64(t.Met), "proxy", p.Name, "toxic", t.Name, "type", t.Type)
			of.add(float64(t.Of), "proxy", p.Name, "toxic", t.Name, "type", t.Type)
		}
	}
	families := []family{received, sent, open, total, refused, dialFail, calls, met, of}
	for _, f := range families {
		slices.SortFunc(f.lines, func(a, b line) int { return slices.Compare(a.labels, b.labels) })
	}
	return families
}
