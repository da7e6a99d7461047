package journey

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/run/internal/wait"
	"github.com/blastgauge/blastgauge/experiments/run/journey/cookies"
	"github.com/blastgauge/blastgauge/experiments/run/journey/httpclient"
	"github.com/blastgauge/blastgauge/experiments/site"
)

// perform sends the steps once, in order, until one is not ok.
func perform(t testing.TB, f Facts, to Sender, steps ...experiments.Step) (Verdict, *Execution) {
	t.Helper()
	script, err := Compile(steps, f)
	if err != nil {
		t.Fatal(err)
	}
	v := NewExecution()
	v.start(script, Entry{Sender: to, Site: shopSite}, Seed{Choices: 1, UUIDs: 2, Number: 3, Seq: 4})
	var verdict Verdict
	for i := range script.steps {
		if verdict = v.step(t.Context(), i, time.Now().Add(10*time.Second)); verdict.Outcome != journal.OK {
			break
		}
	}
	return verdict, v
}

// shopSite is where the tests' journeys enter.
var shopSite, _ = site.New("http://shop.test:8080", "")

const order = `{"id": "o1", "total": 12.50, "big": 9007199254740993, "paid": true, "note": null, "tags": ["a", "b"],
	"items": [{"sku": "x", "n": 1}, {"sku": "y", "n": 2}], "text": "12.5", "errors": []}`

func TestChecks(t *testing.T) {
	t.Parallel()
	num := func(s string) json.Number { return json.Number(s) }
	check := func(target string, op experiments.Op, value any) experiments.Expect {
		c := experiments.Check{Target: target, Op: op, Value: value}
		switch {
		case target == "":
			return experiments.Expect{Body: []experiments.Check{c}}
		case target[0] == '$':
			return experiments.Expect{JSON: []experiments.Check{c}}
		}
		return experiments.Expect{Header: []experiments.Check{c}}
	}
	tests := []struct {
		target string
		op     experiments.Op
		value  any
		detail string // empty: met
	}{
		{"$.total", experiments.Eq, num("12.5"), ""},
		{"$.total", experiments.Eq, num("125e-1"), ""},
		{"$.total", experiments.Eq, num("12.51"), "$.total is 12.50, expected 12.51"},
		{"$.total", experiments.Eq, "12.50", `$.total is 12.50, expected "12.50"`},
		{"$.big", experiments.Eq, num("9007199254740993"), ""},
		{"$.big", experiments.Eq, num("9007199254740992"), "$.big is 9007199254740993, expected 9007199254740992"},
		{"$.id", experiments.Eq, "o1", ""},
		{"$.id", experiments.Eq, "o2", `$.id is "o1", expected "o2"`},
		{"$.paid", experiments.Eq, true, ""},
		{"$.paid", experiments.Eq, "true", `$.paid is true, expected "true"`},
		{"$.note", experiments.Eq, nil, ""},
		{"$.tags", experiments.Eq, []any{"a", "b"}, ""},
		{"$.tags", experiments.Eq, []any{"b", "a"}, `$.tags is ["a","b"], expected ["b","a"]`},
		{"$.items[0]", experiments.Eq, map[string]any{"n": num("1.0"), "sku": "x"}, ""},
		{"$.items[0]", experiments.Eq, map[string]any{"n": num("1")}, `$.items[0] is {"n":1,"sku":"x"}, expected {"n":1}`},
		{"$.gone", experiments.Eq, nil, "$.gone is absent, expected null"},
		{"$.id", experiments.Ne, "o2", ""},
		{"$.id", experiments.Ne, "o1", `$.id is "o1", expected anything but "o1"`},
		{"$.gone", experiments.Ne, "o1", `$.gone is absent, expected anything but "o1"`},
		{"$.note", experiments.Exists, true, ""},
		{"$.gone", experiments.Exists, true, "$.gone is absent"},
		{"$.gone", experiments.Absent, true, ""},
		{"$.errors", experiments.Absent, true, "$.errors is there, expected to be absent"},
		{"$.errors[0]", experiments.Absent, true, ""},
		{"$.total", experiments.Lt, num("12.51"), ""},
		{"$.total", experiments.Lt, num("12.5"), "$.total is 12.50, expected less than 12.5"},
		{"$.total", experiments.Lte, num("12.5"), ""},
		{"$.total", experiments.Lte, num("-12.5"), "$.total is 12.50, expected at most -12.5"},
		{"$.total", experiments.Gt, num("12.49"), ""},
		{"$.total", experiments.Gt, num("12.5"), "$.total is 12.50, expected more than 12.5"},
		{"$.total", experiments.Gte, num("12.5"), ""},
		{"$.total", experiments.Gte, num("13"), "$.total is 12.50, expected at least 13"},
		{"$.text", experiments.Gte, num("12"), ""},
		{"$.id", experiments.Gte, num("1"), `$.id is "o1", expected at least 1`},
		{"$.tags", experiments.Lt, num("1"), `$.tags is ["a","b"], expected less than 1`},
		{"$.id", experiments.In, []any{"o2", "o1"}, ""},
		{"$.total", experiments.In, []any{num("1"), num("12.500")}, ""},
		{"$.id", experiments.In, []any{"o2", nil}, `$.id is "o1", expected one of ["o2",null]`},
		{"$.id", experiments.Matches, "^o[0-9]$", ""},
		{"$.total", experiments.Matches, `^12\.`, ""},
		{"$.id", experiments.Matches, "^x", `$.id is "o1", expected a match of "^x"`},
		{"$.items[*].n", experiments.Gte, num("1"), ""},
		{"$.items[*].n", experiments.Gte, num("2"), "$.items[*].n is 1, expected at least 2"},
		{"$.items[?@.n > 5].n", experiments.Gte, num("2"), "$.items[?@.n > 5].n is absent, expected at least 2"},
		{"X-Count", experiments.Eq, "2", ""},
		{"x-count", experiments.Eq, "3", `x-count is "2", expected "3"`},
		{"X-Count", experiments.Eq, num("2"), ""},
		{"X-None", experiments.Absent, true, ""},
		{"X-None", experiments.Exists, true, "X-None is absent"},
		{"X-Count", experiments.In, []any{"1", "2"}, ""},
		{"X-Count", experiments.Matches, "^[0-9]+$", ""},
		{"X-Count", experiments.Ne, "2", `X-Count is "2", expected anything but "2"`},
		{"Vary", experiments.Matches, "^A", `Vary is "Cookie", expected a match of "^A"`}, // all of several
		{"", experiments.Contains, `"paid": true`, ""},
		{"", experiments.Contains, "refunded", `the body does not contain "refunded"`},
		{"", experiments.Lacks, "refunded", ""},
		{"", experiments.Lacks, "paid", `the body contains "paid"`},
		{"", experiments.Matches, `"total":\s+12`, ""},
		{"", experiments.Matches, "^<html", `the body does not match "^<html"`},
	}
	to := answering(200, order, experiments.Field{Name: "X-Count", Value: "2"}, experiments.Field{Name: "Vary", Value: "Accept"}, experiments.Field{Name: "vary", Value: "Cookie"})
	for _, tt := range tests {
		t.Run(fmt.Sprint(tt.target, " ", tt.op, " ", tt.value), func(t *testing.T) {
			got, _ := perform(t, Facts{}, to, experiments.Step{Expect: check(tt.target, tt.op, tt.value)})
			want := journal.OK
			if tt.detail != "" {
				want = journal.Wrong
			}
			if got.Outcome != want || got.Detail != tt.detail || (got.Mismatch != nil) != (want == journal.Wrong) {
				t.Errorf("%v: %q, want %v: %q", got.Outcome, got.Detail, want, tt.detail)
			}
		})
	}
}

// Shops that fail say so in the status, or only in the content.
func TestWrongOrFailed(t *testing.T) {
	t.Parallel()
	isJSON := experiments.Expect{JSON: []experiments.Check{{Target: "$.id", Op: experiments.Exists, Value: true}}}
	noErrors := experiments.Expect{JSON: []experiments.Check{{Target: "$.errors", Op: experiments.Absent, Value: true}}}
	created := experiments.Expect{Status: []int{201, 409}, JSON: isJSON.JSON}
	tests := map[string]struct {
		expect  experiments.Expect
		capture string
		to      Sender
		outcome journal.Outcome
		cause   journal.Cause
		detail  string
	}{
		"fine":                     {isJSON, "", answering(200, `{"id": 1}`), journal.OK, 0, ""},
		"any 2xx":                  {experiments.Expect{}, "", answering(299, ``), journal.OK, 0, ""},
		"a redirect":               {experiments.Expect{}, "", answering(302, ``), journal.Failed, journal.Status, "status 302, expected 200 to 299"},
		"status before content":    {isJSON, "", answering(503, `<html>`), journal.Failed, journal.Status, "status 503, expected 200 to 299"},
		"one of several statuses":  {created, "", answering(409, `{"id": 1}`), journal.OK, 0, ""},
		"none of several statuses": {created, "", answering(200, `{"id": 1}`), journal.Failed, journal.Status, "status 200, expected one of [201 409]"},
		"an errors array":          {noErrors, "", answering(200, `{"errors": [{"message": "no"}]}`), journal.Wrong, journal.Unmet, "$.errors is there, expected to be absent"},
		"null":                     {isJSON, "", answering(200, `null`), journal.Wrong, journal.Unmet, "$.id is absent"},
		"an HTML page":             {isJSON, "", answering(200, `<html>`), journal.Wrong, journal.Unmet, "the body is not JSON: invalid character '<' looking for beginning of value"},
		"an empty body":            {isJSON, "", answering(200, ``), journal.Wrong, journal.Unmet, "the body is not JSON: it is empty"},
		"half a document":          {isJSON, "", answering(200, `{"id": `), journal.Wrong, journal.Unmet, "the body is not JSON: unexpected EOF"},
		"two documents":            {isJSON, "", answering(200, `{"id": 1}{}`), journal.Wrong, journal.Unmet, "the body is not JSON: something follows the value"},
		"nothing to capture":       {experiments.Expect{}, "$.id", answering(200, `{}`), journal.Wrong, journal.Unmet, "$.id holds nothing to capture as id"},
		"null to capture":          {experiments.Expect{}, "$.id", answering(200, `{"id": null}`), journal.Wrong, journal.Unmet, "$.id holds nothing to capture as id"},
		"broken": {isJSON, "", sender(func(context.Context, *httpclient.Request, *httpclient.Response) error { return httpclient.ErrClosed }),
			journal.Failed, journal.Closed, "the connection was closed without an answer"},
		"timed out": {isJSON, "", sender(func(context.Context, *httpclient.Request, *httpclient.Response) error {
			return fmt.Errorf("dial: %w", httpclient.ErrTimedOut)
		}),
			journal.Failed, journal.Timeout, "dial: no answer in time"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			step := experiments.Step{Expect: tt.expect}
			if tt.capture != "" {
				step.Captures = []experiments.Capture{{Name: "id", From: experiments.FromJSON, Expr: tt.capture}}
			}
			got, _ := perform(t, Facts{}, tt.to, step)
			if got.Outcome != tt.outcome || got.Cause != tt.cause || got.Detail != tt.detail {
				t.Errorf("%v (%v): %q, want %v (%v): %q", got.Outcome, got.Cause, got.Detail, tt.outcome, tt.cause, tt.detail)
			}
		})
	}
}

func TestCaptures(t *testing.T) {
	t.Parallel()
	to := answering(200, `{"list": [{"id": 1}, {"id": 2.50}, {"id": "3"}], "empty": [], "text": ""} token=abc token=def`,
		experiments.Field{Name: "Location", Value: "/orders/1"}, experiments.Field{Name: "Link", Value: "a"}, experiments.Field{Name: "link", Value: "b"},
		experiments.Field{Name: "Set-Cookie", Value: "session=s1; Path=/"}, experiments.Field{Name: "Set-Cookie", Value: "session=s2"}, experiments.Field{Name: "Set-Cookie", Value: "old=x; Max-Age=0"},
		experiments.Field{Name: "Set-Cookie", Value: `quoted="a, b"; HttpOnly`}, experiments.Field{Name: "Set-Cookie", Value: `cart[1]={"sku":"x=y"}`}, experiments.Field{Name: "Set-Cookie", Value: "older=x; Expires=Thu, 01-Jan-70 00:00:00 GMT"})
	onlyJSON := answering(200, `{"list": [{"id": 1}, {"id": 2.50}, {"id": "3"}], "empty": [], "text": ""}`)
	tests := []struct {
		from experiments.Source
		expr string
		pick experiments.Pick
		want any // nil: nothing found
	}{
		{experiments.FromJSON, "$.list[*].id", "", json.Number("1")},
		{experiments.FromJSON, "$.list[*].id", experiments.First, json.Number("1")},
		{experiments.FromJSON, "$.list[*].id", experiments.Last, "3"},
		{experiments.FromJSON, "$.list[1].id", experiments.Random, json.Number("2.50")},
		{experiments.FromJSON, "$.text", "", ""},
		{experiments.FromJSON, "$.empty[*]", experiments.Random, nil},
		{experiments.FromHeader, "location", "", "/orders/1"},
		{experiments.FromHeader, "Link", experiments.Last, "b"},
		{experiments.FromHeader, "X-None", "", nil},
		{experiments.FromCookie, "session", "", "s1"},
		{experiments.FromCookie, "session", experiments.Last, "s2"},
		{experiments.FromCookie, "old", "", nil},
		{experiments.FromCookie, "older", "", nil},
		{experiments.FromCookie, "quoted", "", `"a, b"`},
		{experiments.FromCookie, "cart[1]", "", `{"sku":"x=y"}`},
		{experiments.FromRegex, `token=(\w+)`, "", "abc"},
		{experiments.FromRegex, `token=\w+`, experiments.First, "token=abc"},
		{experiments.FromRegex, `token=(\w+)`, experiments.Last, "def"},
		{experiments.FromRegex, `nothing`, experiments.Random, nil},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprint(tt.from, " ", tt.expr, " ", tt.pick), func(t *testing.T) {
			from := to
			if tt.from == experiments.FromJSON {
				from = onlyJSON
			}
			got, v := perform(t, Facts{}, from, experiments.Step{Captures: []experiments.Capture{{Name: "x", From: tt.from, Expr: tt.expr, Pick: tt.pick}}})
			if tt.want == nil {
				if got.Outcome != journal.Wrong {
					t.Errorf("%v, want wrong", got.Outcome)
				}
				return
			}
			if got.Outcome != journal.OK || v.values.slots[0] != tt.want {
				t.Errorf("%v, captured %#v, want %#v", got.Outcome, v.values.slots[0], tt.want)
			}
		})
	}
}

func TestRandomPicksReachEveryValue(t *testing.T) {
	t.Parallel()
	script, err := Compile([]experiments.Step{{Captures: []experiments.Capture{{Name: "x", From: experiments.FromJSON, Expr: "$[*]", Pick: experiments.Random}}}}, Facts{})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[any]int{}
	v := NewExecution()
	for n := range uint64(3000) {
		v.start(script, Entry{Sender: answering(200, `[1,2,3]`), Site: shopSite}, Seed{Choices: 9, Number: n})
		v.step(t.Context(), 0, time.Time{})
		seen[v.values.slots[0]]++
	}
	for _, value := range []json.Number{"1", "2", "3"} {
		if n := seen[value]; n < 900 || n > 1100 { // four standard deviations are 103
			t.Errorf("%s was picked %d times of 3000", value, n)
		}
	}
}

// hanging answers nothing before the request's deadline.
func hanging(ctx context.Context, req *httpclient.Request, _ *httpclient.Response) error {
	wait.For(ctx, time.Until(req.Deadline))
	return context.DeadlineExceeded
}

func TestPoll(t *testing.T) {
	t.Parallel()
	paid := experiments.Expect{JSON: []experiments.Check{{Target: "$.paid", Op: experiments.Eq, Value: true}}}
	tests := map[string]struct {
		answers []sender // the last one again and again
		outcome journal.Outcome
		cause   journal.Cause
		took    time.Duration
		sent    int
	}{
		"at once":                {[]sender{answering(200, `{"paid": true}`)}, journal.OK, 0, 0, 1},
		"after a while":          {[]sender{answering(404, ``), answering(200, `{"paid": false}`), answering(200, `{"paid": true}`)}, journal.OK, 0, 400 * time.Millisecond, 3},
		"never":                  {[]sender{answering(200, `{"paid": false}`)}, journal.Wrong, journal.Unmet, time.Second, 6},
		"never, by its status":   {[]sender{answering(200, `{"paid": false}`), answering(404, ``)}, journal.Failed, journal.Status, time.Second, 6},
		"a connection that fell": {[]sender{answering(404, ``), func(context.Context, *httpclient.Request, *httpclient.Response) error { return httpclient.ErrClosed }}, journal.Failed, journal.Closed, 200 * time.Millisecond, 2},
		"too slow for the step":  {[]sender{hanging}, journal.Failed, journal.Timeout, 500 * time.Millisecond, 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sent := 0
				keys := map[string]bool{}
				to := sender(func(ctx context.Context, req *httpclient.Request, resp *httpclient.Response) error {
					keys[req.Headers[0].Value] = true
					next := tt.answers[min(sent, len(tt.answers)-1)]
					sent++
					return next(ctx, req, resp)
				})
				got, _ := perform(t, Facts{}, to, experiments.Step{Expect: paid, Timeout: 500 * time.Millisecond,
					Request: experiments.Request{Headers: []experiments.Field{{Name: "Idempotency-Key", Value: "${uuid}"}}},
					Poll:    &experiments.Poll{Every: 200 * time.Millisecond, For: time.Second}})
				if got.Outcome != tt.outcome || got.Cause != tt.cause || got.Took != tt.took || sent != tt.sent {
					t.Errorf("%v (%v) after %v and %d requests, want %v (%v) after %v and %d", got.Outcome, got.Cause, got.Took, sent, tt.outcome, tt.cause, tt.took, tt.sent)
				}
				if len(keys) != 1 {
					t.Errorf("%d different requests were sent, want one again and again", len(keys))
				}
			})
		})
	}
}

func TestPollEndsWithItsJourney(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		script, err := Compile([]experiments.Step{{Poll: &experiments.Poll{Every: 300 * time.Millisecond, For: time.Hour}}}, Facts{})
		if err != nil {
			t.Fatal(err)
		}
		got := script.SendFirst(t.Context(), answering(404, ""), nil, time.Now().Add(time.Second), nil)
		if got.Outcome != journal.Failed || got.Cause != journal.Timeout || got.Took != time.Second {
			t.Errorf("%v (%v) after %v, want a time-out after 1s", got.Outcome, got.Cause, got.Took)
		}
		ctx, cancel := context.WithCancelCause(t.Context())
		stop := errors.New("enough")
		time.AfterFunc(time.Second, func() { cancel(stop) })
		if got = script.SendFirst(ctx, answering(404, ""), nil, time.Now().Add(time.Hour), nil); !errors.Is(got.Err, stop) || got.Took != time.Second {
			t.Errorf("%v after %v, want %v after 1s", got.Err, got.Took, stop)
		}
	})
}

func TestRequestsAreFilledIn(t *testing.T) {
	t.Parallel()
	var got httpclient.Request
	to := sender(func(_ context.Context, req *httpclient.Request, resp *httpclient.Response) error {
		got = *req
		got.Body = append([]byte(nil), req.Body...)
		resp.Status, resp.Body = 200, []byte(`{"id": "a\"b", "n": 7.0, "list": [1, "x"], "yes": true}`)
		return nil
	})
	capture := func(name, expr string) experiments.Capture {
		return experiments.Capture{Name: name, From: experiments.FromJSON, Expr: expr}
	}
	first := experiments.Step{Captures: []experiments.Capture{capture("id", "$.id"), capture("n", "$.n"), capture("list", "$.list"), capture("yes", "$.yes")}}
	facts := Facts{Run: "r1", Started: time.Date(2026, 1, 2, 3, 4, 5, 6000, time.FixedZone("", 3600)), Env: func(string) (string, bool) { return "s&e", true }}
	tests := map[string]struct {
		request experiments.Request
		body    string
		target  string
		kind    string // Content-Type
	}{
		"json": {experiments.Request{Target: "/${id}/${n}", HasJSON: true, JSON: map[string]any{"b": "${n}", "a": []any{"${id}", "${list}", "n=${n}", "${yes}", nil, true, json.Number("1e2"), "${random 5..5}", "${seq}"}, "c": map[string]any{}, "d": []any{}, "e": "<${id}>"}},
			`{"a":["a\"b",[1,"x"],"n=7.0",true,null,true,1e2,5,4],"b":7.0,"c":{},"d":[],"e":"<a\"b>"}`, `/a%22b/7.0`, "application/json"},
		"null":          {experiments.Request{HasJSON: true}, "null", "", "application/json"},
		"a single text": {experiments.Request{HasJSON: true, JSON: "${n}"}, "7.0", "", "application/json"},
		"form":          {experiments.Request{Form: []experiments.Field{{Name: "a b", Value: "${id}&"}, {Name: "t", Value: "${env:TOKEN}"}}}, "a+b=a%22b%26&t=s%26e", "", "application/x-www-form-urlencoded"},
		"raw":           {experiments.Request{Body: "${list} $${x} ${arm}"}, `[1,"x"] ${x} fault`, "", "text/plain; charset=utf-8"},
		"facts":         {experiments.Request{Target: "/${run}?since=${started}&w=${random only|only}"}, "", "/r1?since=2026-01-02T02%3A04%3A05.000006Z&w=only", ""},
		"own type":      {experiments.Request{HasJSON: true, JSON: "x", Headers: []experiments.Field{{Name: "content-type", Value: "application/graphql+json"}}}, `"x"`, "", "application/graphql+json"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if v, _ := perform(t, facts, to, first, experiments.Step{Name: "second", Request: tt.request}); v.Outcome != journal.OK {
				t.Fatal(v.Detail)
			}
			kind := ""
			for _, h := range got.Headers {
				if strings.EqualFold(h.Name, "Content-Type") {
					kind += h.Value
				}
			}
			if string(got.Body) != tt.body || got.Target != tt.target || kind != tt.kind {
				t.Errorf("target %q, body %s, type %q; want %q, %s, %q", got.Target, got.Body, kind, tt.target, tt.body, tt.kind)
			}
		})
	}
}

func TestCapturedValuesKeepTheirTypeInChecks(t *testing.T) {
	t.Parallel()
	n := 0
	to := sender(func(_ context.Context, _ *httpclient.Request, resp *httpclient.Response) error {
		resp.Status, resp.Body = 200, []byte([]string{`{"total": 12.50, "code": "7"}`, `{"charged": 12.5, "code": 7}`}[n])
		n++
		return nil
	})
	first := experiments.Step{Captures: []experiments.Capture{{Name: "quoted", From: experiments.FromJSON, Expr: "$.total"}, {Name: "code", From: experiments.FromJSON, Expr: "$.code"}}}
	for target, want := range map[string]journal.Outcome{"$.charged=${quoted}": journal.OK, "$.charged=${quoted|raw}": journal.OK, "$.code=${code}": journal.Wrong, "$.code=${code|raw}": journal.Wrong} {
		n = 0
		path, value, _ := strings.Cut(target, "=")
		got, _ := perform(t, Facts{}, to, first, experiments.Step{Expect: experiments.Expect{JSON: []experiments.Check{{Target: path, Op: experiments.Eq, Value: value}}}})
		if got.Outcome != want {
			t.Errorf("%s: %v (%s), want %v", target, got.Outcome, got.Detail, want)
		}
	}
}

func TestSecretsAreNotTold(t *testing.T) {
	t.Parallel()
	const secret = `p"ss wörd/1`
	facts := Facts{Env: func(name string) (string, bool) {
		return map[string]string{"TOKEN": secret, "PART": `p"ss`, "EMPTY": ""}[name], name != "NONE"
	}}
	request := experiments.Request{Headers: []experiments.Field{{Name: "A", Value: "${env:TOKEN}${env:PART}${env:EMPTY}"}}}
	expect := func(v any) experiments.Expect {
		return experiments.Expect{JSON: []experiments.Check{{Target: "$.echo", Op: experiments.Eq, Value: v}}}
	}
	echo, _ := json.Marshal(map[string]string{"echo": strings.Repeat("x", maxValue-6) + secret})
	tests := map[string]struct {
		to     Sender
		expect experiments.Expect
	}{
		"answer that echoes": {answering(200, string(echo)), expect("other")},
		"expected value":     {answering(200, `{"echo": 1}`), expect("${env:TOKEN}")},
		"body":               {answering(200, secret), experiments.Expect{Body: []experiments.Check{{Op: experiments.Lacks, Value: "${env:TOKEN}"}}}},
		"error of the sender": {sender(func(context.Context, *httpclient.Request, *httpclient.Response) error {
			return errors.New("dial " + secret)
		}), experiments.Expect{}},
		"error, in a URL": {sender(func(context.Context, *httpclient.Request, *httpclient.Response) error {
			return errors.New("dial p%22ss+w%C3%B6rd%2F1")
		}), experiments.Expect{}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, _ := perform(t, facts, tt.to, experiments.Step{Name: "s", Request: request, Expect: tt.expect})
			for _, part := range []string{"ss w", "w\u00f6rd", "rd/1", "%22ss", `p\"`} {
				if strings.Contains(got.Detail, part) {
					t.Errorf("%q shows %q", got.Detail, part)
				}
			}
			if got.Outcome == journal.OK || !strings.Contains(got.Detail, "${env") {
				t.Errorf("%v: %q, want the variable's name", got.Outcome, got.Detail)
			}
		})
	}
	if _, err := Compile([]experiments.Step{{Name: "s", Request: experiments.Request{Body: "${env:NONE}"}}}, facts); err == nil || !strings.Contains(err.Error(), "step s: ${env:NONE}") {
		t.Errorf("Compile() = %v, want an error that names the variable", err)
	}
}

func TestCookiesLiveWithinAJourney(t *testing.T) {
	t.Parallel()
	set := map[string][]string{
		"/login":                         {"session=s1; Path=/; HttpOnly", "theme=dark"},
		"/renew":                         {"session=s2"},
		"/logout":                        {"session=; Max-Age=0", "theme=; Expires=Thu, 01 Jan 1970 00:00:00 GMT"},
		"http://pay.shop.test:81/three":  {"wide=w; Domain=.shop.test", "narrow=n", "foreign=f; Domain=other.test"},
		"http://other.test/":             nil,
		"http://PAY.shop.test:99?again=": nil,
		"/end":                           nil,
	}
	var seen []string
	to := sender(func(_ context.Context, req *httpclient.Request, resp *httpclient.Response) error {
		cookies := ""
		for _, h := range req.Headers {
			if h.Name == "Cookie" {
				cookies = h.Value
			}
		}
		seen = append(seen, req.Target+" "+cookies)
		resp.Status, resp.Headers = 200, nil
		for _, c := range set[req.Target] {
			resp.Headers = append(resp.Headers, experiments.Field{Name: "Set-Cookie", Value: c})
		}
		return nil
	})
	var steps []experiments.Step
	targets := []string{"/login", "/renew", "http://pay.shop.test:81/three", "http://other.test/", "http://PAY.shop.test:99?again=", "/logout", "/end"}
	for i, target := range targets {
		s := experiments.Step{Name: target, Request: experiments.Request{Target: target}}
		if i == 1 {
			s.Request.Headers = []experiments.Field{{Name: "X", Value: "${seq}"}}
		}
		steps = append(steps, s)
	}
	perform(t, Facts{}, to, steps...)
	want := []string{
		"/login ", "/renew session=s1; theme=dark", "http://pay.shop.test:81/three ", "http://other.test/ ",
		"http://PAY.shop.test:99?again= wide=w; narrow=n", "/logout session=s2; theme=dark; wide=w", "/end wide=w",
	}
	if fmt.Sprint(seen) != fmt.Sprint(want) {
		t.Errorf("cookies sent:\n%s\nwant:\n%s", strings.Join(seen, "\n"), strings.Join(want, "\n"))
	}
	seen = nil
	perform(t, Facts{}, to, steps[0])
	if seen[0] != "/login " {
		t.Errorf("another journey starts with %q", seen[0])
	}
}

// RFC 6265 decides which cookies a request gets, except that Secure cookies are
// sent by plain HTTP as well.
func TestCookiesBelongToHostAndPath(t *testing.T) {
	t.Parallel()
	entry, err := site.New("http://Shop.test:8080/eu/", "")
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct{ from, set, to, want string }{
		"secure":               {"/login", "a=b; Secure; HttpOnly; SameSite=Strict", "/cart", "a=b"},
		"other scheme":         {"/login", "a=b", "https://shop.test/eu/cart", "a=b"},
		"path of the entry":    {"/login", "a=b; Path=/eu", "/cart", "a=b"},
		"outside of the entry": {"/login", "a=b; Path=/eu", "http://shop.test/us", ""},
		"default path":         {"/account/login", "a=b", "/cart", ""},
		"below default path":   {"/account/login", "a=b", "/account/orders?from=/", "a=b"},
		"quoted":               {"/login", `a="b c"`, "/cart", `a="b c"`},
		"expired":              {"/login", "a=b; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "/cart", ""},
		"expires later":        {"/login", "a=b; Expires=Thu, 01 Jan 2970 00:00:00 GMT", "/cart", "a=b"},
		"everybody's domain":   {"/login", "a=b; Domain=test", "/cart", ""},
		"an address":           {"http://127.0.0.1:80/", "a=b", "http://127.0.0.1:81/", "a=b"},
		"no cookie":            {"/login", "; Path=/", "/cart", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var c cookies.Jar
			from, _ := cookieAddress(entry, tt.from)
			to, _ := cookieAddress(entry, tt.to)
			c.Keep(from, []string{tt.set})
			if got := c.Header(to, ""); got != tt.want {
				t.Errorf("sent %q, want %q", got, tt.want)
			}
		})
	}
}

// A seed gives the same values in every version, so that a repeated run sends what
// it sent before.
func TestSeedsKeepTheirUUIDs(t *testing.T) {
	t.Parallel()
	e := NewExecution()
	e.start(&Script{}, Entry{}, Seed{UUIDs: 2, Number: 3})
	got := []string{e.values.uuid(), e.values.uuid()}
	if want := []string{"533f4116-f1aa-4548-8bea-8b227469b320", "58ee74e3-de84-4fb1-959c-5931bafca6a0"}; !slices.Equal(got, want) {
		t.Errorf("uuids are %q, want %q", got, want)
	}
}
