package scaffold

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments"
)

func newExchange(t *testing.T, method, target, body string) *exchange {
	t.Helper()
	u, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	x := &exchange{method: method, url: u}
	if body != "" {
		x.body = &harBody{MIME: "application/json", Text: body}
	}
	return x
}

// sent is an entry of a HAR file: a request and its answer, both with JSON bodies
// unless they are empty.
type sent struct {
	method, path, body string
	answer             string
	status             int
	location, cookie   string
	mime               string
}

func (s sent) entry() string {
	status, mime := s.status, s.mime
	if status == 0 {
		status = 200
	}
	if mime == "" {
		mime = "application/json"
	}
	request := fmt.Sprintf(`"method": %q, "url": "http://shop.test%s"`, s.method, s.path)
	if s.body != "" {
		request += fmt.Sprintf(`, "postData": {"mimeType": "application/json", "text": %q}`, s.body)
	}
	var headers []string
	if s.location != "" {
		headers = append(headers, fmt.Sprintf(`{"name": "Location", "value": %q}`, s.location))
	}
	if s.cookie != "" {
		headers = append(headers, fmt.Sprintf(`{"name": "Set-Cookie", "value": %q}`, s.cookie))
	}
	return fmt.Sprintf(`{"request": {%s}, "response": {"status": %d, "headers": [%s], "content": {"mimeType": %q, "text": %q, "size": %d}}}`,
		request, status, strings.Join(headers, ","), mime, s.answer, len(s.answer))
}

// recordJourney reads a recording of the given requests, and checks that its
// documents load.
func recordJourney(t *testing.T, list ...sent) *Recording {
	t.Helper()
	entries := make([]string, len(list))
	for i, s := range list {
		entries[i] = s.entry()
	}
	rec, err := ReadRecording("shop.har", strings.NewReader(`{"log": {"entries": [`+strings.Join(entries, ",")+`]}}`), "")
	if err != nil {
		t.Fatal(err)
	}
	d, err := Make(Options{Recording: rec})
	if err != nil {
		t.Fatal(err)
	}
	loaded(t, d)
	return rec
}

// requestText returns the request of a step as the document writes it.
func requestText(s *step) string {
	parts := []string{s.method, s.request.urlText()}
	for _, slot := range s.request.slots() {
		if slot.in != inPath && slot.in != inQuery {
			parts = append(parts, slot.key+"="+slot.text())
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
			rec := recordJourney(t, tt.journey...)
			if got := requestText(rec.steps[len(rec.steps)-1]); got != tt.want {
				t.Errorf("the last request is %s, want %s", got, tt.want)
			}
		})
	}
}

// Of several answers with the same value, the first one whose name fits is used.
func TestTheFirstFittingAnswerIsUsed(t *testing.T) {
	t.Parallel()
	rec := recordJourney(t,
		sent{method: "GET", path: "/session", answer: `{"trace": "c-8f31a2b4"}`},
		sent{method: "POST", path: "/carts", answer: `{"id": "c-8f31a2b4"}`},
		sent{method: "GET", path: "/carts/current", answer: `{"id": "c-8f31a2b4"}`},
		sent{method: "GET", path: "/carts/c-8f31a2b4"})
	if len(rec.steps[0].captures) != 0 || len(rec.steps[2].captures) != 0 || len(rec.steps[1].captures) != 1 {
		t.Fatalf("captures: %d, %d and %d, want one in the second answer", len(rec.steps[0].captures), len(rec.steps[1].captures), len(rec.steps[2].captures))
	}
	if c := rec.steps[1].captures[0]; c.from != experiments.FromJSON || c.expr != "$.id" || c.name != "cart_id" {
		t.Errorf("capture %s: %s %s, want cart_id: json $.id", c.name, c.from, c.expr)
	}
}

// A password that an answer repeats is not captured from there: it stays a secret.
func TestEnteredSecretsAreNotCaptured(t *testing.T) {
	t.Parallel()
	rec := recordJourney(t,
		sent{method: "POST", path: "/accounts", answer: `{"password": "Tr0ub4dor&3xyz"}`},
		sent{method: "POST", path: "/login", body: `{"password": "Tr0ub4dor&3xyz"}`})
	if got, want := requestText(rec.steps[1]), "POST /login password=${env:SHOP_PASSWORD}"; got != want {
		t.Errorf("the login is %s, want %s", got, want)
	}
}

func TestReplaceInASlot(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		raw, text, want string
		ok              bool
	}{
		"every occurrence":           {"a-b-a", "a", "${x}-b-${x}", true},
		"nothing to replace":         {"a-b", "c", "a-b", false},
		"a $ before it":              {"costs $42", "42", "costs $42", false},
		"a text that looks like one": {"${y} a", "a", "$${y} ${x}", true},
	} {
		s := newSlot(inBody, "", tt.raw, tt.raw)
		if ok := s.replace(tt.text, variablePiece("x")); ok != tt.ok || s.text() != tt.want {
			t.Errorf("%s: replace() = %t, %s, want %t, %s", name, ok, s.text(), tt.ok, tt.want)
		}
	}
}
