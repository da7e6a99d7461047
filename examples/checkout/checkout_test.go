package checkout

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// A customer is an HTTP client of one storefront.
type customer struct {
	t    *testing.T
	url  string
	http *http.Client
}

// newCustomer gives up on an answer after patience.
func newCustomer(t *testing.T, url string, patience time.Duration) *customer {
	transport := &http.Transport{MaxIdleConnsPerHost: 64}
	t.Cleanup(transport.CloseIdleConnections)
	return &customer{t: t, url: url, http: &http.Client{Transport: transport, Timeout: patience}}
}

// hung stands for the status of a request without an answer.
const hung = 0

// patient is how long an answer may take that has to come. It is far more than it takes, so
// that a slow machine does not fail.
const patient = time.Minute

// checkoutThatHangs makes a checkout that is to hang at a step. A customer is patient for a
// moment only; where the machine is too slow for the steps before, another one is longer.
func checkoutThatHangs(t *testing.T, url, at string) (step string, status int) {
	t.Helper()
	for _, patience := range []time.Duration{200 * time.Millisecond, 2 * time.Second, 20 * time.Second} {
		_, step, status = newCustomer(t, url, patience).checkout(bySKUCard)
		if step == at || status != hung {
			break
		}
	}
	return step, status
}

// send returns the status, and decodes a 2xx answer into out. header pairs are
// name, value.
func (c *customer) send(method, path string, in, out any, header ...string) int {
	c.t.Helper()
	status, err := c.try(method, path, in, out, header...)
	if err != nil && status != hung {
		c.t.Errorf("%s %s: %v", method, path, err)
	}
	return status
}

func (c *customer) try(method, path string, in, out any, header ...string) (int, error) {
	var body io.Reader
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return hung, err
		}
		body = bytes.NewReader(text)
	}
	req, err := http.NewRequest(method, c.url+path, body)
	if err != nil {
		return hung, err
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return hung, err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return hung, err
	}
	if out != nil && resp.StatusCode/100 == 2 {
		if err := json.Unmarshal(text, out); err != nil {
			return resp.StatusCode, fmt.Errorf("%s: %w", text, err)
		}
	}
	return resp.StatusCode, nil
}

// checkout walks through the shop as far as it gets: "" and the receipt, or the
// step that did not work and its status.
func (c *customer) checkout(sku string) (receipt, string, int) {
	c.t.Helper()
	if status := c.send("GET", "/products", nil, nil); status != http.StatusOK {
		return receipt{}, "browse", status
	}
	if status := c.send("GET", "/products/"+sku, nil, nil); status != http.StatusOK {
		return receipt{}, "product", status
	}
	var f filled
	if status := c.send("POST", "/carts", line{sku, 1}, &f); status != http.StatusCreated {
		return receipt{}, "cart", status
	}
	var r receipt
	if status := c.send("POST", "/orders", purchase{Cart: f.ID}, &r); status != http.StatusCreated {
		return receipt{}, "pay", status
	}
	if r.Charged != f.Total {
		c.t.Errorf("charged %v, quoted %v", r.Charged, f.Total)
	}
	return r, "", http.StatusCreated
}

// works buys from a shop without a fault. On a busy machine the hardened build loses its
// patience with good dependencies, so it is tried again.
func (c *customer) works(sku string) (r receipt) {
	c.t.Helper()
	eventually(c.t, "a checkout without a fault", func() bool {
		var step string
		var status int
		r, step, status = c.checkout(sku)
		if step != "" && status < http.StatusBadGateway {
			c.t.Fatalf("without a fault stopped at %s with %d", step, status)
		}
		return step == ""
	})
	return r
}

const (
	bySKUCard    = "A-17"
	bySKUInvoice = "A-30"
)

// openShop starts a shop with a wire in front of each named dependency.
func openShop(t *testing.T, build string, wired ...string) (*System, map[string]*wire) {
	t.Helper()
	s, err := Start(t.Context(), Options{Storefront: build})
	if err != nil {
		t.Fatal(err)
	}
	wires := make(map[string]*wire)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close() = %v", err)
		}
	})
	proxied := make(map[string]string)
	for _, name := range wired {
		wires[name] = newWire(t, upstreamOf(t, s, name))
		proxied[name] = wires[name].address
	}
	if err := s.Open(t.Context(), proxied); err != nil {
		t.Fatal(err)
	}
	return s, wires
}

func upstreamOf(t *testing.T, s *System, name string) string {
	t.Helper()
	for _, d := range s.Dependencies() {
		if d.Name == name {
			return d.Upstream
		}
	}
	t.Fatalf("no dependency %q", name)
	return ""
}

// eventually waits for something that happens in the background.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patient)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-ctx.Done():
			t.Fatalf("%s: not within %s", what, patient)
		case <-tick.C:
		}
	}
}

func TestCheckoutWorks(t *testing.T) {
	t.Parallel()
	for _, build := range []string{Naive, Hardened} {
		t.Run(build, func(t *testing.T) {
			t.Parallel()
			names := make([]string, 0)
			for _, d := range directory() {
				names = append(names, d.name)
			}
			s, _ := openShop(t, build, names...)
			for route, url := range map[string]string{"fault": s.URL(), "control": s.ControlURL()} {
				c := newCustomer(t, url, patient)
				for _, p := range assortment()[:4] { // three by card, one on invoice
					r, step, status := c.checkout(p.SKU)
					if step != "" || r.Payment != p.Payment {
						t.Errorf("%s route, %s: stopped at %q with %d, paid by %q, want %q", route, p.SKU, step, status, r.Payment, p.Payment)
					}
				}
			}
			payments := newCustomer(t, upstreamOf(t, s, "payments"), patient)
			for _, audit := range []string{"/ledger/duplicates", "/ledger/mismatches"} {
				var f finding
				if payments.send("GET", audit, nil, &f); f.Count != 0 {
					t.Errorf("%s = %v, want none", audit, f)
				}
			}
		})
	}
}

// The text of the answers is what journeys are written against.
func TestAnswersAreAsDocumented(t *testing.T) {
	t.Parallel()
	s, _ := openShop(t, Naive)
	c := newCustomer(t, s.URL(), patient)
	var list struct {
		Products []map[string]json.RawMessage `json:"products"`
	}
	c.send("GET", "/products", nil, &list)
	if len(list.Products) != 16 || string(list.Products[0]["price"]) != "12.5" {
		t.Errorf("GET /products = %s", list.Products)
	}
	var shown map[string]json.RawMessage
	c.send("GET", "/products/A-17", nil, &shown)
	if string(shown["sku"]) != `"A-17"` || !strings.HasPrefix(string(shown["recommendations"]), `["`) {
		t.Errorf("GET /products/A-17 = %s", shown)
	}
	var f map[string]json.RawMessage
	if status := c.send("POST", "/carts", line{"A-17", 3}, &f); status != 201 || string(f["total"]) != "44.63" {
		t.Errorf("POST /carts = %d %s, want 201 and 3 × 12.50 + 19 %% = 44.625, rounded", status, f)
	}
	if _, err := time.Parse(`"2006-01-02"`, string(f["promise"])); err != nil {
		t.Error(err)
	}
	tests := map[string]struct {
		method, path string
		in           any
		want         int
	}{
		"health":           {"GET", "/health", nil, 200},
		"page":             {"GET", "/", nil, 200},
		"no page":          {"GET", "/other", nil, 404},
		"no such product":  {"GET", "/products/Z-99", nil, 404},
		"odd product":      {"GET", "/products/a%2Fb", nil, 404},
		"cart of nothing":  {"POST", "/carts", line{"A-17", 0}, 400},
		"cart of unknown":  {"POST", "/carts", line{"Z-99", 1}, 404},
		"order of no cart": {"POST", "/orders", purchase{Cart: "cart-none"}, 404},
		"order of nothing": {"POST", "/orders", nil, 400},
		"wrong method":     {"GET", "/orders", nil, 405},
		"too many":         {"POST", "/carts", line{"A-17", 1001}, 400},
	}
	for name, tt := range tests {
		if got := c.send(tt.method, tt.path, tt.in, nil); got != tt.want {
			t.Errorf("%s: %s %s = %d, want %d", name, tt.method, tt.path, got, tt.want)
		}
	}
}

func TestStorefrontWaitsForOpen(t *testing.T) {
	t.Parallel()
	s, err := Start(t.Context(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	for _, url := range []string{s.URL(), s.ControlURL()} {
		if got := newCustomer(t, url, patient).send("GET", "/products", nil, nil); got != 503 {
			t.Errorf("before Open: %d, want 503", got)
		}
	}
	pricing := newCustomer(t, upstreamOf(t, s, "pricing"), patient)
	if got := pricing.send("POST", "/quote", quoteRequest{"A-17", 1250, 1}, nil); got != 503 {
		t.Errorf("quote before Open: %d, want 503", got)
	}
	for name, proxied := range map[string]map[string]string{
		"unknown name": {"paymentz": "127.0.0.1:1"},
		"no port":      {"payments": "127.0.0.1"},
	} {
		if err := s.Open(t.Context(), proxied); err == nil {
			t.Errorf("%s: Open() = nil, want an error", name)
		}
	}
	if err := s.Open(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if err := s.Open(t.Context(), nil); err == nil {
		t.Error("second Open() = nil, want an error")
	}
	if _, step, status := newCustomer(t, s.URL(), patient).checkout(bySKUCard); step != "" {
		t.Errorf("direct checkout stopped at %s with %d", step, status)
	}
}

func TestStartRefusesWhatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]Options{
		"build": {Storefront: "sturdy"},
		"redis": {Redis: "http://user:secret@127.0.0.1"},
	} {
		if s, err := Start(t.Context(), o); err == nil {
			_ = s.Close()
			t.Errorf("%s: Start() = nil, want an error", name)
		} else if strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v shows a password", name, err)
		}
	}
}

// A Redis that is given is used, by both routes, and its password is not shown.
func TestGivenRedis(t *testing.T) {
	t.Parallel()
	given, err := embedRedis(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer given.close()
	given.mini.RequireUserAuth("shop", "secret")
	s, err := Start(t.Context(), Options{Redis: "redis://shop:secret@" + given.mini.Addr() + "/0"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	if got, want := upstreamOf(t, s, "carts"), "redis://"+given.mini.Addr(); got != want {
		t.Errorf("upstream of carts = %s, want %s", got, want)
	}
	if err := s.Open(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	for _, url := range []string{s.URL(), s.ControlURL()} {
		if _, step, status := newCustomer(t, url, patient).checkout(bySKUCard); step != "" {
			t.Errorf("stopped at %s with %d", step, status)
		}
	}
	if got := len(given.mini.Keys()); got != 2 {
		t.Errorf("%d carts in the given Redis, want 2", got)
	}
}
