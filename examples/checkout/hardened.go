package checkout

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/fallback"
	"github.com/failsafe-go/failsafe-go/retrypolicy"
	"github.com/failsafe-go/failsafe-go/timeout"
)

// hardened is the storefront after the lessons of experiments: every call has a timeout
// and a circuit breaker, only safe calls are retried, and a checkout does not wait for
// what it can do without.
type hardened struct {
	apis   map[string]*api
	guards map[string]guard
	carts  *cartStore
	signer cartSigner
	log    *slog.Logger

	catalogue atomic.Pointer[[]product] // the last catalogue that was read
	related   failsafe.Executor[[]string]
	captures  *backlog[charge]  // payments of orders that were accepted without one
	outbox    *backlog[message] // mail
}

func newHardened(apis map[string]*api, carts *cartStore, log *slog.Logger) *hardened {
	h := &hardened{
		apis: apis, carts: carts, signer: newCartSigner(), log: log,
		guards: map[string]guard{
			"catalogue": newGuard(patientRead, 1),
			"pricing":   newGuard(patientPricing, 1),
			"inventory": newGuard(patientRead, 1),
			"orders":    newGuard(patientOrders, 1),
			"payments":  newGuard(patientPayments, 1),
			"mail":      newGuard(patientMail, 0),
			"carts":     newCartsGuard(),
		},
		related: failsafe.With(fallback.NewWithResult([]string{}), newBreaker[[]string](), timeout.New[[]string](patientSoft)),
	}
	h.captures = newBacklog("charge", 10_000, log, func(ctx context.Context, c charge) error {
		return h.call(ctx, "", "payments", post("/charge", c, nil))
	})
	h.outbox = newBacklog("mail", 10_000, log, func(ctx context.Context, m message) error {
		return h.call(ctx, "", "mail", post("/messages", m, nil))
	})
	return h
}

// newCartsGuard retries a broken connection once, on a fresh one. It does not retry a
// slow one: the customer would find the shop slow.
func newCartsGuard() guard {
	retry := retrypolicy.NewBuilder[any]().
		HandleIf(func(_ any, err error) bool {
			return transient(err) && statusOf(err) == http.StatusBadGateway
		}).
		WithMaxRetries(1).ReturnLastFailure().Build()
	return guard{failsafe.With(retry, newBreaker[any](), timeout.New[any](patientCarts))}
}

// work captures deferred payments and sends mail until ctx ends.
func (h *hardened) work(ctx context.Context) {
	var both sync.WaitGroup
	both.Go(func() { h.captures.work(ctx) })
	both.Go(func() { h.outbox.work(ctx) })
	both.Wait()
}

// call is api.call behind the dependency's guard.
func (h *hardened) call(ctx context.Context, tag baggage, name string, r request) error {
	return blame(name, h.guards[name].do(ctx, func(ctx context.Context) error {
		return h.apis[name].call(ctx, tag, r)
	}))
}

// products returns the last catalogue if there is no current one.
func (h *hardened) products(ctx context.Context, tag baggage) ([]product, error) {
	var list productList
	err := h.call(ctx, tag, "catalogue", get("/products", &list))
	if err == nil && len(list.Products) > 0 {
		h.catalogue.Store(&list.Products)
		return list.Products, nil
	}
	if last := h.catalogue.Load(); last != nil {
		return *last, nil
	}
	return list.Products, err
}

func (h *hardened) product(ctx context.Context, tag baggage, sku string) (product, error) {
	if !validSKU(sku) {
		return product{}, noProduct(sku)
	}
	var p product
	err := h.call(ctx, tag, "catalogue", get("/products/"+sku, &p))
	if err == nil || permanent(err) {
		return p, err
	}
	if last := h.catalogue.Load(); last != nil {
		for _, p := range *last {
			if p.SKU == sku {
				return p, nil
			}
		}
	}
	return product{}, err
}

func (h *hardened) page(ctx context.Context, tag baggage, sku string) (page, error) {
	p, err := h.product(ctx, tag, sku)
	if err != nil {
		return page{}, err
	}
	others, err := h.related.WithContext(ctx).GetWithExecution(func(e failsafe.Execution[[]string]) ([]string, error) {
		var answer related
		err := h.apis["recommendations"].call(e.Context(), tag, get("/for/"+sku, &answer))
		return append([]string{}, answer.SKUs...), err
	})
	return page{product: p, Recommendations: others}, err
}

// fill returns an id that carries the cart. Redis has the cart as well, for other
// services; if it cannot be written there, the customer still has a cart.
func (h *hardened) fill(ctx context.Context, tag baggage, l line) (filled, error) {
	p, err := h.product(ctx, tag, l.SKU)
	if err != nil {
		return filled{}, err
	}
	var q quote
	ask := quoteRequest{SKU: p.SKU, Price: p.Price, Quantity: l.Quantity}
	if err := h.call(ctx, tag, "pricing", post("/quote", ask, &q)); err != nil {
		return filled{}, err
	}
	c := cart{
		SKU: p.SKU, Price: p.Price, Quantity: l.Quantity, Payment: p.Payment,
		Total: q.Total, Promise: q.Promise, Lines: sum(q.Lines), Filled: time.Now(),
	}
	id, err := h.signer.sign(c)
	if err != nil {
		return filled{}, err
	}
	err = h.guards["carts"].do(ctx, func(ctx context.Context) error { return h.carts.put(ctx, digest(id), c) })
	if err != nil {
		h.log.Debug("cart is only in its id", "error", err)
	}
	return newFilled(id, q), nil
}

// load reads the cart from Redis, or from the id itself if Redis fails.
func (h *hardened) load(ctx context.Context, id string) (cart, error) {
	signed, err := h.signer.open(id, time.Now())
	if err != nil {
		return cart{}, err
	}
	var stored cart
	err = h.guards["carts"].do(ctx, func(ctx context.Context) error {
		var err error
		stored, err = h.carts.get(ctx, digest(id))
		return err
	})
	if err == nil {
		return stored, nil
	}
	h.log.Debug("cart is read from its id", "error", err)
	return signed, nil
}

// order charges what was quoted. The order's id follows from the request, so a request
// that is sent again repeats every step without repeating its effect.
func (h *hardened) order(ctx context.Context, tag baggage, p purchase) (receipt, error) {
	c, err := h.load(ctx, p.Cart)
	if err != nil {
		return receipt{}, err
	}
	o := order{
		ID: "order-" + digest(p.key+" "+p.Cart), SKU: c.SKU, Quantity: c.Quantity,
		Total: c.Total, Payment: c.Payment,
	}
	res := reservation{Order: o.ID, SKU: o.SKU, Quantity: o.Quantity}
	if err := h.call(ctx, tag, "inventory", post("/reservations", res, nil)); err != nil {
		return receipt{}, err
	}
	if c.Payment == payByCard {
		if o.Payment, err = h.pay(ctx, tag, o, c.Lines); err != nil {
			return receipt{}, err
		}
	}
	if err := h.call(ctx, tag, "orders", put("/orders/"+o.ID, o)); err != nil {
		return receipt{}, err
	}
	if !h.outbox.add(message{Order: o.ID, Text: "Thank you for your order."}) {
		h.log.Warn("no mail is sent", "order", o.ID)
	}
	return receipt{ID: o.ID, Charged: o.Total, Payment: o.Payment}, nil
}

// pay charges now. If payments cannot be reached, it accepts the order and charges
// later, with the same idempotency key: a charge whose answer was lost is not taken
// again.
func (h *hardened) pay(ctx context.Context, tag baggage, o order, lines cents) (string, error) {
	c := charge{Order: o.ID, Amount: o.Total, Quoted: o.Total, Lines: lines, IdempotencyKey: o.ID}
	err := h.call(ctx, tag, "payments", post("/charge", c, nil))
	switch {
	case err == nil:
		return payByCard, nil
	case permanent(err):
		return "", err
	case !h.captures.add(c):
		return "", errors.Join(err, errors.New("too many payments are deferred already"))
	}
	return payDeferred, nil
}

const payDeferred = "deferred"
