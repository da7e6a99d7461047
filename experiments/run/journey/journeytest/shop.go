package journeytest

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/blastgauge/blastgauge/experiments"
)

// Steps returns a checkout: a catalogue of twenty products, a cart, two more
// requests and an order, with captures and checks.
func Steps() []experiments.Step {
	json := func(name, expr string, pick experiments.Pick) experiments.Capture {
		return experiments.Capture{Name: name, From: experiments.FromJSON, Expr: expr, Pick: pick}
	}
	post := func(target string, body map[string]any) experiments.Request {
		return experiments.Request{Method: "POST", Target: target, HasJSON: true, JSON: body}
	}
	status := func(code int) experiments.Expect { return experiments.Expect{Status: []int{code}} }
	pay := experiments.Step{Name: "pay", Request: post("/orders", map[string]any{"cart": "${cart}"}), Expect: status(201)}
	pay.Request.Headers = []experiments.Field{{Name: "Idempotency-Key", Value: "${uuid}"}}
	pay.Expect.JSON = []experiments.Check{{Target: "$.charged", Op: experiments.Eq, Value: "${quoted}"}}
	return []experiments.Step{
		{Name: "browse", Request: experiments.Request{Method: "GET", Target: "/products"}, Expect: status(200), Captures: []experiments.Capture{json("sku", "$.products[*].sku", experiments.Random)}},
		{Name: "view", Request: experiments.Request{Method: "GET", Target: "/products/${sku}"}, Expect: status(200)},
		{Name: "cart", Request: post("/carts", map[string]any{"sku": "${sku}", "quantity": "${random 1..3}"}), Expect: status(201), Captures: []experiments.Capture{json("cart", "$.id", ""), json("quoted", "$.total", "")}},
		{Name: "shipping", Request: post("/carts/${cart}/shipping", map[string]any{"zip": "12345"}), Expect: status(200)},
		pay,
	}
}

// Catalogue returns the shop's list of twenty products, as JSON.
func Catalogue() string {
	var products []string
	for i := range 20 {
		products = append(products, fmt.Sprintf(`{"sku":"sku-%d","name":"Product %d","price":%d.50,"stock":%d}`, i, i, i, 100*i))
	}
	return `{"products":[` + strings.Join(products, ",") + "]}"
}

// Answers returns the shop's answer to each request of [Steps], by the beginning of
// the request's first line.
func Answers() map[string][]byte {
	answer := func(status, body string) []byte {
		return fmt.Appendf(nil, "HTTP/1.1 %s\r\nContent-Type: application/json\r\nDate: Tue, 24 Nov 2026 00:00:00 GMT\r\nContent-Length: %d\r\n\r\n%s", status, len(body), body)
	}
	return map[string][]byte{
		"GET /products ":  answer("200 OK", Catalogue()),
		"GET /products/":  answer("200 OK", `{"sku":"sku-1","name":"Product 1","price":1.50,"stock":100}`),
		"POST /carts ":    answer("201 Created", `{"id":"c-1","total":12.50}`),
		"POST /carts/c-1": answer("200 OK", `{"id":"c-1","shipping":4.90,"total":12.50}`),
		"POST /orders ":   answer("201 Created", `{"id":"o-1","charged":12.5}`),
	}
}

// Serve answers [Steps] on a connection until it ends. It parses no more of a
// request than it must, because its own cost is not what is measured.
func Serve(c io.ReadWriter) {
	answers := Answers()
	for in := bufio.NewReader(c); ; {
		line, err := SkipRequest(in)
		if err != nil {
			return
		}
		for start, a := range answers {
			if !strings.HasPrefix(line, start) {
				continue
			}
			if _, err := c.Write(a); err != nil {
				return
			}
		}
	}
}

// SkipRequest reads a request with its body and returns its first line.
func SkipRequest(in *bufio.Reader) (line string, err error) {
	length := 0
	for {
		header, err := in.ReadSlice('\n')
		if err != nil {
			return "", err
		}
		if line == "" {
			line = string(header)
		}
		if name, value, ok := bytes.Cut(header, []byte(":")); ok && strings.EqualFold(string(name), "Content-Length") {
			if _, err := fmt.Sscan(string(value), &length); err != nil {
				return "", err
			}
		}
		if len(header) == 2 {
			break
		}
	}
	_, err = in.Discard(length)
	return line, err
}
