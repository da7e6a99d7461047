package main

import (
	"crypto/rand"
	"fmt"
	"html/template"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
)

// What a customer of the shop behind a login enters.
const (
	shopEmail    = "jane@shop.test"
	shopPassword = "Tr0ub4dor&3 of Jane"
	shopCard     = "4111 1111 1111 1111"
	shopCVC      = "737"
)

// A loginShop is a shop of pages and forms: it knows its customers by a cookie, and
// refuses a form without the token of its page, a cart of somebody else, and a sum that
// is not the cart's. No two carts cost the same.
type loginShop struct {
	mu       sync.Mutex
	sessions map[string]*shopSession // by cookie
	carts    int
	orders   int
}

type shopSession struct {
	Token, User string
	Cart        int    // 0: none
	Total       string // of the cart
	Order       int
}

// startLoginShop starts the shop, and returns its URL.
func startLoginShop(t *testing.T) string {
	t.Helper()
	shop := &loginShop{sessions: map[string]*shopSession{}, carts: 4100, orders: 87300}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/login", http.StatusFound) })
	mux.HandleFunc("GET /shop.css", func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Type", "text/css") })
	for pattern, page := range map[string]func(*http.Request, *shopSession) (leads string, show any){
		"GET /login": shop.show("login"), "POST /login": shop.login, "GET /products": shop.show("products"), "GET /products/{id}": shop.show("product"),
		"POST /cart": shop.add, "GET /cart": shop.show("cart"), "POST /checkout": shop.pay, "GET /orders/{id}": shop.thank,
	} {
		mux.HandleFunc(pattern, shop.serve(page))
	}
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

// serve finds the session, checks the token of a form, and shows a page or leads to one.
func (l *loginShop) serve(page func(*http.Request, *shopSession) (string, any)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		l.mu.Lock()
		defer l.mu.Unlock()
		s := l.session(w, r)
		if r.Method == "POST" && r.PostFormValue("authenticity_token") != s.Token {
			http.Error(w, "The form has expired.", http.StatusUnprocessableEntity)
			return
		}
		if s.User == "" && r.URL.Path != "/login" {
			http.Redirect(w, r, "/login", http.StatusFound)
			return
		}
		leads, show := page(r, s)
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		switch {
		case leads != "":
			http.Redirect(w, r, leads, http.StatusSeeOther)
		case show == nil:
			http.Error(w, "Not what was asked for.", http.StatusConflict)
		default:
			if err := shopPages.ExecuteTemplate(w, show.(string), map[string]any{"S": s, "ID": r.PathValue("id")}); err != nil {
				panic(err) // a client that left, or a page that cannot be shown
			}
		}
	}
}

func (l *loginShop) session(w http.ResponseWriter, r *http.Request) *shopSession {
	if c, err := r.Cookie("_shop_session"); err == nil && l.sessions[c.Value] != nil {
		return l.sessions[c.Value]
	}
	id := rand.Text()
	l.sessions[id] = &shopSession{Token: rand.Text() + "/" + rand.Text() + "=="}
	http.SetCookie(w, &http.Cookie{Name: "_shop_session", Value: id, Path: "/", HttpOnly: true})
	return l.sessions[id]
}

func (l *loginShop) show(name string) func(*http.Request, *shopSession) (string, any) {
	return func(*http.Request, *shopSession) (string, any) { return "", name }
}

func (l *loginShop) login(r *http.Request, s *shopSession) (string, any) {
	if r.PostFormValue("user[email]") != shopEmail || r.PostFormValue("user[password]") != shopPassword {
		return "/login", nil
	}
	s.User, s.Token = shopEmail, rand.Text()+"/"+rand.Text()+"=="
	return "/products", nil
}

func (l *loginShop) add(r *http.Request, s *shopSession) (string, any) {
	if r.PostFormValue("product_id") != "7204" || len(r.PostForm["extra"]) != 2 {
		return "", nil
	}
	l.carts++
	s.Cart, s.Total = l.carts, fmt.Sprintf("%d.%02d", 20+l.carts/100%70, l.carts%100)
	return "/cart", nil
}

func (l *loginShop) pay(r *http.Request, s *shopSession) (string, any) {
	if r.PostFormValue("cart_id") != strconv.Itoa(s.Cart) || r.PostFormValue("total") != s.Total || r.PostFormValue("card_number") != shopCard || r.PostFormValue("cvc") != shopCVC {
		return "", nil
	}
	l.orders++
	s.Order = l.orders
	return "/orders/" + strconv.Itoa(l.orders), nil
}

func (l *loginShop) thank(r *http.Request, s *shopSession) (string, any) {
	if r.PathValue("id") != strconv.Itoa(s.Order) {
		return "", nil
	}
	return "", "thanks"
}

var shopPages = template.Must(template.New("").Parse(`
{{define "head"}}<!doctype html><html lang="en"><meta charset="utf-8"><title>Shop</title><link rel="stylesheet" href="/shop.css"><link rel="icon" href="data:,">{{end}}
{{define "token"}}<input type="hidden" name="authenticity_token" value="{{.S.Token}}">{{end}}
{{define "login"}}{{template "head"}}<form method="post" action="/login">{{template "token" .}}
	<input type="email" name="user[email]" id="email"><input type="password" name="user[password]" id="password">
	<input type="hidden" name="user[remember_me]" value="0"><input type="checkbox" name="user[remember_me]" value="1" checked><button id="go">Sign in</button></form>{{end}}
{{define "products"}}{{template "head"}}<ul id="list"><li><a href="/products/7201">Pot</a><li><a href="/products/7204" id="mug">Blue mug</a><li><a href="/products/7209">Spoon</a></ul>{{end}}
{{define "product"}}{{template "head"}}<h1>Blue mug</h1><form method="post" action="/cart">{{template "token" .}}<input type="hidden" name="product_id" value="{{.ID}}">
	<input type="number" name="quantity" value="1"><input type="checkbox" name="extra" value="gift" checked><input type="checkbox" name="extra" value="card" checked><button id="add">Put into the cart</button></form>{{end}}
{{define "cart"}}{{template "head"}}<h1>Your cart</h1><p>Total: <strong id="total">{{.S.Total}}</strong> EUR</p><form method="post" action="/checkout">{{template "token" .}}
	<input type="hidden" name="cart_id" value="{{.S.Cart}}"><input type="hidden" name="total" value="{{.S.Total}}">
	<input name="card_number" id="card"><input name="cvc" id="cvc"><button id="pay">Pay</button></form>{{end}}
{{define "thanks"}}{{template "head"}}<h1 id="thanks">Thank you</h1><p>Order {{.ID}}, charged <span id="charged">{{.S.Total}}</span> EUR.</p>{{end}}
`))
