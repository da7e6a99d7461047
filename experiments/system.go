package experiments

import (
	"fmt"
	"maps"
	"net"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// systemShape is the language of blastgauge.yaml.
func systemShape(s *System) shape {
	return ruled{always: true, rule: s.check, shape: fields{
		{name: "version", doc: "version of this language: 1", shape: version(&s.Version), required: true},
		{name: "system", doc: "name of the system under test", shape: id(&s.Name), required: true},
		{name: "environment", doc: "where it runs, such as staging-eu; production is refused", shape: text(&s.Environment), required: true},
		{name: "allow_hosts", doc: "names, *.suffixes, addresses or networks that may be dialled, beyond loopback and *.test",
			shape: list[string]{to: &s.AllowHosts, item: allowedHost}},
		{name: "toxiproxy", doc: "URL of the Toxiproxy control API, or embedded", shape: httpURL{to: &s.Toxiproxy, or: Embedded}, required: true},
		{name: "url", doc: "where journeys enter; this route goes through the proxies", shape: httpURL{to: &s.URL}, required: true},
		{name: "control_url", doc: "the same system with no proxies in its path: gives a concurrent control arm", shape: httpURL{to: &s.ControlURL}},
		{name: "propagates", doc: "baggage: every service passes the W3C baggage header on; faults on single requests then meet tagged journeys only, which gives a concurrent control arm without a control_url",
			shape: enum(&s.Propagates, "a header", PropagatesBaggage)},
		{name: "host", doc: "Host header where it differs from the URL's", shape: hostHeader(&s.Host)},
		{name: "tls", doc: "TLS towards the entry and control URLs", shape: optional[TLS]{&s.TLS, tlsShape}},
		{name: "dependencies", doc: "what the system calls through proxies", required: true,
			shape: dictionary[Dependency]{to: &s.Dependencies, key: ids(), least: 1, most: 200, item: func(name string, d *Dependency) shape {
				d.Name = name
				return dependencyShape(d)
			}}},
		{name: "journeys", doc: "what users do, as requests in order", required: true,
			shape: dictionary[Journey]{to: &s.Journeys, key: ids(), least: 1, most: 200, item: func(name string, j *Journey) shape {
				j.Name = name
				return journeyShape(j)
			}}},
		{name: "invariants", doc: "what must be true of the system's data before and after a fault",
			shape: list[Invariant]{to: &s.Invariants, item: invariantShape, most: 100}},
		{name: "traffic", doc: "what the real system carries: turns shares into checkouts and money per hour", shape: optional[Traffic]{&s.Traffic, trafficShape}},
		{name: "defaults", doc: "settings that every experiment may override", shape: settingsFields(&s.Defaults)},
		{name: "caps", doc: "what no experiment may exceed", shape: capsShape(&s.Caps)},
	}}
}

func tlsShape(t *TLS) shape {
	return fields{
		{name: "ca_file", doc: "PEM file of the authorities to trust, relative to this document", shape: text(&t.CAFile)},
		{name: "server_name", doc: "name that the certificate must be for, where it differs from the URL's", shape: text(&t.ServerName)},
	}
}

func dependencyShape(dep *Dependency) shape {
	return ruled{shape: fields{
		{name: "listen", doc: "host:port of the proxy, which the system calls", shape: address{to: &dep.Listen}},
		{name: "upstream", doc: "host:port of the dependency; a scheme such as http:// allows faults on single requests",
			shape: address{to: &dep.Upstream, schemes: []string{"http", "https", "h2c", "redis", "rediss", "postgres"}}},
		{name: "proxy", doc: "name of the proxy on its Toxiproxy, where it is not the dependency's", shape: text(&dep.Proxy)},
		{name: "criticality", doc: "hard: journeys cannot do without it; soft: they degrade without it",
			shape: enum(&dep.Criticality, "a criticality", Hard, Soft)},
		{name: "owner", doc: "who is asked when it breaks journeys", shape: text(&dep.Owner)},
	}, also: object{
		"dependentRequired": object{"listen": []string{"upstream"}, "upstream": []string{"listen"}},
		"anyOf":             []object{{"required": []string{"listen"}}, {"required": []string{"proxy"}}},
	}, rule: func(d *decoder, _ *yaml.Node, at string) {
		switch {
		case dep.Listen != "" && dep.Upstream == "":
			d.fail(d.key(at+".listen"), complaint{msg: "listen needs upstream beside it: where does the proxy lead to?"})
		case dep.Upstream != "" && dep.Listen == "":
			d.fail(d.key(at+".upstream"), complaint{msg: "upstream needs listen beside it: where does the system call it?"})
		case dep.Listen == "" && dep.Proxy == "":
			d.fail(d.key(at), complaint{msg: "how is it reached? give listen and upstream, or proxy: the name of a proxy that exists"})
		}
	}}
}

// check notes what concerns several parts of a system.
func (s *System) check(d *decoder, n *yaml.Node, _ string) {
	if n.Kind != yaml.MappingNode {
		return
	}
	s.checkDependencies(d)
	names := map[string]bool{}
	for i, v := range s.Invariants {
		at := fmt.Sprintf("invariants[%d]", i)
		if v.Name != "" && names[v.Name] {
			d.fail(d.at(at+".name"), complaint{msg: "another invariant has this name"})
		}
		names[v.Name] = true
		for _, u := range d.usesAt[at] {
			d.uncaptured(u, nil, nil)
		}
	}
	s.checkNeeds(d)
	s.checkTraffic(d)
	checkJourneyNames(d, "defaults.limits.journeys", s.Defaults.Limits.Journeys, s.journeyNames())
	checkCaps(d, "defaults.", s.Defaults, s.Caps)
	if f := s.Defaults.Phases.Fault; f > 0 && f < 2*s.slowest().SlowAfter {
		d.fail(d.at("defaults.phases.fault"), tooShort(f, s.slowest()))
	}
}

// checkNeeds notes steps that need what is no dependency.
func (s *System) checkNeeds(d *decoder) {
	for _, j := range s.Journeys {
		for i, step := range j.Steps {
			for k, name := range step.Needs {
				if _, ok := s.Dependency(name); !ok && name != "" && len(s.Dependencies) > 0 {
					d.fail(d.at(fmt.Sprintf("journeys.%s.steps[%d].needs[%d]", j.Name, i, k)), complaint{
						msg: fmt.Sprintf("no dependency is named %q", name), near: name, among: s.dependencyNames()})
				}
			}
		}
	}
}

func (s *System) checkDependencies(d *decoder) {
	listens, proxies := map[string]string{}, map[string]string{}
	for _, dep := range s.Dependencies {
		at := "dependencies." + dep.Name
		if other, taken := listens[dep.Listen]; taken {
			d.fail(d.at(at+".listen"), complaint{msg: fmt.Sprintf("%s already listens on %s", other, dep.Listen)})
		}
		if dep.Listen != "" {
			listens[dep.Listen] = dep.Name
		}
		if other, taken := proxies[dep.ProxyName()]; taken {
			place := d.at(at + ".proxy")
			if dep.Proxy == "" {
				place = d.key(at)
			}
			d.fail(place, complaint{msg: fmt.Sprintf("%s already uses the proxy %s", other, dep.ProxyName())})
		}
		proxies[dep.ProxyName()] = dep.Name
		if s.Toxiproxy == Embedded && dep.Listen == "" && dep.Proxy != "" {
			d.fail(d.at(at+".proxy"), complaint{msg: "an embedded Toxiproxy has no proxies of its own: give listen and upstream"})
		}
	}
}

// slowest is the largest slow_after of all journeys.
func (s *System) slowest() (slowest Journey) {
	for _, j := range s.Journeys {
		if j.SlowAfter > slowest.SlowAfter {
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

// Dependency finds a dependency by name.
func (s *System) Dependency(name string) (Dependency, bool) {
	i := slices.IndexFunc(s.Dependencies, func(d Dependency) bool { return d.Name == name })
	if i < 0 {
		return Dependency{}, false
	}
	return s.Dependencies[i], true
}

// Journey finds a journey by name.
func (s *System) Journey(name string) (Journey, bool) {
	i := slices.IndexFunc(s.Journeys, func(j Journey) bool { return j.Name == name })
	if i < 0 {
		return Journey{}, false
	}
	return s.Journeys[i], true
}

// Resolve is a file that the document names, seen from the working directory.
func (s *System) Resolve(file string) string {
	if filepath.IsAbs(file) {
		return file
	}
	return filepath.Join(filepath.Dir(s.File), file)
}

const httpURLPattern = `^https?://[^/?#@\s]+(/[^?#\s]*)?$`

var httpURLForm = regexp.MustCompile(httpURLPattern)

// An httpURL is an http or https URL with a host, or one word beside it.
type httpURL struct {
	to *string
	or string
}

func (u httpURL) read(d *decoder, n *yaml.Node, at string) {
	want := "a URL such as http://127.0.0.1:8080"
	if u.or != "" {
		want = "a URL such as http://127.0.0.1:8474, or " + u.or + ","
	}
	scalar[string]{to: u.to, want: want, parse: func(s string) (string, *complaint) {
		if s == u.or && s != "" {
			return s, nil
		}
		return s, u.wrong(s, strings.TrimSuffix(want, ","))
	}}.read(d, n, at)
}

func (u httpURL) wrong(s, want string) *complaint {
	parsed, err := url.Parse(s)
	switch {
	case err == nil && parsed.User != nil:
		return &complaint{msg: "credentials do not belong into a URL: send a header with ${env:NAME}"}
	case strings.Contains(s, "${"):
		return &complaint{msg: "this URL cannot hold ${variables}"}
	case !httpURLForm.MatchString(s) || err != nil || parsed.Hostname() == "" || !validPort(parsed.Port(), parsed.Host):
		c := &complaint{msg: strconv.Quote(s) + " is not " + want}
		switch {
		case httpURLForm.MatchString("http://"+s) && strings.ContainsAny(s, ".:") && !strings.Contains(s, "/"):
			c.hint = "write http://" + s
		case u.or != "" && distance(strings.ToLower(s), u.or) <= 2:
			c.hint = "did you mean " + strconv.Quote(u.or) + "?"
		}
		return c
	}
	return nil
}

// validPort accepts 1 to 65535, and no port at all where the host has no
// colon at its end.
func validPort(port, host string) bool {
	if port == "" {
		return !strings.HasSuffix(host, ":")
	}
	n, err := strconv.Atoi(port)
	return err == nil && n > 0 && n < 65536
}

func (u httpURL) schema() object {
	if u.or == "" {
		return pattern(httpURLPattern)
	}
	return object{"anyOf": []object{{"const": u.or}, pattern(httpURLPattern)}}
}

// An address is host:port, with one of the schemes where there are any.
type address struct {
	to      *string
	schemes []string
}

func (a address) read(d *decoder, n *yaml.Node, at string) {
	scalar[string]{to: a.to, want: "host:port", parse: func(s string) (string, *complaint) { return s, a.wrong(s) }}.read(d, n, at)
}

func (a address) wrong(s string) *complaint {
	rest := s
	if scheme, after, ok := strings.Cut(s, "://"); ok {
		if len(a.schemes) == 0 {
			return &complaint{msg: "a proxy listens on host:port, without a scheme", hint: "write " + after}
		}
		if !slices.Contains(a.schemes, scheme) {
			return &complaint{msg: "unknown scheme " + strconv.Quote(scheme), to: len(scheme), near: scheme, among: a.schemes}
		}
		rest = after
	}
	rest, query, asks := strings.Cut(rest, "?")
	if asks {
		if c := a.wrongQuery(s, query); c != nil {
			return c
		}
	}
	if host, _, found := strings.Cut(rest, "/"); found {
		return &complaint{msg: "an address ends with its port, without a path", hint: "write " + strings.TrimSuffix(s, rest) + host}
	}
	host, port, err := net.SplitHostPort(rest)
	switch {
	case err != nil || !validPort(port, "") || port == "" || strings.ContainsAny(host, " \t@?#"):
		return &complaint{msg: strconv.Quote(s) + " is not host:port such as 127.0.0.1:18083"}
	case host == "" && len(a.schemes) > 0:
		return &complaint{msg: "an upstream needs a host, such as 127.0.0.1" + rest}
	}
	return nil
}

// wrongQuery says what is wrong with what an upstream is asked for: only how to
// encrypt the way to a PostgreSQL.
func (a address) wrongQuery(s, query string) *complaint {
	values, err := url.ParseQuery(query)
	switch {
	case err != nil || len(a.schemes) == 0 || !strings.HasPrefix(s, "postgres://"):
		return &complaint{msg: "an address ends with its port", hint: "write " + s[:len(s)-len(query)-1]}
	case len(values["sslmode"]) > 0 && !slices.Contains(sslModes(), values.Get("sslmode")):
		return &complaint{msg: "unknown sslmode " + strconv.Quote(values.Get("sslmode")), among: sslModes()}
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if name != "sslmode" && name != "sslrootcert" {
			return &complaint{msg: "a PostgreSQL's address may ask for sslmode and sslrootcert, not for " + name}
		}
	}
	return nil
}

func sslModes() []string { return []string{"disable", "require", "verify-ca", "verify-full"} }

func (a address) schema() object {
	if len(a.schemes) == 0 {
		return pattern(`^[^/@?#\s]*:[0-9]{1,5}$`, "127.0.0.1:18083")
	}
	const place = `[^/@?#\s]+:[0-9]{1,5}`
	ask := `(sslmode=(` + strings.Join(sslModes(), "|") + `)|sslrootcert=[^&#\s]+)`
	return pattern(`^(((`+strings.Join(a.schemes, "|")+`)://)?`+place+`|postgres://`+place+`\?`+ask+`(&`+ask+`)*)$`, "127.0.0.1:6379", "http://127.0.0.1:8083")
}

// hostHeader is a host with or without a port.
func hostHeader(to *string) shape {
	const form = `^[A-Za-z0-9.-]+(:[0-9]{1,5})?$`
	exact := regexp.MustCompile(form)
	return scalar[string]{to: to, want: "a host", json: pattern(form, "shop.test"), parse: func(s string) (string, *complaint) {
		if !exact.MatchString(s) {
			return "", &complaint{msg: strconv.Quote(s) + " is not a host such as shop.test or shop.test:8443"}
		}
		return s, nil
	}}
}
