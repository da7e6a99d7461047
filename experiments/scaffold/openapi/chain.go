package openapi

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/scaffold/draft"
)

// A need is a value of a request that an earlier answer may give.
type need struct {
	of       *operation
	in       draft.Place
	name     string
	resource string // what a path parameter identifies
	prefix   string // the path before it
	required bool   // without it, there is no request
	number   bool
	token    bool // it proves who sends the request
	from     *give
}

// findNeeds lists what a request needs: the parameters of its path, and what looks like
// an id of something else in its query and body.
func (o *operation) findNeeds(body *draft.Node) {
	previous, prefix := "", ""
	for segment := range strings.SplitSeq(strings.TrimPrefix(o.path, "/"), "/") {
		for _, m := range parameterForm.FindAllStringSubmatch(segment, -1) {
			o.needs = append(o.needs, &need{of: o, in: draft.InPath, name: m[1], resource: strings.ToLower(draft.Singular(previous)), prefix: prefix, required: true})
		}
		if !strings.Contains(segment, "{") {
			previous = segment
		}
		prefix += "/" + segment
	}
	for _, p := range o.parameters {
		if p.In == "query" && p.Required && isReference(p.Name) {
			o.needs = append(o.needs, &need{of: o, in: draft.InQuery, name: p.Name})
		}
	}
	var walk func(n *draft.Node)
	walk = func(n *draft.Node) {
		for i, item := range n.Items {
			if n.Kind == draft.ObjectNode && item.Slot != nil && isReference(n.Names[i]) && !o.needsInBody(n.Names[i]) {
				o.needs = append(o.needs, &need{of: o, in: draft.InJSON, name: n.Names[i], number: item.Kind == draft.NumberNode})
			}
			walk(item)
		}
	}
	if body != nil {
		walk(body)
	}
}

func (o *operation) needsInBody(name string) bool {
	return slices.ContainsFunc(o.needs, func(n *need) bool { return n.in == draft.InJSON && n.name == name })
}

// isReference reports whether the values of a name may be ids of something else.
func isReference(name string) bool {
	switch plain := draft.PlainName(name); plain {
	case "id", "name", "email", "quantity", "amount", "currency", "country", "status", "state", "type", "note", "street", "city", "password", "username", "method":
		return false
	}
	return true
}

// isIdentifier reports whether the values of a name identify things.
func isIdentifier(plain string) bool {
	switch plain {
	case "id", "uuid", "guid", "sku", "slug", "code", "number", "key", "handle", "ref", "reference", "isbn", "ean":
		return true
	}
	return strings.HasSuffix(plain, "id") || strings.HasSuffix(plain, "uuid") || strings.HasSuffix(plain, "sku") || strings.HasSuffix(plain, "token") || strings.HasSuffix(plain, "number")
}

// fit says how well a value fits a need. 0 is not at all.
func (n *need) fit(g *give) int {
	if g.by == n.of || g.from != experiments.FromJSON {
		return 0
	}
	name, key, owner := draft.PlainName(n.name), draft.PlainName(g.key), draft.PlainName(g.owner)
	if !isIdentifier(key) || n.in == draft.InJSON && n.number != g.leaf.Number {
		return 0
	}
	score := 0
	switch {
	case n.in == draft.InPath && owner == draft.PlainName(n.resource) && (key == name || name == owner+key):
		score = 80
	case n.in == draft.InPath && owner == draft.PlainName(n.resource) && key == "id":
		score = 70
	case key == name && key != "id" && key != "code" && key != "key" && key != "number":
		score = 60
	case owner != "" && (name == owner+key || name == owner && (key == "id" || key == "sku")):
		score = 65
	default:
		return 0
	}
	if n.in == draft.InPath && strings.HasPrefix(g.by.path, n.prefix+"/{") {
		return 0 // that one needs it itself
	}
	switch {
	case g.by.method == http.MethodPost && g.by.path == n.prefix, g.by.method == http.MethodPost && n.in != draft.InPath && resourceOf(g.by.path) == owner:
		score += 10 // what a journey made is its own
	case g.by.method == http.MethodGet && !strings.Contains(g.by.path, "{"):
		score += 5
	}
	return score - min(g.leaf.Depth, 8)/2
}

// linked says which need of another operation a link of an answer names, and by which
// value.
func (o *operation) linked(n *need) *give {
	for _, ref := range o.Responses.Map() {
		if ref == nil || ref.Value == nil {
			continue
		}
		for _, l := range ref.Value.Links {
			if l == nil || l.Value == nil || l.Value.OperationID == "" || l.Value.OperationID != n.of.OperationID {
				continue
			}
			for name, value := range l.Value.Parameters {
				expr, ok := value.(string)
				if strings.TrimPrefix(strings.TrimPrefix(name, "path."), "query.") != n.name || !ok {
					continue
				}
				if pointer, ok := strings.CutPrefix(expr, "$response.body#/"); ok {
					return o.giveAt(pointer)
				}
			}
		}
	}
	return nil
}

// giveAt returns the value at a JSON Pointer of the answer, or nil.
func (o *operation) giveAt(pointer string) *give {
	path, key := "$", ""
	for part := range strings.SplitSeq(pointer, "/") {
		part = strings.NewReplacer("~1", "/", "~0", "~").Replace(part)
		step, ok := draft.PathStep(part)
		if !ok {
			return nil
		}
		path, key = path+step, part
	}
	for _, g := range o.gives {
		if g.expr == path {
			return g
		}
	}
	g := &give{by: o, from: experiments.FromJSON, expr: path, key: key, owner: resourceOf(o.path)}
	o.gives = append(o.gives, g)
	return g
}

// supply finds the best answers for what operations need, among some of them.
func supply(list, among []*operation) {
	for _, o := range list {
		for _, n := range o.needs {
			best := 0
			n.from = nil
			for _, by := range among {
				if g := by.linked(n); g != nil && by != o {
					n.from = g
					break
				}
				if n.token {
					if g := by.token(); g != nil && by.isLogin() && by != o {
						n.from = g
						break
					}
					continue
				}
				for _, g := range by.gives {
					if score := n.fit(g); score > best {
						best, n.from = score, g
					}
				}
			}
		}
	}
}

// chain puts operations into an order in which each comes after those that give what it
// needs. It returns those that nothing gives what they need, too.
func chain(list []*operation) (ordered, stuck []*operation) {
	supply(list, list)
	waiting := slices.Clone(list)
	placed := map[*operation]bool{}
	for len(waiting) > 0 {
		at := slices.IndexFunc(waiting, func(o *operation) bool {
			return o.isReady(placed) && len(ordered) > 0 && o.reads(ordered[len(ordered)-1])
		})
		if at < 0 {
			at = slices.IndexFunc(waiting, func(o *operation) bool { return o.isReady(placed) })
		}
		if at < 0 { // a circle, or a value that nothing gives: take what is there
			supply(waiting, ordered)
			at = slices.IndexFunc(waiting, func(o *operation) bool { return o.isReady(placed) })
		}
		if at < 0 {
			return ordered, waiting
		}
		o := waiting[at]
		waiting = slices.Delete(waiting, at, at+1)
		placed[o] = true
		ordered = append(ordered, o)
	}
	return ordered, nil
}

// isReady reports whether all that a request needs was given before.
func (o *operation) isReady(placed map[*operation]bool) bool {
	for _, n := range o.needs {
		if n.from != nil && !placed[n.from.by] || n.from == nil && n.required && o.literal(n.name) == "" {
			return false
		}
	}
	return true
}

// reads reports whether an operation only reads what another one gave the id of. People
// look at a thing right after they found it.
func (o *operation) reads(before *operation) bool {
	return o.method == http.MethodGet && slices.ContainsFunc(o.needs, func(n *need) bool { return !n.token && n.from != nil && n.from.by == before })
}

// literal returns the value that the document itself gives for a parameter of the path.
func (o *operation) literal(name string) string {
	p := o.parameter(name)
	if p == nil {
		return ""
	}
	if given, ok := exampleOf(p.Example, p.Examples); ok {
		text, _ := scalarOf(given)
		return text
	}
	if p.Schema != nil && p.Schema.Value != nil {
		if given, ok := givenBy(p.Schema.Value); ok {
			text, _ := scalarOf(given)
			return text
		}
	}
	return ""
}

// chained keeps the operations that give something to each other. If none does, it
// keeps all.
func chained(list []*operation) (kept, alone []*operation) {
	used := map[*operation]bool{}
	for _, o := range list {
		for _, n := range o.needs {
			if n.from != nil && (!n.token || slices.ContainsFunc(o.needs, func(k *need) bool { return !k.token && k.from != nil })) {
				used[o], used[n.from.by] = true, true
			}
		}
	}
	if len(used) == 0 {
		return list, nil
	}
	for _, o := range list {
		if used[o] {
			kept = append(kept, o)
		} else {
			alone = append(alone, o)
		}
	}
	return kept, alone
}

// capture returns the variable of a value that an earlier step gives.
func (c *converter) capture(g *give) string {
	if g.name != "" {
		return g.name
	}
	key, owner := strings.Trim(draft.Snake(g.key), "_"), strings.Trim(draft.Snake(g.owner), "_")
	name := cmp.Or(key, "value")
	switch draft.PlainName(g.key) {
	case "id", "uuid", "guid", "code", "number", "key", "slug", "ref", "reference", "handle":
		if owner != "" {
			name = owner + "_" + name
		}
	}
	name = strings.Trim(name[:min(len(name), 40)], "_")
	if name == "" || name[0] >= '0' && name[0] <= '9' || slices.Contains(experiments.Builtins(), name) {
		name = strings.TrimRight("the_"+name, "_")
	}
	g.name = draft.UniqueName(name, "_", c.taken)
	g.by.step.Captures = append(g.by.step.Captures, draft.Capture{Name: g.name, From: g.from, Expr: g.expr, Listed: g.leaf.Listed})
	return g.name
}

// expect adds what an answer must be: about the thing that was asked for, or at least
// JSON.
func (o *operation) expect() {
	s := o.step
	switch len(o.statuses) {
	case 0:
	case 1:
		s.Status = o.statuses[0]
	default:
		s.Statuses = o.statuses
	}
	for _, n := range o.needs {
		if n.in != draft.InPath || n.from == nil || n.from.name == "" || n.resource != resourceOf(o.path) {
			continue
		}
		for _, g := range o.gives {
			if g.key == n.from.key && g.leaf.Number == n.from.leaf.Number && g.leaf.Depth == 1 && !g.leaf.Listed && g.from == experiments.FromJSON && len(s.Checks) == 0 {
				s.Checks = append(s.Checks, draft.Check{Path: g.expr, Value: "${" + n.from.name + "}"})
			}
		}
	}
}

// describe joins names for a sentence.
func describe(list []*operation, most int) string {
	var b strings.Builder
	for i, o := range list {
		if i == most {
			fmt.Fprintf(&b, ", and %d more", len(list)-most)
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(o.String())
	}
	return b.String()
}
