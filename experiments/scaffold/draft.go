// Package scaffold writes first documents from what is already there: a
// Toxiproxy's proxies, a recorded checkout, or nothing.
//
// A draft is text with comments, made to be read and changed by people. It
// loads as it is: what a draft cannot know (which dependencies there are, where
// staging answers) has a value that is right in form, and a comment that says
// what belongs there.
//
// Note: a recording holds cookies, passwords and tokens of a real session. Only
// what a request needs is taken from it, and a value that looks secret is
// replaced by ${env:NAME} wherever it stands: no secret gets into a draft.
package scaffold

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/hosts"
)

// Options say what is already there. The zero value asks for an example of
// everything.
type Options struct {
	Toxiproxy  string     // URL of the control API; empty: the address that is usual
	Proxies    []Proxy    // what that Toxiproxy has; none: an example
	Recording  *Recording // of a journey; nil: an example
	AllowHosts []string   // written to the system's allow_hosts
}

// A Proxy is one of a Toxiproxy, as its API shows it.
type Proxy struct {
	Name     string
	Listen   string // host:port
	Upstream string // host:port, with or without a scheme
	Enabled  bool
}

// A Draft is a set of documents.
type Draft struct {
	Files []File
	Env   []Secret // what must be set before a run
	Notes []string // what a person should look at, one sentence each
}

// A File is one document.
type File struct {
	Name string // relative, with slashes
	Text string
}

// A Secret is a value that a request needs and that no document may hold.
type Secret struct {
	Name string // of the environment variable
	Of   string // where it is needed, such as "form field password of step post-login"
}

// Where the schemas of a draft are, beside the documents: an editor finds them
// there without a network.
const (
	systemSchema     = ".blastgauge/schema/system.json"
	experimentSchema = ".blastgauge/schema/experiment.json"
)

// maxProxies is what a system may have as dependencies.
const maxProxies = 200

// Make writes the documents. The error is of class experiments.ErrInvalid and
// says what about the input cannot be put into documents.
func Make(o Options) (*Draft, error) {
	if len(o.Proxies) > maxProxies {
		return nil, fmt.Errorf("%w: %s has %d proxies, a system at most %d dependencies", experiments.ErrInvalid, o.Toxiproxy, len(o.Proxies), maxProxies)
	}
	d := &Draft{}
	deps := dependencies(o)
	system, err := d.system(o, deps)
	if err != nil {
		return nil, err
	}
	d.Files = append(d.Files, File{experiments.SystemFile, system})
	for _, dep := range deps {
		d.Files = append(d.Files, File{"experiments/" + dep.id + "-slow.yaml", slowExperiment(dep)})
	}
	if len(o.Proxies) == 0 { // one file with every key, to read
		d.Files[1].Text = exampleExperiment(deps[0])
	}
	for _, s := range []struct {
		name string
		kind experiments.Kind
	}{{systemSchema, experiments.SystemKind}, {experimentSchema, experiments.ExperimentKind}} {
		text, err := experiments.Schema(s.kind)
		if err != nil {
			return nil, err
		}
		d.Files = append(d.Files, File{s.name, string(text)})
	}
	return d, nil
}

// A dependency is a proxy as a document names it.
type dependency struct {
	Proxy
	id      string
	foreign bool // leads to a host that may not be named without being allowed
}

// exampleDependency stands where no proxy is known.
func exampleDependency() dependency {
	return dependency{id: "payments", Proxy: Proxy{Name: "payments", Listen: "127.0.0.1:18083", Upstream: "http://127.0.0.1:8083", Enabled: true}}
}

// dependencies gives each proxy an id of its own, sorted by name. The lock of a
// run is no dependency.
func dependencies(o Options) []dependency {
	policy := hosts.NewPolicy("", o.AllowHosts)
	sorted := slices.SortedFunc(slices.Values(o.Proxies), func(a, b Proxy) int { return cmp.Compare(a.Name, b.Name) })
	var list []dependency
	taken := map[string]bool{}
	for _, p := range sorted {
		if p.Name == "blastgauge-lock" {
			continue
		}
		list = append(list, dependency{Proxy: p, id: unique(cmp.Or(slug(p.Name), "dependency"), "-", taken), foreign: !addressable(p, policy)})
	}
	if len(list) == 0 {
		return []dependency{exampleDependency()}
	}
	return list
}

var (
	listenForm   = regexp.MustCompile(`^[^/@?#\s]*:[0-9]{1,5}$`)
	upstreamForm = regexp.MustCompile(`^((http|https|h2c|redis|rediss|postgres)://)?([^/@?#\s]+):[0-9]{1,5}$`)
)

// addressable tells whether a document may name the proxy's addresses: they
// have the form, and the upstream is on a host that may be named.
func addressable(p Proxy, policy hosts.Policy) bool {
	m := upstreamForm.FindStringSubmatch(p.Upstream)
	return m != nil && listenForm.MatchString(p.Listen) && policy.CheckName(m[3]) == nil
}

var notInID = regexp.MustCompile(`[^a-z0-9]+`)

// maxID is shorter than ids may be: something is added to them.
const maxID = 40

// slug is a text as an id; empty where nothing is left.
func slug(text string) string {
	s := strings.Trim(notInID.ReplaceAllString(strings.ToLower(camel.ReplaceAllString(text, "$1-$2")), "-"), "-")
	return strings.Trim(s[:min(len(s), maxID)], "-")
}

var camel = regexp.MustCompile(`([a-z0-9])([A-Z])`)

// unique adds a number to a name that is taken, and takes it.
func unique(name, separator string, taken map[string]bool) string {
	for n, base := 2, name; taken[name]; n++ {
		name = fmt.Sprintf("%s%s%d", base, separator, n)
	}
	taken[name] = true
	return name
}
