package journey

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/run/journey/httpclient"
)

// sentWith returns the request that a step sends whose ${x} was captured from a JSON value.
func sentWith(t testing.TB, value string, r experiments.Request) httpclient.Request {
	t.Helper()
	var got httpclient.Request
	to := sender(func(_ context.Context, req *httpclient.Request, resp *httpclient.Response) error {
		got = *req
		got.Body, got.Headers, got.Files = bytes.Clone(req.Body), slices.Clone(req.Headers), slices.Clone(req.Files)
		resp.Status, resp.Body = 200, []byte(`{"x": `+value+`}`)
		return nil
	})
	first := experiments.Step{Name: "first", Captures: []experiments.Capture{{Name: "x", From: experiments.FromJSON, Expr: "$.x"}}}
	facts := Facts{Env: func(string) (string, bool) { return "a&b=c/d", true }}
	if v, _ := perform(t, facts, to, first, experiments.Step{Name: "second", Request: r}); v.Outcome != journal.OK {
		t.Fatal(v.Detail)
	}
	return got
}

// A value is the same value wherever it stands in a URL.
func TestVariablesInTargets(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ target, value, want string }{
		"segment":                      {"/product/${x}", `"A/12+3 #4"`, "/product/A%2F12%2B3%20%234"},
		"part of a segment":            {"/p/a-${x}.json", `"1?2"`, "/p/a-1%3F2.json"},
		"value of a query":             {"/p?category=${x}&page=1", `"Home & Garden"`, "/p?category=Home%20%26%20Garden&page=1"},
		"name in a query":              {"/p?${x}=1", `"a=b"`, "/p?a%3Db=1"},
		"a percent sign":               {"/p?d=${x}", `"50%25"`, "/p?d=50%2525"},
		"fragment":                     {"/p#${x}", `"a#b c"`, "/p#a%23b%20c"},
		"unicode":                      {"/p/${x}", `"größe"`, "/p/gr%C3%B6%C3%9Fe"},
		"empty":                        {"/p/${x}/q?a=${x}", `""`, "/p//q?a="},
		"number":                       {"/p/${x}", `12.50`, "/p/12.50"},
		"boolean":                      {"/p?on=${x}", `true`, "/p?on=true"},
		"object":                       {"/p?filter=${x}", `{"a": [1, "b/c"]}`, "/p?filter=%7B%22a%22%3A%5B1%2C%22b%2Fc%22%5D%7D"},
		"line breaks":                  {"/p/${x}", `"a\r\nX: y"`, "/p/a%0D%0AX%3A%20y"},
		"raw":                          {"/p/${x|raw}", `"a/b?c=d"`, "/p/a/b?c=d"},
		"a whole path":                 {"${x}", `"/a/b?c=d&e"`, "/a/b?c=d&e"},
		"a whole URL":                  {"${x}", `"http://shop.test/a?b=c%20d"`, "http://shop.test/a?b=c%20d"},
		"below a captured URL":         {"${x}/y/${x}", `"http://a"`, "http://a/y/http%3A%2F%2Fa"},
		"host":                         {"http://${x}/a/${x}", `"shop.test:8080"`, "http://shop.test:8080/a/shop.test%3A8080"},
		"an address of IPv6":           {"http://${x}/a", `"[::1]:80"`, "http://[::1]:80/a"},
		"what is more than a host":     {"http://${x}/a", `"shop.test/b?c#d@e"`, "http://shop.test%2Fb%3Fc%23d%40e/a"},
		"a URL in a query":             {"/go?to=http://${x}", `"a/b"`, "/go?to=http://a%2Fb"},
		"environment":                  {"/p?q=${env:Q}", `1`, "/p?q=a%26b%3Dc%2Fd"},
		"environment, raw":             {"/p?q=${env:Q|raw}", `1`, "/p?q=a&b=c/d"},
		"environment, raw, default":    {"/p?q=${env:Q:-z|raw}", `1`, "/p?q=a&b=c/d"},
		"environment at the beginning": {"${env:Q}/${x}", `"&"`, "a&b=c/d/%26"},
		"words of an author":           {"/p?q=${random a b|a b}", `1`, "/p?q=a%20b"},
		"literals stay as they are":    {"/a%2Fb/(c);d=1?x=[]&y=ü", `1`, "/a%2Fb/(c);d=1?x=[]&y=ü"},
	} {
		if got := sentWith(t, tt.value, experiments.Request{Target: tt.target}).Target; got != tt.want {
			t.Errorf("%s: %s with %s is %s, want %s", name, tt.target, tt.value, got, tt.want)
		}
	}
}

// A value in a header ends neither the header nor a cookie.
func TestVariablesInHeaders(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ header, text, value, want string }{
		"as it is":                {"X", "a ${x}, b", `"ü; \"q\"/%"`, `a ü; "q"/%, b`},
		"line breaks":             {"X", "${x}", `"a\r\nEvil: 1\u0000"`, "a  Evil: 1 "},
		"raw":                     {"X", "${x|raw}", `"a\nEvil: 1"`, "a Evil: 1"},
		"a literal":               {"X", "a\nEvil: ${x}\n", `1`, "a Evil: 1 "},
		"a cookie":                {"Cookie", "a=${x}; b=1", `"v;admin=1\r\n"`, "a=v%3Badmin=1%0D%0A; b=1"},
		"a cookie, as it was set": {"cookie", "a=${x}", `"\"q\", %3B="`, `a="q", %3B=`},
		"a cookie, raw":           {"Cookie", "a=${x|raw}", `"v; b=2\n"`, "a=v; b=2 "},
		"all cookies":             {"Cookie", "${x}", `"a=1; b=2"`, "a=1; b=2"},
		"number":                  {"X", "${x}", `7`, "7"},
		"empty":                   {"X", "${x}", `""`, ""},
	} {
		got := sentWith(t, tt.value, experiments.Request{Headers: []experiments.Field{{Name: tt.header, Value: tt.text}}}).Headers
		if len(got) != 1 || got[0].Value != tt.want {
			t.Errorf("%s: %+v, want %q", name, got, tt.want)
		}
	}
}

// A value in a body is that value for who reads a body of its type.
func TestVariablesInBodies(t *testing.T) {
	t.Parallel()
	form := func(value string) experiments.Request {
		return experiments.Request{Form: []experiments.Field{{Name: "a b", Value: value}}}
	}
	text := func(kind, body string) experiments.Request {
		return experiments.Request{Body: body, Headers: []experiments.Field{{Name: "content-type", Value: kind}}}
	}
	for name, tt := range map[string]struct {
		request     experiments.Request
		value, want string
	}{
		"form":                  {form("<${x}> &"), `"ü &=+%\n"`, "a+b=%3C%C3%BC+%26%3D%2B%25%0A%3E+%26"},
		"form, raw":             {form("${x|raw}"), `"1&c=2"`, "a+b=1&c=2"},
		"form as text":          {text("application/x-www-form-urlencoded", "a=${x}&b=%20"), `"1&c=2"`, "a=1%26c%3D2&b=%20"},
		"a whole form":          {text("application/x-www-form-urlencoded; charset=utf-8", "${x}"), `"a=1&b=2"`, "a=1&b=2"},
		"json, alone":           {experiments.Request{HasJSON: true, JSON: "${x}"}, `{"a": 1.50}`, `{"a":1.50}`},
		"json, in a text":       {experiments.Request{HasJSON: true, JSON: "<${x}>"}, `"\"\n\\"`, `"<\"\n\\>"`},
		"json, raw":             {experiments.Request{HasJSON: true, JSON: map[string]any{"v": "${x|raw}"}}, `"{\"a\": [1]}"`, `{"v":{"a": [1]}}`},
		"json as text":          {text("application/json", `{"q\"": "${x}", "n": ${x}}`), `7`, `{"q\"": "7", "n": 7}`},
		"json as text, escaped": {text("application/vnd.api+json", `{"q": "a ${x}"}`), `"\"b\""`, `{"q": "a \"b\""}`},
		"xml":                   {text("text/xml; charset=utf-8", `<a b="${x}">${x}</a>`), `"H & <G>\"'"`, `<a b="H &amp; &lt;G&gt;&quot;&apos;">H &amp; &lt;G&gt;&quot;&apos;</a>`},
		"soap, raw":             {text("application/soap+xml", `<a>${x|raw}</a>`), `"<b/>"`, `<a><b/></a>`},
		"plain":                 {experiments.Request{Body: "${x} $${x}"}, `"a&<\n"`, "a&<\n ${x}"},
	} {
		if got := string(sentWith(t, tt.value, tt.request).Body); got != tt.want {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
	}
}

// Whatever a value is, it is one value in its place, and the next request is the next.
func FuzzVariablesInTheirPlaces(f *testing.F) {
	for _, s := range []string{"", "a", "Home & Garden", "A/12+3 #4?", "\r\nX: y\r\n\r\nGET / HTTP/1.1", `"\`, "é\x00\xff", "%41%", "a=b;c", "]]><!--", "..", "${x}"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, value string) {
		text, _ := json.Marshal(value)
		_ = json.Unmarshal(text, &value) // what is no UTF-8 is no JSON
		got := sentWith(t, string(text), experiments.Request{Method: "POST", Target: "/a/${x}/b?q=${x}&r=1",
			Headers: []experiments.Field{{Name: "X", Value: "${x}"}, {Name: "Cookie", Value: "a=${x}; b=1"}}, Form: []experiments.Field{{Name: "v", Value: "${x}"}, {Name: "w", Value: "1"}}})
		u, err := url.ParseRequestURI(got.Target)
		if err != nil || u.Path != "/a/"+value+"/b" || strings.Count(u.EscapedPath(), "/") != 3 || u.Query().Get("q") != value || u.Query().Get("r") != "1" || u.Fragment != "" {
			t.Errorf("%q: target %q, %v", value, got.Target, err)
		}
		for _, h := range got.Headers {
			if strings.ContainsAny(h.Value, "\r\n\x00") {
				t.Errorf("%q: header %+v", value, h)
			}
		}
		if c := got.Headers[len(got.Headers)-1].Value; strings.Count(c, ";") != 1 || !strings.HasSuffix(c, "; b=1") {
			t.Errorf("%q: cookies %q", value, c)
		}
		if v, err := url.ParseQuery(string(got.Body)); err != nil || len(v) != 2 || v.Get("v") != value {
			t.Errorf("%q: form %q, %v", value, got.Body, err)
		}
		kinds := http.Header{}
		for _, kind := range []string{"application/json", "text/xml"} {
			kinds.Set("Content-Type", kind)
			body := sentWith(t, string(text), experiments.Request{Body: map[string]string{"application/json": `{"v": "<${x}>"}`, "text/xml": `<v a="${x}">${x}</v>`}[kind], Headers: []experiments.Field{{Name: "Content-Type", Value: kind}}}).Body
			if kind == "application/json" && !json.Valid(body) {
				t.Errorf("%q: %q", value, body)
			}
			if d := xml.NewDecoder(bytes.NewReader(body)); kind == "text/xml" && !strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r >= 0xfffe }) {
				for n := 0; ; n++ {
					token, err := d.Token()
					if errors.Is(err, io.EOF) {
						break
					}
					if data, ok := token.(xml.CharData); err != nil || n > 2 || ok && string(data) != value {
						t.Errorf("%q: %q, %v %v", value, body, token, err)
						break
					}
				}
			}
		}
	})
}
