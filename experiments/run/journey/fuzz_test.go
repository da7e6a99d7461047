package journey

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/jsonpath"
)

// Every answer can be judged: without a panic, with a bounded detail, and never OK
// where the content is not as expected.
func FuzzJudge(f *testing.F) {
	for _, body := range []string{order, "", "null", "[]", "<html>", `{"id":`, `{"id": "x", "list": [1, 2, {"n": 1e9}]}`, "\xff\xfe", `{"id":"` + strings.Repeat("é", 300) + `"}`} {
		f.Add(200, body, "session=s1; Domain=shop.test", "12.5")
	}
	op := func(target string, op experiments.Op, value any) experiments.Check {
		return experiments.Check{Target: target, Op: op, Value: value}
	}
	steps := []experiments.Step{{Name: "a",
		Expect: experiments.Expect{JSON: []experiments.Check{op("$.id", experiments.Matches, "^x"), op("$..n", experiments.Lte, json.Number("1e9")), op("$.list[?@ > 1]", experiments.Ne, nil)},
			Header: []experiments.Check{op("X-Any", experiments.In, []any{"12.5", "${uuid}"})},
			Body:   []experiments.Check{op("", experiments.Lacks, "oops")}},
		Captures: []experiments.Capture{{Name: "id", From: experiments.FromJSON, Expr: "$.id"}, {Name: "s", From: experiments.FromCookie, Expr: "session", Pick: experiments.Random},
			{Name: "r", From: experiments.FromRegex, Expr: `"(\w+)"`, Pick: experiments.Last}}},
		{Name: "b", Request: experiments.Request{Target: "/${id}", HasJSON: true, JSON: map[string]any{"id": "${id}", "t": "<${id}${r}>"}}},
	}
	script, err := Compile(steps, Facts{})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, status int, body, cookie, header string) {
		v := NewExecution()
		v.start(script, Entry{Sender: sender(func(_ context.Context, req *Request, resp *Response) error {
			if len(req.Body) > 0 && !json.Valid(req.Body) {
				t.Errorf("sent %q, which is not JSON", req.Body)
			}
			*resp = Response{Status: status, Body: []byte(body), Headers: []experiments.Field{{Name: "Set-Cookie", Value: cookie}, {Name: "X-Any", Value: header}}}
			return nil
		}), URL: shopURL}, Seed{})
		got := v.step(t.Context(), 0, time.Time{})
		if len(got.Detail) > 2*maxDetail || (got.Outcome == journal.OK) != (got.Detail == "") {
			t.Errorf("%v with the detail %q", got.Outcome, got.Detail)
		}
		if got.Outcome != journal.OK {
			return
		}
		if !json.Valid([]byte(body)) || strings.Contains(body, "oops") || header != "12.5" || status < 200 || status > 299 {
			t.Errorf("judged ok: %d %q %q", status, body, header)
		}
		v.step(t.Context(), 1, time.Time{})
	})
}

// Whatever bytes a system sends, an answer is complete or there is an error.
func FuzzExchange(f *testing.F) {
	for _, s := range []string{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
		"HTTP/1.0 204\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\n\x1f\x8b\x08", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\n\r\nbody"} {
		f.Add([]byte(s))
	}
	c, err := NewClient(ClientOptions{Base: "http://127.0.0.1:1"})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, wire []byte) {
		line := newConn(answered{bytes.NewReader(wire)})
		var resp Response
		reusable, err := c.exchange(line, c.base, "/", &Request{Method: "GET"}, &resp)
		if err != nil && reusable {
			t.Errorf("reusable after %v", err)
		}
		if err == nil && len(resp.Body) > maxBody {
			t.Errorf("a body of %d bytes", len(resp.Body))
		}
		resp.header("Set-Cookie")
	})
}

// answered is a connection whose answer is there already.
type answered struct{ io.Reader }

func (answered) Write(p []byte) (int, error)      { return len(p), nil }
func (answered) Close() error                     { return nil }
func (answered) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (answered) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (answered) SetDeadline(time.Time) error      { return nil }
func (answered) SetReadDeadline(time.Time) error  { return nil }
func (answered) SetWriteDeadline(time.Time) error { return nil }

// A value of an answer equals what is made of it, and another value where that does.
func FuzzEqualValues(f *testing.F) {
	for _, a := range []string{"null", "[1.0,[],{}]", `{"a":1,"a":2}`, `{"a":2}`, `{"a":{"b":[1,2]},"c":"\u0061"}`, `{"c":"a","a":{"b":[1,2e0]}}`, `"1"`, "1", "[]", "{}", `{"":""}`} {
		for _, b := range []string{"null", "[1,[],{}]", `{"a":2}`, `{"c":"a","a":{"b":[1,2]}}`, "{}"} {
			f.Add(a, b)
		}
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		var x, y jsonpath.Document
		if x.Decode([]byte(a), jsonpath.Unbounded{}) != nil || y.Decode([]byte(b), jsonpath.Unbounded{}) != nil {
			return
		}
		madeX, errX := x.Root().Make(jsonpath.Unbounded{})
		madeY, errY := y.Root().Make(jsonpath.Unbounded{})
		if errX != nil || errY != nil { // nested too deep
			return
		}
		if got, want := equalValue(x.Root(), madeY), equal(madeX, madeY); got != want {
			t.Errorf("%q equals %q: %t, want %t", a, b, got, want)
		}
		if !equalValue(x.Root(), madeX) && !strings.ContainsAny(a, "eE0123456789") { // huge numbers equal nothing but their own text
			t.Errorf("%q does not equal itself", a)
		}
		var again jsonpath.Document
		if err := again.Decode(appendJSON(nil, madeX), jsonpath.Unbounded{}); err != nil || !equalValue(again.Root(), madeX) && !strings.ContainsAny(a, "eE") {
			t.Errorf("%q became %q: %v", a, appendJSON(nil, madeX), err)
		}
	})
}
