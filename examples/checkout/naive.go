package checkout

import (
	"context"
	"errors"
	"time"
)

// naive is the storefront as it is often written first. It works as long as everything
// else works: no call has a timeout, payments are retried without an idempotency key,
// the price is looked up again at the end and believed, and every checkout waits for
// mail and recommendations, although it could do without.
type naive struct {
	apis  map[string]*api
	carts *cartStore
}

func (n *naive) products(ctx context.Context, tag baggage) ([]product, error) {
	var list productList
	err := n.apis["catalogue"].call(ctx, tag, get("/products", &list))
	return list.Products, err
}

func (n *naive) product(ctx context.Context, tag baggage, sku string) (product, error) {
	if !validSKU(sku) {
		return product{}, noProduct(sku)
	}
	var p product
	err := n.apis["catalogue"].call(ctx, tag, get("/products/"+sku, &p))
	return p, err
}

// page survives recommendations that fail, but not ones that hang.
func (n *naive) page(ctx context.Context, tag baggage, sku string) (page, error) {
	p, err := n.product(ctx, tag, sku)
	if err != nil {
		return page{}, err
	}
	answer := page{product: p, Recommendations: []string{}}
	var others related
	if err := n.apis["recommendations"].call(ctx, tag, get("/for/"+sku, &others)); err == nil {
		answer.Recommendations = append(answer.Recommendations, others.SKUs...)
	}
	return answer, nil
}

func (n *naive) quote(ctx context.Context, tag baggage, q quoteRequest) (quote, error) {
	var answer quote
	err := n.apis["pricing"].call(ctx, tag, post("/quote", q, &answer))
	return answer, err
}

func (n *naive) fill(ctx context.Context, tag baggage, l line) (filled, error) {
	p, err := n.product(ctx, tag, l.SKU)
	if err != nil {
		return filled{}, err
	}
	q, err := n.quote(ctx, tag, quoteRequest{SKU: p.SKU, Price: p.Price, Quantity: l.Quantity})
	if err != nil {
		return filled{}, err
	}
	id := newID("cart")
	c := cart{
		SKU: p.SKU, Price: p.Price, Quantity: l.Quantity, Payment: p.Payment,
		Total: q.Total, Promise: q.Promise, Lines: sum(q.Lines), Filled: time.Now(),
	}
	return newFilled(id, q), n.carts.put(ctx, id, c)
}

// order takes one step after the other and gives up at the first that fails. It undoes
// nothing: a customer may have paid for an order that is answered with an error.
func (n *naive) order(ctx context.Context, tag baggage, p purchase) (receipt, error) {
	c, err := n.carts.get(ctx, p.Cart)
	if err != nil {
		return receipt{}, err
	}
	now, err := n.quote(ctx, tag, quoteRequest{SKU: c.SKU, Price: c.Price, Quantity: c.Quantity})
	if err != nil {
		return receipt{}, err
	}
	o := order{ID: newID("order"), SKU: c.SKU, Quantity: c.Quantity, Total: now.Total, Payment: c.Payment}
	res := reservation{Order: o.ID, SKU: o.SKU, Quantity: o.Quantity}
	if err := n.apis["inventory"].call(ctx, tag, post("/reservations", res, nil)); err != nil {
		return receipt{}, err
	}
	if c.Payment == payByCard {
		if err := n.charge(ctx, tag, charge{Order: o.ID, Amount: now.Total, Quoted: c.Total, Lines: sum(now.Lines)}); err != nil {
			return receipt{}, err
		}
	}
	if err := n.apis["orders"].call(ctx, tag, put("/orders/"+o.ID, o)); err != nil {
		return receipt{}, err
	}
	note := message{Order: o.ID, Text: "Thank you for your order."}
	if err := n.apis["mail"].call(ctx, tag, post("/messages", note, nil)); err != nil {
		return receipt{}, err
	}
	return receipt{ID: o.ID, Charged: now.Total, Payment: o.Payment}, nil
}

// naiveRetries is how often a failed charge is sent again.
const naiveRetries = 2

// charge assumes that no money was taken if there is an error. If only the answer was
// lost, the retry charges again.
func (n *naive) charge(ctx context.Context, tag baggage, c charge) error {
	var err error
	for range 1 + naiveRetries {
		var done charged
		err = n.apis["payments"].call(ctx, tag, post("/charge", c, &done))
		if err == nil || permanent(err) || errors.Is(err, context.Canceled) {
			return err
		}
	}
	return err
}
