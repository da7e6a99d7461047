package link

import (
	"slices"
	"testing"
)

// A chain of redirects that a browser followed is one step, where nothing is needed of
// what lies between and the last answer is known from a failure's.
func TestFollowRedirects(t *testing.T) {
	t.Parallel()
	page := func(path, answer string) sent {
		return sent{method: "GET", path: path, mime: "text/html", answer: answer}
	}
	led := func(method, path, location string) sent {
		return sent{method: method, path: path, status: 303, location: location, mime: "text/html"}
	}
	cart := page("/cart", `<input type="hidden" name="cart_id" value="4102">`)
	use := sent{method: "POST", path: "/pay", body: `{"cart_id": "4102"}`}
	token := page("/form", `<input type="hidden" name="csrf" value="`+shopToken+`">`)
	for name, tt := range map[string]struct {
		journey []sent
		want    []int // redirects that each step follows
	}{
		"one":                           {[]sent{led("POST", "/add", "/cart"), cart, use}, []int{5, 0}},
		"two":                           {[]sent{led("POST", "/add", "/added"), led("GET", "/added", "/cart"), cart, use}, []int{5, 0}},
		"to an absolute URL":            {[]sent{led("POST", "/add", "http://shop.test/cart"), cart, use}, []int{5, 0}},
		"to where nothing is known":     {[]sent{led("POST", "/login", "/"), page("/", "<p>Hello</p>")}, []int{0, 0}},
		"to the token of any page":      {[]sent{led("POST", "/login", "/form"), token, {method: "POST", path: "/x", body: `{"csrf": "` + shopToken + `"}`}}, []int{0, 0, 0}},
		"of a page, to a token":         {[]sent{led("GET", "/", "/form"), token, {method: "POST", path: "/x", body: `{"csrf": "` + shopToken + `"}`}}, []int{5, 0}},
		"elsewhere than the next":       {[]sent{led("POST", "/add", "/basket"), cart, use}, []int{0, 0, 0}},
		"with another method":           {[]sent{led("POST", "/add", "/cart"), {method: "POST", path: "/cart", mime: "text/html", answer: cart.answer}, use}, []int{0, 0, 0}},
		"the same again of a POST":      {[]sent{{method: "POST", path: "/add", status: 307, location: "/cart", mime: "text/html"}, cart, use}, []int{0, 0, 0}},
		"with a cookie that is needed":  {[]sent{{method: "POST", path: "/add", status: 303, location: "/cart", cookie: "key=k-8f31a2b4c", mime: "text/html"}, cart, {method: "POST", path: "/pay", body: `{"cart_id": "4102", "key": "k-8f31a2b4c"}`}}, []int{0, 0, 0}},
		"to a Location that is sent on": {[]sent{led("POST", "/add", "/carts/c-8f31a2b4"), page("/carts/c-8f31a2b4", `<input type="hidden" name="cart_id" value="4102">`), use, {method: "GET", path: "/carts/c-8f31a2b4", mime: "text/html"}}, []int{0, 0, 0, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := traceJourney(t, tt.journey...)
			l.followRedirects()
			var got []int
			for _, s := range l.steps {
				got = append(got, s.follow)
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("steps follow %v redirects, want %v", got, tt.want)
			}
		})
	}
}

// What is judged of a step that follows is its last answer.
func TestAStepThatFollowsIsJudgedByItsLastAnswer(t *testing.T) {
	t.Parallel()
	l := traceJourney(t, sent{method: "POST", path: "/add", status: 303, location: "/cart", mime: "text/html", body: `{"sku": "A-1"}`},
		sent{method: "GET", path: "/cart", mime: "text/html", answer: `<input type="hidden" name="cart_id" value="4102">`}, sent{method: "POST", path: "/pay", body: `{"cart_id": "4102"}`})
	l.followRedirects()
	s := l.draft(l.steps[0])
	if s.Name != "post-add" || s.Request.Method != "POST" || s.Status != 200 || len(s.Headers) != 0 || len(s.Captures) != 1 {
		t.Errorf("%s: %s, status %d, headers %v, captures %v; want POST, the status of the cart and its id", s.Name, s.Request.Method, s.Status, s.Headers, s.Captures)
	}
}
