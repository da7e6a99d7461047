package experiments

import (
	"fmt"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/shape"
)

// A common is what the steps of a journey have in common and add to. It is no more than
// a way to write them: once a document is read, each step is whole.
type common struct {
	url     string
	headers []Field
	expect  Expect
	own     map[*Step]*leftOut
}

// A leftOut is what a step does without that its journey has.
type leftOut struct{ headers []string }

// of returns what a step leaves out.
func (c *common) of(s *Step) *leftOut {
	if c.own == nil {
		c.own = map[*Step]*leftOut{}
	}
	if c.own[s] == nil {
		c.own[s] = &leftOut{}
	}
	return c.own[s]
}

// unchecked is the operator by which a step leaves out what its journey expects. No
// step has it once its document is read.
const unchecked Op = "any"

func (c *common) fields() shape.Fields {
	return shape.Fields{
		{Name: "url", Doc: "path below the entry, or a whole URL, that the requests of all steps are below, such as /graphql; a step may then say request: POST alone", Shape: shape.Keeping{Shape: commonURL{&c.url}}},
		{Name: "headers", Doc: "headers of every step; a step's own one wins, and null leaves one out", Shape: shape.Keeping{Shape: namedTexts(&c.headers, headerNames())}},
		{Name: "expect", Doc: "what the answer to every step must be; a step adds to it, and what it expects of the same path or header wins; {any: true} leaves a check out", Shape: shape.Keeping{Shape: expectShape(&c.expect, false)}},
	}
}

// A commonURL is a path or a URL that others are below.
type commonURL struct{ to *string }

func (u commonURL) Read(d *shape.Document, n shape.Node, path string) {
	before := d.Count()
	templated{to: u.to, want: "a path such as /graphql, or a URL,"}.Read(d, n, path)
	if d.Count() > before {
		return
	}
	wrong := shape.Diagnostic{Msg: targetProblem(*u.to, false)}
	first, _, _ := strings.Cut(*u.to, "/")
	switch method, rest, _ := strings.Cut(*u.to, " "); {
	case slices.Contains(Methods(), method):
		wrong = shape.Diagnostic{Msg: "this is a path such as /graphql, or a URL: the method is the step's", Hint: "write " + strings.TrimSpace(rest)}
	case strings.Contains(*u.to, "#"):
		wrong.Msg = "a fragment is not sent"
	case wrong.Msg == "" || strings.Contains(*u.to, "://"):
	case strings.Contains(first, ".") && targetProblem("https://"+*u.to, false) == "": // the name of a host
		wrong.Hint = "write https://" + *u.to
	case targetProblem("/"+*u.to, false) == "":
		wrong.Hint = "write /" + *u.to
	}
	if wrong.Msg != "" {
		d.Fail(n, wrong)
	}
}

func (u commonURL) Schema() shape.Object {
	return shape.Pattern(`^(/|https?://|\$\{)`, "/graphql", "http://127.0.0.1:8080/api")
}

// merge makes each step whole. It notes what cannot be.
func (c *common) merge(d *shape.Document, j *Journey, path string) {
	for i := range j.Steps {
		s, at := &j.Steps[i], fmt.Sprintf("%s.steps[%d]", path, i)
		c.mergeTarget(d, &s.Request, at, d.Given(path+".url"))
		c.mergeHeaders(d, s, at)
		for _, part := range []struct {
			key       string
			all, step *[]Check
			same      func(all, own Check) bool
		}{
			{"json", &c.expect.JSON, &s.Expect.JSON, func(all, own Check) bool { return all.Target == own.Target }},
			{"headers", &c.expect.Header, &s.Expect.Header, func(all, own Check) bool { return strings.EqualFold(all.Target, own.Target) }},
			{"body", &c.expect.Body, &s.Expect.Body, func(_, own Check) bool { return own.Op == unchecked }},
		} {
			*part.step = mergeChecks(d, *part.all, *part.step, part.same, shape.JoinPath(at, "expect."+part.key))
		}
		if len(s.Expect.Status) == 0 {
			s.Expect.Status = slices.Clone(c.expect.Status)
		}
	}
}

// mergeTarget puts the target of a step below the URL of its journey.
func (c *common) mergeTarget(d *shape.Document, r *Request, at string, given bool) {
	n := d.At(at + ".request")
	switch {
	case !slices.Contains(Methods(), r.Method), given && c.url == "": // a mistake of its own
	case r.Target == "" && c.url == "":
		d.Fail(n, shape.Diagnostic{Msg: "a request is a method and a path, such as " + r.Method + " /products", Hint: "or give the whole journey a url: /graphql"})
	case r.Target == "":
		r.Target = c.url
	case c.url == "" || !strings.HasPrefix(r.Target, "/"): // a URL, or a variable that is one
	case strings.Contains(c.url, "?"):
		d.Fail(n, shape.Diagnostic{Msg: "the url of this journey has a query, and nothing is below that", Hint: "write request: " + r.Method + " alone, or the query here"})
	default:
		r.Target = strings.TrimRight(c.url, "/") + r.Target
	}
}

// mergeHeaders puts the headers of the journey before those of a step.
func (c *common) mergeHeaders(d *shape.Document, s *Step, at string) {
	without := c.of(s).headers
	named := func(list []Field, name string) bool {
		return slices.ContainsFunc(list, func(f Field) bool { return strings.EqualFold(f.Name, name) })
	}
	for _, name := range without {
		if !named(c.headers, name) {
			d.Fail(d.At(shape.JoinPath(at, "headers."+name)), shape.Diagnostic{Msg: "null leaves a header of the whole journey out, and this journey has no " + name, Hint: "leave it out, or write a text"})
		}
	}
	own := slices.DeleteFunc(s.Request.Headers, func(f Field) bool { return slices.Contains(without, f.Name) })
	var all []Field
	for _, f := range c.headers {
		if !named(own, f.Name) && !slices.ContainsFunc(without, func(name string) bool { return strings.EqualFold(name, f.Name) }) && f.suits(s.Request) {
			all = append(all, f)
		}
	}
	s.Request.Headers = append(all, own...)
}

// suits reports whether a header of a whole journey can be that of a request: the type of
// one body is not that of a form.
func (f Field) suits(r Request) bool {
	kind := ""
	switch {
	case !strings.EqualFold(f.Name, "Content-Type"):
		return true
	case len(r.Form) > 0:
		kind = "application/x-www-form-urlencoded"
	case len(r.Multipart) > 0:
		kind = "multipart/"
	}
	return strings.HasPrefix(strings.ToLower(f.Value), kind)
}

// mergeChecks puts the checks of the journey before those of a step, but for those that
// the step replaces.
func mergeChecks(d *shape.Document, all, own []Check, same func(all, own Check) bool, at string) []Check {
	var merged []Check
	for _, check := range all {
		if !slices.ContainsFunc(own, func(o Check) bool { return same(check, o) }) {
			merged = append(merged, check)
		}
	}
	for _, check := range own {
		if check.Op != unchecked {
			merged = append(merged, check)
			continue
		}
		if check.Value == true && !slices.ContainsFunc(all, func(a Check) bool { return same(a, check) }) {
			d.Fail(d.At(shape.JoinPath(shape.JoinPath(at, check.Target), string(unchecked))),
				shape.Diagnostic{Msg: "any leaves out what the whole journey expects, and this journey expects nothing here", Hint: "leave it out"})
		}
	}
	return merged
}

// checkVariables notes variables of the journey's own texts that a step sends or expects
// before they are captured.
func (c *common) checkVariables(d *shape.Document, s *Step, path string, captured map[string]bool, later map[string]string) {
	for _, key := range commonKeys() {
		checkNodes(d, c.usedBy(d, s, path, key), captured, later, func(wrong *shape.Diagnostic) {
			if later[wrong.Got] == "" {
				return
			}
			wrong.Msg = fmt.Sprintf("${%s} is captured by step %q, and step %q needs it before", wrong.Got, later[wrong.Got], s.Name)
			switch key {
			case "headers":
				wrong.Hint = "a step leaves a header out with null, such as headers: {Authorization: null}"
			case "expect":
				wrong.Hint = "a step leaves a check out with {any: true}"
			}
		})
	}
}

// commonKeys are the keys whose texts the steps of a journey have in common.
func commonKeys() []string { return []string{"url", "headers", "expect"} }

// usedBy are the journey's own texts of a key that a step sends or expects.
func (c *common) usedBy(d *shape.Document, s *Step, path, key string) (nodes []shape.Node) {
	used := textsOf(s)
	for _, n := range d.KeptIn(shape.JoinPath(path, key)) {
		if slices.ContainsFunc(used, func(text string) bool {
			return text == n.Text() || key == "url" && strings.HasPrefix(text, strings.TrimRight(n.Text(), "/"))
		}) {
			nodes = append(nodes, n)
		}
	}
	return nodes
}

// textsOf are the texts of a step that its journey may have given it.
func textsOf(s *Step) []string {
	list := []string{s.Request.Target}
	for _, f := range s.Request.Headers {
		list = append(list, f.Value)
	}
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case string:
			list = append(list, v)
		case []any:
			for _, item := range v {
				walk(item)
			}
		case map[string]any:
			for _, item := range v {
				walk(item)
			}
		}
	}
	for _, check := range slices.Concat(s.Expect.JSON, s.Expect.Header, s.Expect.Body) {
		walk(check.Value)
	}
	return list
}

// stepHeaders are the headers of a step: texts, or null for one that it leaves out.
func (c *common) stepHeaders(s *Step) shape.Shape {
	return shape.Validated{Always: true, Shape: shape.Dict[Field]{To: &s.Request.Headers, Key: headerNames(), Item: func(name string, f *Field) shape.Shape {
		f.Name = name
		return textOrNothing{templated{to: &f.Value, loose: true}, func() { c.of(s).headers = append(c.of(s).headers, name) }}
	}}, Check: func(d *shape.Document, _ shape.Node, path string) { checkHeaders(d, path, s.Request.Headers) }}
}

// A textOrNothing is a text, or null.
type textOrNothing struct {
	templated
	nothing func()
}

func (t textOrNothing) Read(d *shape.Document, n shape.Node, path string) {
	if n.Kind() == shape.Null && n.Text() != "" { // what is forgotten is a mistake
		t.nothing()
		return
	}
	t.templated.Read(d, n, path)
}

func (t textOrNothing) Schema() shape.Object {
	return shape.OfType("string", "number", "boolean", "null")
}
