package proxy

import (
	"net/http"

	"github.com/Shopify/toxiproxy/v2/collectors"
	"github.com/Shopify/toxiproxy/v2/stream"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics serves GET /metrics: metrics with Toxiproxy's names and labels, and
// blastgauge's beside them. Values are read on each request and not, as in Toxiproxy,
// when connections close.
func (s *Server) metrics() http.Handler {
	registry := prometheus.NewRegistry()
	if s.options.RuntimeMetrics {
		registry.MustRegister(collectors.NewRuntimeMetricCollectors().Collectors()...)
	}
	if s.options.ProxyMetrics {
		registry.MustRegister(newGauges(s))
	}
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{Registry: registry})
}

// gauges collects the counters of all proxies.
type gauges struct {
	server                                                         *Server
	received, sent, open, total, refused, dialFail, calls, met, of *prometheus.Desc
}

func newGauges(s *Server) *gauges {
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
	for _, p := range g.server.all() {
		v, c := p.view(), &p.counters
		for i, direction := range []stream.Direction{stream.Upstream, stream.Downstream} {
			labels := []string{[]string{"upstream", "downstream"}[i], v.Name, v.Listen, v.Upstream}
			show(g.received, prometheus.CounterValue, c.received[direction].Load(), labels...)
			show(g.sent, prometheus.CounterValue, c.sent[direction].Load(), labels...)
		}
		show(g.open, prometheus.GaugeValue, v.Counts.Open, v.Name)
		show(g.total, prometheus.CounterValue, v.Counts.Total, v.Name)
		show(g.refused, prometheus.CounterValue, v.Counts.Refused, v.Name)
		show(g.dialFail, prometheus.CounterValue, v.Counts.DialFailed, v.Name)
		if calls := v.Counts.Calls; calls != nil {
			show(g.calls, prometheus.CounterValue, *calls, v.Name)
		}
		for _, t := range v.Toxics {
			show(g.met, prometheus.GaugeValue, t.Extras.Met, v.Name, t.Name, t.Type)
			show(g.of, prometheus.GaugeValue, t.Extras.Of, v.Name, t.Name, t.Type)
		}
	}
}
