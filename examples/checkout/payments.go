package checkout

import (
	"errors"
	"net/http"
	"strings"
	"time"
)

// charge asks for money.
type charge struct {
	Order  string `json:"order"`
	Amount cents  `json:"amount"`
	// Quoted is what the customer was shown, for audits; absent means Amount.
	Quoted cents `json:"quoted,omitempty"`
	// Lines is the sum of the invoice's lines, for audits; absent means Amount.
	Lines cents `json:"lines,omitempty"`
	// IdempotencyKey makes repeating the charge harmless; absent means that
	// every call takes money.
	IdempotencyKey string `json:"idempotency_key,omitempty"`
}

// charged is the answer to a charge.
type charged struct {
	ID     string    `json:"id"`
	Order  string    `json:"order"`
	Amount cents     `json:"amount"`
	At     time.Time `json:"at"`
}

// newPayments serves POST /charge, how often an order was charged (GET
// /ledger/orders/{order}), and three audits of its ledger for invariants: GET
// /ledger/duplicates, GET /ledger/mismatches and GET /ledger/sums, all with an
// optional ?since= (RFC 3339).
func newPayments() http.Handler {
	book := newLedger(keptOrders)
	pace := &pace{min: 5 * time.Millisecond, max: 11 * time.Millisecond, seed: 4}
	mux := routes(healthy("payments"))
	mux.HandleFunc("POST /charge", pace.paced(func(w http.ResponseWriter, r *http.Request) {
		var c charge
		if err := readJSON(r.Body, &c); err != nil || c.Order == "" || c.Amount <= 0 {
			refuse(w, http.StatusBadRequest, "a charge needs an order and an amount above 0")
			return
		}
		// The money is taken even if the caller has left meanwhile. That makes a
		// retry without an idempotency key dangerous.
		done, repeated, err := book.charge(c, time.Now())
		switch {
		case errors.Is(err, errKeyReused):
			refuse(w, http.StatusUnprocessableEntity, "%v", err)
		case repeated:
			writeJSON(w, http.StatusOK, done)
		default:
			writeJSON(w, http.StatusCreated, done)
		}
	}))
	mux.HandleFunc("GET /ledger/orders/{order}", func(w http.ResponseWriter, r *http.Request) {
		writeJSON(w, http.StatusOK, map[string]int{"charges": book.chargesOf(r.PathValue("order"))})
	})
	mux.HandleFunc("GET /ledger/duplicates", audit(book.duplicates))
	mux.HandleFunc("GET /ledger/mismatches", audit(book.mismatches))
	mux.HandleFunc("GET /ledger/sums", audit(book.sums))
	return mux
}

// finding is the answer to an audit: how many orders break the rule, and which.
type finding struct {
	Count int      `json:"count"`
	Keys  []string `json:"keys"`
}

func audit(find func(since time.Time) []string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		since, err := parseInstant(r, "since")
		if err != nil {
			refuse(w, http.StatusBadRequest, "%v", err)
			return
		}
		keys := find(since)
		writeJSON(w, http.StatusOK, finding{Count: len(keys), Keys: keys})
	}
}

// parseInstant reads an RFC 3339 time from a query; absent is the zero time. A "+" that
// was not escaped arrives as a space, which no such time contains.
func parseInstant(r *http.Request, name string) (time.Time, error) {
	text := strings.ReplaceAll(r.URL.Query().Get(name), " ", "+")
	if text == "" {
		return time.Time{}, nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, errors.New(name + " must be a time such as 2026-03-05T14:03:00Z")
	}
	return at, nil
}
