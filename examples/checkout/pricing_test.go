package checkout

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func readSettings(t *testing.T, document string) settings {
	t.Helper()
	var s settings
	if err := json.Unmarshal([]byte(document), &s); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestPrice(t *testing.T) {
	t.Parallel()
	good := string(settingsDocument)
	tests := map[string]struct {
		old, new  string // one edit of the document
		sku       string
		quantity  int64
		newEngine bool
		want      cents
		promise   string
	}{
		"list price and tax":      {"", "", "A-17", 1, false, 1488, "2026-03-08"},
		"several":                 {"", "", "A-17", 4, false, 5950, "2026-03-08"},
		"discount":                {"", "", "B-04", 1, false, 1339, "2026-03-08"},
		"factor":                  {`"factor": 1`, `"factor": 0.1`, "A-17", 1, false, 149, "2026-03-08"},
		"no tax rate is believed": {`"rate": 0.19`, `"rate": null`, "A-17", 1, false, 1250, "2026-03-08"},
		"no factor is believed":   {`"factor": 1`, `"factor": null`, "A-17", 2, false, 119, "2026-03-08"},
		"discount for all":        {`"sku": "B-04"`, `"sku": "*"`, "A-17", 1, false, 1339, "2026-03-08"},
		"discount applied twice":  {`"sku": "C-08"`, `"sku": "B-04"`, "B-04", 1, false, 1071, "2026-03-08"},
		"delivery in a year":      {`"promise_days": 3`, `"promise_days": 365`, "A-17", 1, false, 1488, "2027-03-05"},
		"delivery never":          {`"promise_days": 3`, `"promise_days": 99999999999`, "A-17", 1, false, 1488, "3395-02-16"},
		"discount over":           {`"until": "2099-12-31"`, `"until": "2026-03-04"`, "B-04", 1, false, 1488, "2026-03-08"},
		"discount's last day":     {`"until": "2099-12-31"`, `"until": "2026-03-05"`, "B-04", 1, false, 1339, "2026-03-08"},
		"minimum of maximum":      {`"minimum": 0.5`, `"minimum": 3000`, "A-17", 1, false, 357000, "2026-03-08"},
		"no depots":               {`["depot-1.shop.test:7001", "depot-2.shop.test:7001"]`, `[]`, "A-17", 1, false, 1488, "2026-03-05"},
		"tax on tax":              {"", "", "A-17", 1, true, 1771, "2026-03-08"},
	}
	for name, tt := range tests {
		document := strings.Replace(good, tt.old, tt.new, 1)
		if tt.old != "" && document == good {
			t.Fatalf("%s: %s is not in the document", name, tt.old)
		}
		s := readSettings(t, document)
		got, err := s.price(quoteRequest{tt.sku, 1250, tt.quantity}, time.Date(2026, 3, 5, 23, 0, 0, 0, time.UTC), tt.newEngine)
		if err != nil || got.Total != tt.want || got.Promise != tt.promise {
			t.Errorf("%s: %v %s, %v, want %v %s", name, got.Total, got.Promise, err, tt.want, tt.promise)
		}
	}
}

// Every way in which config goes wrong in public: refused beside the last good
// document, and, unless only the comparison shows it, on its own.
func TestPlausible(t *testing.T) {
	t.Parallel()
	good := string(settingsDocument)
	tests := map[string]struct {
		old, new    string
		alone, next bool // accepted without and with a last good document
	}{
		"unchanged":           {"", "", true, true},
		"newer":               {"131", "132", true, true},
		"stale":               {"131", "118", true, false},
		"no revision":         {"131", "null", false, false},
		"tax gone":            {`"rate": 0.19`, `"rate": null`, false, false},
		"tax of nothing":      {`"rate": 0.19`, `"rate": 0`, false, false},
		"tax in percent":      {`"rate": 0.19`, `"rate": 19`, false, false},
		"tax doubled":         {`"rate": 0.19`, `"rate": 0.38`, true, false},
		"tax raised":          {`"rate": 0.19`, `"rate": 0.21`, true, true},
		"prices in cents":     {`"factor": 1`, `"factor": 100`, false, false},
		"prices halved":       {`"factor": 1`, `"factor": 0.5`, true, false},
		"prices raised":       {`"factor": 1`, `"factor": 1.1`, true, true},
		"no minimum":          {`"minimum": 0.5`, `"minimum": 0`, false, false},
		"another currency":    {"EUR", "DKK", true, false},
		"blank currency":      {"EUR", "", false, false},
		"renamed":             {"promise_days", "promiseDays", false, false},
		"promise of hours":    {`"promise_days": 3`, `"promise_days": 72`, false, false},
		"promise moves a lot": {`"promise_days": 3`, `"promise_days": 20`, true, false},
		"discount for all":    {`"sku": "B-04"`, `"sku": "*"`, false, false},
		"discount for nobody": {`"sku": "B-04"`, `"sku": ""`, false, false},
		"discount twice":      {`"sku": "B-04"`, `"sku": "C-08"`, false, false},
		"discount of all":     {`"percent": 10`, `"percent": 100`, false, false},
		"discount over":       {`"until": "2099-12-31"`, `"until": "2026-01-01"`, true, false},
		"minimum of maximum":  {`"maximum": 2000`, `"maximum": 0.1`, false, false},
		"no depots":           {`["depot-1.shop.test:7001", "depot-2.shop.test:7001"]`, `[]`, false, false},
		"flag for all":        {`"new_tax_engine": 0`, `"new_tax_engine": 100`, true, false},
		"flag for some":       {`"new_tax_engine": 0`, `"new_tax_engine": 5`, true, true},
	}
	last := readSettings(t, good)
	for name, tt := range tests {
		document := strings.Replace(good, tt.old, tt.new, 1)
		if tt.old != "" && document == good {
			t.Fatalf("%s: %s is not in the document", name, tt.old)
		}
		s := readSettings(t, document)
		if err := plausible(&s, nil); (err == nil) != tt.alone {
			t.Errorf("%s, alone: %v, want accepted = %v", name, err, tt.alone)
		}
		if err := plausible(&s, &last); (err == nil) != tt.next {
			t.Errorf("%s, after the good one: %v, want accepted = %v", name, err, tt.next)
		}
	}
	empty := readSettings(t, strings.Replace(good, `{"sku": "B-04", "percent": 10, "until": "2099-12-31"},
    {"sku": "C-08", "percent": 20, "until": "2099-12-31"}`, "", 1))
	if err := plausible(&empty, &last); err == nil || len(empty.Discounts) != 0 {
		t.Errorf("all discounts gone: %v, want an error", err)
	}
}

// The hardened build keeps the last good settings whatever is served; the naive
// one believes or fails.
func TestBadSettings(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		document string
		naive    outcome
		total    cents // what a naive cart costs
	}{
		"truncated":  {string(settingsDocument[:100]), outcome{"cart", 502}, 0},
		"wrong type": {strings.Replace(string(settingsDocument), "0.19", `"0,19"`, 1), outcome{"cart", 502}, 0},
		"empty":      {"{}", outcome{"cart", 201}, 0},
		"tax x10":    {strings.Replace(string(settingsDocument), "0.19", "1.9", 1), outcome{"cart", 201}, 3625},
	}
	good := outcome{"cart", 201}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			naive, config := openWithSettings(t, Naive)
			config.Store(&tt.document)
			expectCart(t, "naive, fault", naive.URL(), tt.naive, tt.total)
			expectCart(t, "naive, control", naive.ControlURL(), good, 1488)
			hardened, config := openWithSettings(t, Hardened)
			config.Store(&tt.document)
			expectCart(t, "hardened, fault", hardened.URL(), good, 1488)
			expectCart(t, "hardened, control", hardened.ControlURL(), good, 1488)
		})
	}
}

// openWithSettings opens a shop whose fault route reads the returned document.
func openWithSettings(t *testing.T, build string) (*System, *atomic.Pointer[string]) {
	t.Helper()
	served := new(atomic.Pointer[string])
	served.Store(new(string(settingsDocument)))
	config := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(*served.Load()))
	}))
	t.Cleanup(config.Close)
	s, err := Start(t.Context(), Options{Storefront: build})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	if err := s.Open(t.Context(), map[string]string{"settings": config.Listener.Addr().String()}); err != nil {
		t.Fatal(err)
	}
	return s, served
}

func expectCart(t *testing.T, who, url string, want outcome, total cents) {
	t.Helper()
	var f filled
	got := outcome{step: "cart"}
	for range 10 {
		f = filled{}
		got.status = newCustomer(t, url, patient).send("POST", "/carts", line{"A-17", 1}, &f)
		if got == want || strings.HasPrefix(who, Naive) {
			break
		}
		time.Sleep(300 * time.Millisecond) // the hardened build loses its patience on a machine that stands still
	}
	if got != want || f.Total != total {
		t.Errorf("%s: %v for %v, want %v for %v", who, got, f.Total, want, total)
	}
}

// Baggage reaches every dependency, also the one behind pricing.
func TestBaggageIsCarriedOn(t *testing.T) {
	t.Parallel()
	for _, build := range []string{Naive, Hardened} {
		saw := make(chan string, 100)
		config := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			saw <- r.Header.Get("Baggage")
			_, _ = w.Write(settingsDocument)
		}))
		defer config.Close()
		s, err := Start(t.Context(), Options{Storefront: build})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = s.Close() }()
		if err := s.Open(t.Context(), map[string]string{"settings": config.Listener.Addr().String()}); err != nil {
			t.Fatal(err)
		}
		if build == Hardened {
			<-saw // the first reading, on nobody's behalf
		}
		c := newCustomer(t, s.URL(), patient)
		if status := c.send("POST", "/carts", line{"A-17", 1}, nil, "Baggage", "blastgauge.arm=fault,user=7"); status != 201 {
			t.Fatalf("%s: %d", build, status)
		}
		if got := <-saw; got != "blastgauge.arm=fault,user=7" {
			t.Errorf("%s: baggage %q reached settings", build, got)
		}
	}
}

func FuzzSettings(f *testing.F) {
	f.Add(settingsDocument)
	f.Add([]byte(`{"tax":null,"price":{"factor":1e300}}`))
	f.Add([]byte(`{"discounts":[{"sku":"*","percent":-1e8}],"price":{"factor":-3,"minimum":-1}}`))
	f.Fuzz(func(t *testing.T, document []byte) {
		var s settings
		if json.Unmarshal(document, &s) != nil {
			return
		}
		q, err := s.price(quoteRequest{"A-17", 1250, 1000}, time.Unix(0, 0), true)
		if err == nil && (q.Total > 10*maxAmount || q.Total < -10*maxAmount) {
			t.Fatalf("total %v", q.Total)
		}
		if plausible(&s, nil) == nil && (err != nil || q.Total <= 0) {
			t.Fatalf("plausible settings give %v, %v", q.Total, err)
		}
	})
}
