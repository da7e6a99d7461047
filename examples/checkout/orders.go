package checkout

import (
	"net/http"
	"time"
)

// order is what the shop remembers of a completed checkout.
type order struct {
	ID       string `json:"id"`
	SKU      string `json:"sku"`
	Quantity int64  `json:"quantity"`
	Total    cents  `json:"total"`
	Payment  string `json:"payment"` // "card", "invoice" or "deferred"
}

// keptOrders is how many orders the in-memory services remember.
const keptOrders = 200_000

// newOrders answers PUT /orders/{id} (the first one wins, so that repeating it
// is safe) and GET /orders/{id}.
func newOrders() http.Handler {
	kept := newRecent[order](keptOrders)
	pace := &pace{min: time.Millisecond, max: 3 * time.Millisecond, seed: 3}
	mux := routes(healthy("orders"))
	mux.HandleFunc("PUT /orders/{id}", pace.paced(func(w http.ResponseWriter, r *http.Request) {
		var o order
		if err := readJSON(r.Body, &o); err != nil || o.ID != r.PathValue("id") || o.SKU == "" {
			refuse(w, http.StatusBadRequest, "an order needs sku and the id of its address")
			return
		}
		stored, known := kept.add(o.ID, o)
		if known {
			writeJSON(w, http.StatusOK, stored)
			return
		}
		writeJSON(w, http.StatusCreated, stored)
	}))
	mux.HandleFunc("GET /orders/{id}", pace.paced(func(w http.ResponseWriter, r *http.Request) {
		o, ok := kept.get(r.PathValue("id"))
		if !ok {
			refuse(w, http.StatusNotFound, "no order %q", r.PathValue("id"))
			return
		}
		writeJSON(w, http.StatusOK, o)
	}))
	return mux
}
