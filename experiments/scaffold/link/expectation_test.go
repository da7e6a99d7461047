package link

import (
	"slices"
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
