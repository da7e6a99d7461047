package link

import (
	"testing"

	"github.com/blastgauge/blastgauge/experiments/scaffold/draft"
)

func TestStrengthOf(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]strength{
		"": trivial, "true": trivial, "null": trivial, "EUR": trivial, "de-DE": trivial, "x": trivial,
		"7": weak, "42": weak, "123456": weak, "19.99": weak, "express": weak, "blue shirt 42": weak,
		"1234567": strong, "c-8f31a2b4": strong, "eyJhbGciOiJIUzI1NiJ9abc": strong, "abcdefghijklmnopqrstuvwxyz": strong,
	} {
		if got := strengthOf(value); got != want {
			t.Errorf("strengthOf(%q) = %d, want %d", value, got, want)
		}
	}
}

func TestFitsName(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		key, owner, sent string
		path             bool
		want             bool
	}{
		"the same name":                     {"cartToken", "", "carttoken", false, true},
		"an id and the name of its owner":   {"id", "cart", "cartid", false, true},
		"an id and another owner":           {"id", "order", "cartid", false, false},
		"an id in the path of its owner":    {"id", "cart", "carts", true, true},
		"an id in the path of another":      {"id", "order", "carts", true, false},
		"what people choose proves nothing": {"quantity", "line", "quantity", false, false},
		"no name":                           {"id", "cart", "", false, false},
	} {
		if got := fitsName(source{key: tt.key, owner: tt.owner}, tt.sent, tt.path); got != tt.want {
			t.Errorf("%s: fitsName() = %t", name, got)
		}
	}
}

func TestSingular(t *testing.T) {
	t.Parallel()
	for many, want := range map[string]string{
		"carts": "cart", "categories": "category", "addresses": "address", "boxes": "box", "status": "status", "class": "class", "analysis": "analysis", "id": "id", "s": "s",
	} {
		if got := singular(many); got != want {
			t.Errorf("singular(%s) = %s, want %s", many, got, want)
		}
	}
}

func TestStepName(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ method, url, body, want string }{
		"home":              {"GET", "http://a.test/", "", "home"},
		"two words at most": {"GET", "http://a.test/api/v1/shop/categories/shirts", "", "categories-shirts"},
		"an id is no name":  {"POST", "http://a.test/carts/c-8f31a2b4/lines", "", "post-cart-lines"},
		"GraphQL operation": {"POST", "http://a.test/graphql", `{"query": "mutation AddToCart($x: ID!) { add(id: $x) { id } }"}`, "add-to-cart"},
		"GraphQL by name":   {"POST", "http://a.test/graphql", `{"operationName": "Cart", "query": "{ cart { id } }"}`, "cart"},
		"GraphQL unnamed":   {"POST", "http://a.test/graphql", `{"query": "{ cart { id } }"}`, "graphql"},
	} {
		x := newExchange(t, tt.method, tt.url, tt.body)
		if got := stepName(&step{Exchange: x, request: draft.NewRequest(x)}); got != tt.want {
			t.Errorf("%s: stepName() = %s, want %s", name, got, tt.want)
		}
	}
}
