// Package change says what differs between two versions of a config, and what is near the
// new one.
package change

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/blastgauge/blastgauge/injectors/badconfig"
	"github.com/blastgauge/blastgauge/injectors/badconfig/edit"
)

// Bounds of a comparison.
const (
	MostBytes    = 1 << 20 // of each version, as of bodies everywhere
	MostPointers = 200     // that are told apart; of more, their nearest common parents are named
)

// A Difference is what differs between what is served and a candidate.
type Difference struct {
	served, candidate []byte
	format            badconfig.Format
	why               string
	next              *document // the candidate; nil when it cannot be compared by value
	parts             []part
	finest            []*branch // what differs itself, before it was gathered
}

// A part is all that differs at one pointer: in YAML of several documents, the pointer
// leads to a place of each of them, as the paths of operators do.
type part struct {
	Changed
	branches []*branch // none: the whole text
}

// Changed is one value that differs. From and To are the values as JSON; nil where there is
// none on that side. They may be as large as the documents, and hold secrets.
type Changed struct {
	Pointer  string // JSON Pointer (RFC 6901); empty: the whole document
	From, To json.RawMessage
}

// Diff compares what is served with a candidate. The name, of a file or a media type, says
// how both are written, as [badconfig.Detect] reads it.
//
// JSON and YAML are compared by value: layout, comments, the order of names and how a
// number or an alias is written make no difference. 3.0 in place of 3 is one, and so are
// quotes around what some version of YAML takes for something else: there are readers to
// whom they are values of another type. An object in which a name stands twice is compared
// as a whole. What cannot be compared by value is compared as a text, as a whole, and
// [Difference.Why] says why. The only error is a version that is too large.
func Diff(served, candidate []byte, name string) (*Difference, error) {
	for _, v := range []struct {
		what string
		text []byte
	}{{"what is served", served}, {"the candidate", candidate}} {
		if len(v.text) > MostBytes {
			return nil, fmt.Errorf("%s has %d bytes: at most %d can be compared", v.what, len(v.text), MostBytes)
		}
	}
	d := &Difference{served: bytes.Clone(served), candidate: bytes.Clone(candidate), format: formatOf(name, served, candidate)}
	if d.format == badconfig.Text {
		if !bytes.Equal(served, candidate) {
			d.why = "they are neither JSON nor YAML, by their name or their form"
			d.asWhole(nil)
		}
		return d, nil
	}
	before, err := d.readVersion("what is served", d.served)
	next, nextErr := d.readVersion("the candidate", d.candidate)
	if nextErr == nil {
		d.next = next
	}
	if bytes.Equal(served, candidate) {
		return d, nil
	}
	if err = errors.Join(err, nextErr); err == nil {
		err = d.byValue(before)
	}
	if err != nil {
		d.why = strings.ReplaceAll(err.Error(), "\n", ", and ")
		d.asWhole(before)
	}
	return d, nil
}

// formatOf returns how both versions are written. Where the name does not say, one of them
// may be broken and the other one not.
func formatOf(name string, served, candidate []byte) badconfig.Format {
	if f := badconfig.Detect(name, candidate); f != badconfig.Text {
		return f
	}
	return badconfig.Detect(name, served)
}

// readVersion reads one version. The error says of which one it is, and where.
func (d *Difference) readVersion(what string, text []byte) (*document, error) {
	text, _ = withoutMark(text)
	if !utf8.Valid(text) {
		return nil, fmt.Errorf("%s is not in UTF-8", what)
	}
	doc, err := read(text, d.format)
	if e, ok := errors.AsType[*json.SyntaxError](err); ok {
		line := 1 + bytes.Count(text[:min(int(e.Offset), len(text))], []byte("\n"))
		return nil, fmt.Errorf("line %d of %s: it is not JSON: %w", line, what, e)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	return doc, nil
}

// byValue finds what differs. It proves that the changes, made to what is served, mean the
// candidate.
func (d *Difference) byValue(before *document) error {
	if len(before.roots) != len(d.next.roots) {
		return fmt.Errorf("there are %d documents in place of %d", len(d.next.roots), len(before.roots))
	}
	roots := compare(before, d.next)
	d.finest = leavesOf(roots)
	gather(roots, MostPointers)
	if err := d.partsOf(leavesOf(roots)); err != nil {
		return err
	}
	body, err := d.edited(leavesOf(roots))
	if err == nil && !d.says(body, d.next) {
		err = errApart
	}
	return err
}

func leavesOf(roots []*branch) []*branch {
	var list []*branch
	for _, root := range roots {
		list = append(list, root.leaves()...)
	}
	return list
}

// partsOf gathers branches by their pointers.
func (d *Difference) partsOf(branches []*branch) error {
	at := map[string]int{}
	d.parts = nil
	for _, b := range branches {
		pointer := b.pointer()
		if i, ok := at[pointer]; ok {
			d.parts[i].branches = append(d.parts[i].branches, b)
			continue
		}
		from, err := encodeOf(b.served)
		to, toErr := encodeOf(b.candidate)
		if err = errors.Join(err, toErr); err != nil {
			return err
		}
		at[pointer] = len(d.parts)
		d.parts = append(d.parts, part{Changed{pointer, from, to}, []*branch{b}})
	}
	return nil
}

// encodeOf is encode for a value that may be missing.
func encodeOf(v *value) (json.RawMessage, error) {
	if v == nil {
		return nil, nil
	}
	return encode(v)
}

// asWhole takes both versions for one change.
func (d *Difference) asWhole(before *document) {
	d.parts = []part{{Changed: Changed{From: wholly(before, d.served), To: wholly(d.next, d.candidate)}}}
	d.finest = nil
	if d.next == nil {
		return
	}
	for i, root := range d.next.roots {
		d.finest = append(d.finest, &branch{document: i, candidate: root})
	}
}

// wholly returns a version as one value: that of its only document, or its text.
func wholly(doc *document, text []byte) json.RawMessage {
	if doc != nil && len(doc.roots) == 1 {
		if v, err := encode(doc.roots[0]); err == nil {
			return v
		}
	}
	text, _ = withoutMark(text)
	return json.RawMessage(edit.Encode(strings.ToValidUTF8(string(text), "\ufffd")))
}

// Format returns how the versions are written.
func (d *Difference) Format() badconfig.Format { return d.format }

// Why says why the versions are compared as texts, as a whole. It is empty when they are
// compared by value.
func (d *Difference) Why() string { return d.why }

// Changed returns what differs, in the order of the candidate; what it no longer has comes
// last in its object. It is empty when both versions mean the same.
func (d *Difference) Changed() []Changed {
	list := make([]Changed, len(d.parts))
	for i, p := range d.parts {
		list[i] = p.Changed
	}
	return list
}

// Pointers returns the pointers of what differs, in the order of [Difference.Changed].
func (d *Difference) Pointers() []string {
	list := make([]string, len(d.parts))
	for i, p := range d.parts {
		list[i] = p.Pointer
	}
	return list
}

// Only returns what is served with just some of the changes, named by their pointers in any
// order, in the layout of what is served. Without any that is what is served, and with all
// of them the candidate, byte by byte. The error is about a pointer that is not among the
// changes, or says that these cannot be made without others.
func (d *Difference) Only(pointers []string) ([]byte, error) {
	for _, p := range pointers {
		if !slices.ContainsFunc(d.parts, func(known part) bool { return known.Pointer == p }) {
			return nil, unknown(p)
		}
	}
	var branches []*branch
	chosen := 0
	for _, p := range d.parts {
		if slices.Contains(pointers, p.Pointer) {
			branches = append(branches, p.branches...)
			chosen++
		}
	}
	switch chosen {
	case 0:
		return bytes.Clone(d.served), nil
	case len(d.parts):
		return bytes.Clone(d.candidate), nil
	}
	return d.edited(branches)
}
