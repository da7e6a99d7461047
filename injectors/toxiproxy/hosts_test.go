package toxiproxy_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/injectors/proxy"
	"github.com/blastgauge/blastgauge/injectors/toxiproxy"
)

// onBoth runs a test on a stock server and on one of ours.
func onBoth(t *testing.T, test func(t *testing.T, url string)) {
	t.Run("stock", func(t *testing.T) {
		t.Parallel()
		test(t, stockServer(t))
	})
	t.Run("ours", func(t *testing.T) {
		t.Parallel()
		s, err := proxy.Start(proxy.Options{Version: "1.0.0"})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		test(t, s.URL())
	})
}

// lead makes a proxy that leads somewhere, and returns where it listens.
func lead(t *testing.T, url, name, listen, upstream string) string {
	t.Helper()
	var p struct{ Listen string }
	body := fmt.Sprintf(`{"name":%q,"listen":%q,"upstream":%q,"enabled":true}`, name, listen, upstream)
	if err := json.Unmarshal(send(t, "POST", url+"/proxies", body), &p); err != nil {
		t.Fatal(err)
	}
	return p.Listen
}

// Where the proxies of a plan lead is held against the allowed hosts, also where only the
// server knows it: what is written in no document, what a proxy leads to by way of
// another, and where the requests of a run go in.
func TestWhereProxiesLead(t *testing.T) {
	t.Parallel()
	const outside = "192.0.2.7:5432" // of no network; nothing is sent there
	onBoth(t, func(t *testing.T, url string) {
		d := toxiproxy.New(toxiproxy.Options{URL: url})
		away := lead(t, url, "away", "127.0.0.1:0", outside)
		wide := lead(t, url, "wide", "0.0.0.0:0", outside)
		_, port, _ := strings.Cut(strings.TrimPrefix(wide, "["), "]")
		port = port[strings.LastIndexByte(port, ':')+1:]
		near := lead(t, url, "near", "127.0.0.1:0", "127.0.0.1:1")
		lead(t, url, "chain", "127.0.0.1:0", away)
		lead(t, url, "long", "127.0.0.1:0", lead(t, url, "link", "127.0.0.1:0", "localhost:"+port))
		lead(t, url, "fine", "127.0.0.1:0", near)
		lead(t, url, "named", "127.0.0.1:0", "db.example:5432")
		lead(t, url, "test", "127.0.0.1:0", "db.test:5432")
		lead(t, url, "here", "127.0.0.1:0", ":5432")
		for name, tt := range map[string]struct {
			proxy  string // of the fault
			system experiments.System
			says   string // empty: all is well
		}{
			"loopback":                   {proxy: "near"},
			"a chain to loopback":        {proxy: "fine"},
			"a name below test":          {proxy: "test"},
			"the server's own machine":   {proxy: "here"},
			"an address outside":         {proxy: "away", says: "proxy away leads to " + outside},
			"a name outside":             {proxy: "named", says: "allow_hosts: [db.example]"},
			"an address that is allowed": {proxy: "away", system: experiments.System{AllowHosts: []string{"192.0.2.0/24"}}},
			"a name that is allowed":     {proxy: "named", system: experiments.System{AllowHosts: []string{"*.example"}}},
			"a chain outside":            {proxy: "chain", says: "proxy chain leads to other proxies of this server, and proxy away leads to " + outside},
			"a long chain outside":       {proxy: "long", says: "proxy wide leads to " + outside},
			"a chain that is allowed":    {proxy: "long", system: experiments.System{AllowHosts: []string{"192.0.2.7"}}},
			"another dependency":         {proxy: "near", system: experiments.System{Dependencies: []experiments.Dependency{{Name: "db", Proxy: "away"}}}, says: "proxy away leads"},
			"a dependency that is not":   {proxy: "near", system: experiments.System{Dependencies: []experiments.Dependency{{Name: "db", Proxy: "nobody"}}}},
			"the entry":                  {proxy: "near", system: experiments.System{URL: "http://" + away + "/shop"}, says: "proxy away leads"},
			"the entry, by another name": {proxy: "near", system: experiments.System{ControlURL: "http://localhost:" + port}, says: "proxy wide leads"},
			"an entry that is no proxy":  {proxy: "near", system: experiments.System{URL: "http://127.0.0.1:1"}},
		} {
			t.Run(name, func(t *testing.T) {
				before := everything(t, url)
				p := planOf(latencyOn(tt.proxy, "1"))
				p.System = tt.system
				err := d.Preflight(t.Context(), p)
				if tt.says == "" && err != nil || tt.says != "" && (!errors.Is(err, toxiproxy.ErrRefused) || !strings.Contains(err.Error(), tt.says) || !strings.Contains(err.Error(), "allow_hosts: [")) {
					t.Errorf("Preflight() = %v, want %q", err, tt.says)
				}
				if after := everything(t, url); after != before {
					t.Errorf("Preflight() changed\n%s\nto\n%s", before, after)
				}
			})
		}
	})
}

// What two programs could read differently is refused, whatever the server says.
func TestUpstreamsThatCannotBeUnderstood(t *testing.T) {
	t.Parallel()
	for _, upstream := range []string{
		"", "127.0.0.1", "127.0.0.1?.evil.example:80", "127.0.0.1/@evil.example:80", "evil.example@127.0.0.1:80", "127.0.0.1#evil.example:80",
		`127.0.0.1\\evil.example:80`, "127.0.0.1 evil.example:80", `127.0.0.1\u0000:80`, `127.0.0.1\u202e:80`, "http://127.0.0.1/@evil.example:80", "http://evil.example?@127.0.0.1:80", "http://http://127.0.0.1:80",
		"loc\u0430lhost:80", "0x7f.1:80", "2130706433:80", "[::ffff:192.0.2.7]:80", "0.0.0.0:80",
	} {
		d, _ := served(t, toxiproxy.Options{}, func(w http.ResponseWriter, r *http.Request) {
			one := `{"name":"payments","enabled":true,"listen":"127.0.0.1:2","upstream":"` + upstream + `","toxics":[]}`
			switch r.URL.Path {
			case "/version":
				page(200, `{"version":"2.12.0"}`)(w, r)
			case "/proxies":
				page(200, `{"payments":`+one+`}`)(w, r)
			default:
				page(200, one)(w, r)
			}
		})
		if err := d.Preflight(t.Context(), planOf(latencyOn("payments", "1"))); !errors.Is(err, toxiproxy.ErrRefused) {
			t.Errorf("upstream %q: Preflight() = %v", upstream, err)
		} else if strings.ContainsAny(err.Error(), "\x00\u202e") {
			t.Errorf("upstream %q: %q", upstream, err)
		}
	}
}

// A list that leaves the proxy out proves nothing: the proxy itself says where it leads.
func TestAProxyThatTheListHides(t *testing.T) {
	t.Parallel()
	d, _ := served(t, toxiproxy.Options{}, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/version":
			page(200, `{"version":"2.12.0"}`)(w, r)
		case "/proxies":
			page(200, `{}`)(w, r)
		default:
			page(200, `{"name":"payments","enabled":true,"listen":"127.0.0.1:2","upstream":"192.0.2.7:80","toxics":[]}`)(w, r)
		}
	})
	if err := d.Preflight(t.Context(), planOf(latencyOn("payments", "1"))); !errors.Is(err, toxiproxy.ErrRefused) {
		t.Errorf("Preflight() = %v", err)
	}
}

// A proxy that leads elsewhere by the time of the injection carries no fault: the hosts
// that it leads to now were not checked.
func TestAProxyThatMovedIsNotFaulted(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, url string) {
		near := lead(t, url, "near", "127.0.0.1:0", "127.0.0.1:1")
		lead(t, url, "direct", "127.0.0.1:0", "127.0.0.1:1")
		lead(t, url, "chain", "127.0.0.1:0", near)
		lead(t, url, "other", "127.0.0.1:0", "127.0.0.1:1")
		for name, tt := range map[string]struct {
			fault, moved string
		}{
			"the proxy":            {"direct", "direct"},
			"one that it leads to": {"chain", "near"},
		} {
			for _, inject := range []string{"latency", "down"} {
				t.Run(name+"/"+inject, func(t *testing.T) {
					d := toxiproxy.New(toxiproxy.Options{URL: url})
					f := latencyOn(tt.fault, "1")
					if f.Inject = inject; inject == "down" {
						f.Attributes = nil
					}
					for _, p := range []*plan.Plan{planOf(f), planOf(latencyOn("other", "1"))} { // of two dependencies
						if err := d.Preflight(t.Context(), p); err != nil {
							t.Fatal(err)
						}
					}
					filled, err := d.Fill(t.Context(), planOf(f))
					if err != nil {
						t.Fatal(err)
					}
					was := struct{ Upstream string }{}
					if err := json.Unmarshal(send(t, "GET", url+"/proxies/"+tt.moved, ""), &was); err != nil {
						t.Fatal(err)
					}
					send(t, "POST", url+"/proxies/"+tt.moved, `{"upstream":"192.0.2.7:5432"}`)
					before := everything(t, url)
					for what, f := range map[string]plan.Fault{"as planned": f, "filled": filled.Experiments[0].Faults[0]} {
						err := d.Inject(t.Context(), f)
						if !errors.Is(err, toxiproxy.ErrRefused) || !strings.Contains(err.Error(), "leads to 192.0.2.7:5432 now") {
							t.Errorf("%s: Inject() = %v", what, err)
						}
					}
					if after := everything(t, url); after != before {
						t.Errorf("Inject() changed\n%s\nto\n%s", before, after)
					}
					send(t, "POST", url+"/proxies/"+tt.moved, `{"upstream":"`+was.Upstream+`"}`)
					if err := d.Inject(t.Context(), f); err != nil {
						t.Errorf("moved back: %v", err)
					}
					if err := d.Revert(t.Context(), f); err != nil {
						t.Error(err)
					}
				})
			}
		}
	})
}
