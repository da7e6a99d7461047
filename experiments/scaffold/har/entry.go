package har

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/blastgauge/blastgauge/experiments/scaffold/recording"
)

// An entry has the fields of an exchange in a HAR 1.2 file that are used here. Names
// with an underscore are Chrome's own. What has another type than HAR 1.2 says is read
// as far as it can be: most entries are no part of a journey, and none of those may end
// an import.
type entry struct {
	Started  text     `json:"startedDateTime"`
	Time     number   `json:"time"` // milliseconds
	Type     text     `json:"_resourceType"`
	Request  *request `json:"request"`
	Response response `json:"response"`
}

type request struct {
	Method  text   `json:"method"`
	URL     text   `json:"url"`
	Headers pairs  `json:"headers"`
	Size    number `json:"bodySize"`
	Body    *body  `json:"postData"`
}

type body struct {
	MIME     text   `json:"mimeType"`
	Text     text   `json:"text"`
	Encoding text   `json:"encoding"`
	Chrome   text   `json:"_encoding"`
	Params   params `json:"params"`
}

type param struct {
	Name  text `json:"name"`
	Value text `json:"value"`
	File  text `json:"fileName"`
	MIME  text `json:"contentType"`
}

type response struct {
	Status   number  `json:"status"`
	Headers  pairs   `json:"headers"`
	Cookies  pairs   `json:"cookies"`
	Redirect text    `json:"redirectURL"`
	Content  content `json:"content"`
}

type content struct {
	MIME     text   `json:"mimeType"`
	Size     number `json:"size"`
	Text     text   `json:"text"`
	Encoding text   `json:"encoding"`
}

// A text is a JSON string. A number is taken for one, and anything else for nothing.
type text string

func (t *text) UnmarshalJSON(raw []byte) error {
	var s string
	if json.Unmarshal(raw, &s) != nil {
		s = string(raw)
		if _, err := strconv.ParseFloat(s, 64); err != nil {
			s = ""
		}
	}
	*t = text(s)
	return nil
}

// A number is a JSON number. A string that holds one is taken for it, and anything else
// for 0.
type number float64

func (n *number) UnmarshalJSON(raw []byte) error {
	f, err := strconv.ParseFloat(strings.Trim(string(raw), `"`), 64)
	if err != nil || f != f {
		f = 0
	}
	*n = number(f)
	return nil
}

// lenient reads a list of objects, without the items that are none.
func lenient[T any](raw []byte) (list []T) {
	var items []json.RawMessage
	if json.Unmarshal(raw, &items) != nil {
		return nil
	}
	for _, item := range items {
		var one T
		if json.Unmarshal(item, &one) == nil {
			list = append(list, one)
		}
	}
	return list
}

type pairs []recording.Pair

func (p *pairs) UnmarshalJSON(raw []byte) error {
	*p = nil
	for _, f := range lenient[param](raw) {
		*p = append(*p, recording.Pair{Name: string(f.Name), Value: string(f.Value)})
	}
	return nil
}

type params []recording.Param

func (p *params) UnmarshalJSON(raw []byte) error {
	*p = nil
	for _, f := range lenient[param](raw) {
		*p = append(*p, recording.Param{Name: string(f.Name), Value: string(f.Value), File: string(f.File), MIME: string(f.MIME)})
	}
	return nil
}

func (r *response) UnmarshalJSON(raw []byte) error {
	type plain response
	if json.Unmarshal(raw, (*plain)(r)) != nil {
		*r = response{}
	}
	return nil
}

func (c *content) UnmarshalJSON(raw []byte) error {
	type plain content
	if json.Unmarshal(raw, (*plain)(c)) != nil {
		*c = content{}
	}
	return nil
}

func (b *body) UnmarshalJSON(raw []byte) error {
	type plain body
	if json.Unmarshal(raw, (*plain)(b)) != nil {
		*b = body{}
	}
	return nil
}

// addEntry keeps one exchange, unless it can never be part of a journey. Where a limit
// is exceeded, it says so in the exchange: only a journey minds.
func (r *reader) addEntry(n int, raw []byte) {
	var e entry
	if json.Unmarshal(raw, &e) != nil || e.Request == nil || e.Request.URL == "" {
		r.Left.Add(recording.Unreadable)
		return
	}
	x := &recording.Exchange{Entry: n, Kind: strings.ToLower(string(e.Type)), Method: strings.ToUpper(string(e.Request.Method)), Headers: e.Request.Headers}
	x.URL, x.Wrong = parseURL(string(e.Request.URL))
	x.Started, _ = time.Parse(time.RFC3339Nano, string(e.Started)) // without times, the order of the file counts
	x.Took = time.Duration(min(max(float64(e.Time), 0), 1e9) * float64(time.Millisecond))
	x.Answer = newAnswer(&e.Response)
	r.Note(x)
	if why := x.Exclusion(); why != "" {
		r.Left.Add(why)
		return
	}
	x.Body = newBody(e.Request)
	if x.Body.Size() > maxSentBody {
		x.Wrong = &recording.Problem{Message: fmt.Sprintf("the request's body has %d bytes, at most %d are possible", x.Body.Size(), maxSentBody),
			Hint: "record a journey that uploads nothing"}
	}
	r.Exchanges = append(r.Exchanges, x)
	r.keepWithin(x)
}

// keepWithin keeps the texts of answers within their bound. Those of other sites go
// first.
func (r *reader) keepWithin(last *recording.Exchange) {
	if r.left -= len(last.Answer.Text); r.left >= 0 {
		return
	}
	own := recording.MainOrigin(r.Exchanges)
	for _, x := range r.Exchanges {
		if recording.OriginOf(x.URL) != own && x.Answer.Text != "" {
			r.left += len(x.Answer.Text)
			x.Answer.Text, x.Answer.Lost = "", true
		}
	}
	if r.left < 0 && last.Wrong == nil {
		last.Wrong = &recording.Problem{Message: fmt.Sprintf("more than %d MiB of answers", maxAnswers>>20), Hint: "record only the journey"}
		r.left += len(last.Answer.Text)
		last.Answer.Text, last.Answer.Lost = "", true
	}
}

// parseURL reads a URL without its user and fragment. Of one that is none, it keeps what
// says whose it is.
func parseURL(raw string) (*url.URL, *recording.Problem) {
	scheme, rest, _ := strings.Cut(strings.TrimSpace(raw), ":")
	switch scheme = strings.ToLower(scheme); scheme {
	case "http", "https", "ws", "wss":
	default: // data:, blob:, about:, chrome-extension:
		return &url.URL{Scheme: scheme}, nil
	}
	u, err := url.Parse(scheme + ":" + rest)
	if err == nil && len(raw) <= maxURL {
		u.User, u.Fragment, u.RawFragment = nil, "", ""
		return u, nil
	}
	problem := &recording.Problem{Message: fmt.Sprintf("a URL of %d bytes, at most %d are possible", len(raw), maxURL), Hint: "record only the journey"}
	if len(raw) <= maxURL {
		problem = &recording.Problem{Message: "request.url is not a URL: " + urlProblem(err), Hint: "a URL such as https://shop.staging.example/carts"}
	}
	rest = strings.TrimPrefix(rest, "//")
	end := strings.IndexAny(rest+"/", "/?#")
	path, _, _ := strings.Cut(rest[end:], "#")
	path, query, _ := strings.Cut(path, "?")
	host := rest[:end]
	return &url.URL{Scheme: scheme, Host: host[strings.LastIndexByte(host, '@')+1:], Path: path, RawQuery: query}, problem
}

// urlProblem returns the cause of an error of url.Parse without the URL, which may
// hold secrets.
func urlProblem(err error) string {
	if e, ok := errors.AsType[*url.Error](err); ok {
		return e.Err.Error()
	}
	return err.Error()
}

// newBody decodes what a request sent. It is nil where that was nothing.
func newBody(r *request) *recording.Body {
	mime := headerOf(r.Headers, "content-type")
	size, _ := strconv.Atoi(headerOf(r.Headers, "content-length"))
	if r.Body == nil {
		if size > 0 || r.Size > 0 {
			return &recording.Body{MIME: mime, Lost: true}
		}
		return nil
	}
	b := &recording.Body{MIME: string(r.Body.MIME), Text: strings.TrimPrefix(string(r.Body.Text), "\ufeff"), Params: r.Body.Params}
	if b.MIME == "" {
		b.MIME = mime
	}
	if strings.EqualFold(string(r.Body.Encoding), "base64") || strings.EqualFold(string(r.Body.Chrome), "base64") {
		b.Text = decode64(b.Text)
	}
	if fields, ok := recording.ParseMultipart(b.MIME, b.Text); ok {
		b.Text, b.Params = "", fields
	}
	b.Lost = b.Text == "" && len(b.Params) == 0 && (size > 0 || r.Size > 0)
	return b
}

func headerOf(list []recording.Pair, name string) string {
	for _, h := range list {
		if strings.EqualFold(h.Name, name) {
			return h.Value
		}
	}
	return ""
}

// decode64 decodes base64 as any tool writes it. What is none is nothing.
func decode64(coded string) string {
	coded = strings.TrimRight(strings.Join(strings.Fields(coded), ""), "=")
	for _, e := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		if plain, err := e.DecodeString(coded); err == nil {
			return string(plain)
		}
	}
	return ""
}

// newAnswer decodes an answer.
func newAnswer(a *response) recording.Answer {
	mime, _, _ := strings.Cut(string(a.Content.MIME), ";")
	out := recording.Answer{Status: int(min(max(a.Status, 0), 999)), Headers: a.Headers, MIME: strings.ToLower(strings.TrimSpace(mime)), Text: string(a.Content.Text)}
	for _, c := range a.Cookies { // a file may hold them here alone
		if !slices.ContainsFunc(out.Headers, func(h recording.Pair) bool {
			return strings.EqualFold(h.Name, "set-cookie") && strings.Contains("\n"+h.Value, "\n"+c.Name+"=")
		}) {
			out.Headers = append(slices.Clip(out.Headers), recording.Pair{Name: "Set-Cookie", Value: c.Name + "=" + c.Value})
		}
	}
	if a.Redirect != "" && headerOf(out.Headers, "location") == "" {
		out.Headers = append(slices.Clip(out.Headers), recording.Pair{Name: "Location", Value: string(a.Redirect)})
	}
	if strings.EqualFold(string(a.Content.Encoding), "base64") {
		out.Text = decode64(out.Text)
	}
	out.Lost = out.Text == "" && a.Content.Size > 0
	out.Text = strings.TrimPrefix(out.Text[:min(len(out.Text), maxAnswer)], "\ufeff")
	out.Text = strings.ToValidUTF8(out.Text, "\ufffd")
	return out
}
