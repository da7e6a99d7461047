package experiments

import (
	"errors"
	"net/textproto"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/lazyregexp"
	"github.com/blastgauge/blastgauge/experiments/shape"
)

// A Request is an HTTP request before its variables are filled in. All texts
// may hold ${variables}, JSON in any string inside it. At most one of JSON, Form,
// Multipart, Body and File is set. A name that Form or Multipart has twice is sent twice.
type Request struct {
	Method    string     `json:"method"`
	Target    string     `json:"target"` // a path below the entry URL, or an absolute URL
	Headers   []Field    `json:"headers,omitempty"`
	JSON      any        `json:"json,omitempty"`     // map[string]any, []any, string, json.Number, bool or nil
	HasJSON   bool       `json:"has_json,omitempty"` // true where JSON is set, also to null
	Form      []Field    `json:"form,omitempty"`
	Multipart []FormPart `json:"multipart,omitempty"`
	Body      string     `json:"body,omitempty"`
	File      *File      `json:"body_file,omitempty"` // whose bytes are the body
}

// A Field is a name and a text with variables, in the order of the document.
type Field struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Methods returns the request methods that a step may use.
func Methods() []string {
	return []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
}

// requestFields are the keys of a request. The target must be absolute in an
// invariant, a probe or a reload, which are not sent through the entry.
//
// Only journeys send files: a check asks, and a reload must be possible when nothing but
// the journal is left.
func requestFields(r *Request, absolute bool, env environment) shape.Fields {
	doc, parts, text := "method and path, such as GET /products", ": texts, files such as {file: photo.png}, and lists of them", ", or as the bytes of a file: {file: photo.png}"
	if absolute {
		doc, parts, text = "method and URL, such as GET http://127.0.0.1:8083/ledger/duplicates", ": texts, and lists of them", ""
	}
	return shape.Fields{
		{Name: "request", Doc: doc, Shape: requestLine{r, absolute}, Required: !absolute},
		{Name: "headers", Doc: "request headers; values may hold ${variables}", Shape: namedTexts(&r.Headers, headerNames())},
		{Name: "json", Doc: "the request body as JSON; any text in it may hold ${variables}", Shape: requestJSON{r}},
		{Name: "form", Doc: "the request body as form fields; values may hold ${variables}, and a list sends its field once for each", Shape: formFields(&r.Form)},
		{Name: "multipart", Doc: "the request body as a multipart form" + parts, Shape: formParts(&r.Multipart, env, !absolute)},
		{Name: "body", Doc: "the request body as text, which may hold ${variables}" + text, Shape: requestBody(r, env, !absolute)},
	}
}

// bodyKeys are the keys of which a request has one.
func bodyKeys() []string { return []string{"json", "form", "multipart", "body"} }

// checkOneBody notes a request with several bodies, at the last of them.
func checkOneBody(d *shape.Document, at string) {
	var given []string
	for _, key := range bodyKeys() {
		if d.Given(shape.JoinPath(at, key)) {
			given = append(given, key)
		}
	}
	if len(given) > 1 {
		place := d.Key(shape.JoinPath(at, given[0]))
		for _, key := range given[1:] {
			if p := d.Key(shape.JoinPath(at, key)); p.Line() > place.Line() || p.Line() == place.Line() && p.Col() > place.Col() {
				place = p
			}
		}
		d.Fail(place, shape.Diagnostic{Msg: "a request has one body, not " + figures.List(given, "and")})
	}
}

// oneBodySchema is checkOneBody as a schema.
func oneBodySchema() []shape.Object {
	var list []shape.Object
	for i, key := range bodyKeys() {
		for _, other := range bodyKeys()[i+1:] {
			list = append(list, shape.Object{"not": shape.Object{"required": []string{key, other}}})
		}
	}
	return list
}

// A requestLine is "GET /products".
type requestLine struct {
	to       *Request
	absolute bool
}

func (r requestLine) Read(d *shape.Document, n shape.Node, path string) {
	if n.Kind() == shape.Mapping {
		d.Fail(n, shape.Diagnostic{Msg: "a request such as GET /products is needed here, not a mapping", Hint: inOneLine(n)})
		return
	}
	var line string
	before := d.Count()
	templated{to: &line, want: "a request such as GET /products"}.Read(d, n, path)
	if d.Count() > before {
		return
	}
	method, target, ok := strings.Cut(line, " ")
	start := len(line) - len(strings.TrimLeft(target, " "))
	target = strings.TrimSpace(target)
	r.to.Method, r.to.Target = method, target
	switch {
	case !slices.Contains(Methods(), method):
		d.Fail(n, unknownMethod(line, method))
	case target == "" && !r.absolute: // the journey may have one for all: see common
	case !ok || target == "":
		d.Fail(n, shape.Diagnostic{Msg: "a request is a method and a path, such as " + method + " /products"})
	default:
		if msg := targetProblem(target, r.absolute); msg != "" {
			d.Fail(n, shape.Diagnostic{Msg: msg, From: start, To: start + len(target)})
		}
	}
}

// inOneLine says how a request is written that is a mapping of method and path.
func inOneLine(n shape.Node) string {
	method, target := "GET", "/PATH"
	for _, k := range n.Keys() {
		value := textOf(n, k.Text())
		switch key := strings.ToLower(k.Text()); {
		case key == "method" && slices.Contains(Methods(), strings.ToUpper(value)):
			method = strings.ToUpper(value)
		case slices.Contains([]string{"path", "url", "uri"}, key) && value != "" && !strings.Contains(value, " "):
			target = value
		case slices.Contains(Methods(), strings.ToUpper(key)) && value != "" && !strings.Contains(value, " "):
			method, target = strings.ToUpper(key), value
		}
	}
	return "write request: " + method + " " + target
}

func unknownMethod(line, method string) shape.Diagnostic {
	switch {
	case slices.Contains(Methods(), strings.ToUpper(method)):
		return shape.Diagnostic{Msg: "methods are written in capitals", Hint: "write " + strings.ToUpper(method), To: len(method)}
	case strings.HasPrefix(line, "/") || strings.Contains(method, "://"):
		return shape.Diagnostic{Msg: "the method is missing", Hint: "write GET " + line}
	}
	return shape.Diagnostic{Msg: "unknown method " + strconv.Quote(method), To: len(method), Got: method, Known: Methods()}
}

// targetProblem says what is wrong with the target of a request, or is empty.
func targetProblem(target string, absolute bool) string {
	filled := fillVariables(target)
	switch u, err := url.Parse(filled); {
	case strings.ContainsAny(filled, " \t\r\n"):
		return "a path holds no spaces: write %20"
	case strings.HasPrefix(target, "${") && err == nil:
		return ""
	case err != nil:
		return "this is not a URL: " + urlProblem(err)
	case strings.HasPrefix(target, "/") && !strings.HasPrefix(target, "//") && !absolute:
		return ""
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		if absolute {
			return "a whole URL is needed here, such as http://127.0.0.1:8083/ledger: this request does not go through the entry"
		}
		return "a path starts with / (a whole URL with http:// or https://)"
	case u.User != nil:
		return "credentials do not belong in a URL: send a header with ${env:NAME}"
	}
	return ""
}

// fillVariables puts a harmless value in the place of each variable.
func fillVariables(text string) string {
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

// urlProblem returns the cause of an error of url.Parse without the URL, and without the
// part of it that is wrong: it may be a piece of a password.
func urlProblem(err error) string {
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err
	}
	text := err.Error()
	if at := strings.IndexByte(text, '"'); at >= 0 {
		from := strings.LastIndexByte(text, '"') + 1
		text = strings.TrimRight(text[:at], " ") + text[from:]
	}
	return text
}

func (r requestLine) Schema() shape.Object {
	target, examples := ` +\S`, []string{"GET http://127.0.0.1:8083/ledger/duplicates"}
	if !r.absolute {
		target, examples = `( +\S| *$)`, []string{"GET /products", "POST /orders"}
	}
	return shape.Pattern(`^(`+strings.Join(Methods(), "|")+`)`+target, examples...)
}

// A templated text may hold ${variables}.
type templated struct {
	to    *string
	want  string
	loose bool // numbers and booleans are read as the text they are written as
}

func (t templated) Read(d *shape.Document, n shape.Node, path string) {
	want := t.want
	if want == "" {
		want = "a text"
	}
	before := d.Count()
	shape.Scalar[string]{To: t.to, Want: want, Loose: t.loose, Parse: func(s string) (string, *shape.Diagnostic) { return s, nil }}.Read(d, n, path)
	if d.Count() == before {
		keepTemplate(d, n)
	}
}

func (t templated) Schema() shape.Object {
	if t.loose {
		return shape.OfType("string", "number", "boolean")
	}
	return shape.OfType("string")
}

// namedTexts is a mapping of names to texts with variables.
func namedTexts(to *[]Field, key shape.Names) shape.Shape {
	return shape.Validated{Always: true, Shape: shape.Dict[Field]{To: to, Key: key, Item: func(name string, f *Field) shape.Shape {
		f.Name = name
		return templated{to: &f.Value, loose: true}
	}}, Check: func(d *shape.Document, _ shape.Node, path string) { checkHeaders(d, path, *to) }}
}

// formFields is a mapping of names to texts with variables, or to lists of them.
func formFields(to *[]Field) shape.Shape {
	return repeated[Field]{to: to, item: func(name string, f *Field) shape.Shape {
		f.Name = name
		return shape.ByKind{Want: "a text or a list of texts", Scalar: noFileSign(templated{to: &f.Value, loose: true}, "multipart: {"+name+": {file: %s}}")}
	}}
}

// checkHeaders notes headers that differ only in case, and values that a header cannot
// hold: a line break in one would be another header, or the body.
func checkHeaders(d *shape.Document, path string, list []Field) {
	seen := map[string]bool{}
	for _, f := range list {
		canonical := textproto.CanonicalMIMEHeaderKey(f.Name)
		if seen[canonical] {
			d.Fail(d.Key(shape.JoinPath(path, f.Name)), shape.Diagnostic{Msg: "this header is given twice"})
		}
		seen[canonical] = true
		if strings.ContainsFunc(f.Value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) {
			d.Fail(d.At(shape.JoinPath(path, f.Name)), shape.Diagnostic{Msg: "a header is one line, without control characters", Hint: "a block text that ends without a line break begins with >-"})
		}
	}
}

const headerPattern = "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$"

var headerForm = lazyregexp.New(headerPattern)

// headerNames are the headers that a request may set.
func headerNames() shape.Names {
	return shape.Names{Pattern: headerPattern, Check: func(s string) *shape.Diagnostic {
		switch strings.ToLower(s) {
		case "content-length", "transfer-encoding", "connection", "blastgauge-run":
			return &shape.Diagnostic{Msg: "blastgauge sets " + s + " itself"}
		case "host":
			return &shape.Diagnostic{Msg: "the Host header is set for the whole system", Hint: "write host: in the system's document"}
		}
		return checkHeaderName(s)
	}}
}

// IsHeaderName reports whether a text can be the name of a header (RFC 9110, 5.1).
func IsHeaderName(s string) bool { return headerForm.MatchString(s) }

func checkHeaderName(s string) *shape.Diagnostic {
	if !IsHeaderName(s) {
		return &shape.Diagnostic{Msg: strconv.Quote(s) + " is not a header's name"}
	}
	return nil
}

// requestJSON is the JSON body of a request. null is a body, too.
type requestJSON struct{ to *Request }

func (b requestJSON) Read(d *shape.Document, n shape.Node, path string) {
	b.to.HasJSON = true
	jsonValue(&b.to.JSON).Read(d, n, path)
}

func (b requestJSON) Schema() shape.Object { return jsonValue(new(any)).Schema() }

// jsonValue is any value that JSON can write. Texts in it may hold ${variables}.
func jsonValue(to *any) shape.Shape { return shape.JSON{To: to, Text: keepTemplate} }
