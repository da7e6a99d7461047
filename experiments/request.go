package experiments

import (
	"encoding/json"
	"errors"
	"net/textproto"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"go.yaml.in/yaml/v3"
)

// Methods are the request methods that a step may use.
func methods() []string {
	return []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
}

// requestFields are the keys that make a request. Those of an invariant or a reload
// stand on their own, so the target must be absolute.
func requestFields(r *Request, absolute bool) fields {
	doc := "method and path, such as GET /products"
	if absolute {
		doc = "method and URL, such as GET http://127.0.0.1:8083/ledger/duplicates"
	}
	return fields{
		{name: "request", doc: doc, shape: requestLine{r, absolute}, required: !absolute},
		{name: "headers", doc: "request headers; values may hold ${variables}", shape: texts(&r.Headers, headerNames())},
		{name: "json", doc: "the request body as JSON; any text in it may hold ${variables}", shape: jsonBody{r}},
		{name: "form", doc: "the request body as form fields; values may hold ${variables}", shape: texts(&r.Form, name{check: anyName})},
		{name: "body", doc: "the request body as text; may hold ${variables}", shape: templated{to: &r.Body}},
	}
}

// oneBody refuses requests with several bodies.
func oneBody(d *decoder, at string) {
	var given []string
	for _, key := range []string{"json", "form", "body"} {
		if d.given(join(at, key)) {
			given = append(given, key)
		}
	}
	if len(given) > 1 {
		place := d.key(join(at, given[0]))
		for _, key := range given[1:] {
			if p := d.key(join(at, key)); p.Line > place.Line || p.Line == place.Line && p.Column > place.Column {
				place = p
			}
		}
		d.fail(place, complaint{msg: "a request has one body, not " + figures.List(given, "and")})
	}
}

// noTwoBodies is what a schema says of oneBody.
func noTwoBodies() []object {
	not := func(a, b string) object { return object{"not": object{"required": []string{a, b}}} }
	return []object{not("json", "form"), not("json", "body"), not("form", "body")}
}

// A requestLine is "GET /products".
type requestLine struct {
	to       *Request
	absolute bool
}

func (r requestLine) read(d *decoder, n *yaml.Node, at string) {
	var line string
	before := d.count()
	templated{to: &line, want: "a request such as GET /products"}.read(d, n, at)
	if d.count() > before {
		return
	}
	method, target, ok := strings.Cut(line, " ")
	start := len(line) - len(strings.TrimLeft(target, " "))
	target = strings.TrimSpace(target)
	r.to.Method, r.to.Target = method, target
	switch {
	case !slices.Contains(methods(), method):
		d.fail(n, unknownMethod(line, method))
	case !ok || target == "":
		d.fail(n, complaint{msg: "a request is a method and a path, such as " + method + " /products"})
	default:
		if msg := wrongTarget(target, r.absolute); msg != "" {
			d.fail(n, complaint{msg: msg, from: start, to: start + len(target)})
		}
	}
}

func unknownMethod(line, method string) complaint {
	switch {
	case slices.Contains(methods(), strings.ToUpper(method)):
		return complaint{msg: "methods are written in capitals", hint: "write " + strings.ToUpper(method), to: len(method)}
	case strings.HasPrefix(line, "/") || strings.Contains(method, "://"):
		return complaint{msg: "the method is missing", hint: "write GET " + line}
	}
	return complaint{msg: "unknown method " + strconv.Quote(method), to: len(method), near: method, among: methods()}
}

// wrongTarget says what is wrong with the target of a request.
func wrongTarget(target string, absolute bool) string {
	filled := fillIn(target)
	switch u, err := url.Parse(filled); {
	case strings.ContainsAny(filled, " \t\r\n"):
		return "a path holds no spaces: write %20"
	case strings.HasPrefix(target, "${") && err == nil:
		return ""
	case err != nil:
		return "this is not a URL: " + parseProblem(err)
	case strings.HasPrefix(target, "/") && !strings.HasPrefix(target, "//") && !absolute:
		return ""
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		if absolute {
			return "a whole URL is needed here, such as http://127.0.0.1:8083/ledger: this is not asked through the entry"
		}
		return "a path starts with / (a whole URL with http:// or https://)"
	case u.User != nil:
		return "credentials do not belong into a URL: send a header with ${env:NAME}"
	}
	return ""
}

// fillIn puts a harmless value in the place of each variable.
func fillIn(text string) string {
	t, err := ParseTemplate(text)
	if err != nil {
		return text
	}
	var b strings.Builder
	for _, p := range t.Parts {
		if p.Name == "" {
			b.WriteString(p.Literal)
		} else {
			b.WriteByte('0')
		}
	}
	return b.String()
}

// parseProblem is the cause of an error of url.Parse without the URL.
func parseProblem(err error) string {
	if e, ok := errors.AsType[*url.Error](err); ok {
		return e.Err.Error()
	}
	return err.Error()
}

func (r requestLine) schema() object {
	return pattern(`^(`+strings.Join(methods(), "|")+`) +\S`, "GET /products", "POST /orders")
}

// A templated text may hold ${variables}.
type templated struct {
	to    *string
	want  string
	loose bool // numbers and booleans are read as the text they are written as
}

func (t templated) read(d *decoder, n *yaml.Node, at string) {
	want := t.want
	if want == "" {
		want = "a text"
	}
	before := d.count()
	scalar[string]{to: t.to, want: want, loose: t.loose, parse: func(s string) (string, *complaint) { return s, nil }}.read(d, n, at)
	if d.count() == before {
		d.use(n)
	}
}

func (t templated) schema() object {
	if t.loose {
		return ofType("string", "number", "boolean")
	}
	return ofType("string")
}

// use keeps a text with variables until it is known which are captured.
func (d *decoder) use(n *yaml.Node) {
	t, err := ParseTemplate(n.Value)
	if err != nil {
		c := complaint{msg: err.Error()}
		if e, ok := errors.AsType[*TemplateError](err); ok {
			c.from, c.to = e.From, e.To
		}
		d.fail(n, c)
		return
	}
	d.uses = append(d.uses, use{n, t})
}

// texts are named texts with variables, in the order of the document.
func texts(to *[]Field, key name) shape {
	return ruled{always: true, shape: dictionary[Field]{to: to, key: key, item: func(name string, f *Field) shape {
		f.Name = name
		return templated{to: &f.Value, loose: true}
	}}, rule: func(d *decoder, _ *yaml.Node, at string) { sameHeader(d, at, *to, key) }}
}

// sameHeader notes headers that differ only in case.
func sameHeader(d *decoder, at string, list []Field, key name) {
	if key.pattern == "" {
		return
	}
	seen := map[string]bool{}
	for _, f := range list {
		canonical := textproto.CanonicalMIMEHeaderKey(f.Name)
		if seen[canonical] {
			d.fail(d.key(join(at, f.Name)), complaint{msg: "this header is given twice"})
		}
		seen[canonical] = true
	}
}

func anyName(string) *complaint { return nil }

const headerPattern = "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$"

var headerForm = regexp.MustCompile(headerPattern)

// headerNames are names of headers of a request.
func headerNames() name {
	return name{what: "a header", pattern: headerPattern, check: func(s string) *complaint {
		switch strings.ToLower(s) {
		case "content-length", "transfer-encoding", "connection", "blastgauge-run":
			return &complaint{msg: "blastgauge sets " + s + " itself"}
		case "host":
			return &complaint{msg: "the Host header is set for the whole system", hint: "write host: in the system's document"}
		}
		return headerName(s)
	}}
}

func headerName(s string) *complaint {
	if !headerForm.MatchString(s) {
		return &complaint{msg: strconv.Quote(s) + " is not a header's name"}
	}
	return nil
}

// A jsonBody is a JSON body, null included.
type jsonBody struct{ to *Request }

func (b jsonBody) read(d *decoder, n *yaml.Node, at string) {
	b.to.HasJSON = true
	jsonValue{&b.to.JSON}.read(d, n, at)
}

func (b jsonBody) schema() object { return jsonValue{}.schema() }

// A jsonValue is any value that JSON can write. Texts in it may hold
// ${variables}.
type jsonValue struct{ to *any }

func (v jsonValue) schema() object { return object{} }

func (v jsonValue) read(d *decoder, n *yaml.Node, at string) {
	switch {
	case !d.plainTag(n):
	case n.Kind == yaml.MappingNode:
		m := make(map[string]any, len(n.Content)/2)
		d.entries(n, func(key, value *yaml.Node) {
			var inner any
			jsonValue{&inner}.read(d, value, at)
			m[key.Value] = inner
		})
		*v.to = m
	case n.Kind == yaml.SequenceNode:
		l := make([]any, len(n.Content))
		for i, c := range n.Content {
			jsonValue{&l[i]}.read(d, open(c), at)
		}
		*v.to = l
	default:
		v.scalar(d, n)
	}
}

func (v jsonValue) scalar(d *decoder, n *yaml.Node) {
	switch n.Tag {
	case "!!null":
		*v.to = nil
	case "!!bool":
		*v.to = strings.EqualFold(n.Value, "true")
	case "!!int", "!!float":
		if !json.Valid([]byte(n.Value)) {
			d.fail(n, complaint{msg: "JSON has no such number", hint: "write " + strconv.Quote(n.Value) + " for a text"})
			return
		}
		*v.to = json.Number(n.Value)
	default:
		d.use(n)
		*v.to = n.Value
	}
}
