package chaostoolkit

import (
	"encoding/json"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/lazyregexp"
	"github.com/blastgauge/blastgauge/experiments/shape"
)

// A call is what an activity asks of a Toxiproxy: with the driver of Chaos Toolkit, with
// toxiproxy-cli, or with a request to the API. It is told as the driver has it.
type call struct {
	do         string                // a function of the driver
	says       string                // how the document names it, for messages
	at         shape.Node            // where it is written
	arguments  map[string]shape.Node // of the function
	attributes map[string]shape.Node // of a toxic, by their names in the API
	proxies    []shape.Node          // of populate
	api        []piece               // the address of the API; empty: the call does not name it
}

// callOf returns the call of an activity; nil if it asks nothing of a Toxiproxy.
func (r *reader) callOf(a activity) *call {
	switch a.via {
	case "python":
		return driverCall(a)
	case "http":
		return r.apiCall(a)
	case "process":
		return r.commandCall(a)
	}
	return nil
}

// driverModule matches the modules of the driver: as it is named, as it was named at
// first, and as its package is.
var driverModule = lazyregexp.New(`^(?:chaostoxi|toxiproxy|chaostoolkit_toxiproxy)\.`)

// driverCall reads a function of the driver.
func driverCall(a activity) *call {
	do, ok := a.provider.Lookup("func")
	if !ok || !do.IsScalar() || !driverModule.MatchString(textOf(a.provider, "module")) {
		return nil
	}
	c := &call{do: do.Text(), says: do.Text(), at: a.provider, arguments: map[string]shape.Node{}}
	if list, ok := a.provider.Lookup("arguments"); ok && list.Kind() == shape.Mapping {
		c.at, c.arguments = list, fieldsOf(list)
	}
	if list, ok := c.arguments["attributes"]; ok {
		c.attributes = fieldsOf(list)
	}
	if k, ok := toxicKinds()[directed.ReplaceAllString(c.do, "create_")]; ok {
		c.do, c.attributes = "create_toxic", map[string]shape.Node{}
		c.arguments["toxic_type"] = do.WithText(k.wire)
		for name, attribute := range k.arguments {
			if v, ok := c.arguments[name]; ok {
				c.attributes[attribute] = v
			}
		}
	}
	proxy, given := c.arguments["proxy_name"]
	if _, ok := c.arguments["for_proxy"]; !ok && given && strings.HasSuffix(c.do, "_toxic") {
		c.arguments["for_proxy"] = proxy
	}
	return c
}

// directed matches the beginning of functions that its first versions had.
var directed = lazyregexp.New(`^create_dow(?:ns|sn)tream_`)

// fieldsOf returns the values of a mapping, or of a JSON object that is written as a text.
// Those that are null are not given.
func fieldsOf(n shape.Node) map[string]shape.Node {
	fields := map[string]shape.Node{}
	if n.Kind() == shape.Str {
		var object map[string]json.RawMessage
		if json.Unmarshal([]byte(n.Text()), &object) != nil {
			return fields
		}
		for key, raw := range object {
			text := string(raw)
			if json.Unmarshal(raw, &text) != nil {
				text = string(raw) // a number, true, false or another object
			}
			if string(raw) != "null" {
				fields[key] = n.WithText(text)
			}
		}
		return fields
	}
	for _, key := range n.Keys() {
		if v, ok := n.Lookup(key.Text()); ok && v.Kind() != shape.Null {
			fields[key.Text()] = v
		}
	}
	return fields
}

// argument returns a text that a call is given. It is a mistake if that is not known.
func (r *reader) argument(c call, name string) string {
	v, ok := c.arguments[name]
	if !ok || !v.IsScalar() {
		return ""
	}
	value, known := shown(r.expand(v.Text()))
	if !known {
		r.d.Fail(v, shape.Diagnostic{Msg: name + " is only known when Chaos Toolkit runs", Hint: "write the value, or give its configuration a default"})
	}
	return value
}

// missing notes what a call needs.
func (r *reader) missing(c call, name, value string) bool {
	if value == "" && r.d.Count() == 0 {
		what := map[string]string{"for_proxy": "proxy", "proxy_name": "proxy", "toxic_type": "type of toxic"}[name]
		wrong := shape.Diagnostic{Msg: c.says + " names no " + what}
		if c.at.Kind() == shape.Mapping {
			wrong.Hint = "arguments: {" + name + ": ...}"
		}
		r.d.Fail(c.at, wrong)
	}
	return value == ""
}
