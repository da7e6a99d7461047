package postman

import (
	"encoding/json"
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/lazyregexp"
	"github.com/blastgauge/blastgauge/experiments/scaffold/draft"
	"github.com/blastgauge/blastgauge/experiments/scaffold/postman/script"
)

// maxChecks is how many checks a step gets of its scripts.
const maxChecks = 30

// takeTest makes captures and expectations of a script that runs after the request.
// What a folder's script takes from an answer is not in every answer, so that is told
// and not taken.
func (c *converter) takeTest(s *draft.Step, t *script.Script, owner string) {
	if owner != "" {
		for _, set := range t.Sets {
			t.Left = append(t.Left, fmt.Sprintf("set %s from each answer", set.Name))
		}
		t.Sets = nil
	}
	for _, check := range t.Checks {
		if slices.ContainsFunc(check.Parts, func(p script.Part) bool {
			return slices.ContainsFunc(t.Sets, func(set script.Set) bool { return p.Variable == set.Name })
		}) {
			t.Left = append(t.Left, "compare two values of one answer")
			continue
		}
		c.addCheck(s, check)
	}
	if len(t.Statuses) > 0 {
		s.Statuses = t.Statuses
	}
	if t.Within > 0 {
		s.SlowAfter = time.Duration(t.Within * float64(time.Millisecond))
	}
	c.bind(t.Sets, s)
	s.Notes = append(s.Notes, c.leftOf(t, owner, "script after the request")...)
}

var listed = lazyregexp.New(`\[[0-9]+\]`)

// bind makes variables stand for what a script sets them to. What comes from the answer
// of a step is captured.
func (c *converter) bind(sets []script.Set, s *draft.Step) {
	for _, set := range sets {
		var list []piece
		for _, p := range set.Value {
			switch {
			case p.From != "" && s == nil:
				list = append(list, piece{undefined: set.Name})
			case p.From != "":
				name := set.Name
				if len(set.Value) > 1 {
					name += "_value"
				}
				list = append(list, piece{variable: c.capture(s, name, p)})
			case strings.HasPrefix(p.Variable, "$") && c.uses(set.Name) > 1:
				list = append(list, c.stable(p.Variable)...)
			case p.Variable != "":
				list = append(list, c.lookup(p.Variable, 0)...)
			default:
				list = append(list, piece{literal: p.Text})
			}
		}
		if len(list) > 0 && len(list) < 200 {
			c.known[set.Name] = &binding{set: true, pieces: c.masked(set.Name, list)}
		}
	}
}

// masked hides what a script sets as a text and is a secret by its name.
func (c *converter) masked(name string, list []piece) []piece {
	value, ok := literal(list)
	slot := draft.NewSlot(draft.InForm, name, value, value)
	if !ok || value == "" || slot.Secrecy() == draft.Public {
		return list
	}
	return []piece{{variable: "env:" + c.secrets.VariableFor(value, name, "value that a script sets for "+name)}}
}

// capture makes a step capture a value, and returns the variable.
func (c *converter) capture(s *draft.Step, name string, p script.Part) string {
	for _, known := range s.Captures {
		if known.From == p.From && known.Expr == p.Expr {
			return known.Name
		}
	}
	name = c.variableName(name)
	if slices.ContainsFunc(s.Captures, func(k draft.Capture) bool { return k.Name == name }) {
		name = draft.UniqueName(name, "_", c.taken)
	}
	s.Captures = append(s.Captures, draft.Capture{Name: name, From: p.From, Expr: p.Expr, Listed: listed.MatchString(p.Expr)})
	return name
}

// addCheck adds an expectation of a script. Weaker ones about the same value go.
func (c *converter) addCheck(s *draft.Step, t script.Check) {
	out := draft.Check{Path: t.Path, Op: t.Op}
	if len(t.Parts) > 0 {
		var list []piece
		for _, p := range t.Parts {
			if p.Variable != "" {
				list = append(list, c.lookup(p.Variable, 0)...)
			} else {
				list = append(list, piece{literal: p.Text})
			}
		}
		out.Operand = &draft.Node{Kind: draft.TextNode, Slot: &draft.Slot{In: draft.InJSON, Parts: c.final(list)}}
		if value, ok := literal(list); ok && t.Number && json.Valid([]byte(value)) && value != "" && strings.ContainsAny(value[:1], "-0123456789") {
			out.Operand = nodeOf(json.Number(value), 0)
		}
	} else {
		out.Operand = nodeOf(t.Value, 0)
	}
	to := &s.Checks
	switch t.On {
	case script.OnHeader:
		to = &s.Headers
	case script.OnBody:
		to = &s.Body
	}
	same := func(k draft.Check) bool { return k.Path == out.Path && t.On != script.OnBody }
	switch {
	case out.Operand == nil || len(*to) >= maxChecks:
		s.Notes = append(s.Notes, "An expectation is left out: there are too many, or it is too deep")
		return
	case out.Op == experiments.Exists && slices.ContainsFunc(*to, same):
		return
	case slices.ContainsFunc(*to, func(k draft.Check) bool { return same(k) && k.Op == out.Op }):
		return
	}
	*to = slices.DeleteFunc(*to, func(k draft.Check) bool { return same(k) && k.Op == experiments.Exists })
	*to = append(*to, out)
}

// nodeOf returns a literal of a script as JSON. It is nil if that is too deep.
func nodeOf(v any, depth int) *draft.Node {
	switch v := v.(type) {
	case string:
		return &draft.Node{Kind: draft.TextNode, Text: v, Slot: draft.NewSlot(draft.InJSON, "", v, v)}
	case json.Number:
		return &draft.Node{Kind: draft.NumberNode, Text: v.String(), Slot: &draft.Slot{In: draft.InJSON, Number: true, Parts: []draft.Piece{{Literal: v.String()}}}}
	case bool:
		return &draft.Node{Text: fmt.Sprint(v)}
	case nil:
		return &draft.Node{Text: "null"}
	case []any:
		n := &draft.Node{Kind: draft.ListNode}
		for _, item := range v {
			inner := nodeOf(item, depth+1)
			if inner == nil || depth > 20 {
				return nil
			}
			n.Items = append(n.Items, inner)
		}
		return n
	case map[string]any:
		n := &draft.Node{Kind: draft.ObjectNode}
		for name := range v {
			n.Names = append(n.Names, name)
		}
		sort.Strings(n.Names)
		for _, name := range n.Names {
			inner := nodeOf(v[name], depth+1)
			if inner == nil || depth > 20 {
				return nil
			}
			n.Items = append(n.Items, inner)
		}
		return n
	}
	return nil
}

// expectSaved expects what a saved example shows, where the tests say nothing.
func (c *converter) expectSaved(s *draft.Step, list []response) {
	if s.Request.JSON != nil && isGraphQL(s.Request.JSON) && len(s.Checks) == 0 {
		c.addCheck(s, script.Check{Path: "$.errors", Op: experiments.Absent, Value: true})
	}
	at := slices.IndexFunc(list, func(r response) bool { return r.Code >= 200 && r.Code < 300 })
	if at < 0 {
		return
	}
	if len(s.Statuses) == 0 {
		s.Status = list[at].Code
	}
	if len(s.Checks)+len(s.Headers)+len(s.Body)+len(s.Captures) > 0 {
		return
	}
	for _, h := range list[at].Headers {
		if strings.EqualFold(string(h.Key), "Content-Type") && strings.Contains(strings.ToLower(string(h.Value)), "json") {
			s.Headers = append(s.Headers, draft.Check{Path: "Content-Type", Value: "json", Matches: true})
		}
	}
}

// isGraphQL reports whether a body is a GraphQL request.
func isGraphQL(n *draft.Node) bool {
	query := n.Member("query")
	return query != nil && query.Kind == draft.TextNode && strings.Contains(query.Text, "{")
}
