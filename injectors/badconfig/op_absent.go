package badconfig

import (
	"slices"
	"strings"
)

// opDrop removes a key or an entry, or makes it null. A schema that is strict
// about required keys and null catches it; a robust reader rejects the document
// and keeps the last good one, also across a restart.
func opDrop() operator {
	return operator{"drop", true, func(p *params, m *Mutation) func(Document) (Result, error) {
		at, as := p.place("path"), p.nullWord("as")
		suits := func(n *node) string {
			if n.up == nil && as == "absent" {
				return "the whole document cannot be absent: say as: null, or use blank"
			}
			return ""
		}
		return onTree(m, eachFound(at, choice{suits, prefer(isSet), "key to drop"}, func(n *node) (change, string) {
			if as == "null" {
				return change{do: set, at: n}, "is null"
			}
			return change{do: remove, at: n}, "is gone"
		}))
	}}
}

// nullWord is a word that YAML turns into null where it is not quoted.
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
		at := p.place("path")
		inner := onTree(m, eachFound(at, choice{notBlank, nil, "value to empty"}, func(n *node) (change, string) {
			return change{do: set, at: n, value: blankOf(n)}, "is empty"
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

func notBlank(n *node) string {
	empty := n.kind == null || n.kind >= list && !n.alias && len(n.inner) == 0 || n.kind == text && n.value == ""
	if v := blankOf(n); empty || v == any(literal(n.value)) && isLeaf(n) {
		return shown(n.pointer()) + " is empty already"
	}
	return ""
}

// blankOf is what people leave where a value should be: in YAML, nothing.
func blankOf(n *node) any {
	switch n.kind {
	case text:
		return ""
	case list, object:
		return emptyOf(n.kind)
	}
	if n.yaml != nil {
		return literal("")
	}
	if n.kind == boolean {
		return literal("false")
	}
	return literal("0")
}

// opRename gives a key another name, or a list another length. A schema catches
// it only if both sides share it. A robust reader keeps the last good document.
func opRename() operator {
	return operator{"rename", true, func(p *params, m *Mutation) func(Document) (Result, error) {
		at, to, arity := p.place("path"), p.text("to"), p.count("arity", 0)
		switch {
		case p.has("arity") && arity == 0:
			p.refuse("arity must not be 0: 1 is one entry more, -1 one less")
		case p.has("arity") && p.has("to"):
			p.refuse("to is about members, arity about lists: give one of them")
		case p.has("to") && to == "":
			p.refuse("to must not be empty")
		}
		if arity != 0 {
			return onTree(m, resized(at, arity))
		}
		suits := func(n *node) string {
			if !n.member {
				return shown(n.pointer()) + " has no name: a list takes arity"
			}
			return ""
		}
		return onTree(m, renamed(at, to, suits))
	}}
}

// renamed gives members another name. Two members of one name would be another
// fault, duplicate.
func renamed(at place, to string, suits func(*node) string) step {
	return func(t *tree, doc Document) ([]change, string, error) {
		found, err := t.find(at, doc.Seed, choice{suits, nil, "member to rename"})
		if err != nil {
			return nil, "", err
		}
		var changes []change
		taken := map[*node][]string{} // new names, by object
		for _, n := range found {
			name := to
			if name == "" {
				name = freeName(n.up, otherName(n.key))
			}
			if n.up.named(name) != nil && name != n.key || slices.Contains(taken[n.up], name) {
				return nil, "", unfit("%s has a member %q already", shown(n.up.pointer()), name)
			}
			taken[n.up] = append(taken[n.up], name)
			changes = append(changes, change{do: rename, at: n, key: name})
		}
		return changes, "has another name", nil
	}
}

// freeName is a name that no member of an object has.
func freeName(of *node, name string) string {
	for of.named(name) != nil {
		name += "_"
	}
	return name
}

// otherName is a name as the other side may write it.
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

// resized lengthens or shortens lists at their ends.
func resized(at place, arity int) step {
	suits := func(n *node) string {
		switch {
		case n.kind != list || n.alias:
			return shown(n.pointer()) + " is no list: arity is about lists"
		case len(n.inner) == 0 || len(n.inner) < -arity:
			return shown(n.pointer()) + " has too few entries"
		}
		return ""
	}
	return func(t *tree, doc Document) ([]change, string, error) {
		found, err := t.find(at, doc.Seed, choice{suits, nil, "list to change the length of"})
		if err != nil {
			return nil, "", err
		}
		var changes []change
		for _, n := range found {
			if arity < 0 {
				for _, c := range n.inner[len(n.inner)+arity:] {
					changes = append(changes, change{do: remove, at: c})
				}
				continue
			}
			changes = append(changes, repeated(n, n.inner[len(n.inner)-1:], arity))
		}
		return changes, map[bool]string{true: "has more entries", false: "is gone"}[arity > 0], nil
	}
}

// repeated adds some of a collection's entries again, n times, behind its last.
func repeated(of *node, entries []*node, n int) change {
	c := change{do: add, at: of, after: of.inner[len(of.inner)-1]}
	for range n {
		for _, e := range entries {
			c.list = append(c.list, entry{from: e})
		}
	}
	return c
}
