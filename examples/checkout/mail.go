package checkout

import (
	"net/http"
	"time"
)

// message is a mail to a customer.
type message struct {
	Order string `json:"order"`
	Text  string `json:"text"`
}

// newMail serves POST /messages (the first message of an order is sent, a
// repeated one is not) and GET /messages/{order}.
func newMail() http.Handler {
	sent := newRecent[message](keptOrders)
	pace := &pace{min: time.Millisecond, max: 3 * time.Millisecond, seed: 6}
	mux := routes(healthy("mail"))
	mux.HandleFunc("POST /messages", pace.paced(func(w http.ResponseWriter, r *http.Request) {
		var m message
		if err := readJSON(r.Body, &m); err != nil || m.Order == "" {
			refuse(w, http.StatusBadRequest, "a message needs an order")
			return
		}
		sent.add(m.Order, m)
		writeJSON(w, http.StatusAccepted, map[string]string{"status": "queued"})
	}))
	mux.HandleFunc("GET /messages/{order}", func(w http.ResponseWriter, r *http.Request) {
		m, ok := sent.get(r.PathValue("order"))
		if !ok {
			refuse(w, http.StatusNotFound, "no message about %q", r.PathValue("order"))
			return
		}
		writeJSON(w, http.StatusOK, m)
	})
	return mux
}
