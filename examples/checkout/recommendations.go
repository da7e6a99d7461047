package checkout

import (
	"net/http"
	"time"
)

// related is the answer of recommendations: products often bought together.
type related struct {
	SKUs []string `json:"skus"`
}

// newRecommendations serves GET /for/{sku}.
func newRecommendations() http.Handler {
	products := assortment()
	bySKU := make(map[string]related, len(products))
	for i, p := range products {
		for next := 1; next <= 3; next++ {
			other := products[(i+next*5)%len(products)].SKU
			bySKU[p.SKU] = related{append(bySKU[p.SKU].SKUs, other)}
		}
	}
	pace := &pace{min: time.Millisecond, max: 3 * time.Millisecond, seed: 5}
	mux := routes(healthy("recommendations"))
	mux.HandleFunc("GET /for/{sku}", pace.paced(func(w http.ResponseWriter, r *http.Request) {
		answer, ok := bySKU[r.PathValue("sku")]
		if !ok {
			answer.SKUs = []string{}
		}
		writeJSON(w, http.StatusOK, answer)
	}))
	return mux
}
