package checkout

import (
	"net/http"
	"time"
)

// product is what the shop sells.
type product struct {
	SKU     string `json:"sku"`
	Name    string `json:"name"`
	Price   cents  `json:"price"`   // list price of one, without tax
	Payment string `json:"payment"` // "card" or "invoice"
}

const (
	payByCard    = "card"
	payByInvoice = "invoice"
)

// assortment is everything the shop sells. Three of four products are paid by
// card: losing payments harms a share of the checkouts, not all of them.
func assortment() []product {
	return []product{
		{"A-17", "Enamel mug, midnight", 1250, payByCard},
		{"A-18", "Enamel mug, cream", 1250, payByCard},
		{"A-21", "Pour-over kettle", 6490, payByCard},
		{"A-30", "Espresso machine", 38900, payByInvoice},
		{"B-04", "Linen apron", 3420, payByCard},
		{"B-07", "Oven gloves", 1995, payByCard},
		{"B-09", "Bread knife", 4999, payByCard},
		{"B-12", "Butcher's block", 21900, payByInvoice},
		{"C-02", "Reading lamp", 7950, payByCard},
		{"C-05", "Wool blanket", 8900, payByCard},
		{"C-08", "Wall clock", 4275, payByCard},
		{"C-11", "Armchair", 54900, payByInvoice},
		{"D-01", "Garden shears", 2999, payByCard},
		{"D-03", "Watering can", 2749, payByCard},
		{"D-06", "Seed collection", 1399, payByCard},
		{"D-10", "Greenhouse", 79900, payByInvoice},
	}
}

// newCatalogue answers GET /products and GET /products/{sku}.
func newCatalogue() http.Handler {
	products := assortment()
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

type productList struct {
	Products []product `json:"products"`
}
