package experiments

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/blastgauge/blastgauge/injectors"
	"go.yaml.in/yaml/v3"
)

// This file is the part of the language that says how config goes bad.

// pointer is a place in a document: a JSON Pointer or a JSONPath.
func pointer(to *string) shape {
	return scalar[string]{to: to, want: "a path such as /price/factor or $.price.factor", json: pattern(pointerPattern, "/price/factor", "$.products[*].price"),
		parse: func(s string) (string, *complaint) { return s, checkPointer(s) }}
}

const pointerPattern = `^[/$]`

func checkPointer(s string) *complaint {
	switch {
	case strings.HasPrefix(s, "/"):
		return nil
	case strings.HasPrefix(s, "$"):
		return paths().check(s)
	}
	return &complaint{msg: strconv.Quote(s) + " is neither a JSON Pointer such as /price/factor nor a JSONPath such as $.price.factor",
		hint: squeezed(pointerForm, "/"+strings.ReplaceAll(s, ".", "/"))}
}

// pointerForm is that of a pointer which a person may have meant.
var pointerForm = regexp.MustCompile(`^(/[A-Za-z0-9_-]+)+$`)

func pointers() name {
	return name{what: "a path", pattern: pointerPattern, check: checkPointer}
}

// A factor is a number, or a fraction of two.
type factor struct{ to *any }

const fractionPattern = `^[0-9]+/[1-9][0-9]*$`

var fractionForm = regexp.MustCompile(fractionPattern)

func (f factor) read(d *decoder, n *yaml.Node, _ string) {
	v, err := strconv.ParseFloat(n.Value, 64)
	switch {
	case n.Kind == yaml.ScalarNode && isText(n) && fractionForm.MatchString(n.Value):
		*f.to = n.Value
	case n.Kind == yaml.ScalarNode && (n.Tag == "!!int" || n.Tag == "!!float") && err == nil && json.Valid([]byte(n.Value)):
		*f.to = v
	default:
		d.wrongKind(n, "a number such as 100 or 0.01, or a fraction such as \"1/60\", is needed here")
	}
}

func (f factor) schema() object {
	return object{"anyOf": []object{ofType("number"), pattern(fractionPattern, "1/60")}}
}

// A signed number may be less than 0.
func signed(a injectors.Attribute, to *float64) shape {
	return scalar[float64]{to: to, loose: true, want: "a number", json: object{"type": "number", "minimum": a.Min}, parse: func(s string) (float64, *complaint) {
		v, c := parseNumber(strings.TrimPrefix(s, "-"))
		if strings.HasPrefix(s, "-") {
			v = -v
		}
		return v, c
	}}
}

// A documentValue is any value that a document can hold. Its texts are taken as
// they stand: ${…} in a config file is the file's own.
type documentValue struct{ to *any }

func (documentValue) schema() object { return object{} }

func (v documentValue) read(d *decoder, n *yaml.Node, at string) {
	switch {
	case !d.plainTag(n):
	case n.Kind == yaml.MappingNode:
		m := make(map[string]any, len(n.Content)/2)
		d.entries(n, func(key, value *yaml.Node) {
			var inner any
			documentValue{&inner}.read(d, value, at)
			m[key.Value] = inner
		})
		*v.to = m
	case n.Kind == yaml.SequenceNode:
		l := make([]any, len(n.Content))
		for i, c := range n.Content {
			documentValue{&l[i]}.read(d, open(c), at)
		}
		*v.to = l
	default:
		v.scalar(d, n)
	}
}

func (v documentValue) scalar(d *decoder, n *yaml.Node) {
	switch n.Tag {
	case "!!null":
		*v.to = nil
	case "!!bool":
		*v.to = strings.EqualFold(n.Value, "true")
	case "!!int", "!!float":
		f, err := strconv.ParseFloat(n.Value, 64)
		switch {
		case !json.Valid([]byte(n.Value)) || err != nil:
			d.fail(n, complaint{msg: "JSON has no such number", hint: "write " + strconv.Quote(n.Value) + " for a text"})
		case n.Tag == "!!int" && strconv.FormatFloat(f, 'f', 0, 64) != n.Value:
			d.fail(n, complaint{msg: "a number this large would lose digits: whole numbers are exact up to 9007199254740992"})
		default:
			*v.to = f
		}
	default:
		*v.to = n.Value
	}
}

// An inner operator is a mapping of one field.
func onlyOne(a injectors.Attribute, to *map[string]any) shape {
	return ruled{shape: groupShape{of: a, to: to}, also: object{"maxProperties": 1, "minProperties": 1}, rule: func(d *decoder, n *yaml.Node, _ string) {
		if len(*to) != 1 {
			d.fail(n, complaint{msg: a.Name + " is one operator, such as {scale: {path: /price/factor, by: 100}}"})
		}
	}}
}

// two is a list of two paths.
type two struct{ to *any }

func (t two) list(to *[]string) shape {
	return list[string]{to: to, item: pointer, least: 1, most: 2}
}

func (t two) read(d *decoder, n *yaml.Node, at string) {
	var given []string
	before := d.count()
	t.list(&given).read(d, n, at)
	if d.count() == before && len(given) != 2 {
		d.fail(n, complaint{msg: "two paths are needed here, such as [/limits/min, /limits/max]"})
		return
	}
	values := make([]any, len(given))
	for i, s := range given {
		values[i] = s
	}
	*t.to = values
}

func (t two) schema() object {
	s := t.list(new([]string)).schema()
	s["minItems"] = 2
	return s
}

// maxDocument bounds a document that is sent with a fault.
const maxDocument = 1 << 20

// readDocuments reads the files that faults serve in place of the real document.
// They lie relative to the experiment.
func (d *decoder) readDocuments(e *Experiment) {
	for i := range e.Faults {
		f := &e.Faults[i]
		operator, parameters := f.Attributes.Operator()
		from := injectors.FileAttribute(operator)
		name, ok := parameters[from].(string)
		if !ok {
			continue
		}
		body, problem := readDocument(filepath.Join(filepath.Dir(e.File), filepath.FromSlash(name)), name)
		if problem != "" {
			d.fail(d.at(fmt.Sprintf("faults[%d].%s.%s", i, operator, from)), complaint{msg: problem})
			continue
		}
		f.setBody(body)
	}
}

func readDocument(file, name string) (body, problem string) {
	if filepath.IsAbs(name) {
		file = name
	}
	info, err := os.Stat(file)
	switch {
	case err != nil:
		return "", file + ": " + fileProblem(err)
	case !info.Mode().IsRegular():
		return "", file + " is not a file"
	}
	f, err := os.Open(file)
	if err != nil {
		return "", file + ": " + fileProblem(err)
	}
	defer f.Close() //nolint:errcheck // nothing was written
	text, err := io.ReadAll(io.LimitReader(f, maxDocument+1))
	switch {
	case err != nil:
		return "", file + ": " + fileProblem(err)
	case len(text) > maxDocument:
		return "", file + " is larger than 1 MiB, too large to be sent with a fault"
	case invalidUTF8(text) >= 0:
		return "", file + " is not UTF-8 text"
	}
	return string(text), ""
}
