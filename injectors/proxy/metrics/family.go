package metrics

import (
	"bytes"
	"strconv"
	"strings"
)

// The kinds of families.
const (
	counter = "counter"
	gauge   = "gauge"
	summary = "summary"
)

// A family is what has one name.
type family struct {
	name, help, kind string
	lines            []line
}

// A line is one value of a family.
type line struct {
	suffix string   // of the name: a summary has lines of three names
	labels []string // name, value, name, value, in the order of the names
	value  float64
}

// only makes a family of one value without labels.
func only(name, help, kind string, v float64) family {
	return family{name, help, kind, []line{{value: v}}}
}

// add adds a value with labels in the order of their names.
func (f *family) add(v float64, labels ...string) {
	f.lines = append(f.lines, line{labels: labels, value: v})
}

// write writes a family in the text format; one without values is left out.
func (f *family) write(b *bytes.Buffer) {
	if len(f.lines) == 0 {
		return
	}
	b.WriteString("# HELP " + f.name + " " + escape(f.help) + "\n# TYPE " + f.name + " " + f.kind + "\n")
	for _, l := range f.lines {
		b.WriteString(f.name + l.suffix)
		for i := 0; i+1 < len(l.labels); i += 2 {
			b.WriteByte("{,"[min(i, 1)])
			b.WriteString(l.labels[i] + `="` + strings.ReplaceAll(escape(l.labels[i+1]), `"`, `\"`) + `"`)
		}
		if l.labels != nil {
			b.WriteByte('}')
		}
		b.WriteString(" " + strconv.FormatFloat(l.value, 'g', -1, 64) + "\n")
	}
}

// escape writes a text on one line and in UTF-8: who reads the page takes nothing else.
func escape(text string) string {
	text = strings.ReplaceAll(strings.ToValidUTF8(text, "\ufffd"), `\`, `\\`)
	return strings.ReplaceAll(text, "\n", `\n`)
}
