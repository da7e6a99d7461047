package experiments

import (
	"fmt"
	"path/filepath"
	"slices"

	"github.com/blastgauge/blastgauge/experiments/shape"
)

// A System describes the staging system under test: blastgauge.yaml.
type System struct {
	Version      int              `json:"version"`
	Name         string           `json:"system"`
	Environment  string           `json:"environment"`
	AllowHosts   []string         `json:"allow_hosts,omitempty"`
	Toxiproxy    string           `json:"toxiproxy"` // URL of a control API, or "embedded"; empty: each dependency has its own
	URL          string           `json:"url"`       // where journeys enter; this route goes through the proxies
	ControlURL   string           `json:"control_url,omitempty"`
	Propagates   string           `json:"propagates,omitempty"` // [PropagatesBaggage], or nothing
	Host         string           `json:"host,omitempty"`       // Host header if it differs from the URL's
	TLS          *TLS             `json:"tls,omitempty"`
	Dependencies []Dependency     `json:"dependencies"` // in the order of the document
	Journeys     []Journey        `json:"journeys"`     // in the order of the document
	Invariants   []Invariant      `json:"invariants,omitempty"`
	Traffic      *Traffic         `json:"traffic,omitempty"`
	Measure      *Measure         `json:"measure,omitempty"`   // nil: journeys are sent
	Alerts       *AlertSource     `json:"alerts,omitempty"`    // nil: no experiment may name alerts
	Examples     string           `json:"examples,omitempty"`  // [NoExamples], or nothing
	Traces       string           `json:"traces,omitempty"`    // [NoTraces], or nothing
	TraceURL     string           `json:"trace_url,omitempty"` // where a trace is shown, see [TraceLink]
	Notify       []Receiver       `json:"notify,omitempty"`
	Defaults     Settings         `json:"defaults"`
	Caps         Caps             `json:"caps"`
	File         string           `json:"-"` // as given; relative file names in the document are relative to its folder
	Text         string           `json:"-"` // the document, ${env:…} unexpanded
	Set          []string         `json:"-"` // what was set from outside, each as PATH=VALUE
	places       map[string]Place // where each field is, for errors found later
	env          []envReference   // of requests
	unset        []envReference   // of addresses and rates, see [CheckAddresses]
	notifyEnv    []envReference   // of receivers
}

// PropagatesBaggage is the value of System.Propagates for systems whose services
// pass the W3C baggage header on with every call that they make for a request.
const PropagatesBaggage = "baggage"

// NoExamples is the value of System.Examples that keeps nothing of what harmed journeys
// were answered, and their number alone.
const NoExamples = "none"

// NoTraces is the value of System.Traces for systems whose requests are to carry no trace
// of ours.
const NoTraces = "off"

// Embedded is the value of System.Toxiproxy that makes blastgauge start its own
// proxies for the length of a run.
const Embedded = "embedded"

// TLS configures connections to the entry and control URLs.
type TLS struct {
	CAFile     string `json:"ca_file,omitempty"`
	ServerName string `json:"server_name,omitempty"`
}

// Place returns where a field of the document is, by its path, such as
// "journeys.checkout.steps[1].request".
func (s *System) Place(path string) (Place, bool) {
	p, ok := s.places[path]
	return p, ok
}

// systemShape is the document of a system.
func systemShape(s *System, env environment) shape.Shape {
	return lookingAhead{env, shape.Validated{Always: true, Check: s.check, Also: documentSchema(), Shape: shape.Fields{
		{Name: "version", Doc: "version of this language: 1", Shape: version(&s.Version), Required: true},
		{Name: "system", Doc: "name of the system under test", Shape: id(&s.Name), Required: true},
		{Name: "environment", Doc: "where it runs, such as staging-eu; production is refused", Shape: env.inText(&s.Environment, shape.Line(&s.Environment)), Required: true},
		{Name: "allow_hosts", Doc: "names, *.suffixes, addresses or networks that may be dialled, beyond loopback and *.test",
			Shape: shape.List[string]{To: &s.AllowHosts, Item: func(to *string) shape.Shape { return env.inText(to, allowedHost(to)) }}},
		{Name: "toxiproxy", Doc: "URL of the Toxiproxy control API, or embedded; may be left out where each dependency has its own", Shape: env.inText(&s.Toxiproxy, httpURL{to: &s.Toxiproxy, or: Embedded})},
		{Name: "url", Doc: "where journeys enter; this route goes through the proxies", Shape: env.inText(&s.URL, httpURL{to: &s.URL})},
		{Name: "control_url", Doc: "the same system with no proxies in its path: gives a concurrent control arm", Shape: env.inText(&s.ControlURL, httpURL{to: &s.ControlURL})},
		{Name: "propagates", Doc: "baggage: every service passes the W3C baggage header on; faults on single requests then meet tagged journeys only, which gives a concurrent control arm without a control_url",
			Shape: shape.Enum(&s.Propagates, "a header", PropagatesBaggage)},
		{Name: "host", Doc: "Host header where it differs from the URL's", Shape: env.inText(&s.Host, hostHeader(&s.Host))},
		{Name: "tls", Doc: "TLS towards the entry and control URLs", Shape: shape.Optional[TLS]{To: &s.TLS, Item: func(t *TLS) shape.Shape { return tlsShape(t, env) }}},
		{Name: "dependencies", Doc: "what the system calls through proxies", Required: true,
			Shape: shape.Dict[Dependency]{To: &s.Dependencies, Key: ids(), Min: 1, Max: 200, Item: func(name string, d *Dependency) shape.Shape {
				d.Name = name
				return dependencyShape(d, env)
			}}},
		{Name: "journeys", Doc: "what users do, as requests in order",
			Shape: shape.Dict[Journey]{To: &s.Journeys, Key: ids(), Min: 1, Max: 200, Item: func(name string, j *Journey) shape.Shape {
				j.Name = name
				return journeyShape(j, env)
			}}},
		{Name: "invariants", Doc: "what must be true of the system's data before and after a fault",
			Shape: shape.List[Invariant]{To: &s.Invariants, Item: invariantShape, Max: 100}},
		{Name: "traffic", Doc: "what the real system carries, which turns shares into checkouts and money per hour, and the program that sends the journeys, if blastgauge does not", Shape: shape.Optional[Traffic]{To: &s.Traffic, Item: trafficShape}},
		{Name: "measure", Doc: "counters of real traffic in a Prometheus, in place of journeys that are sent", Shape: shape.Optional[Measure]{To: &s.Measure, Item: func(m *Measure) shape.Shape { return measureShape(m, env) }}},
		{Name: "alerts", Doc: "who knows which alerts fire, a Prometheus or an Alertmanager, for the alerts of experiments", Shape: shape.Optional[AlertSource]{To: &s.Alerts, Item: func(a *AlertSource) shape.Shape { return alertSourceShape(a, env) }}},
		{Name: "examples", Doc: "none: of what harmed journeys were answered, only the numbers are kept; without it, a few masked examples are", Shape: shape.Enum(&s.Examples, "what is kept", NoExamples)},
		{Name: "traces", Doc: "off: steps carry no W3C traceparent; without it, each journey is one sampled trace", Shape: shape.Enum(&s.Traces, "a switch", NoTraces)},
		{Name: "trace_url", Doc: "where people look at a trace, with ${trace} for its id: reports link examples of harm to it", Shape: traceURL(&s.TraceURL)},
		{Name: "notify", Doc: "who is told what a run does, and when; addresses and keys come from the environment alone", Shape: notifyShape(s, env)},
		{Name: "defaults", Doc: "settings that every experiment may override", Shape: defaultsFields(&s.Defaults)},
		{Name: "caps", Doc: "what no experiment may exceed", Shape: capsShape(&s.Caps)},
	}}}
}

// lookingAhead finds out who sends the journeys before they are read: what a step needs
// depends on it.
type lookingAhead struct {
	env environment
	shape.Shape
}

func (l lookingAhead) Read(d *shape.Document, n shape.Node, path string) {
	if n.Kind() == shape.Mapping && l.env.elsewhere != nil {
		if traffic, ok := n.Lookup("traffic"); ok && traffic.Kind() == shape.Mapping {
			_, *l.env.elsewhere = traffic.Lookup("command")
		}
	}
	l.Shape.Read(d, n, path)
}

// requestSchema says that steps have requests unless another program sends the journeys.
func requestSchema() shape.Object {
	named := func(name string, o shape.Object) shape.Object {
		return shape.Object{"patternProperties": shape.Object{"^" + name + "$": o}}
	}
	steps := named("steps", shape.Object{"items": shape.Object{"required": []string{"request"}}})
	commanded := named("traffic", shape.Object{"required": []string{"command"}})
	commanded["required"] = []string{"traffic"}
	return shape.Object{"if": commanded, "else": named("journeys", shape.Object{"additionalProperties": steps})}
}

func tlsShape(t *TLS, env environment) shape.Shape {
	return shape.Fields{
		{Name: "ca_file", Doc: "PEM file of the authorities to trust, relative to this document", Shape: env.inText(&t.CAFile, shape.Text(&t.CAFile))},
		{Name: "server_name", Doc: "name that the certificate must be for, where it differs from the URL's", Shape: env.inText(&t.ServerName, shape.Text(&t.ServerName))},
	}
}

// check notes mistakes between several parts of a system.
func (s *System) check(d *shape.Document, n shape.Node, _ string) {
	if n.Kind() != shape.Mapping {
		return
	}
	s.checkMeasure(d, n)
	s.checkToxiproxies(d, n)
	s.checkDependencies(d)
	names := map[string]bool{}
	for i, v := range s.Invariants {
		at := fmt.Sprintf("invariants[%d]", i)
		if v.Name != "" && names[v.Name] {
			d.Fail(d.At(at+".name"), shape.Diagnostic{Msg: "another invariant has this name"})
		}
		names[v.Name] = true
		checkVariables(d, at, nil, nil)
	}
	s.checkNeeds(d)
	s.checkTraffic(d)
	checkJourneyNames(d, "defaults.limits.journeys", s.Defaults.Limits.Journeys, s.journeyNames())
	checkCaps(d, "defaults.", s.Defaults, s.Caps)
	if f := s.Defaults.Phases.Fault; f > 0 && s.Measure == nil && f < 2*s.slowest().HarmedAfter() {
		d.Fail(d.At("defaults.phases.fault"), tooShort(f, s.slowest()))
	}
}

// checkNeeds notes needs of steps that are not dependencies.
func (s *System) checkNeeds(d *shape.Document) {
	for _, j := range s.Journeys {
		for i, step := range j.Steps {
			for k, name := range step.Needs {
				if _, ok := s.Dependency(name); !ok && name != "" && len(s.Dependencies) > 0 {
					d.Fail(d.At(fmt.Sprintf("journeys.%s.steps[%d].needs[%d]", j.Name, i, k)), shape.Diagnostic{
						Msg: fmt.Sprintf("no dependency is named %q", name), Got: name, Known: s.dependencyNames()})
				}
			}
		}
	}
}

// checkDependencies notes dependencies that share an address or a proxy.
func (s *System) checkDependencies(d *shape.Document) {
	proxies := map[string]string{}
	for i, dep := range s.Dependencies {
		at := "dependencies." + dep.Name
		s.checkListen(d, at+".listen", i)
		if other, taken := proxies[dep.ProxyName()]; taken {
			place := d.At(at + ".proxy")
			if dep.Proxy == "" {
				place = d.Key(at)
			}
			d.Fail(place, shape.Diagnostic{Msg: fmt.Sprintf("%s already uses the proxy %s", other, dep.ProxyName())})
		}
		proxies[dep.ProxyName()] = dep.Name
		if s.Toxiproxy == Embedded && dep.Listen == "" && dep.Proxy != "" {
			d.Fail(d.At(at+".proxy"), shape.Diagnostic{Msg: "an embedded Toxiproxy has no proxies of its own: give listen and upstream"})
		}
	}
}

// checkListen notes a port that a dependency before, or the Toxiproxy, has.
func (s *System) checkListen(d *shape.Document, at string, i int) {
	listen := s.Dependencies[i].Listen
	for _, other := range s.Dependencies[:i] {
		if listen != "" && (other.Listen == listen || SamePort(other.Listen, listen)) {
			d.Fail(d.At(at), shape.Diagnostic{Msg: fmt.Sprintf("%s already listens on %s", other.Name, other.Listen)})
			return
		}
	}
	if SamePort(listen, s.Toxiproxy) {
		d.Fail(d.At(at), shape.Diagnostic{Msg: "the control API of the Toxiproxy is at " + s.Toxiproxy, Hint: "write another port"})
	}
}

// slowest returns the journey with the largest slow_after, with its pauses.
func (s *System) slowest() (slowest Journey) {
	for _, j := range s.Journeys {
		if j.HarmedAfter() > slowest.HarmedAfter() {
			slowest = j
		}
	}
	return slowest
}

func (s *System) journeyNames() []string {
	names := make([]string, len(s.Journeys))
	for i, j := range s.Journeys {
		names[i] = j.Name
	}
	return names
}

func (s *System) dependencyNames() []string {
	names := make([]string, len(s.Dependencies))
	for i, d := range s.Dependencies {
		names[i] = d.Name
	}
	return names
}

// Dependency returns a dependency by name.
func (s *System) Dependency(name string) (Dependency, bool) {
	i := slices.IndexFunc(s.Dependencies, func(d Dependency) bool { return d.Name == name })
	if i < 0 {
		return Dependency{}, false
	}
	return s.Dependencies[i], true
}

// Journey returns a journey by name.
func (s *System) Journey(name string) (Journey, bool) {
	i := slices.IndexFunc(s.Journeys, func(j Journey) bool { return j.Name == name })
	if i < 0 {
		return Journey{}, false
	}
	return s.Journeys[i], true
}

// Resolve returns a file that the document names, seen from the working directory.
func (s *System) Resolve(file string) string {
	if filepath.IsAbs(file) {
		return file
	}
	return filepath.Join(filepath.Dir(s.File), file)
}
