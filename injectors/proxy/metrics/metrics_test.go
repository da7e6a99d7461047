package metrics_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/injectors/proxy"
	"github.com/blastgauge/blastgauge/injectors/proxy/metrics"
)

// soon is how long anything may take in a test: far more than it takes.
const soon = time.Minute

// get asks for a page, over a connection of its own.
func get(t *testing.T, c *http.Client, url string, want int) string {
	t.Helper()
	answer, err := c.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != want {
		t.Fatalf("%s: %s, %v, want %d", url, answer.Status, err, want)
	}
	return string(text)
}

// newServer starts a server with a proxy of a shop, and returns where both proxy and API
// answer, and where the proxy leads.
func newServer(t *testing.T, show func(*proxy.Server) http.Handler) (address, api, upstream string) {
	t.Helper()
	shop := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(shop.Close)
	s := proxy.New(proxy.Options{Metrics: show})
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	served := httptest.NewServer(s.Handler())
	t.Cleanup(served.Close)
	if err := s.Populate([]byte(`[{"name":"web","listen":"127.0.0.1:0","upstream":"` + shop.URL + `"}]`)); err != nil {
		t.Fatal(err)
	}
	if err := s.AddToxic("web", []byte(`{"name":"slow","type":"latency","attributes":{"latency":1}}`)); err != nil {
		t.Fatal(err)
	}
	return s.Status()[0].Listen, served.URL, shop.URL
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	address, api, up := newServer(t, metrics.Of(true, true))
	c := &http.Client{Transport: &http.Transport{}, Timeout: soon} // its connection stays open: counters move before it closes
	t.Cleanup(c.CloseIdleConnections)
	get(t, c, "http://"+address+"/", 404)
	sent := `toxiproxy_proxy_sent_bytes_total{direction="downstream",listener="` + address + `",proxy="web",upstream="` + up + `"} `
	want := []string{
		`blastgauge_proxy_connections_open{proxy="web"} 1`,
		`blastgauge_proxy_connections_total{proxy="web"} 1`,
		`blastgauge_proxy_calls_total{proxy="web"} 1`,
		`blastgauge_toxic_met{proxy="web",toxic="slow",type="latency"} 1`,
	}
	var page []string
	// The client may be faster than the counts, and they are not read in one instant.
	counted := func() bool {
		page = strings.Split(get(t, c, api+"/metrics", 200), "\n")
		missing := func(line string) bool { return !slices.Contains(page, line) }
		moved := func(line string) bool { return strings.HasPrefix(line, sent) && !strings.HasSuffix(line, " 0") }
		return !slices.ContainsFunc(want, missing) && slices.ContainsFunc(page, moved)
	}
	for deadline := time.Now().Add(soon); !counted(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("no %s, or none sent of %s, in %s", want, sent, page)
		}
	}
	if !slices.ContainsFunc(page, func(line string) bool { return strings.HasPrefix(line, "go_goroutines ") }) {
		t.Error("no metrics of the process")
	}
}

func TestMetricsAreForThoseWhoAsk(t *testing.T) {
	t.Parallel()
	if metrics.Of(false, false) != nil {
		t.Error("metrics of nothing")
	}
	_, api, _ := newServer(t, metrics.Of(true, false))
	if page := get(t, http.DefaultClient, api+"/metrics", 200); strings.Contains(page, "toxiproxy_") || !strings.Contains(page, "go_goroutines ") {
		t.Errorf("asked for the process alone: %s", page)
	}
}
