package experiments

import "github.com/blastgauge/blastgauge/experiments/shape"

// Criticality is how important the owners of a system believe a dependency to be.
type Criticality string

// The criticalities of dependencies.
const (
	Hard Criticality = "hard" // the journey cannot do without it
	Soft Criticality = "soft" // the journey degrades without it
)

// A Dependency is something the system calls through a proxy.
type Dependency struct {
	Name        string      `json:"name"`
	Toxiproxy   []string    `json:"toxiproxy,omitempty"` // of its own, see [System.ToxiproxiesOf]
	Listen      string      `json:"listen,omitempty"`    // host:port of the proxy
	Upstream    string      `json:"upstream,omitempty"`  // host:port, with or without a scheme
	Proxy       string      `json:"proxy,omitempty"`     // the proxy's name if it differs from the dependency's
	Criticality Criticality `json:"criticality,omitempty"`
	Owner       string      `json:"owner,omitempty"`
}

// ProxyName returns the name of the dependency's proxy on its Toxiproxy.
func (d Dependency) ProxyName() string {
	if d.Proxy != "" {
		return d.Proxy
	}
	return d.Name
}

func dependencyShape(dep *Dependency, env environment) shape.Shape {
	return shape.Validated{Shape: shape.Fields{
		{Name: "toxiproxy", Doc: "control APIs of the Toxiproxies that this dependency is behind, where it is not the system's: a URL, a list of them, or dns://NAME:PORT, whose every address is one and which is asked again every second; dns://NAME:PORT?server=HOST:PORT asks that DNS server",
			Shape: toxiproxiesShape(&dep.Toxiproxy, env)},
		{Name: "listen", Doc: "host:port of the proxy, which the system calls", Shape: env.inText(&dep.Listen, address{to: &dep.Listen})},
		{Name: "upstream", Doc: "host:port of the dependency; a scheme such as http:// allows faults on single requests",
			Shape: env.inText(&dep.Upstream, address{to: &dep.Upstream, schemes: []string{"http", "https", "h2c", "grpc", "grpcs", "redis", "rediss", "postgres"}})},
		{Name: "proxy", Doc: "name of the proxy on its Toxiproxy, where it is not the dependency's", Shape: env.inText(&dep.Proxy, shape.Line(&dep.Proxy))},
		{Name: "criticality", Doc: "hard: journeys cannot do without it; soft: they degrade without it",
			Shape: shape.Enum(&dep.Criticality, "a criticality", Hard, Soft)},
		{Name: "owner", Doc: "who is asked when it breaks journeys", Shape: shape.Line(&dep.Owner)},
	}, Also: shape.Object{
		"dependentRequired": shape.Object{"listen": []string{"upstream"}, "upstream": []string{"listen"}},
		"anyOf":             []shape.Object{{"required": []string{"listen"}}, {"required": []string{"proxy"}}},
	}, Check: func(d *shape.Document, _ shape.Node, path string) {
		switch {
		case dep.Listen != "" && dep.Upstream == "":
			d.Fail(d.Key(path+".listen"), shape.Diagnostic{Msg: "upstream is missing beside listen", Hint: "add upstream: host:port of the dependency"})
		case dep.Upstream != "" && dep.Listen == "":
			d.Fail(d.Key(path+".upstream"), shape.Diagnostic{Msg: "listen is missing beside upstream", Hint: "add listen: host:port that the system calls"})
		case dep.Listen == "" && dep.Proxy == "":
			d.Fail(d.Key(path), shape.Diagnostic{Msg: "listen and upstream are missing", Hint: "or give proxy: the name of a proxy that exists"})
		case SameEndpoint(dep.Listen, dep.Upstream):
			d.Fail(d.At(path+".upstream"), shape.Diagnostic{Msg: "this is where the proxy listens: it would lead to itself", Hint: "write the address of the dependency, and make the system call " + dep.Listen})
		}
	}}
}
