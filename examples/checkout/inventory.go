package checkout

import (
	"net/http"
	"sync"
	"time"
)

// reservation takes goods out of stock for one order.
type reservation struct {
	Order    string `json:"order"`
	SKU      string `json:"sku"`
	Quantity int64  `json:"quantity"`
}

// inventory counts goods in memory. The warehouse is large: the demo is about
// faults, not about selling out.
type inventory struct {
	mu       sync.Mutex
	stock    map[string]int64
	reserved *recent[reservation] // by order: a repeated call takes nothing twice
}

const initialStock = 1_000_000_000

// newInventory serves POST /reservations and GET /stock/{sku}.
func newInventory() http.Handler {
	inv := &inventory{stock: make(map[string]int64), reserved: newRecent[reservation](keptOrders)}
	for _, p := range assortment() {
		inv.stock[p.SKU] = initialStock
	}
	pace := &pace{min: time.Millisecond, max: 3 * time.Millisecond, seed: 2}
	mux := routes(healthy("inventory"))
	mux.HandleFunc("POST /reservations", pace.paced(inv.reserve))
	mux.HandleFunc("GET /stock/{sku}", pace.paced(inv.show))
	return mux
}

func (inv *inventory) reserve(w http.ResponseWriter, r *http.Request) {
	var res reservation
	if err := readJSON(r.Body, &res); err != nil || res.Order == "" || res.Quantity < 1 {
		refuse(w, http.StatusBadRequest, "a reservation needs order, sku and a quantity of at least 1")
		return
	}
	inv.mu.Lock()
	defer inv.mu.Unlock()
	left, ok := inv.stock[res.SKU]
	if !ok || left < res.Quantity {
		refuse(w, http.StatusConflict, "%d of %q are not in stock", res.Quantity, res.SKU)
		return
	}
	stored, known := inv.reserved.add(res.Order, res)
	if known {
		writeJSON(w, http.StatusOK, stored)
		return
	}
	inv.stock[res.SKU] -= res.Quantity
	writeJSON(w, http.StatusCreated, stored)
}

func (inv *inventory) show(w http.ResponseWriter, r *http.Request) {
	inv.mu.Lock()
	left, ok := inv.stock[r.PathValue("sku")]
	inv.mu.Unlock()
	if !ok {
		refuse(w, http.StatusNotFound, "no stock of %q", r.PathValue("sku"))
		return
	}
	writeJSON(w, http.StatusOK, map[string]int64{"quantity": left})
}
