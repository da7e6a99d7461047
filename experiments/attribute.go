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
	case injectors.Group, injectors.Operation:
		return held[map[string]any]{to: to, shape: func(v *map[string]any) shape { return groupShape{of: a, to: v} }}
	case injectors.Inner:
		return held[map[string]any]{to: to, shape: func(v *map[string]any) shape { return onlyOne(a, v) }}
	case injectors.Document:
		return held[string]{to: to, shape: text}
	case injectors.Path:
		return held[string]{to: to, shape: pointer}
	case injectors.Share:
		return held[float64]{to: to, shape: over(share, "0%")}
	case injectors.Factor:
		return factor{to}
	case injectors.Paths:
		return two{to}
	case injectors.Value:
		return documentValue{to}
	case injectors.Values:
		return held[map[string]any]{to: to, shape: func(v *map[string]any) shape {
			return ruled{shape: table[any]{to: v, key: pointers(), item: func(cell *any) shape { return documentValue{cell} }}, also: object{"minProperties": 1},
				rule: func(d *decoder, n *yaml.Node, _ string) {
					if len(*v) == 0 {
						d.fail(n, complaint{msg: "at least one path and its value are needed here, such as {/client/timeout: 10}"})
					}
				}}
		}}
	}
	if a.Min < 0 {
		return held[float64]{to: to, shape: func(v *float64) shape { return signed(a, v) }}
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
	before := d.count()
	g.fields(values).read(d, n, at)
	*g.to = map[string]any{}
	for i, v := range values {
		field := g.of.Fields[i]
		null := field.Unit == injectors.Value && d.given(join(at, field.Name)) && d.count() == before
		if v != nil || null {
			(*g.to)[field.Name] = v
		}
	}
	if g.of.Unit == injectors.Group && len(*g.to) == 0 && n.Kind == yaml.MappingNode && len(n.Content) == 0 {
		d.fail(n, complaint{msg: strconv.Quote(g.of.Name) + " says nothing", hint: "leave it out"})
	}
}

func (g groupShape) schema() object {
	s := g.fields(make([]any, len(g.of.Fields))).schema()
	if g.of.Unit == injectors.Group {
		s["minProperties"] = 1
	}
	return s
}
