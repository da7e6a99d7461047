package experiments

import (
	"cmp"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/lazyregexp"
	"github.com/blastgauge/blastgauge/experiments/shape"
)

// dnsPattern is a name whose every address is a Toxiproxy: dns://NAME:PORT, and which
// server is asked for it where that is not the machine's own.
const dnsPattern = `^dns://[A-Za-z0-9_.-]+:[0-9]{1,5}(\?server=[^/?#&@\s]+)?$`

var dnsForm = lazyregexp.New(dnsPattern)

// A DNSName is a name whose every address is one instance of a Toxiproxy, such as that of a
// headless service.
type DNSName struct {
	Name   string
	Port   string // of each instance's API
	Server string // host:port of the DNS server that is asked; empty: the machine's own
}

// ParseDNSName reads dns://NAME:PORT and dns://NAME:PORT?server=HOST:PORT. It reports
// false for any other text.
func ParseDNSName(text string) (DNSName, bool) {
	if !dnsForm.MatchString(text) {
		return DNSName{}, false
	}
	u, err := url.Parse(text)
	if err != nil || !validPort(u.Port(), u.Host) {
		return DNSName{}, false
	}
	n := DNSName{Name: u.Hostname(), Port: u.Port(), Server: u.Query().Get("server")}
	if n.Server != "" {
		if host, port, err := net.SplitHostPort(n.Server); err != nil || host == "" || !validPort(port, "") {
			return DNSName{}, false
		}
	}
	return n, true
}

// ToxiproxiesOf returns where the proxy of a dependency is: URLs of control APIs, or one
// name of class [ParseDNSName]; the system's own Toxiproxy where the dependency has none.
func (s *System) ToxiproxiesOf(d Dependency) []string {
	if len(d.Toxiproxy) > 0 {
		return d.Toxiproxy
	}
	if s.Toxiproxy == "" {
		return nil
	}
	return []string{s.Toxiproxy}
}

// HasFleet reports whether a dependency has Toxiproxies of its own.
func (s *System) HasFleet() bool {
	return slices.ContainsFunc(s.Dependencies, func(d Dependency) bool { return len(d.Toxiproxy) > 0 })
}

// Toxiproxies lists where the proxies of all dependencies are, each once, the system's own
// first.
func (s *System) Toxiproxies() []string {
	var list []string
	if s.Toxiproxy != "" {
		list = append(list, s.Toxiproxy)
	}
	for _, d := range s.Dependencies {
		for _, source := range d.Toxiproxy {
			if !slices.Contains(list, source) {
				list = append(list, source)
			}
		}
	}
	return list
}

// proxyHosts lists the hosts of the Toxiproxies, and of the DNS servers that are asked for
// them. Those of names are looked up by who asks these servers.
func (s *System) proxyHosts() (dialled, named []string) {
	var urls []string
	for _, source := range s.Toxiproxies() {
		n, ok := ParseDNSName(source)
		if !ok {
			urls = append(urls, source)
			continue
		}
		named = append(named, n.Name)
		if host, _, err := net.SplitHostPort(n.Server); err == nil {
			dialled = append(dialled, host)
		}
	}
	return append(hostsOf(urls), dialled...), named
}

// toxiproxiesShape is one Toxiproxy, a list of them, or a name whose addresses they are.
func toxiproxiesShape(to *[]string, env environment) shape.Shape {
	one := func(s *string) shape.Shape { return env.inText(s, toxiproxyURL{s}) }
	return shape.Validated{
		Shape: shape.ByKind{
			Want:   "a URL of a Toxiproxy, a list of them, or dns://NAME:PORT",
			Scalar: onlyOne{to, one},
			List:   shape.List[string]{To: to, Item: one, Min: 1, Max: maxInstances},
		},
		Check: func(d *shape.Document, _ shape.Node, path string) {
			for i, source := range *to {
				at := fmt.Sprintf("%s[%d]", path, i)
				switch _, name := ParseDNSName(source); {
				case name && len(*to) > 1:
					d.Fail(d.At(at), shape.Diagnostic{Msg: "a name stands for all its addresses, so it stands alone", Hint: "write toxiproxy: " + strconv.Quote(source)})
				case slices.Contains((*to)[:i], source):
					d.Fail(d.At(at), shape.Diagnostic{Msg: source + " is in the list already"})
				}
			}
		},
	}
}

// maxInstances is how many Toxiproxies one dependency may be behind.
const maxInstances = 500

// onlyOne is a single value of what may be a list.
type onlyOne struct {
	to   *[]string
	item func(*string) shape.Shape
}

func (o onlyOne) Read(d *shape.Document, n shape.Node, path string) {
	var s string
	before := d.Count()
	o.item(&s).Read(d, n, path)
	if d.Count() == before && s != "" {
		*o.to = []string{s}
	}
}

func (o onlyOne) Schema() shape.Object { return o.item(new(string)).Schema() }

// A toxiproxyURL is the URL of a Toxiproxy's control API, or a name whose addresses are
// those of many.
type toxiproxyURL struct{ to *string }

func (u toxiproxyURL) Read(d *shape.Document, n shape.Node, path string) {
	const want = `a URL such as http://127.0.0.1:8474, or a name such as "dns://carts-proxy.staging:8474"`
	shape.Scalar[string]{To: u.to, Want: want, Parse: func(s string) (string, *shape.Diagnostic) {
		if !strings.HasPrefix(s, "dns:") {
			return s, httpURL{}.check(s, want)
		}
		if _, ok := ParseDNSName(s); !ok {
			return s, &shape.Diagnostic{Msg: strconv.Quote(s) + " is not dns://NAME:PORT", Hint: "such as dns://carts-proxy.staging:8474, or dns://carts-proxy.staging:8474?server=10.0.0.10:53"}
		}
		return s, nil
	}}.Read(d, n, path)
}

func (u toxiproxyURL) Schema() shape.Object {
	return shape.Object{"anyOf": []shape.Object{shape.Pattern(httpURLPattern), shape.Pattern(dnsPattern)}}
}

// toxiproxyGiven is what a schema can say of [System.checkToxiproxies].
func toxiproxyGiven() shape.Object {
	own := shape.Object{"required": []string{"toxiproxy"}}
	each := shape.Object{"additionalProperties": own, "description": "each with a toxiproxy of its own"}
	return shape.Object{"anyOf": []shape.Object{own, {"properties": shape.Object{"dependencies": each}}}}
}

// checkToxiproxies notes dependencies that are behind no Toxiproxy, and those that have one
// of their own although all are embedded.
func (s *System) checkToxiproxies(d *shape.Document, n shape.Node) {
	own := 0
	for _, dep := range s.Dependencies {
		at := "dependencies." + dep.Name + ".toxiproxy"
		if !d.Given(at) {
			continue
		}
		own++
		if s.Toxiproxy == Embedded {
			d.Fail(d.At(at), shape.Diagnostic{Msg: "the Toxiproxy of all dependencies is embedded: leave this out, or write URLs for all"})
		}
	}
	misspelt := slices.ContainsFunc(n.Keys(), func(key shape.Node) bool { return d.Guess(key.Text(), []string{"toxiproxy"}) != "" })
	if !d.Given("toxiproxy") && !misspelt && (own == 0 || own < len(s.Dependencies)) {
		d.Fail(n, shape.Diagnostic{Msg: "toxiproxy is missing", Hint: "toxiproxy: URL of the Toxiproxy control API, or embedded"})
	}
}

// checkInstances notes a share of instances where there are not so many.
func (s *System) checkInstances(d *shape.Document, f Fault, at string) {
	dep, ok := s.Dependency(f.Into)
	if f.Instances == nil || !ok {
		return
	}
	sources := s.ToxiproxiesOf(dep)
	if len(sources) == 0 { // a mistake of the system file
		return
	}
	_, named := ParseDNSName(sources[0])
	switch {
	case !named && len(sources) == 1:
		d.Fail(d.At(at), shape.Diagnostic{Msg: dep.Name + " is behind one Toxiproxy, and a share of instances is of several", Hint: "give the dependency toxiproxy: [URL, URL], or write share: 20%"})
	case !named && f.Instances.Of != len(sources):
		d.Fail(d.At(at), shape.Diagnostic{Msg: fmt.Sprintf("%s is behind %d Toxiproxies, not %d", dep.Name, len(sources), f.Instances.Of), Hint: fmt.Sprintf("write %d of %d", min(f.Instances.Take, len(sources)), len(sources))})
	}
}

// InstanceShare is how many instances of a Toxiproxy a fault is put on, of how many there
// are to be.
type InstanceShare struct {
	Take int `json:"take"`
	Of   int `json:"of"`
}

// String returns the share as documents write it: "2 of 6".
func (s InstanceShare) String() string { return fmt.Sprintf("%d of %d", s.Take, s.Of) }

var instanceShareForm = lazyregexp.New(instanceSharePattern)

const instanceSharePattern = `^[1-9][0-9]{0,2} of [1-9][0-9]{0,2}$`

// parseInstanceShare reads "2 of 6".
func parseInstanceShare(s string) (InstanceShare, *shape.Diagnostic) {
	wrong := &shape.Diagnostic{Msg: strconv.Quote(s) + " is not so many instances of so many", Hint: "such as 2 of 6"}
	if !instanceShareForm.MatchString(s) {
		return InstanceShare{}, wrong
	}
	take, of, _ := strings.Cut(s, " of ")
	a, errA := strconv.Atoi(take)
	b, errB := strconv.Atoi(of)
	switch {
	case cmp.Or(errA, errB) != nil:
		return InstanceShare{}, wrong
	case a > b:
		return InstanceShare{}, &shape.Diagnostic{Msg: fmt.Sprintf("%d instances cannot be taken of %d", a, b)}
	}
	return InstanceShare{a, b}, nil
}

// shareShape is how much of its traffic a fault affects, or how many of its instances.
func shareShape(f *Fault) shape.Shape {
	return shape.ByKind{
		Want:   "a share such as 20%, or {instances: 2 of 6}",
		Scalar: positive(shape.Share, "0%")(&f.Share),
		Mapping: shape.Fields{{
			Name: "instances", Doc: "how many Toxiproxies of the dependency the fault is put on, of how many there have to be, such as 2 of 6; the seed chooses which", Required: true,
			Shape: shape.Optional[InstanceShare]{To: &f.Instances, Item: func(to *InstanceShare) shape.Shape {
				return shape.Scalar[InstanceShare]{To: to, Want: "so many instances of so many, such as 2 of 6", Parse: parseInstanceShare, JSON: shape.Pattern(instanceSharePattern, "2 of 6")}
			}},
		}},
	}
}
