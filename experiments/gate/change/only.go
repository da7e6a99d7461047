package change

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"github.com/blastgauge/blastgauge/injectors/badconfig"
	"github.com/blastgauge/blastgauge/injectors/badconfig/edit"
)

// errApart means that a part of the change cannot be made without the rest of it.
var errApart = errors.New("these changes cannot be made without the others: anchors or tags bind them together")

// edited returns what is served with some of the changes, in the layout of what is served.
// Where that cannot be, it writes the document anew. It proves by reading that the text
// means what the changes say.
func (d *Difference) edited(branches []*branch) ([]byte, error) {
	served, mark := withoutMark(d.served)
	want, err := read(served, d.format)
	if err != nil {
		return nil, err
	}
	for _, b := range branches {
		want.change(b)
	}
	body, err := d.inLayout(served, branches)
	if err != nil || !d.says(body, want) {
		body, err = encodeAnew(want, d.format == badconfig.YAML)
	}
	if err != nil {
		return nil, err
	}
	if !d.says(body, want) {
		return nil, errApart
	}
	return append(bytes.Clone(mark), body...), nil
}

// says reports whether a text means what it should.
func (d *Difference) says(text []byte, want *document) bool {
	text, _ = withoutMark(text)
	got, err := read(text, d.format)
	return err == nil && got.mean(want)
}

// inLayout edits the text that is served.
func (d *Difference) inLayout(served []byte, branches []*branch) ([]byte, error) {
	doc, err := read(served, d.format)
	if err != nil {
		return nil, err
	}
	var changes []edit.Change
	gone := map[*edit.Node]bool{}
	for _, b := range branches {
		if b.candidate == nil {
			gone[doc.at(b).at] = true
		}
	}
	for _, b := range branches {
		c, err := d.editOf(doc, b, gone)
		if err != nil {
			return nil, err
		}
		at := slices.IndexFunc(changes, func(other edit.Change) bool {
			return c.Do == edit.Add && other.Do == edit.Add && other.At == c.At && other.After == c.After
		})
		if at >= 0 {
			changes[at].Entries = append(changes[at].Entries, c.Entries...)
			continue
		}
		changes = append(changes, c)
	}
	edited, err := doc.tree.Apply(changes)
	return edited.Body, err
}

// editOf returns the edit that makes a change.
func (d *Difference) editOf(doc *document, b *branch, gone map[*edit.Node]bool) (edit.Change, error) {
	if b.candidate == nil {
		return edit.Change{Do: edit.Remove, At: doc.at(b).at}, nil
	}
	v, err := d.writable(b.candidate, 0)
	if err != nil {
		return edit.Change{}, err
	}
	if b.served != nil {
		return edit.Change{Do: edit.Set, At: doc.at(b).at, Value: v}, nil
	}
	of := doc.at(b.up).at
	return edit.Change{Do: edit.Add, At: of, After: before(b, of, gone), Entries: []edit.Entry{{Key: b.token, Value: v}}}, nil
}

// before returns the member of an object that a new one comes after: the one that it comes
// after in the candidate, or else the last that stays.
func before(b *branch, of *edit.Node, gone map[*edit.Node]bool) *edit.Node {
	names := b.up.candidate.names
	for i := slices.Index(names, b.token) - 1; i >= 0; i-- {
		if n := of.Member(names[i]); n != nil && !gone[n] {
			return n
		}
	}
	for _, n := range slices.Backward(of.Children) {
		if !gone[n] {
			return n
		}
	}
	return nil
}

// writable returns a value of the candidate in the forms of package edit.
func (d *Difference) writable(v *value, depth int) (any, error) {
	if d.format == badconfig.JSON {
		return edit.Literal(d.next.tree.Text(v.at)), nil
	}
	v = v.real()
	if depth > mostDepth {
		return nil, errTooMuch
	}
	switch v.kind {
	case edit.List:
		list := make([]any, len(v.inner))
		for i, c := range v.inner {
			var err error
			if list[i], err = d.writable(c, depth+1); err != nil {
				return nil, err
			}
		}
		return list, nil
	case edit.Object:
		object := edit.Ordered{}
		all := v.all()
		for i, name := range all.names {
			inner, err := d.writable(all.inner[i], depth+1)
			if err != nil {
				return nil, err
			}
			object = append(object, edit.Member{Key: name, Value: inner})
		}
		return object, nil
	case edit.Number, edit.Boolean:
		return edit.Literal(v.text), nil
	case edit.Null:
		return nil, nil
	}
	if v.bare {
		return edit.Literal(v.text), nil
	}
	return v.text, nil
}

// at returns the value at the place of a branch. It is there in whatever is served.
func (d *document) at(b *branch) *value {
	if b.up == nil {
		return d.roots[b.document]
	}
	return d.at(b.up).last(b.token)
}

// change makes a change of the values of what is served. A value is replaced in its place,
// so that aliases follow it.
func (d *document) change(b *branch) {
	switch {
	case b.served != nil && b.candidate != nil:
		*d.at(b) = *b.candidate
	case b.served != nil:
		d.at(b.up).remove(b.token)
	default:
		d.at(b.up).add(b.token, b.up.candidate.tagOf(b.token), b.candidate)
	}
}

func (v *value) remove(name string) {
	if i := slices.Index(v.names, name); i >= 0 {
		v.names, v.tags, v.inner = slices.Delete(v.names, i, i+1), slices.Delete(v.tags, i, i+1), slices.Delete(v.inner, i, i+1)
	}
}

func (v *value) tagOf(name string) string { return v.tags[slices.Index(v.names, name)] }

// bom is the byte order mark that some editors write before a text in UTF-8.
const bom = "\ufeff"

// withoutMark returns a text without its byte order mark, and the mark.
func withoutMark(text []byte) (rest, mark []byte) {
	if rest, ok := bytes.CutPrefix(text, []byte(bom)); ok {
		return rest, []byte(bom)
	}
	return text, nil
}

// unknown is the error about a pointer that is not of this change.
func unknown(pointer string) error {
	return fmt.Errorf("%s is not among the changes", shown(pointer))
}
