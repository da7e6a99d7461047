package proxy_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/Shopify/toxiproxy/v2/client"

	"github.com/blastgauge/blastgauge/injectors/badconfig"
	"github.com/blastgauge/blastgauge/injectors/proxy"
)

// Any Toxiproxy client can make config bad, change how, and read who got it.
func TestBadConfigThroughTheOfficialClient(t *testing.T) {
	t.Parallel()
	const good = `{"price": {"factor": 1.5}, "tax": {"rate": 0.2}}`
	shop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, good) }))
	t.Cleanup(shop.Close)
	s := serve(t, proxy.Options{})
	address := route(t, s, "settings", shop.URL)
	p, err := toxiproxy.NewClient(strings.TrimPrefix(s.URL(), "http://")).Proxy("settings")
	if err != nil {
		t.Fatal(err)
	}
	get := func() string {
		t.Helper()
		res, err := customer(t).Get("http://" + address + "/settings")
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(body)
	}
	if _, err := p.AddToxic("bad", "http_config", "", 1, toxiproxy.Attributes{"scale": map[string]any{"path": "/price/factor", "by": 100}}); err != nil {
		t.Fatal(err)
	}
	scaled := `{"price": {"factor": 150.0}, "tax": {"rate": 0.2}}`
	if got := get(); got != scaled {
		t.Errorf("scaled: %s", got)
	}
	if _, err := p.UpdateToxic("bad", 1, toxiproxy.Attributes{"scale": nil, "drop": map[string]any{"path": "/tax/rate", "as": "null"}}); err != nil {
		t.Fatal(err)
	}
	dropped := `{"price": {"factor": 1.5}, "tax": {"rate": null}}`
	if got := get(); got != dropped {
		t.Errorf("dropped: %s", got)
	}
	if _, err := p.UpdateToxic("bad", 1, toxiproxy.Attributes{"flip": map[string]any{}}); err == nil || !strings.Contains(err.Error(), "http_config is one operator, not drop and flip") {
		t.Errorf("two operators: %v", err)
	}
	var v struct {
		Ours struct {
			Met, Of   int64
			Documents []struct {
				Name, Before, After string
				Fetched             int64
				By                  map[string]int64
			}
		} `json:"blastgauge"`
	}
	call(t, s, "GET", "/proxies/settings/toxics/bad", "", 200, &v)
	want := []string{scaled, dropped}
	if v.Ours.Met != 2 || v.Ours.Of != 2 || len(v.Ours.Documents) != len(want) {
		t.Fatalf("GET shows %+v", v.Ours)
	}
	for i, d := range v.Ours.Documents {
		if d.Name != "/settings" || d.Before != badconfig.Digest([]byte(good)) || d.After != badconfig.Digest([]byte(want[i])) || d.Fetched != 1 || len(d.By) != 1 {
			text, _ := json.Marshal(d)
			t.Errorf("document %d: %s", i, text)
		}
	}
	if err := p.RemoveToxic("bad"); err != nil {
		t.Fatal(err)
	}
	if got := get(); got != good {
		t.Errorf("and then %s", got)
	}
}
