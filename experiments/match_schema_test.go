package experiments

import (
	"os"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/shape"
)

// An editor and the loader agree on what match may say, each way of saying it alone; what
// values mean together, and how a regular expression differs from a pattern where both
// could be a path, no schema tells.
func TestSchemaAndLoaderAgreeOnMatch(t *testing.T) {
	t.Parallel()
	base, err := os.ReadFile(system)
	if err != nil {
		t.Fatal(err)
	}
	schema := compiled(t, ExperimentKind)
	const right, wrong, cannotTell = "right", "wrong", "wrong, and the schema cannot tell"
	for _, tt := range []struct{ fault, match, want string }{
		{"http_abort, into: payments", `{path: /a}`, right},
		{"http_abort, into: payments", `{path: [/a]}`, right},
		{"http_abort, into: payments", `{path: [/a, "*.css", "/report.*"], method: [get, POST]}`, right},
		{"http_abort, into: payments", `{not: {path: [/health, /ready]}}`, right},
		{"http_abort, into: payments", `{method: POST, not: {path: /health, headers: {X-Tenant: [a, b]}, baggage: {k: v}}}`, right},
		{"http_abort, into: payments", `{not: {headers: {X-Tenant: a}}}`, right},
		{"redis_latency, latency: 5ms, into: carts", `{class: [read, write], not: {command: ["GET, MGET", PING], key: "session:*"}}`, right},
		{"postgres_latency, latency: 5ms, into: orders", `{statement: [insert, update], sql: ["*orders*", "*carts*"], not: {sql: "*health*"}}`, right},
		{"http_abort, into: payments", `{}`, wrong},
		{"http_abort, into: payments", `/a`, wrong},
		{"http_abort, into: payments", `null`, wrong},
		{"http_abort, into: payments", `[{path: /a}]`, wrong},
		{"http_abort, into: payments", `{path: []}`, wrong},
		{"http_abort, into: payments", `{path: [[/a]]}`, wrong},
		{"http_abort, into: payments", `{path: [/a, null]}`, wrong},
		{"http_abort, into: payments", `{path: [/a, 5]}`, wrong},
		{"http_abort, into: payments", `{path: [/a, ""]}`, wrong},
		{"http_abort, into: payments", `{path: [/a, /a]}`, wrong},
		{"http_abort, into: payments", `{path: a}`, wrong},
		{"http_abort, into: payments", `{path: "!/health"}`, wrong},
		{"http_abort, into: payments", `{path: "/a?b=c"}`, wrong},
		{"http_abort, into: payments", `{path: "^/a"}`, wrong},
		{"http_abort, into: payments", `{path: [/a, "/b|/c"]}`, wrong},
		{"http_abort, into: payments", `{path: "/orders/{id}"}`, wrong},
		{"http_abort, into: payments", `{method: GET|POST}`, wrong},
		{"http_abort, into: payments", `{method: "GET, POST"}`, wrong},
		{"http_abort, into: payments", `{headers: {X-Tenant: []}}`, wrong},
		{"http_abort, into: payments", `{headers: {X-Tenant: {not: a}}}`, wrong},
		{"http_abort, into: payments", `{not: {}}`, wrong},
		{"http_abort, into: payments", `{not: /health}`, wrong},
		{"http_abort, into: payments", `{not: [/health]}`, wrong},
		{"http_abort, into: payments", `{not: null}`, wrong},
		{"http_abort, into: payments", `{not: 5}`, wrong},
		{"http_abort, into: payments", `{not: {path: []}}`, wrong},
		{"http_abort, into: payments", `{not: {path: null}}`, wrong},
		{"http_abort, into: payments", `{not: {not: {path: /a}}}`, wrong},
		{"http_abort, into: payments", `{not: {status: 503}}`, wrong},
		{"http_abort, into: payments", `{unless: {path: /a}}`, wrong},
		{"redis_latency, latency: 5ms, into: carts", `{class: [read, reads]}`, wrong},
		{"redis_latency, latency: 5ms, into: carts", `{class: [read, read]}`, wrong},
		{"postgres_latency, latency: 5ms, into: orders", `{not: {statement: writes}}`, wrong},
		{"http_abort, into: payments", `{path: "/api/.*"}`, cannotTell},
		{"http_abort, into: payments", `{method: [post, POST]}`, cannotTell},
		{"http_abort, into: payments", `{path: /a, not: {path: [/a, /b]}}`, cannotTell},
		{"http_abort, into: payments", `{not: {path: "**"}}`, cannotTell},
		{"redis_latency, latency: 5ms, into: carts", `{command: "!GET"}`, cannotTell},
		{"redis_latency, latency: 5ms, into: carts", `{command: [get, "SET, GET"]}`, cannotTell},
	} {
		text := []byte("version: 1\nexperiment: a\nhypothesis: b\nfaults:\n  - {inject: " + tt.fault + ", match: " + tt.match + "}\n")
		doc, ok := asJSON(text)
		if !ok {
			t.Errorf("%s is no document", tt.match)
			continue
		}
		_, _, err := Outside{}.load(shape.Source{File: system, Text: base}, []shape.Source{{File: "a.yaml", Text: text}})
		refused := schema.Validate(doc)
		if (err == nil) != (tt.want == right) || (refused == nil) != (tt.want != wrong) {
			t.Errorf("%s is %s; the loader: %v; the schema: %v", tt.match, tt.want, err, refused)
		}
	}
}
