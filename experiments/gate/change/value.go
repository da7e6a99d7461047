package change

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/yamlnode"
	"github.com/blastgauge/blastgauge/injectors/badconfig"
	"github.com/blastgauge/blastgauge/injectors/badconfig/edit"
)

// A value is a value of a document, as its readers take it.
type value struct {
	at    *edit.Node
	kind  edit.Kind
	tag   string // of YAML
	text  string // of a scalar; a number as it is written
	bare  bool   // a YAML text without quotes that some readers take for something else
	alias *value // what it stands for

	entries
	merge    *value   // what << adds to an object
	complete *entries // with what << adds; nil until it is asked for
	opaque   bool     // an object with a name that stands twice: readers differ on what it says
}

// entries are those of a list or an object. Those of a list have no names.
type entries struct {
	names []string
	tags  []string // of the names
	inner []*value
}

func (e *entries) add(name, tag string, v *value) {
	e.names, e.tags, e.inner = append(e.names, name), append(e.tags, tag), append(e.inner, v)
}

// real returns what an alias stands for.
func (v *value) real() *value {
	if v.alias != nil {
		return v.alias
	}
	return v
}

// isAlias reports whether a value stands for another one.
func (v *value) isAlias() bool { return v.alias != nil }

// last returns what a token of a JSON Pointer leads to, of several the last one, or nil.
func (v *value) last(token string) *value {
	if v.kind == edit.List {
		i, err := strconv.Atoi(token)
		if err != nil || i < 0 || i >= len(v.inner) {
			return nil
		}
		return v.inner[i]
	}
	for i, name := range slices.Backward(v.names) {
		if name == token {
			return v.inner[i]
		}
	}
	return nil
}

// A document is a text that was read, with the values of its documents: one, or of YAML
// several.
type document struct {
	tree  *edit.Tree
	roots []*value
}

// read reads a text without byte order mark. The error says why it cannot be compared by
// value.
func read(text []byte, format badconfig.Format) (*document, error) {
	parse := edit.ParseJSON
	if format == badconfig.YAML {
		parse = edit.ParseYAML
	}
	if len(bytes.TrimSpace(text)) == 0 {
		return nil, errors.New("it is empty")
	}
	tree, err := parse(text)
	if err != nil {
		return nil, err
	}
	r := reader{tree: tree, made: map[*edit.Node]*value{}}
	d := &document{tree: tree}
	for _, root := range tree.Roots {
		d.roots = append(d.roots, r.value(root))
	}
	return d, r.resolve()
}

// A reader makes values of nodes. It keeps the first problem.
type reader struct {
	tree    *edit.Tree
	made    map[*edit.Node]*value
	aliases []*value
	err     error
}

func (r *reader) refuse(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf(format, args...)
	}
}

func (r *reader) value(n *edit.Node) *value {
	v := &value{at: n, kind: n.Kind, tag: n.Tag(), text: n.Value}
	r.made[n] = v
	switch {
	case n.IsAlias:
		r.aliases = append(r.aliases, v)
	case n.Kind == edit.String && n.InYAML():
		v.bare = n.Quote == 0 && !n.IsBlockText() && edit.IsYAMLWord(n.Value) && tagOf(n.Value) == v.tag
	case n.Kind == edit.String:
		if notUnicode(r.tree.Text(n), n.Value) {
			r.refuse("%s is no text in Unicode", shown(n.Pointer()))
		}
	case n.Kind == edit.List:
		for _, c := range n.Children {
			v.inner = append(v.inner, r.value(c))
		}
	case n.Kind == edit.Object:
		r.members(v)
	}
	return v
}

// tagOf returns the tag of a text without quotes.
func tagOf(text string) string {
	n := yamlnode.Node{Kind: yamlnode.ScalarNode, Value: text}
	return n.ShortTag()
}

// notUnicode reports whether a text of JSON has half of a character, for which readers put
// another one.
func notUnicode(raw, says string) bool {
	return strings.Contains(strings.ToLower(raw), `\ud`) && strings.ContainsRune(says, '\ufffd')
}

func (r *reader) members(v *value) {
	seen := map[string]bool{}
	for _, c := range v.at.Children {
		tag := c.KeyTag()
		if tag == "" {
			r.refuse("%s has a name that is no plain text", shown(v.at.Pointer()))
		}
		if strings.ContainsRune(c.Key, '\ufffd') {
			r.refuse("%s has a name that is no text in Unicode", shown(v.at.Pointer()))
		}
		inner := r.value(c)
		if tag == "!!merge" && v.merge == nil {
			v.merge = inner
			continue
		}
		v.opaque = v.opaque || seen[c.Key] || tag == "!!merge"
		seen[c.Key] = true
		v.add(c.Key, tag, inner)
	}
}

// resolve finds what aliases stand for.
func (r *reader) resolve() error {
	if len(r.aliases) == 0 {
		return r.err
	}
	targets := r.tree.Targets()
	for _, v := range r.aliases {
		v.alias = r.made[targets[v.at]]
		if v.alias == nil {
			r.refuse("the alias at %s stands for a name", shown(v.at.Pointer()))
		}
	}
	return r.err
}

// shown returns a pointer as a sentence names it.
func shown(pointer string) string {
	if pointer == "" {
		return "the whole document"
	}
	return pointer
}

// all returns the entries of an object, behind its own those that << adds. Objects that
// are merged into themselves add nothing.
func (v *value) all() *entries {
	if v.merge == nil {
		return &v.entries
	}
	if v.complete != nil {
		return v.complete
	}
	v.complete = &entries{slices.Clone(v.names), slices.Clone(v.tags), slices.Clone(v.inner)}
	has := map[string]bool{}
	for _, n := range v.names {
		has[n] = true
	}
	from := []*value{v.merge.real()}
	if from[0].kind == edit.List {
		from = from[0].inner
	}
	for _, f := range from {
		if f.real().kind != edit.Object {
			continue
		}
		more := f.real().all()
		for i, n := range more.names {
			if !has[n] {
				has[n] = true
				v.complete.add(n, more.tags[i], more.inner[i])
			}
		}
	}
	return v.complete
}
