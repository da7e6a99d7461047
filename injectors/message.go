package injectors

// The kinds here act on single requests. The proxy needs to know the protocol
// that they are written in: the upstream has a scheme, such as http://.

const (
	before = "before" // the dependency never sees the request
	after  = "after"  // the dependency did the work and the caller is not told so
)

func httpError() Kind {
	return Kind{
		Name: "http_error", Level: Message, Acts: "requests", ByRequest: true, Wire: "http_error", Streamless: true, Schemes: []string{"http", "https", "h2c"},
		Summary: "requests are answered with an HTTP status",
		Attributes: []Attribute{
			{Name: "status", Unit: Count, Required: true, Min: 200, Max: 599, Wire: "status", Scale: same,
				Doc: "status of the answer, such as 503"},
			{Name: "headers", Unit: Table, Wire: "headers",
				Doc: "headers of the answer, such as {Retry-After: \"5\"}"},
			{Name: "body", Unit: Text, Wire: "body",
				Doc: "body of the answer"},
			when(before, after), match(), first(),
		},
		Example: "{inject: http_error, into: payments, status: 503, share: 20%}",
	}
}

func httpLatency() Kind {
	return Kind{
		Name: "http_latency", Level: Message, Acts: "requests", ByRequest: true, Wire: "http_latency", Streamless: true, Schemes: []string{"http", "https", "h2c"},
		Summary: "single requests are answered late",
		Attributes: []Attribute{
			{Name: "latency", Unit: Duration, Required: true, Min: 0.001, Max: 3600, Wire: "latency", Scale: toMillis,
				Doc: "how late, such as 800ms"},
			{Name: "jitter", Unit: Duration, Max: 3600, Wire: "jitter", Scale: toMillis,
				Doc: "latency varies by up to this much either way, such as 250ms"},
			when(before, after), match(), first(),
		},
		Example: "{inject: http_latency, into: payments, latency: 800ms, match: {method: POST}}",
		rule:    jitterWithinLatency,
	}
}

func httpAbort() Kind {
	return Kind{
		Name: "http_abort", Level: Message, Acts: "requests", ByRequest: true, Wire: "http_abort", Streamless: true, Schemes: []string{"http", "https", "h2c"},
		Summary: "connections break instead of an answer",
		Attributes: []Attribute{
			when(before, after, "middle"), match(), first(),
		},
		Example: "{inject: http_abort, into: payments, when: after}",
	}
}

func grpcError() Kind {
	return Kind{
		Name: "grpc_error", Level: Message, Acts: "requests", ByRequest: true, Wire: "grpc_error", Streamless: true, Schemes: []string{"h2c", "https"},
		Summary: "gRPC calls end with a status",
		Attributes: []Attribute{
			{Name: "code", Unit: Word, Required: true, Wire: "code", Words: []string{"CANCELLED", "UNKNOWN", "INVALID_ARGUMENT",
				"DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
				"ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED"},
				Doc: "the status, such as UNAVAILABLE"},
			{Name: "message", Unit: Text, Wire: "message",
				Doc: "what the status says"},
			when(before, after), match(), first(),
		},
		Example: "{inject: grpc_error, into: inventory, code: UNAVAILABLE, match: {grpc: /shop.Inventory/Reserve}}",
	}
}

func when(words ...string) Attribute {
	doc := "before: the dependency never sees the request (the default); after: it did the work"
	if len(words) > 2 {
		doc += "; middle: half an answer arrives"
	}
	return Attribute{Name: "when", Unit: Word, Wire: "when", Words: words, Doc: doc}
}

func first() Attribute { return firstOf("requests") }

func firstOf(messages string) Attribute {
	return Attribute{Name: "first", Unit: Count, Min: 1, Max: 1e9, Wire: "first", Scale: same,
		Doc: "how many matching " + messages + " are affected; all by default"}
}

func jitterWithinLatency(a Attributes) (attribute, problem string) {
	if a.Number("jitter") > a.Number("latency") {
		return "jitter", "jitter must not exceed latency"
	}
	return "", ""
}

func match() Attribute {
	return Attribute{Name: "match", Unit: Group, Wire: "match", Doc: "which requests; all by default", Fields: []Attribute{
		{Name: "method", Unit: Text, Wire: "method", Doc: "the method, such as POST"},
		{Name: "path", Unit: Text, Wire: "path", Doc: "the path, such as /charges; * is any part of it up to a slash, ** any part"},
		{Name: "grpc", Unit: Text, Wire: "grpc", Doc: "the gRPC method, such as /shop.Inventory/Reserve"},
		{Name: "headers", Unit: Table, Wire: "headers", Doc: "headers that the request has, such as {X-Tenant: acme}"},
		{Name: "baggage", Unit: Table, Wire: "baggage", Doc: "entries of the W3C baggage header that the request has"},
	}}
}
