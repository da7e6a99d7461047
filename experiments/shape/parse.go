package shape

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/blastgauge/blastgauge/experiments/yamlnode"
)

// Parse turns the text into the value of the whole document. It reports false
// after a mistake, which it has noted.
func (d *Document) Parse() (Node, bool) {
	if d.src.Err != nil {
		d.FailAt(Span{}, Diagnostic{Msg: FileProblem(d.src.Err)})
		return Node{}, false
	}
	text := d.src.Text
	if !d.checkText(text) {
		return Node{}, false
	}
	root, second, err := parseYAML(text)
	switch {
	case err != nil:
		d.failSyntax(text, err)
		return Node{}, false
	case root == nil || len(root.Content) == 0 || isEmpty(root.Content[0]):
		d.FailAt(Span{}, Diagnostic{Msg: "the document is empty", Hint: d.language.EmptyHint})
		return Node{}, false
	case second != nil:
		d.FailAt(Span{Line: second.Line, Col: second.Column, Width: 1},
			Diagnostic{Msg: "a second YAML document: a file holds one", Hint: "split the file"})
		return Node{}, false
	}
	if !d.applyOverrides(root.Content[0]) || !d.checkExtent(root.Content[0]) {
		return Node{}, false
	}
	d.root = newNode(root.Content[0])
	return d.root, true
}

// checkText reports whether the text is short enough and UTF-8.
func (d *Document) checkText(text []byte) bool {
	if len(text) > MaxBytes {
		d.lines = nil
		d.FailAt(Span{}, Diagnostic{Msg: "the file is larger than 1 MiB, too large for a document", Hint: "is it the right file?"})
		return false
	}
	i := invalidUTF8(text)
	if i < 0 {
		return true
	}
	what := Diagnostic{Msg: "the file is not UTF-8 text", Hint: "save it as UTF-8"}
	if bytes.HasPrefix(text, []byte("\xff\xfe")) || bytes.HasPrefix(text, []byte("\xfe\xff")) {
		what.Msg = "the file is UTF-16 text"
	}
	start := bytes.LastIndexByte(text[:i], '\n') + 1
	d.FailAt(Span{Line: bytes.Count(text[:i], []byte("\n")) + 1, Col: utf8.RuneCount(text[start:i]) + 1, Width: 1}, what)
	return false
}

func isEmpty(n *yamlnode.Node) bool {
	return n.Kind == yamlnode.ScalarNode && n.Tag == "!!null" && n.Value == ""
}

// parseYAML parses text. second is the start of a second document, or nil.
func parseYAML(text []byte) (root, second *yamlnode.Node, err error) {
	documents, err := yamlnode.Read(text, 2)
	if err != nil || len(documents) == 0 {
		return nil, nil, err
	}
	if len(documents) > 1 {
		second = documents[1]
	}
	return documents[0], second, nil
}

// checkExtent reports whether the document is small enough to be read value by
// value once its aliases are followed.
func (d *Document) checkExtent(root *yamlnode.Node) bool {
	m := measure{known: map[*yamlnode.Node]extent{}, open: map[*yamlnode.Node]bool{}}
	m.extentOf(root)
	switch {
	case m.recursive != nil:
		d.Fail(Node{yaml: m.recursive}, Diagnostic{Msg: "recursive alias: it stands for a value that contains it"})
	case m.deep != nil:
		d.Fail(Node{yaml: m.deep}, Diagnostic{Msg: fmt.Sprintf("more than %d lists and mappings inside each other", maxDepth)})
	case m.large != nil:
		d.Fail(Node{yaml: m.large}, Diagnostic{Msg: fmt.Sprintf("aliases make this document too large: together they stand for more than %d values", maxExpanded)})
	default:
		return true
	}
	return false
}

// An extent is how many values a node holds and how deeply they are nested, with
// aliases followed.
type extent struct{ values, depth int }

// A measure finds extents without following any alias twice.
type measure struct {
	known                  map[*yamlnode.Node]extent
	open                   map[*yamlnode.Node]bool // nodes around the current one
	aliased                int
	recursive, deep, large *yamlnode.Node // the first node that breaks each rule
}

func (m *measure) extentOf(n *yamlnode.Node) extent {
	if n.Kind == yamlnode.AliasNode {
		return m.extentOfAlias(n)
	}
	if e, ok := m.known[n]; ok {
		return e
	}
	m.open[n] = true
	e := extent{values: 1, depth: 1}
	for _, c := range n.Content {
		inner := m.extentOf(c)
		e.values = min(e.values+inner.values, 10*maxExpanded)
		e.depth = max(e.depth, inner.depth+1)
	}
	if e.depth > maxDepth && m.deep == nil {
		m.deep = n
	}
	delete(m.open, n)
	m.known[n] = e
	return e
}

func (m *measure) extentOfAlias(n *yamlnode.Node) extent {
	if m.open[n.Alias] {
		m.recursive = n
		return extent{}
	}
	e := m.extentOf(n.Alias)
	m.aliased = min(m.aliased+e.values, 10*maxExpanded)
	if m.aliased > maxExpanded && m.large == nil {
		m.large = n
	}
	return e
}

// splitLines cuts text where YAML does.
func splitLines(text string) []string {
	text = strings.TrimPrefix(text, "\ufeff")
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u0085", "\n", "\u2028", "\n", "\u2029", "\n").Replace(text)
	return strings.Split(text, "\n")
}

// invalidUTF8 returns the index of the first byte that is not UTF-8, or -1.
func invalidUTF8(text []byte) int {
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRune(text[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return -1
}
