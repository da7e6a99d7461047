// Package incidents holds public outages of others as experiments whose dependencies are
// roles, such as cache or payments, and binds the roles to the dependencies of a system.
package incidents

import (
	"cmp"
	"embed"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/blastgauge/blastgauge/experiments/shape"
	"github.com/blastgauge/blastgauge/injectors"
)

// documents are the incidents, a file each: what is known of it, and behind a line of three
// dashes its experiment.
//
//go:embed documents/*.yaml
var documents embed.FS

// An Incident is an outage of somebody else, with an experiment that re-enacts it at the
// boundary to a dependency.
type Incident struct {
	ID        string   `json:"id"` // that of its experiment as well
	Title     string   `json:"title"`
	Company   string   `json:"company"`
	When      string   `json:"when"` // a day, or what is known of it
	Happened  []Claim  `json:"happened"`
	Contested []string `json:"contested,omitempty"` // what is said and denied, or known from second hand only
	Sources   []Source `json:"sources"`
	Reenacted string   `json:"reenacted"` // how it is
	Keeps     []string `json:"keeps"`     // what the re-enactment has in common with it
	LeavesOut []string `json:"leaves_out"`
	Good      string   `json:"good_system"` // what one does
	Roles     []Role   `json:"roles"`       // in the order of the document
	Demo      Demo     `json:"demo"`
	// Experiment is the document of the experiment, with ${ROLE} for each role.
	Experiment string `json:"experiment"`
}

// A Claim is one thing that is said of an incident, and how it is known.
type Claim struct {
	Claim string `json:"claim"`
	Known Known  `json:"known"`
}

// A Source is a text that claims are taken from.
type Source struct {
	Name  string `json:"name"`
	URL   string `json:"url,omitempty"` // empty where its address is not known as a whole
	Known Known  `json:"known"`
}

// Known says how something is known.
type Known string

// How things are known. Of each text, its beginning was read, but for a collection's.
const (
	Company     Known = "company"     // from the company's or the authority's own text
	Republished Known = "republished" // from such a text as others have republished it
	Collection  Known = "collection"  // from a collection of postmortems that retells it
	Secondary   Known = "secondary"   // from an article or a summary
	Press       Known = "press"       // from the press, on documents that nobody else has published
	Own         Known = "own"         // by our arithmetic
)

// AllKnown lists the ways to know something, with what each means.
func AllKnown() []Source {
	return []Source{
		{Name: "the company's or the authority's own text, of which the beginning was read", Known: Company},
		{Name: "such a text as others have republished it", Known: Republished},
		{Name: "a collection of postmortems, which retells it", Known: Collection},
		{Name: "an article or a summary", Known: Secondary},
		{Name: "the press, on documents that nobody else has published", Known: Press},
		{Name: "arithmetic of ours", Known: Own},
	}
}

// A Role stands in an experiment for what a system has: a dependency, or a place in a
// document that one serves.
type Role struct {
	Name string `json:"name"`
	What string `json:"what"`
	// Place: it is a place in a document, a JSON Pointer or a JSONPath, and may be left
	// unbound. The seed then chooses one.
	Place bool `json:"place,omitempty"`
	// Schemes are those of the upstreams that the faults can act on, such as redis; nil: any.
	Schemes []string `json:"schemes,omitempty"`
}

// A Demo says what becomes of the shop in examples/checkout.
type Demo struct {
	Bind     map[string]string `json:"bind"` // dependencies and places of the shop by role
	Naive    Outcome           `json:"naive"`
	Hardened Outcome           `json:"hardened"`
}

// An Outcome is what becomes of the checkouts of one build of the shop.
type Outcome struct {
	Harm   Harm   `json:"harm"`
	Step   string `json:"step,omitempty"`   // of a checkout at which they are harmed
	Breaks string `json:"breaks,omitempty"` // the invariant that breaks
	Why    string `json:"why"`
}

// Harm is how checkouts are harmed.
type Harm string

// How checkouts are harmed.
const (
	None   Harm = "none"
	Late   Harm = "late"   // they are slow, or run into their time limit
	Wrong  Harm = "wrong"  // they are answered, and wrongly
	Failed Harm = "failed" // they are refused
)

// all reads the documents once. Nothing that it returns is ever changed.
var all = sync.OnceValues(func() ([]Incident, error) {
	files, err := documents.ReadDir("documents")
	if err != nil {
		return nil, err
	}
	var list []Incident
	var read []*shape.Document
	for _, f := range files {
		text, err := documents.ReadFile(path.Join("documents", f.Name()))
		d, i := decode(shape.Source{File: f.Name(), Text: text, Err: err})
		list, read = append(list, i), append(read, d)
	}
	slices.SortFunc(list, func(a, b Incident) int { return cmp.Compare(a.ID, b.ID) })
	return list, shape.Join(read...)
})

// All lists the incidents by their ids. Callers must not change what they hold.
func All() ([]Incident, error) {
	list, err := all()
	return slices.Clone(list), err
}

// Role finds a role by its name.
func (i Incident) Role(name string) (Role, bool) {
	at := slices.IndexFunc(i.Roles, func(r Role) bool { return r.Name == name })
	if at < 0 {
		return Role{}, false
	}
	return i.Roles[at], true
}

// separator parts what is known of an incident from its experiment.
const separator = "\n---\n"

// decode reads one document.
func decode(src shape.Source) (*shape.Document, Incident) {
	var i Incident
	about, experiment, _ := strings.Cut(string(src.Text), separator)
	src.Text, i.Experiment = []byte(about), experiment
	d := shape.NewDocument(src, shape.Language{})
	if root, ok := d.Parse(); ok {
		incidentShape(&i).Read(d, root, "")
	}
	for n := range i.Roles {
		i.Roles[n].Schemes = schemes(i.Roles[n], experiment)
	}
	return d, i
}

// injected matches the kind of a fault and the role that it happens to.
var injected = regexp.MustCompile(`inject: ([a-z_]+)\n +into: \$\{([a-z]+)\}`)

// schemes returns what an upstream may speak for all faults of an experiment that happen to
// a role; nil: anything.
func schemes(r Role, experiment string) (list []string) {
	for _, m := range injected.FindAllStringSubmatch(experiment, -1) {
		kind, _ := injectors.Lookup(m[1])
		switch {
		case m[2] != r.Name || len(kind.Schemes) == 0:
		case list == nil:
			list = slices.Clone(kind.Schemes)
		default:
			list = slices.DeleteFunc(list, func(s string) bool { return !slices.Contains(kind.Schemes, s) })
		}
	}
	return list
}
