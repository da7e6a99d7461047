package scaffold

import (
	"net/textproto"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments"
)

// A place is the part of a request that a slot is in.
type place uint8

const (
	inPath place = iota
	inQuery
	inHeader
	inJSON
	inForm
	inBody
)

// A slot is one value of a request: as it was recorded, and as the document writes
// it.
type slot struct {
	in     place
	key    string // name of the field; in a path, the segment before
	value  string // decoded
	number bool   // of JSON
	lead   string // text before it: the key of a query
	parts  []piece
}

// A piece of a slot is a literal as the request has it, or a variable.
type piece struct {
	literal  string
	variable string // inside the braces
}

func newSlot(in place, key, value, raw string) *slot {
	return &slot{in: in, key: key, value: value, parts: []piece{{literal: raw}}}
}

// variablePiece is a piece that a variable fills.
func variablePiece(variable string) piece { return piece{variable: variable} }

// setVariable makes a variable the whole slot.
func (s *slot) setVariable(variable string) { s.parts = []piece{{variable: variable}} }

// isResolved reports whether variables fill the whole slot.
func (s *slot) isResolved() bool {
	return !slices.ContainsFunc(s.parts, func(p piece) bool { return p.variable == "" && p.literal != "" })
}

// replace replaces every literal occurrence of a text. It changes nothing and returns
// false if there is none, or if a $ is before one: $ and a variable would be the
// text ${.
func (s *slot) replace(text string, by ...piece) bool {
	var out []piece
	found := false
	for _, p := range s.parts {
		if p.variable != "" || text == "" {
			out = append(out, p)
			continue
		}
		for rest := p.literal; ; found = true {
			before, after, ok := strings.Cut(rest, text)
			if before != "" {
				out = append(out, piece{literal: before})
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
		s.parts = out
	}
	return found
}

// text returns the slot as documents write it.
func (s *slot) text() string {
	var b strings.Builder
	b.WriteString(escape(s.lead))
	for _, p := range s.parts {
		if p.variable != "" {
			b.WriteString("${" + p.variable + "}")
		} else {
			b.WriteString(escape(p.literal))
		}
	}
	return b.String()
}

// escape returns a text in which nothing is read as a variable.
func escape(text string) string { return strings.ReplaceAll(text, "${", "$${") }

// A request is a request of the journey, taken apart.
type request struct {
	method  string
	path    []*slot // segments
	query   []*slot // key=value, as they stand in the URL
	target  *slot   // the whole target, if one variable is all of it
	headers []*slot
	json    *node
	form    []*slot
	body    *slot
}

// slots returns all values of the request.
func (r *request) slots() []*slot {
	all := slices.Concat(r.path, r.query, r.headers, r.form)
	if r.body != nil {
		all = append(all, r.body)
	}
	var walk func(n *node)
	walk = func(n *node) {
		if n.slot != nil {
			all = append(all, n.slot)
		}
		for _, item := range n.items {
			walk(item)
		}
	}
	if r.json != nil {
		walk(r.json)
	}
	return all
}

// join returns path and query.
func (r *request) join(write func(*slot) string) string {
	var b strings.Builder
	for _, s := range r.path {
		b.WriteString("/" + write(s))
	}
	for i, s := range r.query {
		b.WriteByte("?&"[min(i, 1)])
		b.WriteString(write(s))
	}
	return b.String()
}

// newRequest takes the request of an exchange apart.
func newRequest(x *exchange) *request {
	r := &request{method: x.method}
	previous := ""
	raw := strings.TrimLeft(strings.ReplaceAll(x.url.EscapedPath(), " ", "%20"), "/")
	for segment := range strings.SplitSeq(raw, "/") {
		value, err := url.PathUnescape(segment)
		if err != nil {
			value = segment
		}
		r.path = append(r.path, newSlot(inPath, previous, value, segment))
		previous = segment
	}
	r.takeQuery(x.url.RawQuery)
	r.takeHeaders(x)
	if x.body != nil && x.method != "GET" && x.method != "HEAD" {
		r.takeBody(x.body)
	}
	return r
}

var (
	// trackingParameters matches what campaigns add to a query and no server needs.
	trackingParameters = regexp.MustCompile(`^(utm_[a-z]+|gclid|fbclid|msclkid|dclid|gbraid|wbraid|_ga|_gl|mc_cid|mc_eid)$`)
	cacheNames         = regexp.MustCompile(`^(_|_t|_ts|cb|nocache|cachebuster)$`)
	cacheForm          = regexp.MustCompile(`^[0-9]{9,17}$`)
)

func (r *request) takeQuery(raw string) {
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
		s := newSlot(inQuery, key, value, rawValue)
		s.lead = rawKey
		if assigned {
			s.lead += "="
		}
		r.query = append(r.query, s)
	}
}

// droppedHeaders are set by browsers or by blastgauge itself, or are for telemetry,
// caches or one browser.
var droppedHeaders = regexp.MustCompile(`(?i)^(:.*|accept|accept-(encoding|language|charset)|access-control-.*|alt-used|baggage|blastgauge-run|cache-control|connection|content-(length|type)|cookie|dnt|expect|` +
	`host|if-.*|keep-alive|newrelic|origin|pragma|priority|proxy-.*|purpose|range|referer|save-data|sec-.*|sentry-trace|te|trace(parent|state)|transfer-encoding|trailer|upgrade|` +
	`upgrade-insecure-requests|user-agent|via|x-amzn-trace-id|x-b3-.*|x-client-data|x-cloud-trace-context|x-datadog-.*|x-forwarded-.*|x-newrelic-.*|x-purpose|x-real-ip|x-sentry-.*|forwarded|b3|uber-trace-id)$`)

// maxHeader is the length of the longest header that is kept, in bytes.
const maxHeader = 4 << 10

func (r *request) takeHeaders(x *exchange) {
	taken := map[string]bool{}
	for _, h := range x.headers {
		name := strings.ToLower(h.Name)
		if name == "accept" && strings.Contains(h.Value, "json") && strings.Contains(x.answer.mime, "json") {
			r.headers = append(r.headers, newSlot(inHeader, "Accept", "application/json", "application/json"))
			continue
		}
		if droppedHeaders.MatchString(h.Name) || !experiments.IsHeaderName(h.Name) || taken[name] || len(h.Value) > maxHeader || strings.ContainsAny(h.Value, "\r\n\x00") {
			continue
		}
		taken[name] = true
		r.headers = append(r.headers, newSlot(inHeader, textproto.CanonicalMIMEHeaderKey(h.Name), h.Value, h.Value))
	}
}

func (r *request) takeBody(b *harBody) {
	kind, _, _ := strings.Cut(strings.ToLower(b.MIME), ";")
	kind = strings.TrimSpace(kind)
	switch {
	case b.Text == "" && len(b.Params) == 0:
		return
	case kind == "application/x-www-form-urlencoded":
		if r.takeForm(b) {
			return
		}
	case kind == "application/json" || strings.HasSuffix(kind, "+json"):
		if n, ok := parseJSON(b.Text); ok {
			r.takeJSON(n, "")
			r.json = n
			if kind != "application/json" {
				r.contentType(b.MIME)
			}
			return
		}
	}
	if b.Text != "" {
		r.body = newSlot(inBody, "", b.Text, b.Text)
		r.contentType(b.MIME)
	}
}

func (r *request) contentType(mime string) {
	if mime = strings.TrimSpace(mime); mime != "" && !strings.ContainsAny(mime, "\r\n\x00") {
		r.headers = append(r.headers, newSlot(inHeader, "Content-Type", mime, mime))
	}
}

// takeForm reads form fields. It reports false if a name occurs twice, which documents
// cannot express.
func (r *request) takeForm(b *harBody) bool {
	var fields []*slot
	taken := map[string]bool{}
	add := func(name, value string) {
		fields = append(fields, newSlot(inForm, name, value, value))
	}
	if b.Text != "" {
		for pair := range strings.SplitSeq(strings.TrimRight(b.Text, "\r\n"), "&") {
			rawName, rawValue, _ := strings.Cut(pair, "=")
			name, errName := url.QueryUnescape(rawName)
			value, errValue := url.QueryUnescape(rawValue)
			if errName != nil || errValue != nil {
				return false
			}
			add(name, value)
		}
	} else {
		for _, p := range b.Params {
			add(p.Name, p.Value)
		}
	}
	for _, f := range fields {
		if taken[f.key] || len(f.key) > maxName || f.key == "" {
			return false
		}
		taken[f.key] = true
	}
	r.form = fields
	return true
}

// takeJSON gives each text and number of a body a slot.
func (r *request) takeJSON(n *node, key string) {
	switch n.kind {
	case aText, aNumber:
		n.slot = newSlot(inJSON, key, n.text, n.text)
		n.slot.number = n.kind == aNumber
	}
	for i, item := range n.items {
		inner := key
		if n.kind == anObject {
			inner = n.names[i]
		}
		r.takeJSON(item, inner)
	}
}

// urlText returns the target as documents write it.
func (r *request) urlText() string {
	if r.target != nil {
		return r.target.text()
	}
	return r.join((*slot).text)
}
