package journey

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/jsonpath"
	"github.com/blastgauge/blastgauge/experiments/run/journey/httpclient"
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
		v.start(script, Entry{Sender: sender(func(_ context.Context, req *httpclient.Request, resp *httpclient.Response) error {
			if len(req.Body) > 0 && !json.Valid(req.Body) {
				t.Errorf("sent %q, which is not JSON", req.Body)
			}
			*resp = httpclient.Response{Status: status, Body: []byte(body), Headers: []experiments.Field{{Name: "Set-Cookie", Value: cookie}, {Name: "X-Any", Value: header}}}
			return nil
		}), Site: shopSite}, Seed{})
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
