package draft

import (
	"time"

	"github.com/blastgauge/blastgauge/injectors"
)

// An Experiment is what a source says of faults, to be written into a file of
// experiments/.
type Experiment struct {
	ID         string // as experiments.Slug makes it
	Title      string
	Hypothesis string
	Made       string // how, for a comment: "Made of the Chaos Toolkit experiment slow.json"
	Remarks    []string
	Faults     []Fault       // at least one
	Phase      time.Duration // of the faults; 0: as the system has it
	PhaseWhy   string        // where the length comes from, for a comment
	Probes     []*Step       // asked while a fault is in force; the target of each is a whole URL
	Proxies    []Proxy       // that the faults go into, and those that the source makes
	Toxiproxy  string        // the URL of its API, as documents write it; empty: not said
	Env        []Secret      // variables to set before a run, beside those of the journey
	Notes      []string      // for people to check, one sentence each

	Journey *Journey // nil: the source has no request of users
}

// A Fault is one of an experiment.
type Fault struct {
	Kind       injectors.Kind
	Proxy      string // the name of the proxy that it goes into
	Attributes injectors.Attributes
	Share      float64 // 0 and 1: of all connections
	Upstream   bool
	At, For    time.Duration // For is 0 where it lasts to the end
	Remarks    []string      // for comments above it
	Place      string        // where the source says it: file:line
}

// A Proxy is one that a source names.
type Proxy struct {
	Name     string
	Listen   string // host:port; empty: not said
	Upstream string
}
