package experiments

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/lazyregexp"
	"github.com/blastgauge/blastgauge/experiments/shape"
)

// An Invariant is something that must be true of the system's data. It is checked
// before, during and after a fault by a request, a query or a command. One of
// Request.Target, SQL and Command is set.
type Invariant struct {
	Name string `json:"name"`
	// BrokenMeans is what customers suffer where it is broken, for the first sentence of
	// reports.
	BrokenMeans string `json:"broken_means,omitempty"`

	Request Request `json:"request"` // the target is an absolute URL
	Expect  Expect  `json:"expect"`
	Keys    string  `json:"keys,omitempty"` // JSONPath of what is in violation, for the report
	// SQL is a query whose rows are violations; their first column is the key. Its
	// variables are sent as parameters. DSN is ${env:NAME}: its value is in no
	// document.
	SQL string `json:"sql,omitempty"`
	DSN string `json:"dsn,omitempty"`
	// Command is a program and its arguments. Exit code 0 means that there is no
	// violation; 1 means that each line of output is one. Any other end is an error
	// of the check, not a violation.
	Command []string      `json:"command,omitempty"`
	Within  time.Duration `json:"within,omitempty"` // time that asynchronous work may take to settle
}

// invariantShape is a check with the time that its answer may take to become right.
func invariantShape(v *Invariant) shape.Shape {
	f := append(checkFields(v), shape.Fields{
		{Name: "broken_means", Doc: "what customers suffer where it is broken, such as customers are charged twice: reports begin with it", Shape: shape.Line(&v.BrokenMeans)},
		{Name: "keys", Doc: "JSONPath of what is in violation, for the report", Shape: jsonPath(&v.Keys)},
		{Name: "within", Doc: "time that asynchronous work may take to settle, such as 10s", Shape: duration(&v.Within)},
	}...)
	return checkShape(v, f)
}

// checkFields are the fields of an invariant and of a probe.
func checkFields(v *Invariant) shape.Fields {
	f := shape.Fields{{Name: "name", Doc: "what must be true, in words", Shape: shape.Line(&v.Name), Required: true}}
	f = append(f, requestFields(&v.Request, true, environment{})...)
	return append(f, shape.Fields{
		{Name: "expect", Doc: "what the answer is when all is well", Shape: expectShape(&v.Expect, false)},
		{Name: "sql", Doc: "a query that selects what is in violation, a row for each; the first column is its key", Shape: templated{to: &v.SQL}},
		{Name: "dsn", Doc: "which database: ${env:NAME}, a variable that holds postgres://…, mysql://… or sqlite:FILE", Shape: dsn(&v.DSN)},
		{Name: "command", Doc: "a program and its arguments: it ends with 0 if all is well, and with 1 after a line for each violation",
			Shape: shape.List[string]{To: &v.Command, Item: func(to *string) shape.Shape { return templated{to: to, loose: true} }, Min: 1, Max: 100}},
	}...)
}

// checkShape adds the rules about how the check is made.
func checkShape(v *Invariant, f shape.Fields) shape.Shape {
	one := []shape.Object{{"required": []string{"request"}}, {"required": []string{"sql", "dsn"}}, {"required": []string{"command"}}}
	return shape.Keeping{Shape: shape.Validated{Always: true, Shape: f, Also: shape.Object{"allOf": oneBodySchema(), "oneOf": one}, Check: func(d *shape.Document, n shape.Node, path string) {
		if n.Kind() != shape.Mapping {
			return
		}
		checkOneBody(d, path)
		v.checkMethod(d, n, path)
		v.checkHarmless(d, path)
		v.checkSQL(d, path)
		if len(v.Command) > 0 && strings.TrimSpace(v.Command[0]) == "" {
			d.Fail(d.At(path+".command[0]"), shape.Diagnostic{Msg: "the first item must be the program to run"})
		}
	}}}
}

// checkMethod notes anything but one of request, sql and command, and fields that
// belong to another of them.
func (v *Invariant) checkMethod(d *shape.Document, n shape.Node, path string) {
	var ways []string
	for _, way := range []string{"request", "sql", "command"} {
		if d.Given(shape.JoinPath(path, way)) {
			ways = append(ways, way)
		}
	}
	switch {
	case len(ways) == 0:
		d.Fail(n, shape.Diagnostic{Msg: "one of request, sql and command is missing", Hint: "request asks over HTTP, sql asks a database, command runs a program"})
		return
	case len(ways) > 1:
		d.Fail(d.Key(shape.JoinPath(path, ways[1])), shape.Diagnostic{Msg: "request, sql and command are mutually exclusive, and this has " + figures.List(ways, "and")})
		return
	}
	belongs := map[string]string{"dsn": "sql"}
	for _, key := range slices.Concat([]string{"headers", "expect", "keys"}, bodyKeys()) {
		belongs[key] = "request"
	}
	for _, key := range slices.Concat([]string{"headers"}, bodyKeys(), []string{"expect", "keys", "dsn"}) {
		if d.Given(shape.JoinPath(path, key)) && belongs[key] != ways[0] {
			d.Fail(d.Key(shape.JoinPath(path, key)), shape.Diagnostic{Msg: key + " is only for " + belongs[key] + ", and this check has " + ways[0], Hint: "leave it out"})
		}
	}
	if ways[0] == "sql" && !d.Given(shape.JoinPath(path, "dsn")) {
		d.Fail(d.Key(shape.JoinPath(path, "sql")), shape.Diagnostic{Msg: "dsn is missing: it says which database to ask", Hint: "write dsn: ${env:DATABASE_URL} beside it"})
	}
}

// checkHarmless notes a request that would change the system: it is sent before, under
// and after each fault. POST asks as well, in many systems.
func (v *Invariant) checkHarmless(d *shape.Document, path string) {
	if method := v.Request.Method; slices.Contains([]string{"PUT", "PATCH", "DELETE"}, method) {
		d.Fail(d.At(shape.JoinPath(path, "request")), shape.Diagnostic{Msg: "a check asks and changes nothing, and " + method + " changes the system",
			Hint: "write GET, or POST where a question has a body", To: len(method)})
	}
}

// countQuery matches a query whose only row is a count.
var countQuery = lazyregexp.New(`(?is)^\s*select\s+count\s*\([^)]*\)(\s+as\s+\w+)?\s+from\b`)

// groupedQuery matches a query with a row for each group.
var groupedQuery = lazyregexp.New(`(?i)\b(group\s+by|having)\b`)

// checkSQL notes queries that do not select violations, and variables that the
// database would take for text.
func (v *Invariant) checkSQL(d *shape.Document, path string) {
	if !d.Given(shape.JoinPath(path, "sql")) {
		return
	}
	n := d.At(shape.JoinPath(path, "sql"))
	if strings.TrimSpace(v.SQL) == "" {
		d.Fail(n, shape.Diagnostic{Msg: "this text must not be empty"})
		return
	}
	if countQuery.MatchString(v.SQL) && !groupedQuery.MatchString(v.SQL) {
		d.Fail(n, shape.Diagnostic{Msg: "each row is a violation, and a count always returns one row", Hint: "select the keys of what is in violation"})
	}
	t, err := ParseTemplate(v.SQL)
	if err != nil {
		return // noted when the text was read
	}
	quoted := false
	for _, p := range t.Parts {
		switch {
		case p.Name == "":
			quoted = quoted != (strings.Count(p.Literal, "'")%2 == 1)
		case quoted:
			d.Fail(n, shape.Diagnostic{Msg: "${" + p.Name + "} is sent as a parameter: write it without quotes", From: p.From, To: p.To})
		case p.Raw:
			d.Fail(n, shape.Diagnostic{Msg: "${" + p.Name + "|raw} cannot be used in sql: a variable is sent as a parameter, which needs no encoding", Hint: "write ${" + p.Name + "}", From: p.From, To: p.To})
		case !slices.Contains([]string{"started", "run", "arm", "env"}, p.Name) && slices.Contains(Builtins(), p.Name):
			d.Fail(n, shape.Diagnostic{Msg: "${" + p.Name + "} cannot be used in sql: use ${started}, ${run} or ${env:NAME}", From: p.From, To: p.To})
		}
	}
}

// dsn is ${env:NAME}. Anything else may be a secret, so messages do not repeat it.
func dsn(to *string) shape.Shape {
	const form = `^\$\{env:[A-Za-z_][A-Za-z0-9_]*\}$`
	exact := regexp.MustCompile(form)
	one := shape.Scalar[string]{To: to, Want: "a DSN as ${env:NAME}", JSON: shape.Pattern(form, "${env:DATABASE_URL}"), Parse: func(s string) (string, *shape.Diagnostic) {
		if !exact.MatchString(s) {
			return "", &shape.Diagnostic{Msg: "a DSN holds credentials: keep it in an environment variable", Hint: "write dsn: ${env:DATABASE_URL}"}
		}
		return s, nil
	}}
	return shape.Validated{Shape: one, Check: func(d *shape.Document, n shape.Node, _ string) { keepTemplate(d, n) }}
}
