package injectors

import (
	"fmt"
	"maps"
	"net/textproto"
	"slices"
	"strings"
)

// The kinds here act on single requests. The proxy needs to know the protocol
// that they are written in: the upstream has a scheme, such as http://.

const (
	before = "before" // the dependency never sees the request
	after  = "after"  // the dependency did the work and the caller is not told so
)

func httpError() Kind {
	return Kind{
		Name: "http_error", Level: Message, Acts: "requests", ByRequest: true, Wire: "http_error", Streamless: true, Schemes: requestSchemes(),
		Summary: "requests are answered with an HTTP status",
		Attributes: []Attribute{
			{Name: "status", Unit: Count, Required: true, Min: 200, Max: 599, Wire: "status", Scale: unscaled,
				Doc: "status of the answer, such as 503"},
			{Name: "headers", Unit: Table, Wire: "headers", valid: answerHeaders,
				Doc: "headers of the answer, such as {Retry-After: \"5\"}"},
			{Name: "body", Unit: Text, Wire: "body",
				Doc: "body of the answer"},
			whenAttribute(before, after), matchRequests(), firstAttribute("requests"),
		},
		Example:  "{inject: http_error, into: payments, status: 503, share: 20%}",
		together: bodyFitsStatus,
	}
}

func httpLatency() Kind {
	return Kind{
		Name: "http_latency", Level: Message, Acts: "requests", ByRequest: true, Wire: "http_latency", Streamless: true, Schemes: requestSchemes(),
		Summary: "single requests are answered late",
		Attributes: []Attribute{
			latencyAttribute("800ms"), jitterAttribute("250ms"),
			whenAttribute(before, after), matchRequests(), firstAttribute("requests"),
		},
		Example:  "{inject: http_latency, into: payments, latency: 800ms, match: {method: POST}}",
		together: jitterWithinLatency,
	}
}

func httpAbort() Kind {
	return Kind{
		Name: "http_abort", Level: Message, Acts: "requests", ByRequest: true, Wire: "http_abort", Streamless: true, Schemes: requestSchemes(),
		Summary: "connections break instead of an answer",
		Attributes: []Attribute{
			whenAttribute(before, after, "middle"), matchRequests(), firstAttribute("requests"),
		},
		Example: "{inject: http_abort, into: payments, when: after}",
	}
}

// requestSchemes are those of upstreams that take requests of HTTP.
func requestSchemes() []string { return []string{"http", "https", "h2c", "grpc", "grpcs"} }

func grpcError() Kind {
	return Kind{
		Name: "grpc_error", Level: Message, Acts: "requests", ByRequest: true, Wire: "grpc_error", Streamless: true, Schemes: []string{"grpc", "grpcs", "h2c", "https"},
		Summary: "gRPC calls end with a status",
		Attributes: []Attribute{
			{Name: "code", Unit: Word, Required: true, Wire: "code", numbered: true, Words: []string{"CANCELLED", "UNKNOWN", "INVALID_ARGUMENT",
				"DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
				"ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED"},
				Doc: "the status, such as UNAVAILABLE"},
			{Name: "message", Unit: Text, Wire: "message",
				Doc: "what the status says"},
			whenAttribute(before, after), matchRequests(), firstAttribute("requests"),
		},
		Example: "{inject: grpc_error, into: inventory, code: UNAVAILABLE, match: {grpc: /shop.Inventory/Reserve}}",
	}
}

func whenAttribute(words ...string) Attribute {
	doc := "before: the dependency never sees the request (the default); after: it did the work"
	if len(words) > 2 {
		doc += "; middle: half an answer arrives"
	}
	return Attribute{Name: "when", Unit: Word, Wire: "when", Words: words, fallback: words[0], Doc: doc}
}

func firstAttribute(messages string) Attribute {
	return Attribute{Name: "first", Unit: Count, Min: 1, Max: 1e9, Wire: "first", Scale: unscaled,
		Doc: "how many matching " + messages + " are affected; all by default"}
}

func matchRequests() Attribute {
	return matching("which requests; all by default", "{path: /health}", []Attribute{
		{Name: "method", Unit: Text, Wire: "method", Form: "^[!#$%&'*+.^_`~0-9A-Za-z-]+$", normalize: strings.ToUpper, valid: method, Doc: "the method, such as POST"},
		{Name: "path", Unit: Text, Wire: "path", Form: pathForm, valid: pathPattern, all: []string{"**", "/**"}, Doc: "the path, such as /charges; * is any part of it up to a slash, ** any part"},
		{Name: "grpc", Unit: Text, Form: pathForm, Wire: "grpc", valid: grpcMethod, Doc: "the gRPC method, such as /shop.Inventory/Reserve"},
		{Name: "headers", Unit: Table, Wire: "headers", valid: headerNames, folds: true, Doc: "headers that the request has, such as {X-Tenant: acme}"},
		{Name: "baggage", Unit: Table, Wire: "baggage", valid: baggageKeys, Doc: "entries of the W3C baggage header that the request has"},
	}...)
}

// The rules of HTTP (RFC 9110) for what a fault says. Each returns the end of a
// sentence that begins with the attribute's name; empty when all is well.

func method(v any) string {
	text, _ := v.(string)
	if problem := negatedText("method", text); problem != "" {
		return problem
	}
	switch several := strings.FieldsFunc(text, func(c rune) bool { return strings.ContainsRune("|, /", c) }); {
	case len(several) > 1 && !slices.ContainsFunc(several, func(one string) bool { return !isToken(one) || len(one) < len("GET") }):
		return fmt.Sprintf("must be one HTTP method, not %q: write several as a list, [%s]", text, strings.Join(several, ", "))
	case !isToken(text) || strings.Contains(text, "|"):
		return fmt.Sprintf("must be an HTTP method such as POST, not %q", text)
	}
	return ""
}

// pathForm is what paths and their patterns look like: what is left out cannot be in one
// as it is sent, or is where a query begins.
const pathForm = `^[/*][^\[\]{}|\\^?# ]*$`

// rareSigns are signs that a path may have as it is sent, since not every client escapes
// them, but that stand far more often in a regular expression or a template.
const rareSigns = `[]{}|\^`

// isExpression reports whether a pattern for paths is written as a regular expression or
// as a template. A star after a full stop
// is one of a name, such as /report.*, unless nothing stands before it.
func isExpression(text string) bool {
	return strings.ContainsAny(text, rareSigns) || strings.HasSuffix(text, "$") || strings.Contains(text, ".+") ||
		strings.Contains(text+"/", "/.*/") || strings.HasPrefix(text, ".*")
}

// noExpression says what to write in place of an expression, where that is certain, and in
// place of signs that paths themselves have.
func noExpression(text string) string {
	instead := insteadOfExpression(text)
	isPath := strings.HasPrefix(text, "/") && strings.ContainsAny(text, rareSigns) && !strings.ContainsAny(text, `(){}\$+`) &&
		!strings.Contains(text, "[^") && !strings.Contains(text, ".*")
	if !isPath {
		return instead
	}
	return instead + "; where the path itself has such signs, write a * for each: " + starsFor(text)
}

// starsFor returns a pattern with a star in place of signs that patterns cannot have.
func starsFor(text string) string {
	var pattern strings.Builder
	stars := false // the last sign was one of those
	for _, c := range text {
		if is := strings.ContainsRune(rareSigns, c); !is || !stars {
			if stars = is; is {
				c = '*'
			}
			pattern.WriteRune(c)
		}
	}
	return strings.ReplaceAll(pattern.String(), "***", "**")
}

func insteadOfExpression(text string) string {
	const rule = "must be a pattern, in which * is any text up to a slash and ** any text: "
	inner := strings.TrimSuffix(strings.TrimPrefix(text, "^"), "$")
	if parts := strings.Split(inner, "|"); len(parts) > 1 && !strings.ContainsAny(inner, "()[]{}") {
		return rule + "write several as a list, [" + strings.Join(parts, ", ") + "]"
	}
	for _, piece := range []struct{ of, is string }{{`[^/]+`, "*"}, {`[^/]*`, "*"}, {`[0-9]+`, "*"}, {`\d+`, "*"}, {`\w+`, "*"}, {`\.`, "\x00"}, {".*", "**"}, {".+", "**"}, {"\x00", "."}} {
		inner = strings.ReplaceAll(inner, piece.of, piece.is)
	}
	for strings.Contains(inner, "{") { // a name in a template
		head, rest, _ := strings.Cut(inner, "{")
		name, tail, closed := strings.Cut(rest, "}")
		if !closed || strings.Contains(name, ",") {
			break
		}
		inner = head + "*" + tail
	}
	if isExpression(inner) || strings.Contains(inner, "(") || !strings.HasPrefix(inner, "/") && !strings.HasPrefix(inner, "*") {
		return rule + "it has no other signs, and several patterns are a list, such as [/health, /ready]"
	}
	return rule + "write " + inner
}

func pathPattern(v any) string {
	text, _ := v.(string)
	switch {
	case strings.HasPrefix(text, "!"):
		return negatedText("path", text)
	case isExpression(text):
		return noExpression(text)
	case !strings.HasPrefix(text, "/") && !strings.HasPrefix(text, "*"):
		return fmt.Sprintf("must begin with / or *, not %q", text)
	case strings.ContainsAny(text, "?# "):
		return "must be a path alone: no query, no fragment, no spaces"
	}
	return ""
}

func grpcMethod(v any) string {
	text, _ := v.(string)
	if problem := negatedText("grpc", text); problem != "" {
		return problem
	}
	if isExpression(text) {
		return noExpression(text)
	}
	if !strings.HasPrefix(text, "/") && !strings.HasPrefix(text, "*") {
		return fmt.Sprintf("must be /package.Service/Method, not %q", text)
	}
	return ""
}

func headerNames(v any) string {
	if name, ok := firstKey(v, func(name string) bool { return !isToken(name) }); ok {
		return fmt.Sprintf("must have names of headers, and %q is not one", name)
	}
	return ""
}

func baggageKeys(v any) string {
	if key, ok := firstKey(v, func(key string) bool { return !isToken(key) }); ok {
		return fmt.Sprintf("must have keys of baggage entries, and %q is not one", key)
	}
	return ""
}

// answerHeaders is the rule for headers of an answer that the proxy writes.
func answerHeaders(v any) string {
	if problem := headerNames(v); problem != "" {
		return problem
	}
	if name, ok := firstKey(v, framesMessage); ok {
		return fmt.Sprintf("must not hold %s: the proxy writes it itself", name)
	}
	table, _ := v.(map[string]any)
	if name, ok := firstKey(v, func(name string) bool { return strings.ContainsFunc(Attributes(table).Text(name), isControl) }); ok {
		return fmt.Sprintf("must not hold control characters, and the value of %s does", name)
	}
	return ""
}

// framesMessage reports whether a header is about the connection or about where the
// message ends.
func framesMessage(name string) bool {
	return slices.Contains([]string{"Connection", "Content-Length", "Keep-Alive", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade"},
		textproto.CanonicalMIMEHeaderKey(name))
}

func bodyFitsStatus(a Attributes) mistake {
	status := a.Number("status")
	if a.Text("body") != "" && (status == 204 || status == 304) {
		return mistake{"body", fmt.Sprintf("body must be left out: an answer with status %.0f has none", status)}
	}
	return mistake{}
}

// firstKey returns the first key of a table, in alphabetical order, for which wrong
// is true.
func firstKey(v any, wrong func(string) bool) (key string, ok bool) {
	table, _ := v.(map[string]any)
	for _, key := range slices.Sorted(maps.Keys(table)) {
		if wrong(key) {
			return key, true
		}
	}
	return "", false
}

// What tokens are made of, beside signs.
const (
	digits       = "0123456789"
	capitals     = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	smallLetters = "abcdefghijklmnopqrstuvwxyz"
)

// isToken reports whether a text may be a method or a header's name (RFC 9110, 5.6.2).
func isToken(text string) bool {
	const signs = "!#$%&'*+-.^_`|~"
	return text != "" && strings.Trim(text, digits+capitals+smallLetters+signs) == ""
}

// isControl reports whether a character may not stand in the value of a header.
func isControl(c rune) bool { return c < ' ' && c != '\t' || c == 0x7f }
