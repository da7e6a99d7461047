// Package metrics shows what a proxy server counts in the form that Prometheus reads.
package metrics

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

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
		registry := prometheus.NewRegistry()
		if process {
			registry.MustRegister(collectors.NewGoCollector(), collectors.NewBuildInfoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
		}
		if proxies {
			registry.MustRegister(newGauges(s))
		}
		return promhttp.HandlerFor(registry, promhttp.HandlerOpts{Registry: registry})
	}
}

// gauges collects the counters of all proxies.
type gauges struct {
	server                                                         *proxy.Server
	received, sent, open, total, refused, dialFail, calls, met, of *prometheus.Desc
}

func newGauges(s *proxy.Server) *gauges {
	describe := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(name, help, labels, nil)
	}
	return &gauges{
		server:   s,
		received: describe("toxiproxy_proxy_received_bytes_total", "", "direction", "proxy", "listener", "upstream"),
		sent:     describe("toxiproxy_proxy_sent_bytes_total", "", "direction", "proxy", "listener", "upstream"),
		open:     describe("blastgauge_proxy_connections_open", "Connections that are open.", "proxy"),
		total:    describe("blastgauge_proxy_connections_total", "Connections accepted.", "proxy"),
		refused:  describe("blastgauge_proxy_connections_refused_total", "Connections that down reset.", "proxy"),
		dialFail: describe("blastgauge_proxy_dial_failures_total", "Connections whose upstream could not be reached.", "proxy"),
		calls:    describe("blastgauge_proxy_calls_total", "Requests that came, and connections that ended before one did.", "proxy"),
		met:      describe("blastgauge_toxic_met", "Connections, or requests, that a toxic acted on.", "proxy", "toxic", "type"),
		of:       describe("blastgauge_toxic_of", "Connections, or requests, that it could have acted on.", "proxy", "toxic", "type"),
	}
}

func (g *gauges) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{g.received, g.sent, g.open, g.total, g.refused, g.dialFail, g.calls, g.met, g.of} {
		to <- d
	}
}

func (g *gauges) Collect(to chan<- prometheus.Metric) {
	show := func(d *prometheus.Desc, kind prometheus.ValueType, v int64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, kind, float64(v), labels...)
	}
	for _, p := range g.server.Status() {
		bytes := func(d *prometheus.Desc, direction string, v int64) {
			show(d, prometheus.CounterValue, v, direction, p.Name, p.Listen, p.Upstream)
		}
		bytes(g.received, "upstream", p.ReceivedUp)
		bytes(g.sent, "upstream", p.Counts.BytesUp)
		bytes(g.received, "downstream", p.ReceivedDown)
		bytes(g.sent, "downstream", p.Counts.BytesDown)
		show(g.open, prometheus.GaugeValue, p.Counts.Open, p.Name)
		show(g.total, prometheus.CounterValue, p.Counts.Total, p.Name)
		show(g.refused, prometheus.CounterValue, p.Counts.Refused, p.Name)
		show(g.dialFail, prometheus.CounterValue, p.Counts.DialFailed, p.Name)
		if calls := p.Counts.Calls; calls != nil {
			show(g.calls, prometheus.CounterValue, *calls, p.Name)
		}
		for _, t := range p.Toxics {
			show(g.met, prometheus.GaugeValue, t.Met, p.Name, t.Name, t.Type)
			show(g.of, prometheus.GaugeValue, t.Of, p.Name, t.Name, t.Type)
		}
	}
}
