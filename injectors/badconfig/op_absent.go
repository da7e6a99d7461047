package badconfig

import (
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/injectors/badconfig/edit"
)

// opDrop removes a key or an entry, or makes it null. A schema that is strict
// about required keys and null catches it; a robust reader rejects the document
// and keeps the last good one, also across a restart.
func opDrop() operator {
	return operator{"drop", true, func(p *params, m *Mutation) func(Document) (Result, error) {
		at, as := p.place(), p.nullWord("as")
		suits := func(n *edit.Node) string {
			if n.Parent == nil && as == "absent" {
				return "the whole document cannot be absent: say as: null, or use blank"
			}
			return ""
		}
		return onTree(m, eachFound(at, choice{suits, prefer(isSet), "key to drop"}, func(n *edit.Node) (edit.Change, string) {
			if as == "null" {
				return edit.Change{Do: edit.Set, At: n}, "is null"
			}
			return edit.Change{Do: edit.Remove, At: n}, "is gone"
		}))
	}}
}

// nullWord is word for a parameter with the word null, which YAML reads as no value when
// it is not quoted.
func (p *params) nullWord(name string) string {
	if v, ok := p.given[name]; ok && v == nil {
		return "null"
	}
	return p.word(name)
}

// opBlank empties a value. A schema rarely catches it: an empty text is a text,
// and 0 is a number. A robust reader keeps the last good document.
func opBlank() operator {
	return operator{"blank", true, func(p *params, m *Mutation) func(Document) (Result, error) {
		at := p.place()
		inner := onTree(m, eachFound(at, choice{notBlank, nil, "value to empty"}, func(n *edit.Node) (edit.Change, string) {
			return edit.Change{Do: edit.Set, At: n, Value: blankOf(n)}, "is empty"
		}))
		return func(doc Document) (Result, error) {
			if doc.Format != Text {
				return inner(doc)
			}
			if at.given {
				return Result{}, unfit("it is neither JSON nor YAML: leave path out to empty all of it")
			}
			return replaced(nil, "blank: the whole document is empty"), nil
		}
	}}
}

func notBlank(n *edit.Node) string {
	empty := n.Kind == edit.Null || n.Kind >= edit.List && !n.IsAlias && len(n.Children) == 0 || n.Kind == edit.String && n.Value == ""
	if v := blankOf(n); empty || v == any(edit.Literal(n.Value)) && isLeaf(n) {
		return shown(n.Pointer()) + " is empty already"
	}
	return ""
}

// blankOf returns what people leave in place of a value: in YAML, nothing.
func blankOf(n *edit.Node) any {
	switch n.Kind {
	case edit.String:
		return ""
	case edit.List, edit.Object:
		return edit.Empty(n.Kind)
	}
	if n.InYAML() {
		return edit.Literal("")
	}
	if n.Kind == edit.Boolean {
		return edit.Literal("false")
	}
	return edit.Literal("0")
}

// opRename gives a key another name, or a list another length. A schema catches
// it only if both sides share it. A robust reader keeps the last good document.
func opRename() operator {
	return operator{"rename", true, func(p *params, m *Mutation) func(Document) (Result, error) {
		at, to, arity := p.place(), p.text("to"), p.count("arity", 0)
		if arity != 0 {
			return onTree(m, resized(at, arity))
		}
		suits := func(n *edit.Node) string {
			if !n.IsMember {
				return shown(n.Pointer()) + " has no name: a list takes arity"
			}
			return ""
		}
		return onTree(m, renamed(at, to, suits))
	}}
}

// renamed returns the step that renames members. It refuses a name that another member
// has: that would be the fault duplicate.
func renamed(at place, to string, suits func(*edit.Node) string) step {
	return func(t *edit.Tree, doc Document) ([]edit.Change, string, error) {
		found, err := findNodes(t, at, doc.Seed, choice{suits, nil, "member to rename"})
		if err != nil {
			return nil, "", err
		}
		var changes []edit.Change
		taken := map[*edit.Node][]string{} // new names, by object
		for _, n := range found {
			name := to
			if name == "" {
				name = freeName(n.Parent, otherName(n.Key))
			}
			if n.Parent.Member(name) != nil && name != n.Key || slices.Contains(taken[n.Parent], name) {
				return nil, "", unfit("%s has a member %q already", shown(n.Parent.Pointer()), name)
			}
			taken[n.Parent] = append(taken[n.Parent], name)
			changes = append(changes, edit.Change{Do: edit.Rename, At: n, Key: name})
		}
		return changes, "has another name", nil
	}
}

// freeName returns a name that no member of the object has.
func freeName(of *edit.Node, name string) string {
	for of.Member(name) != nil {
		name += "_"
	}
	return name
}

// otherName returns a name in the spelling that the other side may use.
func otherName(name string) string {
	parts := strings.FieldsFunc(name, func(r rune) bool { return r == '_' || r == '-' })
	if len(parts) > 1 {
		for i, part := range parts[1:] {
			parts[i+1] = strings.ToUpper(part[:1]) + part[1:]
		}
		return strings.Join(parts, "")
	}
	var b strings.Builder
	for i, r := range name {
		if i > 0 && r >= 'A' && r <= 'Z' {
			b.WriteByte('_')
		}
		b.WriteRune(r)
	}
	if snake := strings.ToLower(b.String()); snake != name {
		return snake
	}
	return name + "_v2"
}

// resized returns the step that lengthens or shortens lists at their ends.
func resized(at place, arity int) step {
	suits := func(n *edit.Node) string {
		switch {
		case n.Kind != edit.List || n.IsAlias:
			return shown(n.Pointer()) + " is no list: arity is about lists"
		case len(n.Children) == 0 || len(n.Children) < -arity:
			return shown(n.Pointer()) + " has too few entries"
		}
		return ""
	}
	return func(t *edit.Tree, doc Document) ([]edit.Change, string, error) {
		found, err := findNodes(t, at, doc.Seed, choice{suits, nil, "list to change the length of"})
		if err != nil {
			return nil, "", err
		}
		var changes []edit.Change
		for _, n := range found {
			if arity < 0 {
				for _, c := range n.Children[len(n.Children)+arity:] {
					changes = append(changes, edit.Change{Do: edit.Remove, At: c})
				}
				continue
			}
			changes = append(changes, repeated(n, n.Children[len(n.Children)-1:], arity))
		}
		return changes, map[bool]string{true: "has more entries", false: "is gone"}[arity > 0], nil
	}
}

// repeated returns the change that adds some entries of a collection n times more, after
// its last one.
func repeated(of *edit.Node, entries []*edit.Node, n int) edit.Change {
	c := edit.Change{Do: edit.Add, At: of, After: of.Children[len(of.Children)-1]}
	for range n {
		for _, e := range entries {
			c.Entries = append(c.Entries, edit.Entry{From: e})
		}
	}
	return c
}
