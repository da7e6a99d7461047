package experiments

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/shape"
	"github.com/blastgauge/blastgauge/injectors"
)

// A Stream is the direction of bytes that a fault acts on.
type Stream string

// The directions of bytes.
const (
	Downstream Stream = "downstream" // answers; the default
	Upstream   Stream = "upstream"   // requests
)

// A Fault is one thing that goes wrong. Attributes are in held form, named as in
// the catalogue.
type Fault struct {
	Inject     string               `json:"inject"`
	Into       string               `json:"into"`
	Attributes injectors.Attributes `json:"attributes,omitempty"`
	Share      float64              `json:"share"`                     // of connections; 1 when not given
	Instances  *InstanceShare       `json:"share_instances,omitempty"` // nil: it is put on all instances of its Toxiproxy
	Stream     Stream               `json:"stream,omitempty"`
	At         time.Duration        `json:"at,omitempty"`  // after the start of the fault phase
	For        time.Duration        `json:"for,omitempty"` // 0: to the end of the fault phase
	Reload     *Reload              `json:"reload,omitempty"`
	// Body is the text of the file that an operator of bad config names. Journals
	// keep its digest: a config file may hold secrets, and may be long.
	Body       string `json:"-"`
	BodyDigest string `json:"body_digest,omitempty"`
}

// Complete are the attributes as an injector needs them: with the text of the
// file that they name.
func (f Fault) Complete() injectors.Attributes {
	operator, parameters := f.Attributes.Operator()
	if _, named := parameters[injectors.FileAttribute(operator)]; !named {
		return f.Attributes
	}
	complete, inner := maps.Clone(f.Attributes), maps.Clone(parameters)
	inner["body"] = f.Body
	complete[operator] = inner
	return complete
}

func (f *Fault) setBody(text string) {
	sum := sha256.Sum256([]byte(text))
	f.Body, f.BodyDigest = text, "sha256:"+hex.EncodeToString(sum[:])
}

// A faultShape is one fault: the common fields and the attributes that the
// catalogue lists for its kind.
type faultShape struct{ to *Fault }

// common returns the fields that every kind of fault has.
func (f faultShape) common() shape.Fields {
	return shape.Fields{
		{Name: "inject", Doc: "the kind of fault; `blastgauge faults` lists them", Shape: shape.Enum(&f.to.Inject, "a fault", injectors.Names()...), Required: true},
		{Name: "into", Doc: "the dependency that it happens to; of a file: whose config it is; of a command: whom it is meant for", Shape: shape.Line(&f.to.Into), Required: true},
		{Name: "share", Doc: "how much is affected, such as 20%; everything by default; {instances: 2 of 6} puts the fault on two of six Toxiproxies of the dependency", Shape: shareShape(f.to)},
		{Name: "stream", Doc: "downstream: answers (the default); upstream: requests", Shape: shape.Enum(&f.to.Stream, "a stream", Downstream, Upstream)},
		{Name: "at", Doc: "when it starts, after the start of the fault phase", Shape: duration(&f.to.At)},
		{Name: "for", Doc: "how long it lasts; to the end of the fault phase by default", Shape: positive(duration, "0s")(&f.to.For)},
		{Name: "reload", Doc: "the request that makes the system read its config again, for one that does so only when it is told: sent after the injection and after the removal",
			Shape: shape.Optional[Reload]{To: &f.to.Reload, Item: reloadShape}},
	}
}

func (f faultShape) Read(d *shape.Document, n shape.Node, path string) {
	f.to.Share = 1
	kind, known := injectors.Lookup(textOf(n, "inject"))
	common, before := f.common(), d.Count()
	seen := map[string]bool{}
	ok := d.EachField(n, path, func(key, value shape.Node, path string) {
		seen[key.Text()] = true
		if _, ours := kind.Attribute(key.Text()); !ours {
			seen[d.Guess(key.Text(), common.Names())] = true // one mistake, not two
		}
		if i := slices.IndexFunc(common, func(c shape.Field) bool { return c.Name == key.Text() }); i >= 0 {
			common[i].Shape.Read(d, value, path)
			return
		}
		f.readAttribute(d, kind, key, value, path)
	})
	if !ok {
		return
	}
	common.CheckRequired(d, n, path, seen)
	if known && d.Count() == before {
		f.check(d, kind, path)
	}
}

// textOf returns the text of a key of a mapping, or nothing.
func textOf(n shape.Node, key string) string {
	if value, ok := n.Lookup(key); ok {
		return value.Text()
	}
	return ""
}

// readAttribute reads an attribute of the kind, or notes whose attribute it is.
func (f faultShape) readAttribute(d *shape.Document, kind injectors.Kind, key, value shape.Node, path string) {
	if a, ok := kind.Attribute(key.Text()); ok {
		var v any
		attributeShape(a, &v).Read(d, value, path)
		if v != nil && f.to.Attributes == nil {
			f.to.Attributes = injectors.Attributes{}
		}
		if v != nil {
			f.to.Attributes[a.Name] = v
		}
		return
	}
	names := f.common().Names()
	for _, a := range kind.Attributes {
		names = append(names, a.Name)
	}
	owners := kindsWith(key.Text())
	switch instead := kind.Unknown(key.Text()); {
	case instead != "":
		d.Fail(key, shape.Diagnostic{Msg: "unknown key " + strconv.Quote(key.Text()), Hint: instead})
	case kind.Name == "" && len(owners) > 0: // the mistake is in inject
	case len(owners) > 0:
		d.Fail(key, shape.Diagnostic{Msg: strconv.Quote(key.Text()) + " is an attribute of " + figures.List(owners, "and") + ", not of " + kind.Name, Got: key.Text(), Known: names})
	default:
		d.Fail(key, shape.Diagnostic{Msg: "unknown key " + strconv.Quote(key.Text()), Got: key.Text(), Known: names})
	}
}

// kindsWith returns the kinds that have an attribute of that name.
func kindsWith(attribute string) []string {
	var owners []string
	for _, k := range injectors.Catalogue() {
		if _, ok := k.Attribute(attribute); ok {
			owners = append(owners, k.Name)
		}
	}
	return owners
}

// check notes what is wrong with the attributes together, and with common fields
// that the kind does not allow.
func (f faultShape) check(d *shape.Document, kind injectors.Kind, path string) {
	if mistake, ok := errors.AsType[*injectors.AttributeError](kind.Check(f.to.Attributes)); ok {
		at, wrong := shape.JoinPath(path, mistake.Attribute), shape.Diagnostic{Msg: mistake.Problem}
		if !d.Given(at) {
			at, wrong.Hint = path+".inject", "such as "+kind.Example
		}
		d.Fail(d.At(at), wrong)
	}
	if d.Given(path+".stream") && kind.Streamless {
		acts := "whole connections"
		switch kind.Level {
		case injectors.Message:
			acts = kind.Acts + " and their answers"
		case injectors.File:
			acts = "a file"
		case injectors.Command:
			acts = "what its programs change"
		}
		d.Fail(d.Key(path+".stream"), shape.Diagnostic{Msg: kind.Name + " acts on " + acts + ", not on one stream of bytes", Hint: "leave it out"})
	}
	checkReload(d, kind, f.to, path)
	if d.Given(path+".share") && kind.Level == injectors.Command {
		d.Fail(d.Key(path+".share"), shape.Diagnostic{Msg: kind.Name + " acts on what its programs change: let them choose a share of it", Hint: "leave it out"})
	}
	if d.Given(path+".share") && kind.Level == injectors.File {
		d.Fail(d.Key(path+".share"), shape.Diagnostic{Msg: kind.Name + " acts on a whole file: name the files of the instances that are to go bad, one fault each", Hint: "leave it out"})
	}
}

// allows reports whether a kind of fault may have one of the common fields.
func allows(k injectors.Kind, common string) bool {
	switch common {
	case "stream":
		return !k.Streamless
	case "share":
		return k.OnProxy()
	case "reload":
		return k.Config
	}
	return true
}

// Schema has one alternative for each kind of fault.
func (f faultShape) Schema() shape.Object {
	common := f.common().Schema()
	var kinds []shape.Object
	for _, k := range injectors.Catalogue() {
		properties, required := shape.Object{}, []string{}
		for _, c := range f.common() {
			if allows(k, c.Name) {
				properties[c.Name] = true
			}
		}
		for _, a := range k.Attributes {
			s := attributeShape(a, new(any)).Schema()
			s["description"] = a.Doc
			properties[a.Name] = s
			if a.Required {
				required = append(required, a.Name)
			}
		}
		kinds = append(kinds, shape.Object{
			"if":   shape.Object{"properties": shape.Object{"inject": shape.Object{"const": k.Name}}, "required": []string{"inject"}},
			"then": shape.Object{"properties": properties, "required": required, "additionalProperties": false, "description": k.Summary},
		})
	}
	delete(common, "additionalProperties")
	common["allOf"] = kinds
	return common
}
