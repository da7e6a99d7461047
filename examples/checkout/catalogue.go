package checkout

import (
	"encoding/json"
	"net/http"
	"time"
)

// product is one article of the shop.
type product struct {
	SKU     string `json:"sku"`
	Name    string `json:"name"`
	Price   cents  `json:"price"`   // list price of one, without tax
	Payment string `json:"payment"` // "card" or "invoice"

	// Label is the range of the price of one, with tax and discounts. A total outside it
	// is wrong.
	Label *priceRange `json:"label,omitempty"`
}

type priceRange struct {
	From cents `json:"from"`
	To   cents `json:"to"`
}

const (
	payByCard    = "card"
	payByInvoice = "invoice"
)

// assortment is everything the shop sells. Three of four products are paid by
// card: losing payments harms a share of the checkouts, not all of them.
func assortment() []product {
	return []product{
		{"A-17", "Enamel mug, midnight", 1250, payByCard, nil},
		{"A-18", "Enamel mug, cream", 1250, payByCard, nil},
		{"A-21", "Pour-over kettle", 6490, payByCard, nil},
		{"A-30", "Espresso machine", 38900, payByInvoice, nil},
		{"B-04", "Linen apron", 3420, payByCard, nil},
		{"B-07", "Oven gloves", 1995, payByCard, nil},
		{"B-09", "Bread knife", 4999, payByCard, nil},
		{"B-12", "Butcher's block", 21900, payByInvoice, nil},
		{"C-02", "Reading lamp", 7950, payByCard, nil},
		{"C-05", "Wool blanket", 8900, payByCard, nil},
		{"C-08", "Wall clock", 4275, payByCard, nil},
		{"C-11", "Armchair", 54900, payByInvoice, nil},
		{"D-01", "Garden shears", 2999, payByCard, nil},
		{"D-03", "Watering can", 2749, payByCard, nil},
		{"D-06", "Seed collection", 1399, payByCard, nil},
		{"D-10", "Greenhouse", 79900, payByInvoice, nil},
	}
}

// newCatalogue serves GET /products and GET /products/{sku}.
func newCatalogue() http.Handler {
	products := labelled(assortment(), time.Now())
	bySKU := make(map[string]product, len(products))
	for _, p := range products {
		bySKU[p.SKU] = p
	}
	pace := &pace{min: time.Millisecond, max: 3 * time.Millisecond, seed: 1}
	mux := routes(healthy("catalogue"))
	mux.HandleFunc("GET /products", pace.paced(func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, productList{products})
	}))
	mux.HandleFunc("GET /products/{sku}", pace.paced(func(w http.ResponseWriter, r *http.Request) {
		p, ok := bySKU[r.PathValue("sku")]
		if !ok {
			refuse(w, http.StatusNotFound, "no product %q", r.PathValue("sku"))
			return
		}
		writeJSON(w, http.StatusOK, p)
	}))
	return mux
}

// labelled adds price labels, for the settings that are built in. A price within 8 % of
// them is still correct.
func labelled(products []product, now time.Time) []product {
	var printed settings
	if json.Unmarshal(settingsDocument, &printed) != nil {
		return products // the document is part of the program, and tested
	}
	for i, p := range products {
		q, err := printed.price(quoteRequest{SKU: p.SKU, Price: p.Price, Quantity: 1}, now, false)
		from, err1 := q.Total.times(92, 100)
		to, err2 := q.Total.times(108, 100)
		if err == nil && err1 == nil && err2 == nil {
			products[i].Label = &priceRange{from, to}
		}
	}
	return products
}

type productList struct {
	Products []product `json:"products"`
}
