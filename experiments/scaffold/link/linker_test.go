package link

import (
	"cmp"
	"net/url"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/scaffold/draft"
	"github.com/blastgauge/blastgauge/experiments/scaffold/recording"
)

func newExchange(t *testing.T, method, target, body string) *recording.Exchange {
	t.Helper()
	u, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	x := &recording.Exchange{Method: method, URL: u}
	if body != "" {
		x.Body = &recording.Body{MIME: "application/json", Text: body}
	}
	return x
}

// sent is a request and its answer, both with JSON bodies unless they are empty.
type sent struct {
	method, path, body string
	answer             string
	status             int
	location, cookie   string
	mime               string
}

func (s sent) exchange(t *testing.T) *recording.Exchange {
	t.Helper()
	x := newExchange(t, s.method, "http://shop.test"+s.path, s.body)
	x.Answer = recording.Answer{Status: cmp.Or(s.status, 200), MIME: cmp.Or(s.mime, "application/json"), Text: s.answer}
	if s.location != "" {
		x.Answer.Headers = append(x.Answer.Headers, recording.Pair{Name: "Location", Value: s.location})
	}
	if s.cookie != "" {
		x.Answer.Headers = append(x.Answer.Headers, recording.Pair{Name: "Set-Cookie", Value: s.cookie})
	}
	return x
}

// recordJourney returns the linked steps of a recording of the given requests.
func recordJourney(t *testing.T, list ...sent) []*step {
	t.Helper()
	return traceJourney(t, list...).steps
}

func traceJourney(t *testing.T, list ...sent) *linker {
	t.Helper()
	rec := &recording.Recording{File: "shop.har", Left: recording.Exclusions{}}
	for _, s := range list {
		rec.Exchanges = append(rec.Exchanges, s.exchange(t))
	}
	kept, _, _, err := choose(rec, "")
	if err != nil {
		t.Fatal(err)
	}
	return trace(kept, "shop")
}

// requestText returns the request of a step as the document writes it.
func requestText(s *step) string {
	parts := []string{s.Method, s.request.URLText()}
	for _, slot := range s.request.Slots() {
		if slot.In != draft.InPath && slot.In != draft.InQuery {
			parts = append(parts, slot.Key+"="+slot.Text())
		}
	}
	return strings.Join(parts, " ")
}

func TestValuesAreLinkedToTheirAnswers(t *testing.T) {
	t.Parallel()
	const id = "c-8f31a2b4"
	for name, tt := range map[string]struct {
		journey []sent
		want    string // the last request
	}{
		"an id in a path":               {[]sent{{method: "POST", path: "/carts", answer: `{"id": "` + id + `"}`}, {method: "GET", path: "/carts/" + id}}, "GET /carts/${cart_id}"},
		"a short id whose name fits":    {[]sent{{method: "POST", path: "/carts", answer: `{"id": 42}`}, {method: "POST", path: "/orders", body: `{"cartId": 42}`}}, "POST /orders cartId=${cart_id}"},
		"a short id whose name differs": {[]sent{{method: "POST", path: "/carts", answer: `{"id": 42}`}, {method: "POST", path: "/orders", body: `{"quantity": 42}`}}, "POST /orders quantity=42"},
		"a number is not a text":        {[]sent{{method: "POST", path: "/carts", answer: `{"id": 1234567}`}, {method: "POST", path: "/orders", body: `{"cartId": "1234567"}`}}, "POST /orders cartId=1234567"},
		"a value that the browser sent first": {[]sent{{method: "POST", path: "/carts", body: `{"ref": "` + id + `"}`, answer: `{"ref": "` + id + `"}`}, {method: "POST", path: "/orders", body: `{"ref": "` + id + `"}`}},
			"POST /orders ref=" + id},
		"a redirection":      {[]sent{{method: "POST", path: "/checkout", status: 303, location: "/orders/981723645?key=x"}, {method: "GET", path: "/orders/981723645?key=x"}}, "GET ${order_url}"},
		"an idempotency key": {[]sent{{method: "POST", path: "/pay", body: `{"idempotencyKey": "7c9e6679-7425-40de-944b-e07fc1f90ae7"}`}}, "POST /pay idempotencyKey=${uuid}"},
		"an id that the browser made up and sent twice": {[]sent{
			{method: "POST", path: "/carts", body: `{"basket": "7c9e6679-7425-40de-944b-e07fc1f90ae7"}`}, {method: "GET", path: "/carts/7c9e6679-7425-40de-944b-e07fc1f90ae7"}},
			"GET /carts/${run}-${arm}-${seq}"},
		"a value in a page": {[]sent{{method: "GET", path: "/login", mime: "text/html", answer: `<input name="csrf" value="tok12345x">`}, {method: "POST", path: "/login", body: `{"csrf": "tok12345x"}`}},
			"POST /login csrf=${csrf}"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			steps := recordJourney(t, tt.journey...)
			if got := requestText(steps[len(steps)-1]); got != tt.want {
				t.Errorf("the last request is %s, want %s", got, tt.want)
			}
		})
	}
}

// Of several answers with the same value, the first one whose name fits is used.
func TestTheFirstFittingAnswerIsUsed(t *testing.T) {
	t.Parallel()
	steps := recordJourney(t,
		sent{method: "GET", path: "/session", answer: `{"trace": "c-8f31a2b4"}`},
		sent{method: "POST", path: "/carts", answer: `{"id": "c-8f31a2b4"}`},
		sent{method: "GET", path: "/carts/current", answer: `{"id": "c-8f31a2b4"}`},
		sent{method: "GET", path: "/carts/c-8f31a2b4"})
	if len(steps[0].captures) != 0 || len(steps[2].captures) != 0 || len(steps[1].captures) != 1 {
		t.Fatalf("captures: %d, %d and %d, want one in the second answer", len(steps[0].captures), len(steps[1].captures), len(steps[2].captures))
	}
	if c := steps[1].captures[0]; c.from != experiments.FromJSON || c.expr != "$.id" || c.name != "cart_id" {
		t.Errorf("capture %s: %s %s, want cart_id: json $.id", c.name, c.from, c.expr)
	}
}

// A password that an answer repeats is not captured from there: it stays a secret.
func TestEnteredSecretsAreNotCaptured(t *testing.T) {
	t.Parallel()
	steps := recordJourney(t,
		sent{method: "POST", path: "/accounts", answer: `{"password": "Tr0ub4dor&3xyz"}`},
		sent{method: "POST", path: "/login", body: `{"password": "Tr0ub4dor&3xyz"}`})
	if got, want := requestText(steps[1]), "POST /login password=${env:SHOP_PASSWORD}"; got != want {
		t.Errorf("the login is %s, want %s", got, want)
	}
}
