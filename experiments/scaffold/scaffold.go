// Package scaffold writes first documents: from the proxies of a Toxiproxy, from a
// recorded or described checkout, from an experiment of another tool, or from nothing.
//
// The documents are text with comments for people to read and change. They load as
// they are. Where a value cannot be known, such as the address of staging, they
// hold an example and a comment that says what to write.
//
// Note: a recording holds cookies, passwords and tokens of a real session. The
// documents take only what a request needs, and hold ${env:NAME} in place of every
// value that looks secret.
package scaffold

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/hosts"
	"github.com/blastgauge/blastgauge/experiments/lazyregexp"
	"github.com/blastgauge/blastgauge/experiments/scaffold/draft"
)

// Options are the sources of the documents. The zero value makes an example of
// everything.
type Options struct {
	Toxiproxy  string            // URL of the control API; empty: the default address
	Proxies    []Proxy           // of that Toxiproxy; none: an example
	Journey    *draft.Journey    // nil: an example
	Experiment *draft.Experiment // nil: one for each dependency, in which it is slow
	AllowHosts []string          // written to the system's allow_hosts
}

// A Proxy is a proxy of a Toxiproxy, as its API shows it.
type Proxy struct {
	Name     string
	Listen   string // host:port
	Upstream string // host:port, with or without a scheme
	Enabled  bool
}

// Documents are the files that were made, and what to do about them.
type Documents struct {
	Files []File
	Env   []draft.Secret // variables to set before a run
	Notes []string       // for people to check, one sentence each

	load func(dir string) error // loads them from a folder; nil: a system and its experiments
}

// A File is one document.
type File struct {
	Name string // relative to the folder, with slashes
	Text string
	Kept bool // one that is there already stays, whatever it holds
	off  bool // a suggestion: all of it is a comment
}

// The schemas are written beside the documents, where editors find them without a
// network.
const (
	systemSchema     = ".blastgauge/schema/system.json"
	experimentSchema = ".blastgauge/schema/experiment.json"
)

// maxProxies is how many dependencies a system may have.
const maxProxies = 200

// Make makes the documents; [Documents.Place] writes them. The error is of class
// experiments.ErrInvalid if documents cannot hold the input.
func Make(o Options) (*Documents, error) {
	if len(o.Proxies) > maxProxies {
		return nil, fmt.Errorf("%w: %s has %d proxies, a system at most %d dependencies", experiments.ErrInvalid, o.Toxiproxy, len(o.Proxies), maxProxies)
	}
	d := &Documents{}
	deps := dependencies(o)
	d.Files = append(d.Files, File{Name: experiments.SystemFile, Text: d.makeSystem(o, deps)})
	active, err := d.experiments(o, deps)
	if err != nil {
		return nil, err
	}
	d.Files = append(d.Files, active...)
	for _, dep := range deps {
		d.Files = append(d.Files, suggestions(dep)...)
	}
	d.Files = append(d.Files, File{Name: ignoreFile, Text: ignoreText, Kept: true})
	for _, s := range []struct {
		name string
		kind experiments.Kind
	}{{systemSchema, experiments.SystemKind}, {experimentSchema, experiments.ExperimentKind}} {
		text, err := experiments.Schema(s.kind)
		if err != nil {
			return nil, err
		}
		d.Files = append(d.Files, File{Name: s.name, Text: string(text)})
	}
	return d, nil
}

// experiments are those that are no suggestions.
func (d *Documents) experiments(o Options, deps []dependency) (list []File, err error) {
	if e := o.Experiment; e != nil {
		d.Notes, d.Env = append(d.Notes, e.Notes...), append(d.Env, e.Env...)
		one, err := importedExperiment(e, o, deps)
		return []File{one}, err
	}
	for _, dep := range deps {
		list = append(list, File{Name: "experiments/" + dep.id + "-slow.yaml", Text: slowExperiment(dep)})
	}
	if len(o.Proxies) == 0 { // one file with every key, to read
		list[0].Text = exampleExperiment(deps[0])
	}
	return list, nil
}

// A dependency is a proxy as a document names it.
type dependency struct {
	Proxy
	id      string
	foreign bool // its upstream is a host that allow_hosts does not list
}

// exampleDependency is the dependency if no proxy is known.
func exampleDependency() dependency {
	return dependency{id: "payments", Proxy: Proxy{Name: "payments", Listen: "127.0.0.1:18083", Upstream: "http://127.0.0.1:8083", Enabled: true}}
}

// dependencies returns the proxies sorted by name, each with an id of its own. The
// lock of a run is left out.
func dependencies(o Options) []dependency {
	policy := hosts.NewPolicy("", o.AllowHosts)
	sorted := slices.SortedFunc(slices.Values(proxiesOf(o)), func(a, b Proxy) int { return cmp.Compare(a.Name, b.Name) })
	var list []dependency
	taken := map[string]bool{}
	for _, p := range sorted {
		if p.Name == "blastgauge-lock" {
			continue
		}
		list = append(list, dependency{Proxy: p, id: draft.UniqueName(cmp.Or(draft.Slug(p.Name), "dependency"), "-", taken), foreign: !canBeNamed(p, policy)})
	}
	if len(list) == 0 {
		return []dependency{exampleDependency()}
	}
	return list
}

var (
	listenForm   = lazyregexp.New(`^[^/@?#\s]*:[0-9]{1,5}$`)
	upstreamForm = lazyregexp.New(`^((https?|h2c|grpcs?|redis|rediss|postgres)://)?([^/@?#\s]+):[0-9]{1,5}$`)
)

// canBeNamed reports whether a document may hold the proxy's addresses: they have
// the right form, and the upstream is on a host that may be dialled.
func canBeNamed(p Proxy, policy hosts.Policy) bool {
	m := upstreamForm.FindStringSubmatch(p.Upstream)
	return m != nil && listenForm.MatchString(p.Listen) && policy.CheckName(m[3]) == nil
}
