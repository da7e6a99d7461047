package experiments

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"go.yaml.in/yaml/v3"
)

// invariantShape is a question with the time that its answer may take to become
// right.
func invariantShape(v *Invariant) shape {
	f := append(questionFields(v), fields{
		{name: "keys", doc: "JSONPath of what is in violation, for the report", shape: jsonPath(&v.Keys)},
		{name: "within", doc: "time that asynchronous work may take to settle, such as 10s", shape: duration(&v.Within)},
	}...)
	return question(v, f)
}

// probeShape is a question that is asked again and again under a fault.
func probeShape(p *Probe) shape {
	f := append(questionFields(&p.Invariant), fields{
		{name: "every", doc: "pause between two questions; 1s by default", shape: over(duration, "0s")(&p.Every)},
		{name: "failures", doc: "how many wrong answers in a row remove the fault; 3 by default", shape: wholeNumber(&p.Failures, 1, 100)},
	}...)
	return ruled{shape: question(&p.Invariant, f), always: true, rule: func(d *decoder, _ *yaml.Node, at string) {
		if !d.given(join(at, "every")) {
			p.Every = DefaultProbeEvery
		}
		if !d.given(join(at, "failures")) {
			p.Failures = DefaultProbeFailures
		}
		for _, u := range d.usesAt[at] {
			d.uncaptured(u, nil, nil)
		}
	}}
}

func questionFields(v *Invariant) fields {
	f := fields{{name: "name", doc: "what must be true, in words", shape: text(&v.Name), required: true}}
	f = append(f, requestFields(&v.Request, true)...)
	return append(f, fields{
		{name: "expect", doc: "what the answer is when all is well", shape: expectShape(&v.Expect)},
		{name: "sql", doc: "a query that selects what is in violation, a row for each; the first column is its key", shape: templated{to: &v.SQL}},
		{name: "dsn", doc: "which database: ${env:NAME}, a variable that holds postgres://…, mysql://… or sqlite:FILE", shape: dsn(&v.DSN)},
		{name: "command", doc: "a program and its arguments: it ends with 0 if all is well, and with 1 after a line for each violation",
			shape: list[string]{to: &v.Command, item: func(to *string) shape { return templated{to: to, loose: true} }, least: 1, most: 100}},
	}...)
}

// question adds the rules about what is asked.
func question(v *Invariant, f fields) shape {
	one := []object{{"required": []string{"request"}}, {"required": []string{"sql", "dsn"}}, {"required": []string{"command"}}}
	return collecting{ruled{always: true, shape: f, also: object{"allOf": noTwoBodies(), "oneOf": one}, rule: func(d *decoder, n *yaml.Node, at string) {
		if n.Kind != yaml.MappingNode {
			return
		}
		oneBody(d, at)
		v.oneWay(d, n, at)
		v.checkSQL(d, at)
		if len(v.Command) > 0 && strings.TrimSpace(v.Command[0]) == "" {
			d.fail(d.at(at+".command[0]"), complaint{msg: "which program? the first item names it"})
		}
	}}}
}

// oneWay wants one way of asking, and nothing that belongs to another.
func (v *Invariant) oneWay(d *decoder, n *yaml.Node, at string) {
	var ways []string
	for _, way := range []string{"request", "sql", "command"} {
		if d.given(join(at, way)) {
			ways = append(ways, way)
		}
	}
	switch {
	case len(ways) == 0:
		d.fail(n, complaint{msg: "what is asked? give request, sql or command"})
		return
	case len(ways) > 1:
		d.fail(d.key(join(at, ways[1])), complaint{msg: "one question is asked in one way, not by " + figures.List(ways, "and")})
		return
	}
	belongs := map[string]string{"dsn": "sql"}
	for _, key := range []string{"headers", "json", "form", "body", "expect", "keys"} {
		belongs[key] = "request"
	}
	for _, key := range []string{"headers", "json", "form", "body", "expect", "keys", "dsn"} {
		if d.given(join(at, key)) && belongs[key] != ways[0] {
			d.fail(d.key(join(at, key)), complaint{msg: key + " belongs to a " + strings.Replace(belongs[key], "sql", "query (sql)", 1) + ", and this asks by " + ways[0]})
		}
	}
	if ways[0] == "sql" && !d.given(join(at, "dsn")) {
		d.fail(d.key(join(at, "sql")), complaint{msg: "dsn is missing: which database?", hint: "write dsn: ${env:DATABASE_URL} beside it"})
	}
}

// counts matches a query whose only row is a count.
var counts = regexp.MustCompile(`(?is)^\s*select\s+count\s*\([^)]*\)(\s+as\s+\w+)?\s+from\b`)

var grouped = regexp.MustCompile(`(?i)\b(group\s+by|having)\b`)

// checkSQL notes queries that do not answer with violations, and variables that
// the database would take for text.
func (v *Invariant) checkSQL(d *decoder, at string) {
	if !d.given(join(at, "sql")) {
		return
	}
	n := d.at(join(at, "sql"))
	if strings.TrimSpace(v.SQL) == "" {
		d.fail(n, complaint{msg: "this text must not be empty"})
		return
	}
	if counts.MatchString(v.SQL) && !grouped.MatchString(v.SQL) {
		d.fail(n, complaint{msg: "every row is a violation, and a count is always one row", hint: "select the keys of what is in violation"})
	}
	t, err := ParseTemplate(v.SQL)
	if err != nil {
		return // noted where the text was read
	}
	quoted := false
	for _, p := range t.Parts {
		switch {
		case p.Name == "":
			quoted = quoted != (strings.Count(p.Literal, "'")%2 == 1)
		case quoted:
			d.fail(n, complaint{msg: "${" + p.Name + "} is sent as a parameter: write it without quotes", from: p.From, to: p.To})
		case !slices.Contains([]string{"started", "run", "arm", "env"}, p.Name) && slices.Contains(Builtins(), p.Name):
			d.fail(n, complaint{msg: "${" + p.Name + "} means nothing in a query: ${started}, ${run} and ${env:NAME} do", from: p.From, to: p.To})
		}
	}
}

// dsn is ${env:NAME} and nothing else. What else stands there may be a secret, so
// it is not repeated.
func dsn(to *string) shape {
	const form = `^\$\{env:[A-Za-z_][A-Za-z0-9_]*\}$`
	exact := regexp.MustCompile(form)
	one := scalar[string]{to: to, want: "a DSN as ${env:NAME}", json: pattern(form, "${env:DATABASE_URL}"), parse: func(s string) (string, *complaint) {
		if !exact.MatchString(s) {
			return "", &complaint{msg: "a DSN holds credentials: keep it in an environment variable", hint: "write dsn: ${env:DATABASE_URL}"}
		}
		return s, nil
	}}
	return ruled{shape: one, rule: func(d *decoder, n *yaml.Node, _ string) { d.use(n) }}
}

// wholeNumber is one between two others.
func wholeNumber(to *int, low, high int) shape {
	return scalar[int]{to: to, want: "a whole number", loose: true, json: object{"type": "integer", "minimum": low, "maximum": high}, parse: func(s string) (int, *complaint) {
		n, err := strconv.Atoi(s)
		if err != nil || n < low || n > high {
			return 0, &complaint{msg: strconv.Quote(s) + " is not a whole number from " + strconv.Itoa(low) + " to " + strconv.Itoa(high)}
		}
		return n, nil
	}}
}

// guardrailShape is one condition.
func guardrailShape(g *Guardrail) shape {
	f := fields{
		{name: "blast_radius", doc: "remove the fault when the live blast radius of a journey is beyond this", shape: over(share, "0%")(&g.BlastRadius)},
		{name: "failed", doc: "remove the fault when more of a journey fail, beyond the control", shape: over(share, "0%")(&g.Failed)},
		{name: "p99", doc: "remove the fault when more than 1 % of a journey take longer, beyond the control", shape: over(duration, "0s")(&g.P99)},
		{name: "probe", doc: "remove the fault when this is answered wrongly several times in a row", shape: optional[Probe]{&g.Probe, probeShape}},
	}
	return ruled{always: true, shape: f, also: object{"minProperties": 1, "maxProperties": 1}, rule: func(d *decoder, n *yaml.Node, at string) {
		if n.Kind == yaml.MappingNode && len(n.Content) != 2 {
			d.fail(n, complaint{msg: "a guardrail is one condition: blast_radius, failed, p99 or probe", hint: "write one list item for each"})
		}
	}}
}

// Says is the condition in words, such as "blast radius of checkout beyond 36%".
func (g Guardrail) Says(journey string) string {
	switch {
	case g.Probe != nil:
		return g.Probe.Name
	case g.P99 > 0:
		return "p99 of " + journey + " beyond " + short(g.P99)
	case g.Failed > 0:
		return "failed share of " + journey + " beyond " + percentOf(g.Failed*100)
	}
	return "blast radius of " + journey + " beyond " + percentOf(g.BlastRadius*100)
}

// Share is how much of a journey, beyond the control, may be as the condition
// says: a p99 is a duration that one journey in a hundred may exceed.
func (g Guardrail) Share() float64 {
	switch {
	case g.P99 > 0:
		return 0.01
	case g.Failed > 0:
		return g.Failed
	}
	return g.BlastRadius
}

// Kind is the name of the condition, as documents write it.
func (g Guardrail) Kind() string {
	switch {
	case g.Probe != nil:
		return "probe"
	case g.P99 > 0:
		return "p99"
	case g.Failed > 0:
		return "failed"
	}
	return "blast_radius"
}
