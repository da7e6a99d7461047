package badconfig

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// A change is one thing done to a document, without saying how in the text.
type change struct {
	do    action
	at    *node  // what is changed; for add, the collection
	value any    // of set: nil, bool, string, literal, wrapped, ordered, or what JSON decodes to
	key   string // of rename
	after *node  // of add: the entry before the new ones; nil where the collection is empty
	list  []entry
	about *node // what is reported in place of at
	said  bool  // what is said of another change says this one too
}

type action uint8

const (
	set    action = iota // another value
	remove               // no entry
	rename               // another name
	add                  // more entries
)

// An entry is new in a collection.
type entry struct {
	key   string // of a member; empty with from: as it is written there
	from  *node  // an entry of the same collection that is repeated; nil: value counts
	value any
	as    bool // value counts in a repeated member too
}

// errPlace means that a text cannot be edited at a place.
var errPlace = errors.New("the place of a value is not known")

// An edited document is the result of [tree.apply].
type edited struct {
	body      []byte
	where     []string // JSON Pointers of what changed, in the order of the changes
	rewritten bool     // a YAML text was written anew: its layout may have changed too
}

// apply makes the changes in the text. For YAML it proves, by reading the text again,
// that the text means what the changes say; when it does not, apply writes the document
// anew.
func (t *tree) apply(changes []change) (edited, error) {
	var r edited
	for _, c := range changes {
		r.where = append(r.where, c.where()...)
	}
	splices, err := t.splices(changes)
	if err == nil {
		r.body, err = applySplices(t.text, splices)
	}
	if !t.isYAML {
		if err != nil {
			return edited{}, fmt.Errorf("the places chosen lie within one another: %w", err)
		}
		return r, nil
	}
	want := t.meant(changes)
	if err == nil && (bytes.Equal(r.body, t.text) || proven(r.body, want)) {
		return r, nil
	}
	r.body, err = written(t.text, want)
	r.rewritten = true
	return r, err
}

// where is what a change is about, as JSON Pointers.
func (c change) where() []string {
	if c.about != nil {
		return []string{c.about.pointer()}
	}
	if c.do != add || c.list[0].from != nil {
		return []string{c.at.pointer()}
	}
	var list []string
	for _, e := range c.list {
		list = append(list, c.at.pointer()+"/"+escaped(e.key))
	}
	return list
}

// splices turns changes into splices of the text.
func (t *tree) splices(changes []change) ([]splice, error) {
	var splices []splice
	gone := map[*node][]*node{} // by collection
	var collections []*node
	for _, c := range changes {
		var more []splice
		var err error
		switch c.do {
		case set:
			more, err = t.setEdit(c.at, c.value)
		case rename:
			more, err = t.renameEdit(c.at, c.key)
		case add:
			more, err = t.addEdit(c)
		case remove:
			if gone[c.at.up] == nil {
				collections = append(collections, c.at.up)
			}
			gone[c.at.up] = append(gone[c.at.up], c.at)
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

func (t *tree) edit(from, to int, is string) []splice {
	return []splice{{at: from, was: string(t.text[from:to]), is: is}}
}

func (t *tree) setEdit(n *node, v any) ([]splice, error) {
	if n.loose {
		return nil, errPlace
	}
	is := t.render(v, n)
	inBlock := n.up != nil && n.up.block
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

func (t *tree) renameEdit(n *node, key string) ([]splice, error) {
	if n.loose || !n.member {
		return nil, errPlace
	}
	return t.edit(n.keyFrom, n.keyTo, t.renderKey(key, n)), nil
}

// addEdit adds entries to a collection behind one of its entries.
func (t *tree) addEdit(c change) ([]splice, error) {
	switch {
	case c.at.loose:
		return nil, errPlace
	case c.after == nil:
		var texts []string
		for _, e := range c.list {
			text, err := t.entryText(e, nil)
			if err != nil {
				return nil, err
			}
			texts = append(texts, text)
		}
		return t.edit(c.at.from+1, c.at.from+1, strings.Join(texts, ", ")), nil
	case c.at.block:
		return t.addLines(c)
	}
	between := t.between(c.after)
	var b strings.Builder
	for _, e := range c.list {
		text, err := t.entryText(e, c.after)
		if err != nil {
			return nil, err
		}
		b.WriteString(between + text)
	}
	return t.edit(c.after.to, c.after.to, b.String()), nil
}

// between is what stands between two entries in brackets: the comma, and the
// space or the new line with its indentation.
func (t *tree) between(n *node) string {
	entries := n.up.inner
	between := "," + string(t.text[n.up.from+1:n.start()])
	if len(entries) > 1 {
		i := max(n.at, 1)
		between = string(t.text[entries[i-1].to:entries[i].start()])
	}
	if strings.IndexByte(between, '#') >= 0 || strings.Count(between, ",") != 1 {
		return ", "
	}
	return between
}

// entryText is an entry as it stands in brackets or after a dash; like is an
// entry whose style it takes.
func (t *tree) entryText(e entry, like *node) (string, error) {
	if e.from != nil && e.from.loose {
		return "", errPlace
	}
	var key string
	switch {
	case e.from != nil && e.from.member && e.key == "":
		key = string(t.text[e.from.keyFrom:e.from.keyTo])
	case e.key != "" || e.from == nil && like != nil && like.member:
		key = t.renderKey(e.key, like)
	}
	switch {
	case e.from != nil && !e.as && e.from.member:
		return key + string(t.text[e.from.keyTo:e.from.to]), nil
	case e.from != nil && !e.as:
		return string(t.text[e.from.start():e.from.to]), nil
	case key == "":
		return t.render(e.value, nil), nil
	case !t.isYAML && like != nil:
		return key + string(t.text[like.keyTo:like.from]) + t.render(e.value, nil), nil
	}
	return key + ": " + t.render(e.value, nil), nil
}

// removeEdits takes entries out of one collection.
func (t *tree) removeEdits(n *node, gone []*node) ([]splice, error) {
	isGone := func(i int) bool { return slices.Contains(gone, n.inner[i]) }
	if n.loose || slices.ContainsFunc(n.inner, func(c *node) bool { return c.loose }) {
		return nil, errPlace
	}
	if len(gone) == len(n.inner) {
		if n.block {
			return t.setEdit(n, emptyOf(n.kind))
		}
		return t.edit(n.from+1, n.inner[len(n.inner)-1].to, ""), nil
	}
	var splices []splice
	for i := 0; i < len(n.inner); i++ {
		if !isGone(i) {
			continue
		}
		end := i + 1
		for end < len(n.inner) && isGone(end) {
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

// removeRun takes out the entries from i to end of a collection that keeps others.
func (t *tree) removeRun(n *node, i, end int) ([]splice, error) {
	switch {
	case n.block:
		return t.removeLines(n, i, end)
	case end < len(n.inner):
		return t.edit(n.inner[i].start(), n.inner[end].start(), ""), nil
	}
	return t.edit(n.inner[i-1].to, n.inner[end-1].to, ""), nil
}

func emptyOf(k kind) any {
	if k == list {
		return []any{}
	}
	return ordered{}
}

// render writes a value in the format of the document, in the style of what it
// replaces where that is given.
func (t *tree) render(v any, old *node) string {
	if t.isYAML {
		return t.renderYAML(v, old)
	}
	switch v := v.(type) {
	case wrapped:
		return string(t.text[v.from:v.to])
	case []any:
		if len(v) == 1 {
			return "[" + t.render(v[0], nil) + "]"
		}
	case ordered:
		if len(v) == 1 {
			return "{" + quoteJSON(v[0].key) + ": " + t.render(v[0].value, nil) + "}"
		}
	}
	return encode(v)
}

func (t *tree) renderKey(key string, old *node) string {
	if t.isYAML {
		return t.renderYAMLKey(key, old)
	}
	return quoteJSON(key)
}
