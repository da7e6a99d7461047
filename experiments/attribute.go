package experiments

import (
	"strconv"

	"github.com/blastgauge/blastgauge/injectors"
	"go.yaml.in/yaml/v3"
)

// attributeShape is a value of an attribute of a fault; it is held as
// injectors.Attributes says.
func attributeShape(a injectors.Attribute, to *any) shape {
	switch a.Unit {
	case injectors.Text:
		return held[string]{to: to, shape: text}
	case injectors.Word:
		return held[string]{to: to, shape: func(v *string) shape { return enum(v, "a "+a.Name, a.Words...) }}
	case injectors.Table:
		return held[map[string]any]{to: to, shape: func(v *map[string]any) shape {
			return table[any]{to: v, key: headerNames(), item: func(cell *any) shape { return held[string]{to: cell, shape: text} }}
		}}
	case injectors.Group:
		return held[map[string]any]{to: to, shape: func(v *map[string]any) shape { return groupShape{of: a, to: v} }}
	}
	return held[float64]{to: to, shape: func(v *float64) shape { return quantity(a.Unit, v) }}
}

// A held value is read by a shape of its own type and kept where any value may
// be kept; nothing is kept of one that is wrong.
type held[T any] struct {
	to    *any
	shape func(*T) shape
}

func (h held[T]) read(d *decoder, n *yaml.Node, at string) {
	var v T
	before := d.count()
	h.shape(&v).read(d, n, at)
	if d.count() == before {
		*h.to = v
	}
}

func (h held[T]) schema() object { return h.shape(new(T)).schema() }

// A groupShape is a mapping of the fields of an attribute.
type groupShape struct {
	of injectors.Attribute
	to *map[string]any
}

func (g groupShape) fields(values []any) fields {
	var f fields
	for i, a := range g.of.Fields {
		f = append(f, field{name: a.Name, doc: a.Doc, shape: attributeShape(a, &values[i]), required: a.Required})
	}
	return f
}

func (g groupShape) read(d *decoder, n *yaml.Node, at string) {
	values := make([]any, len(g.of.Fields))
	g.fields(values).read(d, n, at)
	*g.to = map[string]any{}
	for i, v := range values {
		if v != nil {
			(*g.to)[g.of.Fields[i].Name] = v
		}
	}
	if len(*g.to) == 0 && n.Kind == yaml.MappingNode && len(n.Content) == 0 {
		d.fail(n, complaint{msg: strconv.Quote(g.of.Name) + " says nothing", hint: "leave it out"})
	}
}

func (g groupShape) schema() object {
	s := g.fields(make([]any, len(g.of.Fields))).schema()
	s["minProperties"] = 1
	return s
}
