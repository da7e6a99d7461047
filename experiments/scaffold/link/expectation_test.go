package link

import (
	"slices"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/scaffold/draft"
)

func TestExpectationsOfJSON(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		journey []sent
		want    []draft.Check // of the last step
	}{
		"an empty list of errors stays empty": {[]sent{{method: "POST", path: "/carts", answer: `{"data": {"userErrors": []}}`}}, []draft.Check{{Path: "$.data.userErrors[0]", Value: ""}}},
		"GraphQL answers without errors":      {[]sent{{method: "POST", path: "/graphql", body: `{"query": "{ cart { id } }"}`, answer: `{"data": {}}`}}, []draft.Check{{Path: "$.errors", Value: ""}}},
		"the kind of a GraphQL answer": {[]sent{{method: "POST", path: "/graphql", body: `{"query": "{ pay { __typename } }"}`, answer: `{"data": {"pay": {"__typename": "Paid", "lines": [{"__typename": "Line"}]}}, "errors": null}`}},
			[]draft.Check{{Path: "$.data.pay.__typename", Value: "Paid"}}},
		"the kind of the last answer": {[]sent{{method: "POST", path: "/orders", answer: `{"type": "order", "note": {"kind": "gift", "x": {"type": "deep"}}, "lines": [{"type": "line"}]}`}}, []draft.Check{{Path: "$.type", Value: "order"}, {Path: "$.note.kind", Value: "gift"}}},
		"a type that is no word":      {[]sent{{method: "POST", path: "/orders", answer: `{"type": "type 42"}`}}, nil},
		"the thing that was asked for": {[]sent{{method: "POST", path: "/carts", answer: `{"id": "c-8f31a2b4"}`}, {method: "GET", path: "/carts/c-8f31a2b4", answer: `{"id": "c-8f31a2b4", "lines": [1]}`}},
			[]draft.Check{{Path: "$.id", Value: "${cart_id}"}}},
		"the sum that was quoted": {[]sent{
			{method: "POST", path: "/carts", answer: `{"id": "c-8f31a2b4", "total": 1999}`}, {method: "POST", path: "/carts/c-8f31a2b4/pay", answer: `{"charged": 1999}`}},
			[]draft.Check{{Path: "$.charged", Value: "${total}"}}},
		"another sum": {[]sent{
			{method: "POST", path: "/carts", answer: `{"id": "c-8f31a2b4", "total": 1999}`}, {method: "POST", path: "/carts/c-8f31a2b4/pay", answer: `{"charged": 2999}`}}, nil},
		"an answer that is not JSON": {[]sent{{method: "GET", path: "/", mime: "text/html", answer: "<p>errors</p>"}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			steps := recordJourney(t, tt.journey...)
			if got := steps[len(steps)-1].checks; !slices.Equal(got, tt.want) {
				t.Errorf("checks = %v, want %v", got, tt.want)
			}
		})
	}
}

func TestExpectRedirect(t *testing.T) {
	t.Parallel()
	for location, want := range map[string]struct {
		leads   string
		further bool
	}{
		"/thanks":            {"/thanks", false},
		"/thanks?order=1":    {"/thanks", true},
		"/orders/981723645":  {"/orders/", true},
		"http://shop.test/x": {"", false}, // another environment has another host
		"http://other.test/": {"", false},
	} {
		steps := recordJourney(t, sent{method: "POST", path: "/pay", status: 303, location: location, mime: "text/html"})
		if s := steps[0]; s.leads != want.leads || s.leadsFurther != want.further {
			t.Errorf("a redirection to %s leads to %q, %t, want %q, %t", location, s.leads, s.leadsFurther, want.leads, want.further)
		}
	}
}

// A request that was repeated until a status changed is polled for that status.
func TestPollForStatus(t *testing.T) {
	t.Parallel()
	steps := recordJourney(t,
		sent{method: "GET", path: "/orders/current", answer: `{"status": "pending"}`},
		sent{method: "GET", path: "/orders/current", answer: `{"status": "pending"}`},
		sent{method: "GET", path: "/orders/current", answer: `{"status": "paid"}`})
	if len(steps) != 1 || !steps[0].poll || !slices.Equal(steps[0].checks, []draft.Check{{Path: "$.status", Value: "paid"}}) {
		t.Errorf("%d steps, poll %t, checks %v, want one that polls for paid", len(steps), steps[0].poll, steps[0].checks)
	}
}

// A price that an answer showed is taken from the item whose id is sent. Where it is
// written down, no other item may be chosen, for it would be sent with a wrong price.
func TestPricesBelongToTheItemThatIsSent(t *testing.T) {
	t.Parallel()
	const list = `{"products": [{"id": "p-0", "price": 9.5, "unitPrice": 19.99, "stock": 2}, {"id": "p-1", "price": 10.00, "unitPrice": 19.99, "tax": {"amount": 0.5}}, {"id": "p-2", "price": 2}]}`
	for name, tt := range map[string]struct {
		body, want string
		any        bool // item may be chosen
	}{
		"under another name":         {`{"id": "p-0", "amount": 9.5}`, "id=${product_id} amount=${price}", false},
		"before the id":              {`{"amount": 9.5, "id": "p-0"}`, "amount=${price} id=${product_id}", false},
		"less than one, further in":  {`{"id": "p-1", "amount": 0.5}`, "id=${product_id} amount=${amount}", false},
		"with zeros":                 {`{"id": "p-1", "price": 10.00}`, "id=${product_id} price=${price}", false},
		"small, under its own name":  {`{"id": "p-2", "price": 2}`, "id=${product_id} price=${price}", false},
		"equal in two items":         {`{"unitPrice": 19.99, "id": "p-1"}`, "unitPrice=${unit_price} id=${product_id}", false},
		"of another item":            {`{"id": "p-1", "amount": 9.5}`, "id=${product_id} amount=9.5", false},
		"as a text":                  {`{"id": "p-0", "amount": "9.50"}`, "id=${product_id} amount=9.50", false},
		"a total of two":             {`{"id": "p-0", "quantity": 2, "total": 19.0}`, "id=${product_id} quantity=2 total=19.0", false},
		"a quantity is no price":     {`{"id": "p-2", "quantity": 2}`, "id=${product_id} quantity=2", true},
		"nor is one named an amount": {`{"id": "p-2", "amount": 2}`, "id=${product_id} amount=2", false},
	} {
		l := traceJourney(t, sent{method: "GET", path: "/products", answer: list}, sent{method: "POST", path: "/orders", body: tt.body, answer: `{"ok": true}`})
		if got := strings.TrimPrefix(requestText(l.steps[1]), "POST /orders "); got != tt.want {
			t.Errorf("%s: the order sends %s, want %s", name, got, tt.want)
		}
		captures := l.draft(l.steps[0]).Captures
		for _, c := range captures {
			if c.Listed != tt.any || !strings.HasPrefix(c.Expr, captures[0].Expr[:len("$.products[0]")]) {
				t.Errorf("%s: %s is captured from %s, any %v, want %v", name, c.Name, c.Expr, c.Listed, tt.any)
			}
		}
	}
}

// An expression begins at a tag or at a word.
func TestExpressionsBeginAtAWord(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ page, want string }{
		"a tag":         {"<title>A long title of the login page</title><h1>Please login</h1><input type=hidden name=csrf value=\"", `<input type=hidden name=csrf value="`},
		"a word":        {"<script>a statement of many words that is longer than what is looked at, boot(shop, \"", "words that is longer than what is looked at, boot(shop, \""},
		"a short text":  {"boot(\"", "boot(\""},
		"a tag so near": {"<p class=token><b>", "<p class=token><b>"},
	} {
		if got := fromWord(tt.page); strings.TrimLeft(got, " ") != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}
