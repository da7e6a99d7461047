package chaostoolkit

import (
	"cmp"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
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
	list := r.activities(n)
	r.reach(list)
	for _, a := range list {
		r.clock.now += a.before
		switch {
		case a.call != nil && a.kind == "probe":
			r.proxyProbe(a, *a.call)
		case a.call != nil:
			r.act(a, *a.call)
		case a.kind == "probe":
			r.guardrail(a)
		default:
			r.leave(a.node, a.says(), a.why())
		}
		r.clock.now += a.after
	}
	if len(r.out.Faults) == 0 && r.d.Count() == 0 {
		r.d.Fail(n, shape.Diagnostic{Msg: "no fault is left: nothing in the method puts a toxic on a Toxiproxy, or disables a proxy",
			Hint: "actions of chaostoxi, commands of toxiproxy-cli and requests to Toxiproxy's API become faults"})
	}
}

// rollbacks says which are not needed: a run undoes its own faults, whatever happens.
func (r *reader) rollbacks(root shape.Node) {
	n, ok := root.Lookup("rollbacks")
	if !ok || n.Kind() == shape.Null {
		return
	}
	for _, a := range r.activities(n) {
		if a.call == nil {
			r.leave(a.node, "rollback: "+a.says(), "a run undoes its own faults alone")
		}
	}
}

// proxyProbe says why a probe of a proxy is not needed.
func (r *reader) proxyProbe(a activity, c call) {
	if c.do == "proxy_exist" {
		r.use(r.argument(c, "proxy_name"))
		return // which a run looks at before it begins
	}
	r.leave(a.node, a.says(), "a run looks at its proxies by itself")
}

// act makes a fault of a call, or ends one.
func (r *reader) act(a activity, c call) {
	proxy := r.argument(c, "proxy_name")
	switch c.do {
	case "create_toxic":
		r.toxic(a, c)
	case "delete_toxic":
		r.end(r.argument(c, "for_proxy"), func(f openFault) bool { return f.toxic == r.argument(c, "toxic_name") })
	case "update_toxic":
		r.leave(a.node, a.says(), "a fault does not change while it is in force: give each value an experiment of its own")
	case "create_proxy":
		r.createProxy(a, c)
	case "populate":
		for _, n := range c.proxies {
			one := call{do: c.do, says: c.says, at: n, arguments: fieldsOf(n)}
			if name, ok := one.arguments["name"]; ok {
				one.arguments["proxy_name"] = name
			}
			r.createProxy(a, one)
		}
	case "disable_proxy":
		r.down(a, c)
	case "enable_proxy":
		r.end(proxy, isDown)
	case "toggle_proxy":
		if !r.end(proxy, isDown) {
			r.down(a, c)
		}
	case "delete_proxy":
		r.end(proxy, func(openFault) bool { return true })
	case "reset":
		for _, f := range slices.Clone(r.clock.open) {
			r.end(f.proxy, func(openFault) bool { return true })
		}
	case "modify_proxy":
		r.modifyProxy(a, c)
	case "proxy_exist": // an action that only asks
	default:
		r.leave(a.node, a.says(), "a Toxiproxy is not known to have it")
	}
}

// isDown reports whether a fault is a proxy that is disabled.
func isDown(f openFault) bool { return f.toxic == "" }

// modifyProxy is refused where it leads a proxy elsewhere.
func (r *reader) modifyProxy(a activity, c call) {
	proxy := r.argument(c, "proxy_name")
	for _, name := range []string{"upstream_address", "upstream_addres"} { //nolint:misspell // as its documentation has it
		v, ok := c.arguments[name]
		if ok && r.template(r.expand(v.Text())) != r.use(proxy).Upstream { // clients send the whole proxy
			r.d.Fail(v, shape.Diagnostic{Msg: c.says + " leads " + proxy + " to another upstream, and a run never does that to a proxy",
				Hint: "take the action away; where the other upstream stands for a dependency that fails, write the fault itself"})
			return
		}
	}
	if v, ok := c.arguments["listen_address"]; ok && r.template(r.expand(v.Text())) != r.use(proxy).Listen {
		r.leave(a.node, a.says(), "a run never changes where a proxy listens")
	}
	switch strings.ToLower(r.argument(c, "enabled")) {
	case "false":
		r.down(a, c)
	case "true":
		r.end(proxy, isDown)
	}
}

// down makes a fault of a proxy that is disabled.
func (r *reader) down(a activity, c call) {
	proxy := r.argument(c, "proxy_name")
	if r.missing(c, "proxy_name", proxy) {
		return
	}
	kind, _ := injectors.Lookup("down")
	r.begin(a, draft.Fault{Kind: kind, Proxy: proxy, Share: 1}, "")
}

func (r *reader) begin(a activity, f draft.Fault, toxic string) {
	if len(r.out.Faults) == experiments.MaxFaults {
		if r.d.Count() == 0 {
			r.d.Fail(a.node, shape.Diagnostic{Msg: fmt.Sprintf("more than %d faults", experiments.MaxFaults), Hint: "split the experiment"})
		}
		return
	}
	if !r.clock.started {
		r.clock.began, r.clock.started = r.clock.now, true
	}
	f.At, f.Place = r.clock.at(), fmt.Sprintf("%s:%d", r.options.File, a.node.Line())
	f.Remarks = append(f.Remarks, r.remark(a.node, "%s", a.name))
	r.use(f.Proxy)
	r.clock.open = append(r.clock.open, openFault{len(r.out.Faults), f.Proxy, toxic})
	r.out.Faults = append(r.out.Faults, f)
}

// end ends faults on a proxy now, and reports whether there was one. One that had no time
// at all lasts to the end.
func (r *reader) end(proxy string, which func(openFault) bool) (ended bool) {
	r.clock.open = slices.DeleteFunc(r.clock.open, func(f openFault) bool {
		if f.proxy != proxy || !which(f) {
			return false
		}
		fault := &r.out.Faults[f.at]
		fault.For = r.clock.at() - fault.At
		ended = true
		return true
	})
	return ended
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
func (r *reader) createProxy(a activity, c call) {
	name := r.argument(c, "proxy_name")
	if r.missing(c, "proxy_name", name) {
		return
	}
	p := r.use(name)
	listen, upstream := r.address(c, "listen", "0.0.0.0"), r.address(c, "upstream", "")
	where, known := shown(listen)
	if _, port, err := net.SplitHostPort(where); known && err == nil && port != "0" {
		p.Listen, p.Upstream = r.template(listen), r.template(upstream)
		r.known[name+"_PORT"] = binding{piece: piece{text: port, name: name + "_PORT"}, kind: shape.Int, node: a.node}
	} else {
		r.out.Remarks = append(r.out.Remarks, r.remark(a.node, "%s gets a port when it is made, so its dependency names the proxy alone; listen and upstream make it one that blastgauge proxy makes.", name))
	}
	if strings.EqualFold(r.argument(c, "enabled"), "false") {
		r.down(a, c)
	}
}

// address returns an address that is given whole, or as a host and a port.
func (r *reader) address(c call, of, host string) []piece {
	if v, ok := c.arguments[of]; ok {
		return r.expand(v.Text())
	}
	value := func(key, otherwise string) []piece {
		text := otherwise
		if v, ok := c.arguments[key]; ok && v.IsScalar() {
			text = cmp.Or(v.Text(), otherwise)
		}
		if variable, ok := strings.CutPrefix(text, "env:"); ok && envForm.MatchString(variable) { // a form of the driver
			return []piece{{env: variable, name: key}}
		}
		return r.expand(text)
	}
	list := append(slices.Clone(value(of+"_host", host)), piece{text: ":"})
	return append(list, value(of+"_port", "0")...)
}
