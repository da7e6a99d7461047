package chaostoolkit

import (
	"slices"
	"strings"
	"time"

	"github.com/blastgauge/blastgauge/experiments/scaffold/draft"
	"github.com/blastgauge/blastgauge/experiments/shape"
	"github.com/blastgauge/blastgauge/injectors"
)

// A clock is the time of a method as its pauses make it.
type clock struct {
	now     time.Duration
	began   time.Duration // when the first fault began
	started bool
	open    []openFault
}

// An openFault is one that was not ended yet.
type openFault struct {
	at    int // of the faults
	proxy string
	toxic string // its name; empty: the proxy is disabled
}

// at returns the time since the first fault.
func (c *clock) at() time.Duration { return c.now - c.began }

// method makes faults of what the method does to a Toxiproxy, and guardrails of what it
// asks.
func (r *reader) method(root shape.Node) {
	n, _ := root.Lookup("method")
	for _, a := range r.activities(n) {
		r.clock.now += a.before
		switch {
		case a.isDriver() && a.kind == "probe":
			r.driverProbe(a)
		case a.isDriver():
			r.driverAction(a)
		case a.kind == "probe":
			r.guardrail(a)
		default:
			r.leave(a.node, a.says(), a.why())
		}
		r.clock.now += a.after
	}
	if len(r.out.Faults) == 0 && r.d.Count() == 0 {
		r.d.Fail(n, shape.Diagnostic{Msg: "no fault is left: nothing in the method puts a toxic on a Toxiproxy, or disables a proxy",
			Hint: "actions of " + toxicActions + " and " + proxyActions + " become faults"})
	}
}

// rollbacks says which are not needed: a run undoes its own faults, whatever happens.
func (r *reader) rollbacks(root shape.Node) {
	n, ok := root.Lookup("rollbacks")
	if !ok || n.Kind() == shape.Null {
		return
	}
	for _, a := range r.activities(n) {
		if !a.isDriver() {
			r.leave(a.node, "rollback: "+a.says(), "a run undoes its own faults alone")
		}
	}
}

// driverProbe says why a probe of the driver is not needed.
func (r *reader) driverProbe(a activity) {
	if textOf(a.provider, "func") == "proxy_exist" {
		r.use(r.argument(a, "proxy_name"))
		return // which a run looks at before it begins
	}
	r.leave(a.node, a.says(), "a run looks at its proxies by itself")
}

// driverAction makes a fault of an action, or ends one.
func (r *reader) driverAction(a activity) {
	do := textOf(a.provider, "func")
	if k, ok := toxicKinds()[do]; ok {
		r.toxic(a, k)
		return
	}
	proxy := r.argument(a, "proxy_name")
	switch do {
	case "create_toxic":
		r.anyToxic(a)
	case "delete_toxic":
		r.end(r.argument(a, "for_proxy"), func(f openFault) bool { return f.toxic == r.argument(a, "toxic_name") })
	case "create_proxy":
		r.createProxy(a, proxy)
	case "disable_proxy":
		r.down(a, proxy)
	case "enable_proxy":
		r.end(proxy, func(f openFault) bool { return f.toxic == "" })
	case "delete_proxy":
		r.end(proxy, func(openFault) bool { return true })
	case "reset":
		for _, f := range slices.Clone(r.clock.open) {
			r.end(f.proxy, func(openFault) bool { return true })
		}
	case "modify_proxy":
		r.modifyProxy(a, proxy)
	default:
		r.leave(a.node, a.says(), "the driver is not known to have it")
	}
}

// modifyProxy is refused where it leads a proxy elsewhere.
func (r *reader) modifyProxy(a activity, proxy string) {
	arguments, _ := a.provider.Lookup("arguments")
	for _, name := range []string{"upstream_address", "upstream_addres"} { //nolint:misspell // as its documentation has it
		if v, ok := lookup(arguments, name); ok && v.Kind() != shape.Null {
			r.d.Fail(v, shape.Diagnostic{Msg: "modify_proxy leads " + proxy + " to another upstream, and a run never does that to a proxy",
				Hint: "take the action away; where the other upstream stands for a dependency that fails, write the fault itself"})
			return
		}
	}
	if v, ok := lookup(arguments, "listen_address"); ok && v.Kind() != shape.Null {
		r.leave(a.node, a.says(), "a run never changes where a proxy listens")
	}
	switch v, _ := shown(r.expand(textOf(arguments, "enabled"))); strings.ToLower(v) {
	case "false":
		r.down(a, proxy)
	case "true":
		r.end(proxy, func(f openFault) bool { return f.toxic == "" })
	}
}

// down makes a fault of a proxy that is disabled.
func (r *reader) down(a activity, proxy string) {
	if r.missing(a, "proxy_name", proxy) {
		return
	}
	kind, _ := injectors.Lookup("down")
	r.begin(a, draft.Fault{Kind: kind, Proxy: proxy, Share: 1}, "")
}

func (r *reader) begin(a activity, f draft.Fault, toxic string) {
	if !r.clock.started {
		r.clock.began, r.clock.started = r.clock.now, true
	}
	f.At = r.clock.at()
	f.Remarks = append(f.Remarks, r.remark(a.node, "%s", a.name))
	r.use(f.Proxy)
	r.clock.open = append(r.clock.open, openFault{len(r.out.Faults), f.Proxy, toxic})
	r.out.Faults = append(r.out.Faults, f)
}

// end ends faults on a proxy now. One that had no time at all lasts to the end.
func (r *reader) end(proxy string, which func(openFault) bool) {
	r.clock.open = slices.DeleteFunc(r.clock.open, func(f openFault) bool {
		if f.proxy != proxy || !which(f) {
			return false
		}
		fault := &r.out.Faults[f.at]
		fault.For = r.clock.at() - fault.At
		return true
	})
}

// use makes a proxy a dependency.
func (r *reader) use(name string) *draft.Proxy {
	i := slices.IndexFunc(r.out.Proxies, func(p draft.Proxy) bool { return p.Name == name })
	if i < 0 && name != "" {
		i = len(r.out.Proxies)
		r.out.Proxies = append(r.out.Proxies, draft.Proxy{Name: name})
	}
	if i < 0 {
		return &draft.Proxy{}
	}
	return &r.out.Proxies[i]
}

// createProxy makes a dependency of a proxy that the method makes: blastgauge proxy makes
// it from the system file.
func (r *reader) createProxy(a activity, name string) {
	if r.missing(a, "proxy_name", name) {
		return
	}
	arguments, _ := a.provider.Lookup("arguments")
	value := func(key, otherwise string) []piece {
		text := nonEmpty(textOf(arguments, key), otherwise)
		if variable, ok := strings.CutPrefix(text, "env:"); ok && envForm.MatchString(variable) { // a form of the driver
			return []piece{{env: variable, name: key}}
		}
		return r.expand(text)
	}
	p := r.use(name)
	port, known := shown(value("listen_port", "0"))
	if !known || port == "0" {
		r.out.Remarks = append(r.out.Remarks, r.remark(a.node, "%s gets a port when it is made, so its dependency names the proxy alone; listen and upstream make it one that blastgauge proxy makes.", name))
		return
	}
	p.Listen = r.template(value("listen_host", "0.0.0.0")) + ":" + port
	p.Upstream = r.template(value("upstream_host", "")) + ":" + r.template(value("upstream_port", ""))
	r.known[name+"_PORT"] = binding{piece: piece{text: port, name: name + "_PORT"}, kind: shape.Int, node: a.node}
}
