package checkout

import (
	"net/http"
	"time"
)

// newReviews serves GET /for/{sku}, which the shop never calls: an experiment on it must
// report that the fault met no traffic, and never that the hypothesis held.
func newReviews() http.Handler {
	pace := &pace{min: time.Millisecond, max: 3 * time.Millisecond, seed: 7}
	mux := routes(healthy("reviews"))
	mux.HandleFunc("GET /for/{sku}", pace.paced(func(w http.ResponseWriter, r *http.Request) {
		writeJSON(w, http.StatusOK, map[string]any{"sku": r.PathValue("sku"), "stars": 4.5, "count": 128})
	}))
	return mux
}
