package link

import (
	"cmp"
	"strings"
	"testing"
)

const (
	shopToken = "q8Zr0vTnUe3LwYb1KxMsPd5Hc7GjFa9R"
	list      = `<a href="/products/7201">Pot</a> <a href="/products/7204">Blue mug</a> <a data-testid="spoon" href="/products/7209?ref=list">Spoon</a> <a href="/buy?item=5501">Pot</a> <a href="/buy?item=5504">Blue mug</a>`
)

// What a page offers is taken from it: by a form's field, a link, a script, a text.
func TestWhatAPageOffersIsCaptured(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ page, method, path, body, want string }{
		"a token in a hidden field":        {`<input type="hidden" name="csrf" value="` + shopToken + `">`, "POST", "/pay", `{"csrf": "` + shopToken + `"}`, "POST /pay csrf=${csrf}"},
		"with the value first":             {`<input value='` + shopToken + `' name='csrf'>`, "POST", "/pay", `{"csrf": "` + shopToken + `"}`, "POST /pay csrf=${csrf}"},
		"a short token":                    {`<input type="hidden" name="csrf" value="k3x9">`, "POST", "/pay", `{"csrf": "k3x9"}`, "POST /pay csrf=${csrf}"},
		"a token in a script":              {`<script>window.csrf = '` + shopToken + `'</script>`, "POST", "/pay", `{"csrf": "` + shopToken + `"}`, "POST /pay csrf=${csrf}"},
		"a token under another name":       {`<body data-x="1"><script>boot("shop", "` + shopToken + `")</script>`, "POST", "/pay", `{"csrf": "` + shopToken + `"}`, "POST /pay csrf=${csrf}"},
		"an id in a hidden field":          {`<input type="hidden" name="cart_id" value="4102">`, "POST", "/pay", `{"cart_id": "4102"}`, "POST /pay cart_id=${cart_id}"},
		"an id of three digits":            {`<input type="hidden" name="variant" value="417">`, "POST", "/pay", `{"variant": "417"}`, "POST /pay variant=${variant}"},
		"an id beside a button":            {`<button data-product-id="4102" name="add">`, "POST", "/pay", `{"productId": "4102"}`, "POST /pay productId=${product_id}"},
		"an id that looks like a year":     {`<input type="hidden" name="order_id" value="2026">`, "POST", "/pay", `{"order_id": "2026"}`, "POST /pay order_id=${order_id}"},
		"an id in a script":                {`<script>{"cartId": 4102}</script>`, "POST", "/pay", `{"cartId": "4102"}`, "POST /pay cartId=${cart_id}"},
		"the first link":                   {list, "GET", "/products/7201", "", "GET /products/${product}"},
		"a link by its text":               {list, "GET", "/products/7204", "", "GET /products/${product}"},
		"a link by its name":               {list, "GET", "/products/7209", "", "GET /products/${product}"},
		"a link's parameter, by its text":  {list, "GET", "/buy?item=5504", "", "GET /buy?item=${item}"},
		"a total in a hidden field":        {`<input type="hidden" name="total" value="24.90">`, "POST", "/pay", `{"total": "24.90"}`, "POST /pay total=${total}"},
		"a total that a page shows, named": {`<script>{"amount": "24.90"}</script>`, "POST", "/pay", `{"amount": "24.90"}`, "POST /pay amount=${amount}"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			steps := recordJourney(t, sent{method: "GET", path: "/", mime: "text/html", answer: "<p>hello 1</p>" + tt.page}, sent{method: tt.method, path: tt.path, body: tt.body, mime: "text/plain"})
			if got := requestText(steps[1]); got != tt.want {
				t.Errorf("the request is %s, want %s", got, tt.want)
			}
		})
	}
}

// What people choose or enter, and what is equal by chance, is no value of the page.
func TestWhatMustNotBeLinked(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ page, mime, path, body string }{
		"a quantity":                       {`<input type="hidden" name="quantity" value="1">`, "", "/carts", `{"quantity": "1"}`},
		"a quantity of three digits":       {`<input type="hidden" name="qty" value="100">`, "", "/carts", `{"qty": "100"}`},
		"a size of a page":                 {`<a href="?limit=250">`, "", "/products?limit=250", ``},
		"a number of a page":               {`<a href="?page=2">`, "", "/products?page=2", ``},
		"a year":                           {`<input type="hidden" name="expiry" value="2029">`, "", "/cards", `{"expiry": "2029"}`},
		"a year of an archive":             {`<a href="/archive/2026">`, "", "/archive/2026", ``},
		"a round number":                   {`<input type="hidden" name="points" value="500">`, "", "/carts", `{"points": "500"}`},
		"a flag":                           {`<input type="hidden" name="remember_me" value="0">`, "", "/login", `{"remember_me": "0"}`},
		"a box that is checked":            {`<input type="checkbox" name="extra" value="gift" checked>`, "", "/carts", `{"extra": "gift"}`},
		"an option with a number":          {`<select name="bag"><option value="417">Large</option></select>`, "", "/carts", `{"bag": "417"}`},
		"a field that is filled in before": {`<input type="text" name="birth" value="1984-05-17">`, "", "/account", `{"birth": "1984-05-17"}`},
		"a word in a hidden field":         {`<input type="hidden" name="source" value="homepage">`, "", "/carts", `{"source": "homepage"}`},
		"a country":                        {`<input type="hidden" name="country_id" value="US">`, "", "/account", `{"country_id": "US"}`},
		"a word of a path":                 {`<a href="/help/shipping">`, "", "/help/shipping", ``},
		"a status that a page mentions":    {`<p>Error 404</p>`, "", "/errors", `{"code": "404"}`},
		"an address":                       {`<input type="hidden" name="email" value="jane.doe1984@shop.test">`, "", "/account", `{"email": "jane.doe1984@shop.test"}`},
		"a price in a list":                {`{"items": [{"id": 71, "price": 995}, {"id": 72, "price": 995}]}`, "application/json", "/filters", `{"price": 995}`},
		"a number in JSON":                 {`{"id": 42, "stock": 42}`, "application/json", "/carts", `{"quantity": 42}`},
		"a year in JSON":                   {`{"id": 2026}`, "application/json", "/cards", `{"expiryYear": 2026}`},
		"a year of the same name":          {`{"year": 2026}`, "application/json", "/cards", `{"year": 2026}`},
		"no id":                            {`{"parent_id": 0}`, "application/json", "/carts", `{"parent_id": 0}`},
		"a flag in JSON":                   {`{"id": "true"}`, "application/json", "/carts", `{"cartId": "true"}`},
		"a currency in JSON":               {`{"id": "EUR"}`, "application/json", "/carts", `{"cartId": "EUR"}`},
		"a status in JSON":                 {`{"status": 200}`, "application/json", "/carts", `{"status": 200}`},
		"a sum that is none of a cart":     {`{"total": 10}`, "application/json", "/carts", `{"total": 10}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			method := "POST"
			if tt.body == "" {
				method = "GET"
			}
			steps := recordJourney(t, sent{method: "GET", path: "/", mime: cmp.Or(tt.mime, "text/html"), answer: tt.page}, sent{method: method, path: tt.path, body: tt.body, mime: "text/plain"})
			if got := requestText(steps[1]); strings.Contains(got, "${") || len(steps[0].captures) > 0 {
				t.Errorf("the request is %s: nothing in it is the page's", got)
			}
		})
	}
}

// A sum is sent or shown again as it was quoted.
func TestSumsAreCaptured(t *testing.T) {
	t.Parallel()
	cart := sent{method: "POST", path: "/carts", answer: `{"id": "c-8f31a2b4", "total": 1999, "tax": "3.19"}`}
	products := sent{method: "GET", path: "/products", answer: `{"items": [{"sku": "P-5501a", "price": 995}, {"sku": "M-5504b", "price": 995}]}`}
	page := sent{method: "GET", path: "/cart", mime: "text/html", answer: `<p>Total: <strong id="cart-total">EUR 24.90</strong>`}
	for name, tt := range map[string]struct {
		journey []sent
		want    string
	}{
		"in JSON":                         {[]sent{cart, {method: "POST", path: "/pay", body: `{"amount": 1999}`, mime: "text/plain"}}, "POST /pay amount=${total}"},
		"by the same name":                {[]sent{cart, {method: "POST", path: "/pay", body: `{"total": 1999}`, mime: "text/plain"}}, "POST /pay total=${total}"},
		"another sum":                     {[]sent{cart, {method: "POST", path: "/pay", body: `{"amount": 2999}`, mime: "text/plain"}}, "POST /pay amount=2999"},
		"under a name of no sum":          {[]sent{cart, {method: "POST", path: "/pay", body: `{"quantity": 1999}`, mime: "text/plain"}}, "POST /pay quantity=1999"},
		"a price with the id of its item": {[]sent{products, {method: "POST", path: "/carts", body: `{"sku": "M-5504b", "price": 995}`, mime: "text/plain"}}, "POST /carts sku=${sku} price=${price}"},
		"a price without one":             {[]sent{products, {method: "POST", path: "/carts", body: `{"price": 995}`, mime: "text/plain"}}, "POST /carts price=995"},
	} {
		steps := recordJourney(t, tt.journey...)
		if got := requestText(steps[1]); got != tt.want {
			t.Errorf("%s: the request is %s, want %s", name, got, tt.want)
		}
	}
	for name, tt := range map[string]struct{ thanks, want string }{
		"the sum":     {`<p>Charged <b class="amount charged">EUR 24.90</b>`, "cart_total"},
		"another sum": {`<p>Charged <b id="charged">EUR 25.90</b>`, ""},
		"no sum":      {`<p>You saved <b id="points">24.90</b>`, ""},
	} {
		steps := recordJourney(t, page, sent{method: "GET", path: "/thanks", mime: "text/html", answer: tt.thanks})
		if got := steps[1].shows; got != tt.want {
			t.Errorf("%s: the page is expected to show %q, want %q", name, got, tt.want)
		}
	}
}
