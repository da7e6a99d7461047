package checkout

import (
	_ "embed"
	"net/http"
	"time"
)

// settingsDocument is what the config service serves, byte for byte.
//
//go:embed settings.json
var settingsDocument []byte

// settings is the document as pricing understands it. Everything is optional
// here, because what is missing must be seen as missing: a reader decides what
// that means.
type settings struct {
	Revision *int64  `json:"revision"` // grows with every change
	Currency *string `json:"currency"` // ISO 4217
	Tax      struct {
		Rate *ratio `json:"rate"` // 0.19 = 19 %
	} `json:"tax"`
	Price struct {
		Factor  *ratio `json:"factor"`  // list prices are multiplied by it
		Minimum *cents `json:"minimum"` // of one item, before tax
		Maximum *cents `json:"maximum"`
	} `json:"price"`
	Discounts []discount `json:"discounts"`
	Shipping  struct {
		PromiseDays *int64   `json:"promise_days"`
		Depots      []string `json:"depots"` // that parcels are sent from, host:port
	} `json:"shipping"`
	Flags struct {
		// NewTaxEngine is the percentage of quotes that the next tax engine
		// answers. It is not finished.
		NewTaxEngine *ratio `json:"new_tax_engine"`
	} `json:"flags"`
}

// discount takes percent off the products that sku selects: one, or "*" for
// all, to the end of a day. Every matching rule applies.
type discount struct {
	SKU     string `json:"sku"`
	Percent ratio  `json:"percent"`
	Until   string `json:"until"` // YYYY-MM-DD
}

// newSettings answers GET /settings.
func newSettings() http.Handler {
	pace := &pace{min: time.Millisecond, max: 3 * time.Millisecond, seed: 8}
	mux := routes(healthy("settings"))
	mux.HandleFunc("GET /settings", pace.paced(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(settingsDocument)
	}))
	return mux
}

// value is what a careless reader makes of a missing setting: zero.
func value[T any](p *T) T {
	if p == nil {
		return *new(T)
	}
	return *p
}
