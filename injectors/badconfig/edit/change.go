package edit

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// A Change is one change of a document, independent of how the text is written.
type Change struct {
	Do        Action
	At        *Node   // the value that changes; of Add, the collection
	Value     any     // of Set: nil, bool, string, Literal, Existing, Ordered, or what JSON decodes to
	Key       string  // of Rename
	After     *Node   // of Add: the entry before the new ones; nil when the collection is empty
	Entries   []Entry // of Add
	About     *Node   // reported as changed in place of At; may be nil
	Mentioned bool    // the description of another change covers this one
}

// An Action is what a change does.
type Action uint8

// The actions.
const (
	Set    Action = iota // gives a value another value
	Remove               // removes an entry of a collection
	Rename               // gives a member another key
	Add                  // adds entries to a collection
)

// An Entry is a new entry of a collection.
type Entry struct {
	Key      string // of a member; when it is empty, the key of From
	From     *Node  // an entry of the same collection that is repeated; nil when Value is the entry
	Value    any
	UseValue bool // the repeated member gets Value
}

// errPlace means that a text cannot be edited at the place of a value.
var errPlace = errors.New("the place of a value is not known")

// An Edited document is the result of [Tree.Apply].
type Edited struct {
	Body      []byte
	Where     []string // JSON Pointers of what changed, in the order of the changes
	Rewritten bool     // a YAML text was written anew: its layout may have changed too
}

// Apply makes the changes and returns the new text. For YAML it proves, by reading the
// new text, that the text means what the changes say; when it does not, Apply writes the
// document anew. The tree must not be used afterwards.
func (t *Tree) Apply(changes []Change) (Edited, error) {
	var r Edited
	for _, c := range changes {
		r.Where = append(r.Where, c.where()...)
	}
	splices, err := t.splices(changes)
	if err == nil {
		r.Body, err = applySplices(t.text, splices)
	}
	if !t.isYAML {
		if err != nil {
			return Edited{}, fmt.Errorf("the places chosen lie within one another: %w", err)
		}
		return r, nil
	}
	want := t.meant(changes)
	if err == nil && (bytes.Equal(r.Body, t.text) || proven(r.Body, want)) {
		return r, nil
	}
	r.Body, err = rewrite(t.text, want)
	r.Rewritten = true
	return r, err
}

// where returns the JSON Pointers of what a change affects.
func (c Change) where() []string {
	if c.About != nil {
		return []string{c.About.Pointer()}
	}
	if c.Do != Add || c.Entries[0].From != nil {
		return []string{c.At.Pointer()}
	}
	var list []string
	for _, e := range c.Entries {
		list = append(list, c.At.Pointer()+"/"+EscapeToken(e.Key))
	}
	return list
}

// splices turns changes into splices of the text.
func (t *Tree) splices(changes []Change) ([]splice, error) {
	var splices []splice
	gone := map[*Node][]*Node{} // by collection
	var collections []*Node
	for _, c := range changes {
		var more []splice
		var err error
		switch c.Do {
		case Set:
			more, err = t.setEdit(c.At, c.Value)
		case Rename:
			more, err = t.renameEdit(c.At, c.Key)
		case Add:
			more, err = t.addEdit(c)
		case Remove:
			if gone[c.At.Parent] == nil {
				collections = append(collections, c.At.Parent)
			}
			gone[c.At.Parent] = append(gone[c.At.Parent], c.At)
		}
		if err != nil {
			return nil, err
		}
		splices = append(splices, more...)
	}
	for _, n := range collections {
		more, err := t.removeEdits(n, gone[n])
		if err != nil {
			return nil, err
		}
		splices = append(splices, more...)
	}
	return slices.DeleteFunc(splices, func(e splice) bool { return e.was == e.is }), nil
}

func (t *Tree) edit(from, to int, is string) []splice {
	return []splice{{at: from, was: string(t.text[from:to]), is: is}}
}

func (t *Tree) setEdit(n *Node, v any) ([]splice, error) {
	if n.unplaced {
		return nil, errPlace
	}
	is := t.render(v, n)
	inBlock := n.Parent != nil && n.Parent.block
	switch {
	case n.block && inBlock:
		if bytes.IndexByte(t.text[n.lead:n.from], '#') >= 0 { // a comment behind the colon stays
			return t.edit(n.from, n.to, is), nil
		}
		return t.edit(n.lead, n.to, strings.TrimRight(" "+is, " ")), nil
	case n.from == n.to && n.from > 0 && strings.IndexByte(" \t[{", t.text[n.from-1]) < 0:
		return t.edit(n.from, n.to, " "+is), nil
	}
	return t.edit(n.from, n.to, is), nil
}

func (t *Tree) renameEdit(n *Node, key string) ([]splice, error) {
	if n.unplaced || !n.IsMember {
		return nil, errPlace
	}
	return t.edit(n.keyFrom, n.keyTo, t.renderKey(key, n)), nil
}

// addEdit adds entries to a collection behind one of its entries.
func (t *Tree) addEdit(c Change) ([]splice, error) {
	switch {
	case c.At.unplaced:
		return nil, errPlace
	case c.After == nil:
		var texts []string
		for _, e := range c.Entries {
			text, err := t.entryText(e, nil)
			if err != nil {
				return nil, err
			}
			texts = append(texts, text)
		}
		return t.edit(c.At.from+1, c.At.from+1, strings.Join(texts, ", ")), nil
	case c.At.block:
		return t.addLines(c)
	}
	between := t.between(c.After)
	var b strings.Builder
	for _, e := range c.Entries {
		text, err := t.entryText(e, c.After)
		if err != nil {
			return nil, err
		}
		b.WriteString(between + text)
	}
	return t.edit(c.After.to, c.After.to, b.String()), nil
}

// between returns what separates two entries in brackets: the comma, and the space or
// the new line with its indentation.
func (t *Tree) between(n *Node) string {
	entries := n.Parent.Children
	between := "," + string(t.text[n.Parent.from+1:n.start()])
	if len(entries) > 1 {
		i := max(n.Index, 1)
		between = string(t.text[entries[i-1].to:entries[i].start()])
	}
	if strings.IndexByte(between, '#') >= 0 || strings.Count(between, ",") != 1 {
		return ", "
	}
	return between
}

// entryText returns an entry as it is written in brackets or after a dash, in the style
// of the entry like.
func (t *Tree) entryText(e Entry, like *Node) (string, error) {
	if e.From != nil && e.From.unplaced {
		return "", errPlace
	}
	var key string
	switch {
	case e.From != nil && e.From.IsMember && e.Key == "":
		key = string(t.text[e.From.keyFrom:e.From.keyTo])
	case e.Key != "" || e.From == nil && like != nil && like.IsMember:
		key = t.renderKey(e.Key, like)
	}
	switch {
	case e.From != nil && !e.UseValue && e.From.IsMember:
		return key + string(t.text[e.From.keyTo:e.From.to]), nil
	case e.From != nil && !e.UseValue:
		return string(t.text[e.From.start():e.From.to]), nil
	case key == "":
		return t.render(e.Value, nil), nil
	case !t.isYAML && like != nil:
		return key + string(t.text[like.keyTo:like.from]) + t.render(e.Value, nil), nil
	}
	return key + ": " + t.render(e.Value, nil), nil
}

// removeEdits removes entries of one collection.
func (t *Tree) removeEdits(n *Node, gone []*Node) ([]splice, error) {
	isGone := func(i int) bool { return slices.Contains(gone, n.Children[i]) }
	if n.unplaced || slices.ContainsFunc(n.Children, func(c *Node) bool { return c.unplaced }) {
		return nil, errPlace
	}
	if len(gone) == len(n.Children) {
		if n.block {
			return t.setEdit(n, Empty(n.Kind))
		}
		return t.edit(n.from+1, n.Children[len(n.Children)-1].to, ""), nil
	}
	var splices []splice
	for i := 0; i < len(n.Children); i++ {
		if !isGone(i) {
			continue
		}
		end := i + 1
		for end < len(n.Children) && isGone(end) {
			end++
		}
		more, err := t.removeRun(n, i, end)
		if err != nil {
			return nil, err
		}
		splices = append(splices, more...)
		i = end
	}
	return splices, nil
}

// removeRun removes the entries from i to end of a collection that keeps others.
func (t *Tree) removeRun(n *Node, i, end int) ([]splice, error) {
	switch {
	case n.block:
		return t.removeLines(n, i, end)
	case end < len(n.Children):
		return t.edit(n.Children[i].start(), n.Children[end].start(), ""), nil
	}
	return t.edit(n.Children[i-1].to, n.Children[end-1].to, ""), nil
}

// Empty returns the value of an empty list or object.
func Empty(k Kind) any {
	if k == List {
		return []any{}
	}
	return Ordered{}
}

// render writes a value in the format of the document, in the style of the value that it
// replaces, if there is one.
func (t *Tree) render(v any, old *Node) string {
	if t.isYAML {
		return t.renderYAML(v, old)
	}
	switch v := v.(type) {
	case Existing:
		return string(t.text[v.from:v.to])
	case []any:
		if len(v) == 1 {
			return "[" + t.render(v[0], nil) + "]"
		}
	case Ordered:
		if len(v) == 1 {
			return "{" + quoteJSON(v[0].Key) + ": " + t.render(v[0].Value, nil) + "}"
		}
	}
	return Encode(v)
}

func (t *Tree) renderKey(key string, old *Node) string {
	if t.isYAML {
		return t.renderYAMLKey(key, old)
	}
	return quoteJSON(key)
}
