package shape

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/yamlnode"
)

// An Override is a value in place of one that a document holds, or beside them.
type Override struct {
	// Path names the field: keys with dots between them, and in brackets the index of
	// an item, the name of an item that has one, or a key that holds dots, such as
	// "journeys.checkout.steps[pay].expect.json[$.charged]".
	Path string
	// Value is read as the document would read it: 40/s, or [a, b].
	Value string
	// Source is how messages name it, such as "--set url=http://127.0.0.1:8080".
	Source string
}

// Override makes [Document.Parse] put values into the document, the last one last.
// Each is then read as if it were written there. Its mistakes are noted at its source.
func (d *Document) Override(list []Override) { d.overrides = list }

// applyOverrides reports whether every override found its place.
func (d *Document) applyOverrides(root *yamlnode.Node) bool {
	d.overridden, d.madeUp = map[*yamlnode.Node]string{}, map[*yamlnode.Node]bool{}
	before := len(d.errors)
	for _, o := range d.overrides {
		segments, ok := splitPath(o.Path)
		if !ok {
			d.failOverride(o.Source, Diagnostic{Msg: strconv.Quote(o.Path) + " is not the path of a field", Hint: "such as journeys.checkout.rate or journeys.checkout.steps[0].request"})
			continue
		}
		value, err := parseValue(o.Value)
		if err != nil {
			d.failOverride(o.Source, Diagnostic{Msg: "the value is not YAML: " + strings.TrimPrefix(err.Error(), "yaml: ")})
			continue
		}
		d.mark(value, o.Source)
		if wrong := d.put(root, segments, value, o.Source); wrong != nil {
			d.failOverride(o.Source, *wrong)
		}
	}
	return len(d.errors) == before
}

// failOverride notes a mistake that is in no line of the document.
func (d *Document) failOverride(source string, what Diagnostic) {
	if len(what.Known) > 0 {
		what.Hint, what.Note = d.suggest(what.Got, what.Known)
	}
	e := &Error{File: d.mask(source), Msg: d.clip(what.Msg), Hint: d.clip(what.Hint), Note: d.clip(what.Note)}
	if !slices.ContainsFunc(d.errors, func(o *Error) bool { return o.File == e.File && o.Msg == e.Msg }) {
		d.errors = append(d.errors, e)
	}
}

// A segment of a path is a key, or in brackets an index, a name or a key.
type segment struct {
	text      string
	bracketed bool
}

// splitPath reports whether a text is a path.
func splitPath(path string) (list []segment, ok bool) {
	for rest := path; ; {
		if strings.HasPrefix(rest, "[") && len(list) > 0 {
			end := strings.IndexByte(rest, ']')
			// A key such as $.items[0] holds brackets itself.
			for open := 1; end >= 0 && strings.Count(rest[1:end], "[") >= open; open++ {
				next := strings.IndexByte(rest[end+1:], ']')
				if next < 0 {
					return nil, false
				}
				end += 1 + next
			}
			if end <= 1 {
				return nil, false
			}
			list = append(list, segment{rest[1:end], true})
			rest = rest[end+1:]
		} else {
			end := strings.IndexAny(rest, ".[")
			if end < 0 {
				end = len(rest)
			}
			if end == 0 {
				return nil, false
			}
			list = append(list, segment{rest[:end], false})
			rest = rest[end:]
		}
		switch {
		case rest == "":
			return list, true
		case rest[0] == '.':
			if rest = rest[1:]; rest == "" || rest[0] == '[' {
				return nil, false
			}
		case rest[0] != '[':
			return nil, false
		}
	}
}

// parseValue reads the value of an override. A plain text is what YAML makes of it
// where it makes a single value of it, and a text otherwise: nobody expects *.test to
// be an alias on a command line.
func parseValue(text string) (*yamlnode.Node, error) {
	structured := strings.HasPrefix(text, "[") || strings.HasPrefix(text, "{") || strings.HasPrefix(text, `"`) || strings.HasPrefix(text, "'")
	root, second, err := parseYAML([]byte(text))
	switch {
	case structured && err != nil:
		return nil, err
	case err == nil && second == nil && root != nil && len(root.Content) == 1:
		if n := root.Content[0]; structured || n.Kind == yamlnode.ScalarNode && n.Value == text && n.Style == 0 {
			return n, nil
		}
	}
	return &yamlnode.Node{Kind: yamlnode.ScalarNode, Tag: "!!str", Value: text}, nil
}

// mark makes every node of a value one that an override wrote.
func (d *Document) mark(n *yamlnode.Node, source string) {
	if _, marked := d.overridden[n]; marked {
		return
	}
	d.overridden[n] = source
	for _, c := range n.Content {
		d.mark(c, source)
	}
}

// put puts a value where a path leads from a node. It returns why it cannot.
func (d *Document) put(at *yamlnode.Node, path []segment, value *yamlnode.Node, source string) *Diagnostic {
	for i, s := range path {
		slot, wrong := d.slot(at, path[:i], s, source)
		if wrong != nil {
			return wrong
		}
		if i == len(path)-1 {
			*slot = value
			return nil
		}
		if (*slot).Kind == yamlnode.AliasNode { // its anchor, and other uses of it, stay as they are
			*slot = copyOf((*slot).Alias)
		}
		at = *slot
	}
	return nil
}

// slot returns where the value of a segment is kept inside a node. A key that is not
// there is added: whether it may be is for the shape to say.
func (d *Document) slot(at *yamlnode.Node, before []segment, s segment, source string) (**yamlnode.Node, *Diagnostic) {
	where := joinSegments(before)
	switch {
	case at.Kind == yamlnode.SequenceNode:
		return itemSlot(at, where, s)
	case at.Kind == yamlnode.MappingNode:
	case d.madeUp[at]:
		at.Kind, at.Tag, at.Value = yamlnode.MappingNode, "!!map", ""
	default:
		return nil, &Diagnostic{Msg: where + " is a single value: nothing is inside it"}
	}
	for i := 0; i+1 < len(at.Content); i += 2 {
		if at.Content[i].Value == s.text {
			return &at.Content[i+1], nil
		}
	}
	key := &yamlnode.Node{Kind: yamlnode.ScalarNode, Tag: "!!str", Value: s.text}
	inner := &yamlnode.Node{Kind: yamlnode.ScalarNode, Tag: "!!null"}
	d.overridden[key], d.overridden[inner], d.madeUp[inner] = source, source, true
	at.Content = append(at.Content, key, inner)
	return &at.Content[len(at.Content)-1], nil
}

// itemSlot returns where an item of a list is kept, by its index or its name.
func itemSlot(list *yamlnode.Node, where string, s segment) (**yamlnode.Node, *Diagnostic) {
	if i, err := strconv.Atoi(s.text); err == nil && s.bracketed {
		if i < 0 || i >= len(list.Content) {
			return nil, &Diagnostic{Msg: fmt.Sprintf("there is no item %d in %s", i, where), Hint: fmt.Sprintf("it has %d, counted from 0", len(list.Content))}
		}
		return &list.Content[i], nil
	}
	var known []string
	for i, item := range list.Content {
		name, ok := newNode(item).Lookup("name")
		if !ok {
			continue
		}
		if name.Text() == s.text {
			return &list.Content[i], nil
		}
		known = append(known, name.Text())
	}
	if len(known) == 0 || !s.bracketed {
		return nil, &Diagnostic{Msg: where + " is a list", Hint: "write the index of an item, counted from 0, such as " + where + "[0]"}
	}
	return nil, &Diagnostic{Msg: "nothing in " + where + " is named " + strconv.Quote(s.text), Got: s.text, Known: known}
}

func joinSegments(path []segment) string {
	var b strings.Builder
	for _, s := range path {
		switch {
		case s.bracketed:
			b.WriteString("[" + s.text + "]")
		case b.Len() > 0:
			b.WriteString("." + s.text)
		default:
			b.WriteString(s.text)
		}
	}
	if b.Len() == 0 {
		return "the document"
	}
	return b.String()
}

// copyOf returns a copy of a node with all that is inside it.
func copyOf(n *yamlnode.Node) *yamlnode.Node {
	other := *n
	other.Content = make([]*yamlnode.Node, len(n.Content))
	for i, c := range n.Content {
		other.Content[i] = copyOf(c)
	}
	return &other
}

// isMadeUp reports whether a value is there only because an override wrote something
// inside it.
func (d *Document) isMadeUp(n Node) bool { return d.madeUp[n.yaml] }

// writtenKeys returns the keys of a mapping that the document holds itself.
func (d *Document) writtenKeys(n Node) (keys []string) {
	for _, k := range n.Keys() {
		if _, overridden := d.overridden[k.source()]; !overridden {
			keys = append(keys, k.Text())
		}
	}
	return keys
}

// pathOf returns the path of a field, or a word for the document.
func (d *Document) pathOf(n Node) string {
	for path, v := range d.values {
		if v.yaml == n.yaml {
			return path
		}
	}
	return "the document"
}
