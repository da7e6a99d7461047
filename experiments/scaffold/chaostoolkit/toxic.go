package chaostoolkit

import (
	"cmp"
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

// leastShare is the smallest share that documents hold.
const leastShare = 1e-6

// toxic makes a fault of a call that makes a toxic.
func (r *reader) toxic(a activity, c call) {
	share := 1.0
	if text := r.argument(c, "toxicity"); text != "" {
		number, err := strconv.ParseFloat(text, 64)
		switch {
		case err != nil || !(number >= 0):
			r.d.Fail(c.arguments["toxicity"], shape.Diagnostic{Msg: "toxicity must be a share from 0 to 1", Hint: "such as 0.5 for half of the connections"})
			return
		case number < leastShare:
			r.leave(a.node, a.says(), "its toxicity is 0, so it acts on nothing")
			return
		}
		share = min(number, 1)
	}
	proxy, wire := r.argument(c, "for_proxy"), r.argument(c, "toxic_type")
	if r.missing(c, "for_proxy", proxy) || r.missing(c, "toxic_type", wire) {
		return
	}
	kind, known := injectors.LookupWire(wire)
	switch {
	case !known || !kind.OnProxy():
		r.failType(c, wire)
		return
	case kind.Config:
		r.leave(a.node, a.says(), "how it makes config bad is not taken over: blastgauge faults "+kind.Name+" says how to write it")
		return
	}
	held, err := kind.ReadWire(r.wire(kind, c.attributes))
	if err != nil {
		r.failAttribute(c, err)
		return
	}
	upstream := r.argument(c, "stream") == "upstream" && !kind.Streamless
	r.begin(a, draft.Fault{Kind: kind, Proxy: proxy, Attributes: held, Share: share, Upstream: upstream}, cmp.Or(r.argument(c, "toxic_name"), wire+"_downstream"))
}

// wire returns attributes as Toxiproxy's API takes them.
func (r *reader) wire(kind injectors.Kind, attributes map[string]shape.Node) json.RawMessage {
	object := map[string]json.RawMessage{}
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		numeric := slices.ContainsFunc(kind.Attributes, func(a injectors.Attribute) bool { return a.Wire == name && a.Unit.Numeric() })
		object[name] = r.wireValue(attributes[name], numeric)
	}
	text, err := json.Marshal(object)
	if err != nil {
		return json.RawMessage("null") // which is no object
	}
	return text
}

func (r *reader) wireValue(v shape.Node, numeric bool) json.RawMessage {
	if v.Kind() == shape.Str {
		text, known := shown(r.expand(v.Text()))
		if !known {
			r.d.Fail(v, shape.Diagnostic{Msg: "this value is only known when Chaos Toolkit runs", Hint: "write the value, or give its configuration a default"})
			return json.RawMessage("1") // one mistake, not two
		}
		if _, err := strconv.ParseFloat(text, 64); numeric && err == nil && json.Valid([]byte(text)) { // of a variable, or in quotes
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

// failType notes that no toxic is of a type.
func (r *reader) failType(c call, wire string) {
	names := []string{}
	for _, k := range injectors.Catalogue() {
		if k.OnProxy() {
			names = append(names, k.Wire)
		}
	}
	r.d.Fail(c.arguments["toxic_type"], shape.Diagnostic{Msg: fmt.Sprintf("no toxic is of the type %.40q", wire), Got: wire, Known: names})
}

// failAttribute notes what is wrong with an attribute, where it is written.
func (r *reader) failAttribute(c call, err error) {
	at := c.at
	if wrong, ok := errors.AsType[*injectors.AttributeError](err); ok {
		name, _, _ := strings.Cut(wrong.Attribute, ".")
		if v, ok := c.attributes[name]; ok {
			at = v
		}
	}
	r.d.Fail(at, shape.Diagnostic{Msg: err.Error(), Hint: "Toxiproxy's numbers are milliseconds, bytes and KB/s"})
}
