package chaostoolkit

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/scaffold/draft"
	"github.com/blastgauge/blastgauge/experiments/shape"
	"github.com/blastgauge/blastgauge/injectors"
)

// The modules of the Toxiproxy driver.
const (
	toxicActions = "chaostoxi.toxic.actions"
	proxyActions = "chaostoxi.proxy.actions"
	proxyProbes  = "chaostoxi.proxy.probes"
)

// isDriver reports whether an activity is one of the Toxiproxy driver.
func (a activity) isDriver() bool {
	module := textOf(a.provider, "module")
	return a.via == "python" && (module == toxicActions || module == proxyActions || module == proxyProbes)
}

// A toxicKind is an action that makes a toxic of one type.
type toxicKind struct {
	wire      string            // the type
	arguments map[string]string // of the action, to attributes of the toxic
}

func toxicKinds() map[string]toxicKind {
	same := func(names ...string) map[string]string {
		m := map[string]string{}
		for _, n := range names {
			m[n] = n
		}
		return m
	}
	return map[string]toxicKind{
		"create_latency_toxic":               {"latency", same("latency", "jitter")},
		"create_bandwith_degradation_toxic":  {"bandwidth", same("rate")}, //nolint:misspell // as the driver has it
		"create_bandwidth_degradation_toxic": {"bandwidth", same("rate")},
		"create_slow_connection_close_toxic": {"slow_close", same("delay")},
		"create_timeout_toxic":               {"timeout", same("timeout")},
		"create_slicer_toxic":                {"slicer", same("average_size", "size_variation", "delay")},
		"create_limiter_toxic":               {"limit_data", map[string]string{"bytes_limit": "bytes", "bytes": "bytes"}},
	}
}

// argument returns a text that an action is given. It is a mistake if that is not known.
func (r *reader) argument(a activity, name string) string {
	arguments, ok := a.provider.Lookup("arguments")
	if !ok {
		return ""
	}
	list := r.expand(textOf(arguments, name))
	value, known := shown(list)
	if !known {
		v, _ := lookup(arguments, name)
		r.d.Fail(v, shape.Diagnostic{Msg: name + " is only known when Chaos Toolkit runs", Hint: "write the value, or give its configuration a default"})
	}
	return value
}

// missing notes an argument that an action needs.
func (r *reader) missing(a activity, name, value string) bool {
	if value == "" && r.d.Count() == 0 {
		r.d.Fail(a.provider, shape.Diagnostic{Msg: fmt.Sprintf("%s needs the argument %s", textOf(a.provider, "func"), name), Hint: "arguments: {" + name + ": ...}"})
	}
	return value == ""
}

// toxic makes a fault of an action that makes a toxic of one type.
func (r *reader) toxic(a activity, k toxicKind) {
	attributes := map[string]json.RawMessage{}
	arguments, _ := a.provider.Lookup("arguments")
	for _, name := range slices.Sorted(maps.Keys(k.arguments)) {
		if v, ok := lookup(arguments, name); ok && v.Kind() != shape.Null {
			attributes[k.arguments[name]] = r.wire(v)
		}
	}
	r.add(a, k.wire, attributes, 1, false)
}

// anyToxic makes a fault of an action that says everything of a toxic.
func (r *reader) anyToxic(a activity) {
	arguments, _ := a.provider.Lookup("arguments")
	attributes := map[string]json.RawMessage{}
	if list, ok := lookup(arguments, "attributes"); ok {
		for _, key := range list.Keys() {
			v, _ := list.Lookup(key.Text())
			attributes[key.Text()] = r.wire(v)
		}
	}
	share := 1.0
	if text := r.argument(a, "toxicity"); text != "" {
		number, err := strconv.ParseFloat(text, 64)
		v, _ := lookup(arguments, "toxicity")
		switch {
		case err != nil || !(number >= 0):
			r.d.Fail(v, shape.Diagnostic{Msg: "toxicity must be a share from 0 to 1", Hint: "such as 0.5 for half of the connections"})
			return
		case number < leastShare:
			r.leave(a.node, a.says(), "its toxicity is 0, so it acts on nothing")
			return
		}
		share = min(number, 1)
	}
	kind := r.argument(a, "toxic_type")
	if r.missing(a, "toxic_type", kind) {
		return
	}
	r.add(a, kind, attributes, share, r.argument(a, "stream") == "upstream")
}

// leastShare is the smallest share that documents hold.
const leastShare = 1e-6

// wire is a value as Toxiproxy's API takes it.
func (r *reader) wire(v shape.Node) json.RawMessage {
	if v.Kind() == shape.Str {
		text, known := shown(r.expand(v.Text()))
		if !known {
			r.d.Fail(v, shape.Diagnostic{Msg: "this value is only known when Chaos Toolkit runs", Hint: "write the value, or give its configuration a default"})
			return json.RawMessage("1") // one mistake, not two
		}
		if json.Valid([]byte(text)) && strings.ContainsAny(text[:1], "-0123456789") { // of a variable
			return json.RawMessage(text)
		}
		quoted, _ := json.Marshal(text)
		return quoted
	}
	if n, ok := r.toJSON(v, "", 0); ok {
		return rawJSON(n)
	}
	return json.RawMessage("null")
}

// rawJSON writes a value that holds no variables.
func rawJSON(n *draft.Node) json.RawMessage {
	quote := func(text string) string { q, _ := json.Marshal(text); return string(q) }
	var items []string
	for i, item := range n.Items {
		if n.Kind == draft.ObjectNode {
			items = append(items, quote(n.Names[i])+":"+string(rawJSON(item)))
		} else {
			items = append(items, string(rawJSON(item)))
		}
	}
	switch n.Kind {
	case draft.ObjectNode:
		return json.RawMessage("{" + strings.Join(items, ",") + "}")
	case draft.ListNode:
		return json.RawMessage("[" + strings.Join(items, ",") + "]")
	case draft.TextNode:
		return json.RawMessage(quote(n.Text))
	}
	return json.RawMessage(n.Text)
}

// add adds a fault that begins now.
func (r *reader) add(a activity, wire string, attributes map[string]json.RawMessage, share float64, upstream bool) {
	proxy := r.argument(a, "for_proxy")
	if r.missing(a, "for_proxy", proxy) {
		return
	}
	kind, known := injectors.LookupWire(wire)
	if !known || !kind.OnProxy() {
		names := []string{}
		for _, k := range injectors.Catalogue() {
			if k.OnProxy() {
				names = append(names, k.Wire)
			}
		}
		n, _ := a.provider.Lookup("arguments")
		if v, ok := lookup(n, "toxic_type"); ok {
			n = v
		}
		r.d.Fail(n, shape.Diagnostic{Msg: fmt.Sprintf("no toxic is of the type %.40q", wire), Got: wire, Known: names})
		return
	}
	if kind.Config {
		r.leave(a.node, a.says(), "how it makes config bad is not taken over: blastgauge faults "+kind.Name+" says how to write it")
		return
	}
	object, err := json.Marshal(attributes)
	if err == nil {
		var held injectors.Attributes
		if held, err = kind.ReadWire(object); err == nil {
			r.begin(a, draft.Fault{Kind: kind, Proxy: proxy, Attributes: held, Share: share, Upstream: upstream && !kind.Streamless}, r.argument(a, "toxic_name"))
			return
		}
	}
	r.failAttribute(a, err)
}

// failAttribute notes what is wrong with an attribute, where it is written.
func (r *reader) failAttribute(a activity, err error) {
	at, _ := a.provider.Lookup("arguments")
	if wrong, ok := errors.AsType[*injectors.AttributeError](err); ok {
		for _, within := range []shape.Node{at, firstOf(lookup(at, "attributes"))} {
			if v, ok := lookup(within, wrong.Attribute); ok {
				at = v
			}
		}
	}
	r.d.Fail(at, shape.Diagnostic{Msg: err.Error(), Hint: "Toxiproxy's numbers are milliseconds, bytes and KB/s"})
}

func firstOf(n shape.Node, _ bool) shape.Node { return n }
