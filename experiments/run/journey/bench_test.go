package journey

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// fiveSteps is a checkout as the README's: a catalogue of twenty products, a
// cart, two more requests and an order, with captures and checks.
func fiveSteps() []experiments.Step {
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

func catalogue() string {
	var products []string
	for i := range 20 {
		products = append(products, fmt.Sprintf(`{"sku":"sku-%d","name":"Product %d","price":%d.50,"stock":%d}`, i, i, i, 100*i))
	}
	return `{"products":[` + strings.Join(products, ",") + "]}"
}

// shop answers the five steps, without looking at more than it must: what it
// costs is not what is measured. seen learns the start of every request.
func shop(c *net.TCPConn, seen func(first string)) {
	answer := func(status, body string) []byte {
		return fmt.Appendf(nil, "HTTP/1.1 %s\r\nContent-Type: application/json\r\nDate: Tue, 24 Nov 2026 00:00:00 GMT\r\nContent-Length: %d\r\n\r\n%s", status, len(body), body)
	}
	answers := map[string][]byte{
		"GET /products ":  answer("200 OK", catalogue()),
		"GET /products/":  answer("200 OK", `{"sku":"sku-1","name":"Product 1","price":1.50,"stock":100}`),
		"POST /carts ":    answer("201 Created", `{"id":"c-1","total":12.50}`),
		"POST /carts/c-1": answer("200 OK", `{"id":"c-1","shipping":4.90,"total":12.50}`),
		"POST /orders ":   answer("201 Created", `{"id":"o-1","charged":12.5}`),
	}
	in := bufio.NewReader(c)
	for {
		length, first := 0, ""
		for {
			line, err := in.ReadSlice('\n')
			if err != nil {
				return
			}
			if first == "" {
				first = string(line)
			}
			if value, ok := bytes.CutPrefix(line, []byte("Content-Length: ")); ok {
				_, _ = fmt.Sscan(string(value), &length)
			}
			if len(line) == 2 {
				break
			}
		}
		seen(first)
		if _, err := in.Discard(length); err != nil {
			return
		}
		for start, a := range answers {
			if strings.HasPrefix(first, start) {
				_, _ = c.Write(a)
			}
		}
	}
}

// BenchmarkJourney is one journey of five steps over loopback, server included.
func BenchmarkJourney(b *testing.B) {
	base := serve(b, func(c *net.TCPConn) { shop(c, func(string) {}) })
	p := &plan.Plan{Run: "r", System: experiments.System{URL: base}, Experiments: []plan.Experiment{{ID: "e", Control: plan.Baseline,
		Journeys: []plan.Journey{{Journey: experiments.Journey{Name: "checkout", Rate: 1, Steps: fiveSteps()}}}}}}
	traffic, err := NewTraffic(Options{Plan: p})
	if err != nil {
		b.Fatal(err)
	}
	benchmark(b, traffic)
	traffic.clients[0].Close()
}

// BenchmarkJudging is the same without sockets: filling in, looking into
// answers, comparing.
func BenchmarkJudging(b *testing.B) {
	answers := map[string]string{}
	answers["/products"] = catalogue()
	answers["/carts"] = `{"id":"c-1","total":12.50}`
	answers["/orders"] = `{"id":"o-1","charged":12.5}`
	to := sender(func(_ context.Context, req *Request, resp *Response) error {
		resp.Status, resp.Body = 200, []byte(answers[req.Target])
		if req.Target == "/carts" || req.Target == "/orders" {
			resp.Status = 201
		}
		return nil
	})
	p := aPlan(func(p *plan.Plan) { p.Experiments[0].Journeys[0].Steps = fiveSteps() })
	traffic, err := NewTraffic(Options{Plan: p, Fault: to, Control: to})
	if err != nil {
		b.Fatal(err)
	}
	benchmark(b, traffic)
}

func benchmark(b *testing.B, traffic *Traffic) {
	v := newVisit()
	l := traffic.lanes[0]
	b.ReportAllocs()
	for n := uint64(0); b.Loop(); n++ {
		o, why := l.make(b.Context(), v, job{lane: l, n: n, intended: time.Now()})
		if o.Harmed() {
			b.Fatalf("%+v", why)
		}
	}
}
