package checkout

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/blastgauge/blastgauge/experiments/loopback"
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

// An orderStore is where orders are kept. It is called concurrently.
type orderStore interface {
	// put stores o. It returns what is stored and whether that was there before.
	put(ctx context.Context, o order) (kept order, known bool, err error)
	// get returns errNoOrder for an id that is not known.
	get(ctx context.Context, id string) (order, error)
	// duplicates lists the ids that were stored again at or after since, sorted.
	duplicates(ctx context.Context, since time.Time) ([]string, error)
	close() error
}

var (
	errNoOrder  = errors.New("no such order")
	errDeferred = errors.New("accepted, and written later")
)

// orders is the service that keeps orders. There is one for each route, so that
// a fault between one of them and its database cannot reach the other.
type orders struct {
	server *server
	pace   *pace
	store  atomic.Pointer[orderStore]
	end    context.CancelFunc
	work   sync.WaitGroup
}

// newOrders listens at once, so that a proxy can be put in front of it, but answers 503
// before connect. It serves PUT /orders/{id}, GET /orders/{id}, and an audit for
// invariants: GET /orders/duplicates with an optional ?since= (RFC 3339).
func newOrders(ctx context.Context, log *slog.Logger) (*orders, error) {
	l, err := loopback.Listen(ctx)
	if err != nil {
		return nil, err
	}
	s := &orders{pace: &pace{min: time.Millisecond, max: 3 * time.Millisecond, seed: 3}, end: func() {}}
	mux := routes(healthy("orders"))
	mux.HandleFunc("PUT /orders/{id}", s.pace.paced(s.put))
	mux.HandleFunc("GET /orders/{id}", s.pace.paced(s.get))
	mux.HandleFunc("GET /orders/duplicates", s.duplicates)
	s.server = serve(l, mux, log)
	return s, nil
}

// connect gives the service its store.
func (s *orders) connect(store orderStore) {
	life, end := context.WithCancel(context.Background())
	s.end = end
	if w, ok := store.(worker); ok {
		s.work.Go(func() { w.work(life) })
	}
	s.store.Store(&store)
}

// open returns the store. Before connect it answers 503 and returns false.
func (s *orders) open(w http.ResponseWriter) (orderStore, bool) {
	store := s.store.Load()
	if store == nil {
		refuse(w, http.StatusServiceUnavailable, "orders is not open yet")
		return nil, false
	}
	return *store, true
}

func (s *orders) put(w http.ResponseWriter, r *http.Request) {
	var o order
	if err := readJSON(r.Body, &o); err != nil || o.ID != r.PathValue("id") || o.SKU == "" {
		refuse(w, http.StatusBadRequest, "an order needs sku and the id of its address")
		return
	}
	store, ok := s.open(w)
	if !ok {
		return
	}
	kept, known, err := store.put(r.Context(), o)
	switch {
	case errors.Is(err, errDeferred):
		writeJSON(w, http.StatusAccepted, o)
	case err != nil:
		writeFailure(w, err)
	case known:
		writeJSON(w, http.StatusOK, kept)
	default:
		writeJSON(w, http.StatusCreated, kept)
	}
}

func (s *orders) get(w http.ResponseWriter, r *http.Request) {
	store, ok := s.open(w)
	if !ok {
		return
	}
	o, err := store.get(r.Context(), r.PathValue("id"))
	switch {
	case errors.Is(err, errNoOrder):
		refuse(w, http.StatusNotFound, "no order %q", r.PathValue("id"))
	case err != nil:
		writeFailure(w, err)
	default:
		writeJSON(w, http.StatusOK, o)
	}
}

func (s *orders) duplicates(w http.ResponseWriter, r *http.Request) {
	store, ok := s.open(w)
	if !ok {
		return
	}
	since, err := parseInstant(r, "since")
	if err != nil {
		refuse(w, http.StatusBadRequest, "%v", err)
		return
	}
	keys, err := store.duplicates(r.Context(), since)
	if err != nil {
		writeFailure(w, err)
		return
	}
	writeJSON(w, http.StatusOK, finding{Count: len(keys), Keys: keys})
}

// close stops the service, even if its database hangs.
func (s *orders) close() error {
	var err error
	closed := s.server.close(0, func() {
		s.end()
		if store := s.store.Load(); store != nil {
			err = (*store).close()
		}
	})
	s.work.Wait()
	return errors.Join(closed, err)
}

// memoryOrders stores the first of several orders with the same id, so that repeating
// an order is safe. Both routes share one.
type memoryOrders struct{ kept *recent[order] }

func (m memoryOrders) put(_ context.Context, o order) (order, bool, error) {
	kept, known := m.kept.add(o.ID, o)
	return kept, known, nil
}

func (m memoryOrders) get(_ context.Context, id string) (order, error) {
	if o, ok := m.kept.get(id); ok {
		return o, nil
	}
	return order{}, errNoOrder
}

// duplicates is always empty: a second order with the same id is never stored.
func (memoryOrders) duplicates(context.Context, time.Time) ([]string, error) { return []string{}, nil }

func (memoryOrders) close() error { return nil }
