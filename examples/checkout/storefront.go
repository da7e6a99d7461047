package checkout

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/blastgauge/blastgauge/experiments/loopback"
)

// shop is one build of the storefront: it turns requests into calls of dependencies.
// Its methods are called concurrently.
type shop interface {
	products(ctx context.Context, tag baggage) ([]product, error)
	page(ctx context.Context, tag baggage, sku string) (page, error)
	fill(ctx context.Context, tag baggage, l line) (filled, error)
	order(ctx context.Context, tag baggage, p purchase) (receipt, error)
}

// worker is a shop that also has work to do in the background. work returns
// when ctx ends.
type worker interface{ work(ctx context.Context) }

// page is the content of a product page.
type page struct {
	product
	Recommendations []string `json:"recommendations"` // SKUs, never null
}

// line is a request to fill a cart.
type line struct {
	SKU      string `json:"sku"`
	Quantity int64  `json:"quantity"`
}

// filled is the answer to a line.
type filled struct {
	ID      string `json:"id"`
	Total   cents  `json:"total"`   // quoted, with tax
	Promise string `json:"promise"` // delivery day, YYYY-MM-DD
	Days    int    `json:"days"`    // until then

	Lines []invoiceLine `json:"lines"`
}

func newFilled(id string, q quote) filled {
	return filled{ID: id, Total: q.Total, Promise: q.Promise, Days: daysUntil(q.Promise, time.Now()), Lines: q.Lines}
}

// daysUntil is how many days after today a day is.
func daysUntil(day string, now time.Time) int {
	then, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return -1 // which no settings can promise
	}
	return int(then.Sub(now.UTC().Truncate(24*time.Hour)) / (24 * time.Hour))
}

// purchase turns a cart into an order.
type purchase struct {
	Cart string `json:"cart"`
	key  string // the Idempotency-Key header
}

// receipt is the answer to a purchase.
type receipt struct {
	ID      string `json:"id"`
	Charged cents  `json:"charged"`
	Payment string `json:"payment"` // "card", "invoice" or "deferred"
}

// A storefront is what customers talk to: one for each route.
type storefront struct {
	server   *server
	counters *counters
	carts    *cartStore      // set by open, like everything below
	http     *http.Transport // to the dependencies
	end      context.CancelFunc
	work     sync.WaitGroup
	handler  opening
}

// opening is a handler that answers 503 until the storefront opens.
type opening struct {
	mu   sync.RWMutex
	next http.Handler
}

func (o *opening) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	o.mu.RLock()
	next := o.next
	o.mu.RUnlock()
	if next == nil {
		refuse(w, http.StatusServiceUnavailable, "the shop is not open yet")
		return
	}
	next.ServeHTTP(w, r)
}

// newStorefront holds a port, and answers 503 on it until open.
func newStorefront(ctx context.Context, log *slog.Logger) (*storefront, error) {
	l, err := loopback.Listen(ctx)
	if err != nil {
		return nil, err
	}
	s := &storefront{counters: newCounters(calledByStorefront()), end: func() {}}
	s.server = serve(l, &s.handler, log)
	return s, nil
}

// A route says where a storefront reaches everything.
type route struct {
	build string
	base  map[string]string // HTTP dependencies: name → http://host:port
	carts func(build string, s *storefront) *cartStore
}

// open starts answering customers.
func (s *storefront) open(r route, log *slog.Logger) {
	life, end := context.WithCancel(context.Background())
	s.end = end
	dialTimeout := time.Duration(0)
	if r.build == Hardened {
		dialTimeout = patientDial
	}
	s.http = newTransport(dialTimeout)
	s.carts = r.carts(r.build, s)
	apis := make(map[string]*api, len(r.base))
	for name, base := range r.base {
		apis[name] = &api{name: name, base: base, http: &http.Client{Transport: s.http}, calls: s.counters.calls[name]}
	}

	var build shop
	patience := time.Duration(0)
	if r.build == Hardened {
		build, patience = newHardened(apis, s.carts, log), patientRequest
	} else {
		build = &naive{apis: apis, carts: s.carts}
	}
	if w, ok := build.(worker); ok {
		s.work.Go(func() { w.work(life) })
	}
	s.handler.mu.Lock()
	s.handler.next = s.routes(life, build, patience, r.build)
	s.handler.mu.Unlock()
}

// routes is the HTTP side of the shop, the same for every build.
func (s *storefront) routes(life context.Context, build shop, patience time.Duration, name string) http.Handler {
	mux := routes(map[string]string{"status": "ok", "service": "storefront", "build": name})
	handle := func(h answerer) http.HandlerFunc { return answering(life, patience, h) }
	mux.HandleFunc("GET /{$}", servePage)
	mux.HandleFunc("GET /products", handle(func(ctx context.Context, tag baggage, _ *http.Request) (int, any, error) {
		list, err := build.products(ctx, tag)
		return http.StatusOK, productList{list}, err
	}))
	mux.HandleFunc("GET /products/{sku}", handle(func(ctx context.Context, tag baggage, r *http.Request) (int, any, error) {
		answer, err := build.page(ctx, tag, r.PathValue("sku"))
		return http.StatusOK, answer, err
	}))
	mux.HandleFunc("POST /carts", handle(func(ctx context.Context, tag baggage, r *http.Request) (int, any, error) {
		var l line
		if err := readJSON(r.Body, &l); err != nil || !validSKU(l.SKU) || l.Quantity < 1 || l.Quantity > 1000 {
			return 0, nil, &badRequest{"a cart needs a sku and a quantity from 1 to 1000"}
		}
		answer, err := build.fill(ctx, tag, l)
		return http.StatusCreated, answer, err
	}))
	mux.HandleFunc("POST /orders", s.counters.watch(handle(func(ctx context.Context, tag baggage, r *http.Request) (int, any, error) {
		p := purchase{key: r.Header.Get("Idempotency-Key")}
		if err := readJSON(r.Body, &p); err != nil || p.Cart == "" {
			return 0, nil, &badRequest{"an order needs the id of a cart"}
		}
		answer, err := build.order(ctx, tag, p)
		return http.StatusCreated, answer, err
	})))
	mux.HandleFunc("GET /counters", s.counters.serve)
	mux.HandleFunc("GET /metrics", s.counters.metrics)
	return mux
}

// answerer handles one request and returns the status and body of the answer.
type answerer func(ctx context.Context, tag baggage, r *http.Request) (status int, answer any, err error)

// answering serves h over HTTP. In both builds the work goes on when the customer
// leaves: half an order is worse than an order that nobody waits for. Only the hardened
// build limits it, by a patience other than 0.
func answering(life context.Context, patience time.Duration, h answerer) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ctx := life
		if patience > 0 {
			limited, cancel := context.WithTimeout(life, patience)
			defer cancel()
			ctx = limited
		}
		status, answer, err := h(ctx, baggageOf(r), r)
		if bad, ok := errors.AsType[*badRequest](err); ok {
			refuse(w, http.StatusBadRequest, "%s", bad.want)
			return
		}
		if err != nil {
			writeFailure(w, err)
			return
		}
		writeJSON(w, status, answer)
	}
}

// badRequest is the customer's mistake.
type badRequest struct{ want string }

func (e *badRequest) Error() string { return e.want }

// validSKU reports whether a SKU from a customer is safe in the path of a call.
func validSKU(sku string) bool {
	return sku != "" && len(sku) <= 32 &&
		strings.Trim(sku, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") == ""
}

// noProduct is the catalogue's answer for a SKU that does not exist.
func noProduct(sku string) error {
	return &upstreamError{"catalogue", http.StatusNotFound, fmt.Errorf("no product %q", sku)}
}

// newID returns an id that cannot be guessed.
func newID(kind string) string { return kind + "-" + strings.ToLower(rand.Text()[:16]) }

// close stops the storefront: requests get a moment to finish, then all calls of
// dependencies are cut.
func (s *storefront) close() error {
	err := s.server.close(closeGrace, func() {
		s.end()
		if s.carts != nil {
			_ = s.carts.close() // its connections are loopback sockets without data to lose
		}
	})
	s.work.Wait()
	if s.http != nil {
		s.http.CloseIdleConnections()
	}
	return err
}
