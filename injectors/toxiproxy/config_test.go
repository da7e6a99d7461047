package toxiproxy_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/loopback"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/injectors"
	"github.com/blastgauge/blastgauge/injectors/proxy"
	"github.com/blastgauge/blastgauge/injectors/toxiproxy"
)

// A candidate is sent with its text, proven by the client that fetches it, and reverted.
// Its text is in no evidence, also when another client changed it on the server.
func TestACandidateIsServedAndTakenBack(t *testing.T) {
	t.Parallel()
	settings := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `{"good": 1}`) }))
	defer settings.Close()
	server, err := proxy.Start(proxy.Options{Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	free, err := loopback.Reserve(1)
	if err != nil {
		t.Fatal(err)
	}
	defer free.Close()
	address := free.Addresses()[0]
	if err := server.Populate(fmt.Appendf(nil, `[{"name":"settings","listen":%q,"upstream":%q,"enabled":true}]`, address, settings.URL)); err != nil {
		t.Fatal(err)
	}
	fetch := func() string {
		t.Helper()
		resp, err := http.Get("http://" + address + "/s?key=unspeakable")
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(body)
	}
	d := toxiproxy.New(toxiproxy.Options{URL: server.URL()})
	f := plan.Fault{Name: "blastgauge.run.1", Proxy: "settings", Seed: 1 << 52, Fault: experiments.Fault{
		Inject: "http_config", Into: "settings", Share: 1, Body: `{"secret": "unspeakable"}`,
		Attributes: injectors.Attributes{"candidate": map[string]any{"file": "next.json"}, "flap": 60.0},
	}}
	if err := d.Inject(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	if got := fetch(); got != f.Body {
		t.Errorf("the candidate is %s", got)
	}
	e, err := d.Check(t.Context(), f)
	if err != nil || !e.Present || e.Met != 1 || len(e.Documents) != 1 || e.Documents[0].Name != "/s" || e.Documents[0].Fetched != 1 {
		t.Errorf("Check() = %+v, %v", e, err)
	}
	changed, err := http.NewRequestWithContext(t.Context(), "PATCH", server.URL()+"/proxies/settings/toxics/"+f.Name,
		strings.NewReader(`{"attributes":{"candidate":{"body":"{\"secret\": \"other\"}"}}}`))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(changed)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatal(resp, err)
	}
	resp.Body.Close()
	seen, err := d.Check(t.Context(), f)
	if err != nil || seen.Present || !strings.Contains(seen.Detail, "its candidate is not the one that was asked for") {
		t.Errorf("somebody changed it: Check() = %+v, %v", seen, err)
	}
	if text := fmt.Sprintf("%+v %+v", e, seen); strings.Contains(text, "unspeakable") || strings.Contains(text, "secret") {
		t.Errorf("the evidence tells what the document says: %s", text)
	}
	if err := d.Revert(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	if got := fetch(); got != `{"good": 1}` {
		t.Errorf("and then it is %s", got)
	}
}
