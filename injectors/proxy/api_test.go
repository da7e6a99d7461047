package proxy_test

import (
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/Shopify/toxiproxy/v2/client"

	"github.com/blastgauge/blastgauge/injectors/proxy"
)

// The official client, unchanged, does all that it can.
func TestTheOfficialClient(t *testing.T) {
	t.Parallel()
	s := serve(t, proxy.Options{Version: "1.2.3"})
	c := toxiproxy.NewClient(strings.TrimPrefix(s.URL(), "http://"))
	if v, err := c.Version(); err != nil || !strings.Contains(string(v), `{"version": "2.12.0"`) {
		t.Errorf("Version() = %s, %v", v, err)
	}
	p, err := c.CreateProxy("web", "127.0.0.1:0", shop(t))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.CreateProxy("web", "127.0.0.1:0", "127.0.0.1:1"); err == nil || !strings.Contains(err.Error(), "proxy already exists") {
		t.Errorf("a proxy twice: %v", err)
	}
	attributes := map[string]toxiproxy.Attributes{
		"latency": {"latency": 1, "jitter": 1}, "bandwidth": {"rate": 100}, "slow_close": {"delay": 1}, "timeout": {"timeout": 1},
		"reset_peer": {"timeout": 1}, "slicer": {"average_size": 64, "size_variation": 32, "delay": 1}, "limit_data": {"bytes": 10}, "noop": nil,
	}
	for kind, a := range attributes {
		for _, stream := range []string{"upstream", "downstream"} {
			toxic, err := p.AddToxic("", kind, stream, 0.5, a)
			if err != nil || toxic.Name != kind+"_"+stream || toxic.Toxicity != 0.5 {
				t.Fatalf("AddToxic(%s, %s) = %+v, %v", kind, stream, toxic, err)
			}
			if _, err := p.UpdateToxic(toxic.Name, 1, a); err != nil {
				t.Errorf("UpdateToxic(%s): %v", toxic.Name, err)
			}
			if err := p.RemoveToxic(toxic.Name); err != nil {
				t.Errorf("RemoveToxic(%s): %v", toxic.Name, err)
			}
		}
	}
	if _, err := p.AddToxic("", "none_such", "upstream", 1, nil); err == nil || !strings.Contains(err.Error(), "invalid toxic type") {
		t.Errorf("an unknown type: %v", err)
	}
	if err := p.Disable(); err != nil || p.Enabled {
		t.Errorf("Disable: %v", err)
	}
	if conn, err := net.Dial("tcp", p.Listen); err == nil {
		conn.Close()
		t.Error("a disabled proxy accepts connections")
	}
	if err := p.Enable(); err != nil {
		t.Error(err)
	}
	if err := buy(customer(t), p.Listen); err != nil {
		t.Error(err)
	}
	if _, err := p.AddToxic("slow", "latency", "", 1, toxiproxy.Attributes{"latency": 1}); err != nil {
		t.Error(err)
	}
	if err := c.ResetState(); err != nil {
		t.Error(err)
	}
	if toxics, err := p.Toxics(); err != nil || len(toxics) != 0 {
		t.Errorf("after a reset: %v, %v", toxics, err)
	}
	if all, err := c.Proxies(); err != nil || len(all) != 1 || all["web"].Listen != p.Listen {
		t.Errorf("Proxies() = %v, %v", all, err)
	}
	made, err := c.Populate([]toxiproxy.Proxy{{Name: "web", Listen: p.Listen, Upstream: p.Upstream, Enabled: true}, {Name: "two", Listen: "127.0.0.1:0", Upstream: "127.0.0.1:1"}})
	if err != nil || len(made) != 2 || made[1].Enabled {
		t.Errorf("Populate() = %v, %v", made, err)
	}
	if err := p.Delete(); err != nil {
		t.Error(err)
	}
	if _, err := c.Proxy("web"); err == nil || !strings.Contains(err.Error(), "proxy not found") {
		t.Errorf("a deleted proxy: %v", err)
	}
}

// Attributes that end or wedge a stock server, and what would be ignored, are
// refused with a sentence, and nothing changes.
func TestWhatIsRefused(t *testing.T) {
	t.Parallel()
	s := serve(t, proxy.Options{})
	address := route(t, s, "web", shop(t))
	spoken := route(t, s, "spoken", "http://"+shop(t))
	for body, want := range map[string]string{
		`{"type":"bandwidth","attributes":{"rate":-1}}`:                              "rate of at least 1 KB/s",
		`{"type":"bandwidth","attributes":{"rate":0}}`:                               "rate of at least 1 KB/s",
		`{"type":"bandwidth"}`:                                                       "rate of at least 1 KB/s",
		`{"type":"slicer"}`:                                                          "average_size from 1",
		`{"type":"slicer","attributes":{"average_size":10,"size_variation":11}}`:     "from 0 to average_size",
		`{"type":"latency","attributes":{"latency":1,"jitter":9223372036854775807}}`: "jitter must be at most",
		`{"type":"latency","attributes":{"latncy":1}}`:                               `no attribute \"latncy\"`,
		`{"type":"latency","latency":1}`:                                             `\"latency\" belongs under \"attributes\"`,
		`{"type":"http_error","match":{"path":"/x"},"attributes":{"status":503}}`:    `\"match\" belongs under \"attributes\": {\"type\": \"http_error\"`,
		`{"type":"redis_error","Match":{"key":"x"},"attributes":{"error":"OOM"}}`:    `\"Match\" belongs under \"attributes\"`,
		`{"type":"http_error","status":503}`:                                         `\"status\" belongs under \"attributes\"`,
		`{"type":"latency","match":{"path":"/x"},"attributes":{"latency":1}}`:        `but latency has jitter, latency`,
		`{"type":"down","match":{"path":"/x"}}`:                                      `but down has none`,
		`{"type":"http_error","matches":{},"attributes":{"status":503}}`:             `a toxic has no \"matches\"; it has name`,
		`{"type":"latency","toxicity":7}`:                                            "toxicity must be from 0 to 1",
		`{"type":"latency","toxicity":-0.1}`:                                         "toxicity must be from 0 to 1",
		`{"type":"latency","stream":"sideways"}`:                                     "stream was invalid",
		`{"type":"http_error","attributes":{"status":503}}`:                          "has no protocol: add a scheme",
		`{"type":`: "bad request body",
		`{}`:       "invalid toxic type",
	} {
		if got := call(t, s, "POST", "/proxies/web/toxics", body, 400, nil); !strings.Contains(got, want) {
			t.Errorf("%s: %s, want %q", body, got, want)
		}
	}
	for body, want := range map[string]string{
		`{"type":"http_error","attributes":{"status":42}}`:                           "status must be at least 200",
		`{"type":"http_error","attributes":{"status":503,"after":true}}`:             "after",
		`{"type":"http_error","toxicity":1.5,"attributes":{"status":503}}`:           "toxicity",
		`{"type":"http_error","attributes":{"status":503},"percentage":0.5}`:         "percentage",
		`{"type":"http_abort","attributes":{"match":{"not":"/health"}}}`:             "match.not must be a mapping of its parameters: write not: {path: /health}",
		`{"type":"http_abort","attributes":{"match":{"not":""}}}`:                    "write not: {path: /health}",
		`{"type":"http_abort","attributes":{"match":{"not":{}}}}`:                    "must not be empty",
		`{"type":"http_abort","attributes":{"match":{"not":{"not":{"path":"/a"}}}}}`: "a not within a not",
		`{"type":"http_abort","attributes":{"match":{"unless":{"path":"/a"}}}}`:      "to spare some, write not: {path: /health}",
		`{"type":"http_abort","attributes":{"match":{"path":[]}}}`:                   "must not be an empty list",
		`{"type":"http_abort","attributes":{"match":{"path":["/a",null]}}}`:          "match.path[1] must be a text",
		`{"type":"http_abort","attributes":{"match":{"path":[["/a"]]}}}`:             "match.path[0] must be a text",
		`{"type":"http_abort","attributes":{"match":{"path":"^/api/.*$"}}}`:          "write /api/**",
		`{"type":"http_abort","attributes":{"match":{"not":{"status":503}}}}`:        `match.not has no attribute \"status\"`,
	} {
		if got := call(t, s, "POST", "/proxies/spoken/toxics", body, 400, nil); !strings.Contains(got, want) {
			t.Errorf("%s: %s, want %q", body, got, want)
		}
	}
	for _, name := range []string{"web", "spoken"} {
		if v := show(t, s, name); len(v.Toxics) != 0 {
			t.Errorf("%s has toxics %v", name, v.Toxics)
		}
	}
	for _, to := range []string{address, spoken} {
		if err := buy(customer(t), to); err != nil {
			t.Error(err)
		}
	}
	for body, status := range map[string]int{
		`{"listen":"127.0.0.1:0","upstream":"127.0.0.1:1"}`:                      400,
		`{"name":"x","listen":"127.0.0.1:0"}`:                                    400,
		`{"name":"x","listen":"127.0.0.1:0","upstream":"nowhere"}`:               400,
		`{"name":"x","listen":"127.0.0.1:0","upstream":"gopher://127.0.0.1:1"}`:  400,
		`{"name":"x","listen":"` + address + `","upstream":"127.0.0.1:1"}`:       500,
		`{"name":"x","upstream":"127.0.0.1:1","toxics":[{"type":"none"}]}`:       400,
		`{"name":"web","listen":"127.0.0.1:0","upstream":"127.0.0.1:1"}`:         409,
		`{"name":"` + strings.Repeat("x", 5<<20) + `","upstream":"127.0.0.1:1"}`: 413,
	} {
		call(t, s, "POST", "/proxies", body, status, nil)
	}
	call(t, s, "GET", "/proxies/x", "", 404, nil)
}

// A PATCH changes what it names, of byte-level and message-level toxics alike, and
// the counts go on.
func TestPatch(t *testing.T) {
	t.Parallel()
	s := serve(t, proxy.Options{})
	address := route(t, s, "web", "http://"+shop(t))
	add(t, s, "web", `{"name":"slow","type":"latency","attributes":{"latency":1,"jitter":1}}`)
	add(t, s, "web", `{"name":"broken","type":"http_error","toxicity":0,"attributes":{"status":503,"body":"later"}}`)
	if err := buy(customer(t), address); err != nil {
		t.Fatal(err)
	}
	call(t, s, "PATCH", "/proxies/web/toxics/slow", `{"attributes":{"latency":2}}`, 200, nil)
	call(t, s, "POST", "/proxies/web/toxics/broken", `{"toxicity":1,"attributes":{"status":500}}`, 200, nil)
	call(t, s, "PATCH", "/proxies/web/toxics/broken", `{"attributes":{"status":1}}`, 400, nil)
	call(t, s, "PATCH", "/proxies/web/toxics/none", `{}`, 404, nil)
	if err := buy(customer(t), address); err == nil || !strings.Contains(err.Error(), "500") {
		t.Errorf("under the changed toxic: %v", err)
	}
	v := show(t, s, "web")
	slow, broken := v.Toxics[0], v.Toxics[1]
	if slow.Attributes["latency"] != 2.0 || slow.Attributes["jitter"] != 1.0 || slow.Blastgauge.Of != 2 {
		t.Errorf("slow is %+v", slow)
	}
	if broken.Attributes["status"] != 500.0 || broken.Attributes["body"] != "later" || broken.Blastgauge.Seen != 2 || broken.Blastgauge.Met != 1 {
		t.Errorf("broken is %+v", broken)
	}
}

// Populate honours toxics, replaces what differs, and changes nothing where the
// list makes no sense.
func TestPopulate(t *testing.T) {
	t.Parallel()
	s := serve(t, proxy.Options{})
	up := shop(t)
	var answer struct{ Proxies []view }
	call(t, s, "POST", "/populate", `[{"name":"a","listen":"127.0.0.1:0","upstream":"`+up+`","toxics":[{"type":"latency","attributes":{"latency":1}}]},
		{"name":"b","listen":"127.0.0.1:0","upstream":"`+up+`","enabled":false}]`, 201, &answer)
	if len(answer.Proxies) != 2 || len(answer.Proxies[0].Toxics) != 1 || !answer.Proxies[0].Enabled || answer.Proxies[1].Enabled {
		t.Fatalf("populated: %+v", answer)
	}
	before := answer.Proxies[0].Listen
	call(t, s, "POST", "/populate", `[{"name":"a","listen":"`+before+`","upstream":"`+up+`"},{"name":"","upstream":"x:1"}]`, 400, nil)
	call(t, s, "POST", "/populate", `[{"name":"a","listen":"`+before+`","upstream":"`+up+`"}]`, 201, nil)
	if v := show(t, s, "a"); v.Listen != before || len(v.Toxics) != 1 {
		t.Errorf("the same again: %+v", v)
	}
	call(t, s, "POST", "/populate", `[{"name":"a","listen":"127.0.0.1:0","upstream":"http://`+up+`"}]`, 201, nil)
	if v := show(t, s, "a"); len(v.Toxics) != 0 || v.Upstream != "http://"+up {
		t.Errorf("another in its place: %+v", v)
	}
}

// An update moves a proxy, or switches it off and on.
func TestUpdateAProxy(t *testing.T) {
	t.Parallel()
	s := serve(t, proxy.Options{})
	first, second := shop(t), shop(t)
	address := route(t, s, "web", "127.0.0.1:1")
	if err := buy(customer(t), address); err == nil {
		t.Error("an upstream that refuses is reached")
	}
	var v view
	call(t, s, "PATCH", "/proxies/web", `{"upstream":"`+first+`"}`, 200, &v)
	if err := buy(customer(t), v.Listen); err != nil || v.Listen != address {
		t.Errorf("at %s: %v", v.Listen, err)
	}
	call(t, s, "POST", "/proxies/web", `{"upstream":"http://`+second+`","enabled":false}`, 200, &v)
	if v.Enabled || v.Upstream != "http://"+second {
		t.Errorf("%+v", v)
	}
	call(t, s, "POST", "/proxies/web", `{"enabled":true}`, 200, &v)
	if err := buy(customer(t), v.Listen); err != nil {
		t.Error(err)
	}
	if got := show(t, s, "web").Blastgauge; got.Total != 3 || got.DialFailed != 1 || got.BytesDown < 400 {
		t.Errorf("counts: %+v", got)
	}
}

// A web page cannot use the API of the machine whose browser shows it.
func TestWhoMayAsk(t *testing.T) {
	t.Parallel()
	s := serve(t, proxy.Options{Token: "secret"})
	for name, tt := range map[string]struct {
		host, header, value string
		want                int
	}{
		"with the token":        {"", "", "", 200},
		"without":               {"", "Authorization", "", 401},
		"with another":          {"", "Authorization", "Bearer secre", 401},
		"a browser":             {"", "User-Agent", "Mozilla/5.0 (X11)", 403},
		"a page's script":       {"", "Origin", "https://evil.example", 403},
		"another name for us":   {"evil.example", "", "", 403},
		"ours with a port":      {"localhost:8474", "", "", 200},
		"ours by IPv6":          {"[::1]:8474", "", "", 200},
		"a name that ends ours": {"notlocalhost", "", "", 403},
	} {
		r, err := http.NewRequest("GET", s.URL()+"/version", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = tt.host
		r.Header.Set("Authorization", "Bearer secret")
		if tt.header != "" {
			r.Header.Set(tt.header, tt.value)
		}
		answer, err := client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != tt.want {
			t.Errorf("%s: %d, want %d", name, answer.StatusCode, tt.want)
		}
	}
}

func TestMetricsAreForThoseWhoAsk(t *testing.T) {
	t.Parallel()
	call(t, serve(t, proxy.Options{}), "GET", "/metrics", "", 404, nil)
}
