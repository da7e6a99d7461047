package journey

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
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
		got := v.step(t.Context(), &script.steps[0], time.Time{})
		if len(got.Detail) > 2*maxDetail || (got.Outcome == journal.OK) != (got.Detail == "") {
			t.Errorf("%v with the detail %q", got.Outcome, got.Detail)
		}
		if got.Outcome != journal.OK {
			return
		}
		if !json.Valid([]byte(body)) || strings.Contains(body, "oops") || header != "12.5" || status < 200 || status > 299 {
			t.Errorf("judged ok: %d %q %q", status, body, header)
		}
		v.step(t.Context(), &script.steps[1], time.Time{})
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

// decodeJSON decodes what encoding/json decodes, to the same values, without its
// help; and what it decodes can be written again without loss.
func FuzzDecodeJSON(f *testing.F) {
	for _, s := range []string{order, "null", ` [1.0, -2e3, "\u00e9\n"] `, "{}", "[", "1 2", `"\ud800"`, "\"\xff\"", `{"a":1,"a":2}`, `-0.0E+7`, "01", "1.", "-", `"\`, `"\x"`, "\"\n\"", "[1,]", `{"a" : [ ] , "b":{}}`, "truefalse", "nul", "[true,false,null]", "\x00", " "} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		got, err := decodeJSON(body)
		want, wantErr := decodeStandard(body)
		if (err == nil) != (wantErr == nil) || (err == nil) != json.Valid(body) || !reflect.DeepEqual(got, want) {
			t.Fatalf("decodeJSON() = %#v, %v; encoding/json: %#v, %v", got, err, want, wantErr)
		}
		d := jsontext.NewDecoder(bytes.NewBuffer(body), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
		if _, err := readValue(d); wantErr == nil && err != nil {
			t.Errorf("%q was left to encoding/json: %v", body, err)
		}
		if again, err := decodeJSON(appendJSON(nil, got)); wantErr == nil && (err != nil || !equal(got, again)) {
			t.Errorf("%v became %v: %v", got, again, err)
		}
	})
}
