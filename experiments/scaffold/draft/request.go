package draft

import (
	"fmt"
	"net/textproto"
	"net/url"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/lazyregexp"
	"github.com/blastgauge/blastgauge/experiments/scaffold/recording"
)

// A Place is the part of a request that a slot is in.
type Place uint8

// The places of a slot.
const (
	InPath Place = iota
	InQuery
	InHeader
	InJSON
	InForm
	InBody
	InMultipart
)

// String returns the place as messages name it.
func (p Place) String() string {
	return [...]string{"path segment after", "query parameter", "header", "JSON field", "form field", "body", "form field"}[p]
}

// A Slot is one value of a request: as it was recorded, and as the document writes
// it.
type Slot struct {
	In     Place
	Key    string // name of the field; in a path, the segment before
	Of     string // another name of it: of what stands around or beside it
	Value  string // decoded
	Number bool   // of JSON
	Lead   string // text before it: the key of a query
	Parts  []Piece
	Inner  []*Slot // the values in a text that is XML, JSON or the like, and what stands between them
}

// A Piece of a slot is a literal as the request has it, or a variable.
type Piece struct {
	Literal  string
	Variable string // inside the braces
}

// NewSlot returns a value as it was recorded: decoded, and as the request has it.
func NewSlot(in Place, key, value, raw string) *Slot {
	return &Slot{In: in, Key: key, Value: value, Parts: []Piece{{Literal: raw}}}
}

// Variable is a piece that a variable fills.
func Variable(variable string) Piece { return Piece{Variable: variable} }

// SetVariable makes a variable the whole slot.
func (s *Slot) SetVariable(variable string) { s.Parts = []Piece{{Variable: variable}} }

// IsResolved reports whether variables fill the whole slot.
func (s *Slot) IsResolved() bool {
	return !slices.ContainsFunc(s.Parts, func(p Piece) bool { return p.Variable == "" && p.Literal != "" })
}

// Replace replaces every literal occurrence of a text. It changes nothing and returns
// false if there is none, or if a $ is before one: $ and a variable would be the
// Text ${.
func (s *Slot) Replace(text string, by ...Piece) bool {
	var out []Piece
	found := false
	for _, p := range s.Parts {
		if p.Variable != "" || text == "" {
			out = append(out, p)
			continue
		}
		for rest := p.Literal; ; found = true {
			before, after, ok := strings.Cut(rest, text)
			if before != "" {
				out = append(out, Piece{Literal: before})
			}
			if !ok {
				break
			}
			if strings.HasSuffix(before, "$") {
				return false
			}
			out = append(out, by...)
			rest = after
		}
	}
	if found {
		s.Parts = out
	}
	return found
}

// HasVariable reports whether a variable fills a part of the slot.
func (s *Slot) HasVariable() bool {
	return slices.ContainsFunc(s.Parts, func(p Piece) bool { return p.Variable != "" })
}

// Text returns the slot as documents write it.
func (s *Slot) Text() string {
	var b strings.Builder
	b.WriteString(Escape(s.Lead))
	for _, inner := range s.Inner {
		b.WriteString(inner.Text())
	}
	if s.Inner != nil {
		return b.String()
	}
	for _, p := range s.Parts {
		if p.Variable != "" {
			b.WriteString("${" + p.Variable + "}")
		} else {
			b.WriteString(Escape(p.Literal))
		}
	}
	return b.String()
}

// Escape returns a text in which nothing is read as a variable.
func Escape(text string) string { return strings.ReplaceAll(text, "${", "$${") }

// A Request is a request of the journey, taken apart. It has at most one of JSON, Form,
// Multipart and Body.
type Request struct {
	Method    string
	Path      []*Slot // segments
	Query     []*Slot // key=value, as they stand in the URL
	Target    *Slot   // the whole target, if one variable is all of it
	Headers   []*Slot
	JSON      *Node
	Form      []*Slot // a name may occur several times
	Multipart []*Slot // likewise
	Body      *Slot
	Missing   []string // what was sent and is not here, each as a sentence with what to do
}

// Slots returns all values of the request.
func (r *Request) Slots() []*Slot {
	var all []*Slot
	for _, s := range r.whole() {
		if s.Inner != nil {
			all = append(all, s.Inner...)
		} else {
			all = append(all, s)
		}
	}
	return all
}

// whole returns the values of the request as they were sent.
func (r *Request) whole() []*Slot {
	all := slices.Concat(r.Path, r.Query, r.Headers, r.Form, r.Multipart)
	if r.Body != nil {
		all = append(all, r.Body)
	}
	var walk func(n *Node)
	walk = func(n *Node) {
		if n.Slot != nil {
			all = append(all, n.Slot)
		}
		for _, item := range n.Items {
			walk(item)
		}
	}
	if r.JSON != nil {
		walk(r.JSON)
	}
	return all
}

// Join returns path and query.
func (r *Request) Join(write func(*Slot) string) string {
	var b strings.Builder
	for _, s := range r.Path {
		b.WriteString("/" + write(s))
	}
	for i, s := range r.Query {
		b.WriteByte("?&"[min(i, 1)])
		b.WriteString(write(s))
	}
	return b.String()
}

// NewRequest takes the request of an exchange apart.
func NewRequest(x *recording.Exchange) *Request {
	r := &Request{Method: x.Method}
	previous := ""
	raw := strings.TrimLeft(strings.ReplaceAll(x.URL.EscapedPath(), " ", "%20"), "/")
	for segment := range strings.SplitSeq(raw, "/") {
		value, err := url.PathUnescape(segment)
		if err != nil {
			value = segment
		}
		r.Path = append(r.Path, NewSlot(InPath, previous, value, segment))
		previous = segment
	}
	r.takeQuery(x.URL.RawQuery)
	r.takeHeaders(x)
	if x.Body != nil && x.Method != "GET" && x.Method != "HEAD" {
		r.takeBody(x.Body)
	}
	r.TakeApart()
	return r
}

var (
	// trackingParameters matches what campaigns add to a query and no server needs.
	trackingParameters = lazyregexp.New(`^(utm_[a-z]+|gclid|fbclid|msclkid|dclid|gbraid|wbraid|_ga|_gl|mc_cid|mc_eid)$`)
	cacheNames         = lazyregexp.New(`^(_|_t|_ts|cb|nocache|cachebuster)$`)
	cacheForm          = lazyregexp.New(`^[0-9]{9,17}$`)
)

func (r *Request) takeQuery(raw string) {
	for pair := range strings.SplitSeq(strings.ReplaceAll(raw, " ", "%20"), "&") {
		if pair == "" {
			continue
		}
		rawKey, rawValue, assigned := strings.Cut(pair, "=")
		key, errKey := url.QueryUnescape(rawKey)
		value, errValue := url.QueryUnescape(rawValue)
		if errKey != nil || errValue != nil {
			key, value = rawKey, rawValue
		}
		if trackingParameters.MatchString(strings.ToLower(key)) || cacheNames.MatchString(strings.ToLower(key)) && cacheForm.MatchString(value) {
			continue
		}
		s := NewSlot(InQuery, key, value, rawValue)
		s.Lead = rawKey
		if assigned {
			s.Lead += "="
		}
		r.Query = append(r.Query, s)
	}
}

// droppedHeaders are set by browsers or by blastgauge itself, or are for telemetry,
// caches or one browser.
var droppedHeaders = lazyregexp.New(`(?i)^(:.*|accept|accept-(encoding|language|charset)|access-control-.*|alt-used|baggage|blastgauge-run|cache-control|connection|content-(length|type)|cookie|dnt|expect|` +
	`host|if-.*|keep-alive|newrelic|origin|pragma|priority|proxy-.*|purpose|range|referer|save-data|sec-.*|sentry-trace|te|trace(parent|state)|transfer-encoding|trailer|upgrade|` +
	`upgrade-insecure-requests|user-agent|via|x-amzn-trace-id|x-b3-.*|x-client-data|x-cloud-trace-context|x-datadog-.*|x-forwarded-.*|x-newrelic-.*|x-purpose|x-real-ip|x-sentry-.*|forwarded|b3|uber-trace-id)$`)

// maxHeader is the length of the longest header that is kept, in bytes.
const maxHeader = 4 << 10

func (r *Request) takeHeaders(x *recording.Exchange) {
	taken := map[string]bool{}
	for _, h := range x.Headers {
		name := strings.ToLower(h.Name)
		if name == "accept" && strings.Contains(h.Value, "json") && strings.Contains(x.Answer.MIME, "json") {
			r.Headers = append(r.Headers, NewSlot(InHeader, "Accept", "application/json", "application/json"))
			continue
		}
		if droppedHeaders.MatchString(h.Name) || !experiments.IsHeaderName(h.Name) || taken[name] {
			continue
		}
		if len(h.Value) > maxHeader || strings.ContainsFunc(h.Value, isControl) {
			r.Missing = append(r.Missing, fmt.Sprintf("The header %.60s is longer than 4 KiB or no text of one line, and is not here: add it to headers.", h.Name))
			continue
		}
		taken[name] = true
		r.Headers = append(r.Headers, NewSlot(InHeader, textproto.CanonicalMIMEHeaderKey(h.Name), h.Value, h.Value))
	}
}

// isControl reports whether no header may hold a character.
func isControl(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }

// URLText returns the target as documents write it.
func (r *Request) URLText() string {
	if r.Target != nil {
		return r.Target.Text()
	}
	return r.Join((*Slot).Text)
}
