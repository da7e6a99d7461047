package openapi

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/lazyregexp"
	"github.com/blastgauge/blastgauge/experiments/scaffold/draft"
	"github.com/blastgauge/blastgauge/experiments/scaffold/recording"
)

// An operation is one of the document, as a step could send it.
type operation struct {
	*openapi3.Operation
	method     string
	path       string
	origin     *openapi3.Origin
	parameters []*openapi3.Parameter
	statuses   []int // of success, in order; none: any 2xx
	json       bool  // its answer is JSON
	gives      []*give
	needs      []*need
	step       *draft.Step // once it is one
}

// A give is a value in the answer of an operation.
type give struct {
	by    *operation
	from  experiments.Source
	expr  string
	key   string // of the value, such as id
	owner string // what has the key, in the singular
	leaf  draft.Leaf
	name  string // of the variable, once it is captured
}

// String names the operation as messages do.
func (o *operation) String() string { return o.method + " " + o.path }

// maxOperations is how many operations a document may have.
const maxOperations = 5000

// operations returns those of a document, in its order.
func operations(doc *openapi3.T) (list []*operation) {
	all := doc.Paths.Map()
	for _, path := range slices.Sorted(maps.Keys(all)) {
		item := all[path]
		if item == nil || !strings.HasPrefix(path, "/") {
			continue
		}
		for method, op := range item.Operations() {
			if op == nil || len(list) >= maxOperations {
				continue
			}
			o := &operation{Operation: op, method: method, path: path, origin: op.Origin}
			o.takeParameters(item.Parameters)
			o.takeParameters(op.Parameters)
			list = append(list, o)
		}
	}
	slices.SortFunc(list, func(a, b *operation) int {
		return cmp.Or(comparePlaces(a.origin, b.origin), strings.Compare(a.path, b.path), cmp.Compare(rank(a.method), rank(b.method)))
	})
	for _, o := range list {
		o.takeAnswer()
	}
	return list
}

func rank(method string) int {
	return slices.Index([]string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"}, method)
}

// takeParameters adds parameters. One of the operation replaces one of its path.
func (o *operation) takeParameters(list openapi3.Parameters) {
	for _, ref := range list {
		if ref == nil || ref.Value == nil {
			continue
		}
		p := ref.Value
		o.parameters = slices.DeleteFunc(slices.Clone(o.parameters), func(k *openapi3.Parameter) bool { return k.Name == p.Name && k.In == p.In })
		o.parameters = append(o.parameters, p)
	}
}

// parameter returns a parameter of a path, or nil if it is not declared.
func (o *operation) parameter(name string) *openapi3.Parameter {
	for _, p := range o.parameters {
		if p.In == "path" && p.Name == name {
			return p
		}
	}
	return nil
}

// takeAnswer finds which answer is a success, and what is in it.
func (o *operation) takeAnswer() {
	var first *openapi3.Response
	all := o.Responses.Map()
	codes := make([]string, 0, len(all))
	for code := range all {
		codes = append(codes, code)
	}
	slices.Sort(codes)
	for _, class := range []byte{'2', '3'} {
		for _, code := range codes {
			if len(code) != 3 || code[0] != class || all[code] == nil || all[code].Value == nil || len(o.statuses) > 0 && o.statuses[0]/100 != int(class-'0') {
				continue
			}
			if n, err := strconv.Atoi(code); err == nil {
				o.statuses = append(o.statuses, n)
			}
			if first == nil {
				first = all[code].Value
			}
		}
	}
	if first == nil {
		if ref := all["default"]; ref != nil {
			first = ref.Value
		}
	}
	if slices.Contains(codes, "2XX") {
		o.statuses = nil
	}
	if first != nil {
		o.takeGives(first)
	}
}

// takeGives lists the values in an answer.
func (o *operation) takeGives(r *openapi3.Response) {
	resource := resourceOf(o.path)
	if media := jsonOf(r.Content); media != nil {
		o.json = true
		m := &maker{answer: true}
		var n *draft.Node
		if given, ok := exampleOf(media.Example, media.Examples); ok {
			n = nodeOf(given, "")
		}
		if made := m.value(media.Schema, "", 0); n == nil {
			n = made
		}
		if n != nil {
			for _, l := range draft.LeavesOf(n) {
				owner := draft.Singular(l.Owner)
				if owner == "" {
					owner = resource
				}
				o.gives = append(o.gives, &give{by: o, from: experiments.FromJSON, expr: l.Path, key: l.Key, owner: strings.ToLower(owner), leaf: l})
			}
		}
	}
	for name := range r.Headers {
		if strings.EqualFold(name, "Location") && o.method == http.MethodPost {
			o.gives = append(o.gives, &give{by: o, from: experiments.FromHeader, expr: "Location", key: "location", owner: resource})
		}
	}
}

// jsonOf returns the JSON of a body, or nil.
func jsonOf(content openapi3.Content) *openapi3.MediaType {
	if m := content["application/json"]; m != nil {
		return m
	}
	for _, name := range mediaNames(content) {
		if kind, _, _ := strings.Cut(strings.ToLower(name), ";"); kind == "application/json" || strings.HasSuffix(kind, "+json") || kind == "*/*" || kind == "application/*" {
			return content[name]
		}
	}
	return nil
}

func mediaNames(content openapi3.Content) []string {
	names := make([]string, 0, len(content))
	for name, m := range content {
		if m != nil {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

var (
	parameterForm = lazyregexp.New(`\{([^{}/]{1,200})\}`)
	versionOfPath = lazyregexp.New(`^(api|rest|v[0-9]+(\.[0-9]+)*)$`)
)

// resourceOf returns what a path is about, in the singular: cart for /carts/{id}.
func resourceOf(path string) string {
	last := ""
	for segment := range strings.SplitSeq(path, "/") {
		if segment != "" && !strings.Contains(segment, "{") && !versionOfPath.MatchString(segment) {
			last = segment
		}
	}
	return strings.ToLower(draft.Singular(last))
}

var (
	adminWords  = lazyregexp.New(`(^|[^a-z])(admin|administration|internal|debug|management|actuator|maintenance|webhooks?|callbacks?)([^a-z]|$)`)
	healthPaths = lazyregexp.New(`(?i)/(health|healthz|livez|readyz|ready|live|ping|metrics|status|version|openapi[^/]*|docs)$`)
)

// excluded returns why an operation is not part of a draft unless it is asked for.
func (o *operation) excluded() string {
	words := strings.ToLower(strings.Join(append([]string{draft.Snake(o.OperationID), o.path}, o.Tags...), " "))
	switch {
	case o.method == http.MethodDelete:
		return "it deletes"
	case !slices.Contains(experiments.Methods(), o.method) || o.method == http.MethodOptions || o.method == http.MethodHead:
		return "no part of what users do"
	case o.Deprecated:
		return "deprecated"
	case adminWords.MatchString(strings.ReplaceAll(words, "_", " ")):
		return "for administrators"
	case healthPaths.MatchString(o.path):
		return "about the service itself"
	}
	return ""
}

// isLogin reports whether an operation gives out a token.
func (o *operation) isLogin() bool {
	words := strings.ToLower(o.path + " " + draft.Snake(o.OperationID))
	return o.method == http.MethodPost && loginWords.MatchString(words)
}

var loginWords = lazyregexp.New(`(login|log_in|signin|sign_in|session|authenticate|auth|token)`)

// token returns the value of an answer that later requests prove themselves with.
func (o *operation) token() *give {
	for _, g := range o.gives {
		switch draft.PlainName(g.key) {
		case "accesstoken", "token", "jwt", "idtoken", "authtoken", "bearertoken":
			if g.leaf.Depth <= 3 && !g.leaf.Listed {
				return g
			}
		}
	}
	return nil
}

// server returns the origin and the path that operations are below. The origin is empty
// if the document does not say it.
func server(doc *openapi3.T, own string) (origin, base string, others []string) {
	for i, s := range doc.Servers {
		if s == nil {
			continue
		}
		text := s.URL
		for name, v := range s.Variables {
			if v != nil {
				text = strings.ReplaceAll(text, "{"+name+"}", cmp.Or(v.Default, strings.Join(v.Enum[:min(len(v.Enum), 1)], "")))
			}
		}
		u, err := url.Parse(text)
		if err != nil || strings.ContainsAny(text, "{}") {
			continue
		}
		at := ""
		if (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" {
			at = recording.OriginOf(u)
		}
		if own == "" && (i == 0 || origin == "" && base == "") || own != "" && at == own {
			origin, base = at, strings.TrimRight(u.EscapedPath(), "/")
			continue
		}
		others = append(others, fmt.Sprintf("%.100s", text))
	}
	if own != "" && origin != own && len(doc.Servers) > 0 && doc.Servers[0] != nil { // another host with the same paths
		if u, err := url.Parse(doc.Servers[0].URL); err == nil && !strings.ContainsAny(doc.Servers[0].URL, "{}") {
			base = strings.TrimRight(u.EscapedPath(), "/")
		}
	}
	return cmp.Or(own, origin), base, others
}
