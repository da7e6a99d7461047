package change

import (
	"bytes"
	"encoding/json"
	"errors"

	"github.com/blastgauge/blastgauge/experiments/yamlnode"
	"github.com/blastgauge/blastgauge/injectors/badconfig/edit"
)

// errTooMuch means that the aliases of a document stand for more than anybody can read.
var errTooMuch = errors.New("its aliases stand for too much")

// mostEncoded is the size in bytes of a value as JSON.
const mostEncoded = 8 << 20

// encode writes a value as JSON. A name that stands twice does so there as well.
func encode(v *value) (json.RawMessage, error) {
	var b bytes.Buffer
	e := encoder{out: &b}
	if !e.value(v, 0) {
		return nil, errTooMuch
	}
	return b.Bytes(), nil
}

// An encoder writes JSON, up to a bound.
type encoder struct{ out *bytes.Buffer }

// value reports whether the bound was kept.
func (e *encoder) value(v *value, depth int) bool {
	v = v.real()
	if e.out.Len() > mostEncoded || depth > mostDepth {
		return false
	}
	switch v.kind {
	case edit.List:
		e.out.WriteByte('[')
		for i, c := range v.inner {
			e.comma(i)
			if !e.value(c, depth+1) {
				return false
			}
		}
		e.out.WriteByte(']')
	case edit.Object:
		e.out.WriteByte('{')
		all := v.all()
		for i, name := range all.names {
			e.comma(i)
			e.out.WriteString(edit.Encode(name) + ":")
			if !e.value(all.inner[i], depth+1) {
				return false
			}
		}
		e.out.WriteByte('}')
	default:
		e.out.WriteString(edit.Encode(scalarOf(v)))
	}
	return true
}

func (e *encoder) comma(i int) {
	if i > 0 {
		e.out.WriteByte(',')
	}
}

// scalarOf returns a scalar in the forms of [edit.Encode], a number as JSON writes it.
func scalarOf(v *value) any {
	switch v.kind {
	case edit.Null:
		return nil
	case edit.Boolean:
		return edit.Literal(v.text)
	case edit.Number:
		return edit.Literal(v.at.PlainNumber())
	}
	return v.text
}

// A yamlWriter makes nodes of YAML of values, aliases written out.
type yamlWriter struct{ left int }

func (w *yamlWriter) node(v *value, depth int) (*yamlnode.Node, bool) {
	v = v.real()
	if w.left--; w.left < 0 || depth > mostDepth {
		return nil, false
	}
	switch v.kind {
	case edit.List:
		n := &yamlnode.Node{Kind: yamlnode.SequenceNode, Tag: v.tag}
		for _, c := range v.inner {
			inner, ok := w.node(c, depth+1)
			if !ok {
				return nil, false
			}
			n.Content = append(n.Content, inner)
		}
		return n, true
	case edit.Object:
		n := &yamlnode.Node{Kind: yamlnode.MappingNode, Tag: v.tag}
		all := v.all()
		for i, name := range all.names {
			value, ok := w.node(all.inner[i], depth+1)
			if !ok {
				return nil, false
			}
			n.Content = append(n.Content, &yamlnode.Node{Kind: yamlnode.ScalarNode, Tag: all.tags[i], Value: name}, value)
		}
		return n, true
	}
	n := &yamlnode.Node{Kind: yamlnode.ScalarNode, Tag: v.tag, Value: v.text}
	if v.bare && v.tag == "!!str" {
		n.Tag = "" // the library would put quotes around it
	}
	return n, true
}

// encodeAnew writes a document anew, without comments.
func encodeAnew(d *document, isYAML bool) ([]byte, error) {
	if !isYAML {
		text, err := encode(d.roots[0])
		if err != nil {
			return nil, err
		}
		var b bytes.Buffer
		err = json.Indent(&b, text, "", "  ")
		return append(b.Bytes(), '\n'), err
	}
	w := yamlWriter{left: mostLooks}
	var documents []*yamlnode.Node
	for _, root := range d.roots {
		n, ok := w.node(root, 0)
		if !ok {
			return nil, errTooMuch
		}
		documents = append(documents, &yamlnode.Node{Kind: yamlnode.DocumentNode, Content: []*yamlnode.Node{n}})
	}
	return yamlnode.Write(documents, 2)
}
