package checkout

import (
	_ "embed"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"time"
)

// settingsDocument is what the config service serves, byte for byte, unless it is
// given a file.
//
//go:embed settings.json
var settingsDocument []byte

// settingsFile makes the config service serve a file. It is read for every request, so
// a change takes effect at once. A missing file is created.
func settingsFile(file string) (read func() ([]byte, error), err error) {
	_, err = os.Stat(file)
	if errors.Is(err, fs.ErrNotExist) {
		err = os.WriteFile(file, settingsDocument, 0o644)
	}
	return func() ([]byte, error) { return os.ReadFile(file) }, err
}

func settingsBuiltIn() ([]byte, error) { return settingsDocument, nil }

// settings is the document as pricing understands it. Everything is optional, so that a
// reader can tell a missing value from zero and decide what to do.
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

// newSettings serves GET /settings.
func newSettings(read func() ([]byte, error)) http.Handler {
	pace := &pace{min: time.Millisecond, max: 3 * time.Millisecond, seed: 8}
	mux := routes(healthy("settings"))
	mux.HandleFunc("GET /settings", pace.paced(func(w http.ResponseWriter, _ *http.Request) {
		document, err := read()
		if err != nil {
			refuse(w, http.StatusInternalServerError, "settings: %v", err)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(document)
	}))
	return mux
}

// value reads a setting as a careless reader does: a missing one is zero.
func value[T any](p *T) T {
	if p == nil {
		return *new(T)
	}
	return *p
}
