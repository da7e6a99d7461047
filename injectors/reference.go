package injectors

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// WriteList writes a line for each kind of fault, for people.
func WriteList(w io.Writer) error {
	var list bytes.Buffer
	list.WriteString("FAULT\tLEVEL\tWHAT HAPPENS\tEXAMPLE\n")
	for _, k := range Catalogue() {
		fmt.Fprintf(&list, "%s\t%s\t%s\t%s\n", k.Name, k.Level, k.Summary, k.Example)
	}
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	if _, err := list.WriteTo(tw); err != nil {
		return err
	}
	return tw.Flush()
}

// Reference says everything about a kind of fault, for people.
func (k Kind) Reference() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n\n", k.Name, k.Summary)
	for _, at := range k.Attributes {
		at.writeReference(&b, "")
	}
	of := "of connections, drawn once per connection; 100% when not given"
	if k.Level == Message {
		of = "of matching " + k.Acts + ", drawn for each; 100% when not given"
	}
	if k.OnProxy() {
		fmt.Fprintf(&b, "  %-15s share\n%18s%s\n", "share", "", of)
	}
	if k.Config {
		fmt.Fprintf(&b, "  %-15s request, headers, json or body, expect\n%18ssent once the config is bad and again once it is good, to a system that reads it only when it is told\n", "reload", "")
	}
	if k.Level == Message {
		fmt.Fprintf(&b, "\nneeds `blastgauge proxy` and an upstream that begins with %s\n", k.schemes())
	}
	fmt.Fprintf(&b, "\nexample\n  faults:\n    - %s\n", k.Example)
	if len(k.Caveats) > 0 {
		b.WriteString("\ncaveats\n")
	}
	for _, s := range k.Caveats {
		fmt.Fprintf(&b, "  - %s\n", s.Text)
	}
	if len(k.Notes) > 0 {
		b.WriteString("\nnotes\n")
	}
	for _, s := range k.Notes {
		fmt.Fprintf(&b, "  - %s\n", s)
	}
	return b.String()
}

// writeReference says everything about one attribute and its fields, whose names
// begin with that of their group.
func (at Attribute) writeReference(b *strings.Builder, group string) {
	unit := string(at.Unit)
	switch at.Unit {
	case Arguments:
		unit = "list of a program and its arguments"
	case Group, Table, Operation:
		unit = "mapping"
	case Values:
		unit = "mapping of paths to values"
	case Value:
		unit = "any value"
	case Inner:
		unit = "another operator"
	}
	if len(at.Words) > 0 {
		unit = strings.Join(at.Words, ", ")
	}
	if at.Lists && at.Unit != Table {
		unit += ", or a list"
	}
	if at.Lists && at.Unit == Table {
		unit += " of texts or lists"
	}
	if at.Required {
		unit += ", required"
	}
	fmt.Fprintf(b, "  %-15s %s\n%18s%s\n", group+at.Name, unit, "", at.Doc)
	if at.Unit == Inner || at.Name == "not" { // its fields are shown already
		return
	}
	for _, f := range at.Fields {
		f.writeReference(b, at.Name+".")
	}
}

// schemes lists the URL schemes of the upstreams that it acts on.
func (k Kind) schemes() string {
	var list []string
	for _, s := range k.Schemes {
		list = append(list, s+"://")
	}
	return strings.Join(list, " or ")
}
