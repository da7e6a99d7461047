package experiments

import (
	"errors"
	"slices"
	"strconv"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/injectors"
	"go.yaml.in/yaml/v3"
)

// maxFaults bounds the faults of one experiment.
const maxFaults = 100

// experimentShape is the language of experiments/*.yaml.
func experimentShape(e *Experiment) shape {
	f := fields{
		{name: "version", doc: "version of this language: 1", shape: version(&e.Version), required: true},
		{name: "experiment", doc: "id of the experiment, such as payments-slow", shape: id(&e.ID), required: true},
		{name: "title", doc: "what reports call it; the id by default", shape: text(&e.Title)},
		{name: "hypothesis", doc: "what must stay true while the fault is in force", shape: text(&e.Hypothesis), required: true},
		{name: "faults", doc: "what goes wrong", required: true,
			shape: list[Fault]{to: &e.Faults, item: func(f *Fault) shape { return faultShape{f} }, least: 1, most: maxFaults}},
	}
	f = append(f, settingsFields(&e.Settings)...)
	return append(f, fields{
		{name: "journeys", doc: "rates of this experiment in place of the system's", shape: table[float64]{to: &e.Rates, key: ids(), item: func(v *float64) shape {
			return fields{{name: "rate", doc: "journeys per second or minute over both arms, such as 20/s", shape: over(rate, "0/s")(v), required: true}}
		}}},
		{name: "if_refuted", doc: "what to do when the hypothesis does not hold", shape: text(&e.IfRefuted)},
	}...)
}

// A faultShape is one fault: its own fields and the attributes of its kind,
// which the catalogue knows.
type faultShape struct{ to *Fault }

// common are the fields that every kind of fault has.
func (f faultShape) common() fields {
	return fields{
		{name: "inject", doc: "the kind of fault; `blastgauge faults` lists them", shape: enum(&f.to.Inject, "a fault", injectors.Names()...), required: true},
		{name: "into", doc: "the dependency that it happens to; of a file: whose config it is", shape: text(&f.to.Into), required: true},
		{name: "share", doc: "how much is affected, such as 20%; everything by default", shape: over(share, "0%")(&f.to.Share)},
		{name: "stream", doc: "downstream: answers (the default); upstream: requests", shape: enum(&f.to.Stream, "a stream", Downstream, Upstream)},
		{name: "at", doc: "when it starts, after the start of the fault phase", shape: duration(&f.to.At)},
		{name: "for", doc: "how long it lasts; to the end of the fault phase by default", shape: over(duration, "0s")(&f.to.For)},
		{name: "reload", doc: "the request that makes the system read its config again, for one that does so only when it is told: sent after the injection and after the removal",
			shape: optional[Reload]{&f.to.Reload, reloadShape}},
	}
}

func (f faultShape) read(d *decoder, n *yaml.Node, at string) {
	f.to.Share = 1
	kind, known := injectors.Lookup(valueOf(n, "inject"))
	common, before := f.common(), d.count()
	seen := map[string]bool{}
	ok := d.eachKey(n, at, func(key, value *yaml.Node, path string) {
		seen[key.Value] = true
		if _, ours := kind.Attribute(key.Value); !ours {
			seen[meant(key.Value, common.names())] = true // one mistake, not two
		}
		if i := slices.IndexFunc(common, func(c field) bool { return c.name == key.Value }); i >= 0 {
			common[i].shape.read(d, value, path)
			return
		}
		f.attribute(d, kind, key, value, path)
	})
	if !ok {
		return
	}
	common.missing(d, n, at, seen)
	if known && d.count() == before {
		f.check(d, kind, at)
	}
}

// valueOf is the text of a key of a mapping.
func valueOf(n *yaml.Node, key string) string {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if open(n.Content[i]).Value == key {
			return open(n.Content[i+1]).Value
		}
	}
	return ""
}

// attribute reads an attribute of the kind, or says whose attribute it is.
func (f faultShape) attribute(d *decoder, kind injectors.Kind, key, value *yaml.Node, path string) {
	if a, ok := kind.Attribute(key.Value); ok {
		var v any
		attributeShape(a, &v).read(d, value, path)
		if v != nil && f.to.Attributes == nil {
			f.to.Attributes = injectors.Attributes{}
		}
		if v != nil {
			f.to.Attributes[a.Name] = v
		}
		return
	}
	names := f.common().names()
	for _, a := range kind.Attributes {
		names = append(names, a.Name)
	}
	owners := ownersOf(key.Value)
	switch {
	case kind.Name == "" && len(owners) > 0: // the mistake is in inject
	case len(owners) > 0:
		c := complaint{msg: strconv.Quote(key.Value) + " is an attribute of " + figures.List(owners, "and") + ", not of " + kind.Name}
		_, c.note = suggest("", names)
		d.fail(key, c)
	default:
		d.fail(key, complaint{msg: "unknown key " + strconv.Quote(key.Value), near: key.Value, among: names})
	}
}

// ownersOf are the kinds that have an attribute of that name.
func ownersOf(attribute string) []string {
	var owners []string
	for _, k := range injectors.Catalogue() {
		if _, ok := k.Attribute(attribute); ok {
			owners = append(owners, k.Name)
		}
	}
	return owners
}

// check asks the catalogue about the attributes together.
func (f faultShape) check(d *decoder, kind injectors.Kind, at string) {
	if mistake, ok := errors.AsType[*injectors.AttributeError](kind.Check(f.to.Attributes)); ok {
		place, c := d.at(join(at, mistake.Attribute)), complaint{msg: mistake.Problem}
		if !d.given(join(at, mistake.Attribute)) {
			place, c.hint = d.at(at+".inject"), "such as "+kind.Example
		}
		d.fail(place, c)
	}
	if d.given(at+".stream") && kind.Streamless {
		acts := "whole connections"
		switch kind.Level {
		case injectors.Message:
			acts = kind.Acts + " and their answers"
		case injectors.File:
			acts = "a file"
		}
		d.fail(d.key(at+".stream"), complaint{msg: kind.Name + " acts on " + acts + ", not on one stream of bytes", hint: "leave it out"})
	}
	checkReload(d, kind, f.to, at)
	if d.given(at+".share") && kind.Level == injectors.File {
		d.fail(d.key(at+".share"), complaint{msg: kind.Name + " acts on a whole file: name the files of the instances that are to go bad, one fault each", hint: "leave it out"})
	}
}

// takes tells whether a kind of fault has one of the common fields.
func takes(k injectors.Kind, common string) bool {
	switch common {
	case "stream":
		return !k.Streamless
	case "share":
		return k.Level != injectors.File
	case "reload":
		return k.Config
	}
	return true
}

// schema is one choice by the kind of fault: the common fields and the kind's.
func (f faultShape) schema() object {
	common := f.common().schema()
	var kinds []object
	for _, k := range injectors.Catalogue() {
		properties, required := object{}, []string{}
		for _, c := range f.common() {
			if takes(k, c.name) {
				properties[c.name] = true
			}
		}
		for _, a := range k.Attributes {
			s := attributeShape(a, new(any)).schema()
			s["description"] = a.Doc
			properties[a.Name] = s
			if a.Required {
				required = append(required, a.Name)
			}
		}
		kinds = append(kinds, object{
			"if":   object{"properties": object{"inject": object{"const": k.Name}}, "required": []string{"inject"}},
			"then": object{"properties": properties, "required": required, "additionalProperties": false, "description": k.Summary},
		})
	}
	delete(common, "additionalProperties")
	common["allOf"] = kinds
	return common
}
