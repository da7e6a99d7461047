package checkout

import (
	"context"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/blastgauge/blastgauge/experiments/loopback"
)

// quoteRequest asks what quantity pieces cost today.
type quoteRequest struct {
	SKU      string `json:"sku"`
	Price    cents  `json:"price"` // list price of one
	Quantity int64  `json:"quantity"`
}

// quote is the answer.
type quote struct {
	Total    cents  `json:"total"` // with tax
	Tax      cents  `json:"tax"`
	Currency string `json:"currency"`
	Promise  string `json:"promise"` // delivery day, YYYY-MM-DD

	Lines []invoiceLine `json:"lines"` // what the invoice says
}

// An invoiceLine is one line of an invoice. The lines make the total.
type invoiceLine struct {
	SKU string `json:"sku"`
	Net cents  `json:"net"`
	Tax cents  `json:"tax"`
}

func sum(lines []invoiceLine) cents {
	var all cents
	for _, l := range lines {
		all += l.Net + l.Tax
	}
	return all
}

// pricing is a service that reads the settings for every quote. There is one
// for each route, so that bad config on the fault route cannot reach the other.
type pricing struct {
	server *server
	pace   *pace
	calls  atomic.Int64 // of settings
	source atomic.Pointer[settingsSource]
	http   *http.Transport // to settings; set by connect
}

// settingsSource is how a build of the shop gets its config. It is called
// concurrently.
type settingsSource interface {
	current(ctx context.Context, tag baggage) (settings, error)
}

// newPricing listens at once, because a proxy may have to be put in front of
// it, but cannot quote before connect.
func newPricing(ctx context.Context, log *slog.Logger) (*pricing, error) {
	l, err := loopback.Listen(ctx)
	if err != nil {
		return nil, err
	}
	p := &pricing{pace: &pace{min: time.Millisecond, max: 3 * time.Millisecond, seed: 9}}
	mux := routes(healthy("pricing"))
	mux.HandleFunc("POST /quote", p.quote)
	mux.HandleFunc("GET /counters", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, map[string]any{"calls": map[string]int64{"settings": p.calls.Load()}})
	})
	p.server = serve(l, mux, log)
	return p, nil
}

// connect points pricing at the settings service. How it reads them depends on the
// build.
func (p *pricing) connect(ctx context.Context, settingsURL, build string, log *slog.Logger) {
	dialTimeout := time.Duration(0)
	if build == Hardened {
		dialTimeout = patientDial
	}
	p.http = newTransport(dialTimeout)
	remote := &api{name: "settings", base: settingsURL, http: &http.Client{Transport: p.http}, calls: &p.calls}
	var source settingsSource = trustingSource{remote}
	if build == Hardened {
		guarded := newGuardedSource(remote, log)
		guarded.prime(ctx)
		source = guarded
	}
	p.source.Store(&source)
}

// close ends the service. Quotes that wait for settings end with their
// connections, whose contexts they use.
func (p *pricing) close() error {
	err := p.server.close(0, func() {})
	if p.http != nil {
		p.http.CloseIdleConnections()
	}
	return err
}

func (p *pricing) quote(w http.ResponseWriter, r *http.Request) {
	var q quoteRequest
	if err := readJSON(r.Body, &q); err != nil || q.SKU == "" || q.Price <= 0 || q.Quantity < 1 || q.Quantity > 1000 {
		refuse(w, http.StatusBadRequest, "a quote needs sku, price and a quantity from 1 to 1000")
		return
	}
	source := p.source.Load()
	if source == nil {
		refuse(w, http.StatusServiceUnavailable, "pricing is not open yet")
		return
	}
	now, err := (*source).current(r.Context(), baggageOf(r))
	if err != nil {
		writeFailure(w, err)
		return
	}
	p.pace.wait()
	answer, err := now.price(q, time.Now(), p.pace.chance(value(now.Flags.NewTaxEngine)))
	if err != nil {
		refuse(w, http.StatusInternalServerError, "price of %s: %v", q.SKU, err)
		return
	}
	writeJSON(w, http.StatusOK, answer)
}

// price computes a quote. It believes every setting; a missing one counts as zero.
// newEngine has a bug: it taxes the taxed price once more, and not on the invoice.
func (s settings) price(q quoteRequest, now time.Time, newEngine bool) (quote, error) {
	item, err := q.Price.times(int64(value(s.Price.Factor)), int64(one))
	if err != nil {
		return quote{}, err
	}
	for _, d := range s.Discounts {
		if d.SKU != q.SKU && d.SKU != "*" || d.Until < now.UTC().Format(time.DateOnly) {
			continue
		}
		if item, err = item.times(100*int64(one)-int64(d.Percent), 100*int64(one)); err != nil {
			return quote{}, err
		}
	}
	net, err := max(min(item, value(s.Price.Maximum)), value(s.Price.Minimum)).times(q.Quantity, 1)
	if err != nil {
		return quote{}, err
	}
	tax, err := net.times(int64(value(s.Tax.Rate)), int64(one))
	lines := []invoiceLine{{q.SKU, net, tax}}
	if err == nil && newEngine {
		var again cents
		again, err = (net + tax).times(int64(value(s.Tax.Rate)), int64(one))
		tax += again
	}
	if err != nil {
		return quote{}, err
	}
	days := int64(0)
	for range s.Shipping.Depots { // all depots are equally far; without any, delivery is today
		days = min(max(value(s.Shipping.PromiseDays), -maxPromise), maxPromise)
	}
	return quote{
		Total: net + tax, Tax: tax, Currency: value(s.Currency),
		Promise: now.UTC().AddDate(0, 0, int(days)).Format(time.DateOnly), Lines: lines,
	}, nil
}

// maxPromise, in days, keeps the delivery day a date with four digits.
const maxPromise = 500_000

// trustingSource reads the settings anew every time and believes them. It
// waits for as long as they take.
type trustingSource struct{ remote *api }

func (t trustingSource) current(ctx context.Context, tag baggage) (settings, error) {
	var s settings
	err := t.remote.call(ctx, tag, get("/settings", &s))
	return s, err
}
