// Package incidents finds incidents of others by their ids, shows them, and binds them to
// the system that a run is about.
package incidents

import (
	"fmt"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/usage"
	library "github.com/blastgauge/blastgauge/examples/incidents"
	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/shape"
)

// Find finds incidents by their ids, in the order of the ids. The error is a [usage.Error].
func Find(ids ...string) ([]library.Incident, error) {
	all, err := library.All()
	if err != nil {
		return nil, err
	}
	var list []library.Incident
	for n, id := range ids {
		at := slices.IndexFunc(all, func(i library.Incident) bool { return i.ID == id })
		switch {
		case at < 0:
			return nil, usage.Errorf("no incident %q%s; see: blastgauge incidents", id, usage.DidYouMean(id, IDs()))
		case slices.Contains(ids[:n], id):
			return nil, usage.Errorf("%s is named twice, and a run has each incident once", id)
		}
		list = append(list, all[at])
	}
	return list, nil
}

// NoCommand refuses the id of an incident where a command is needed. The error is a
// [usage.Error].
func NoCommand(words []string) error {
	if len(words) == 0 || !slices.Contains(IDs(), words[0]) {
		return nil
	}
	return usage.Errorf("%s is an incident and no command; see: blastgauge incidents show %[1]s", words[0])
}

// IDs lists the ids of all incidents.
func IDs() (ids []string) {
	all, _ := library.All() // Find says what is wrong with them
	for _, i := range all {
		ids = append(ids, i.ID)
	}
	return ids
}

// Show returns an incident; with names, given as ROLE=NAME, its experiment is the document
// for a system in which these take the roles. The error is a [usage.Error].
func Show(id string, given []string) (library.Incident, error) {
	list, err := Find(id)
	if err != nil {
		return library.Incident{}, err
	}
	i := list[0]
	if len(given) == 0 {
		return i, nil
	}
	names, err := library.ParseNames(given, i)
	if err != nil {
		return i, usage.Errorf("--bind: %w", err)
	}
	if missing, _ := i.Unbound(names); len(missing) > 0 {
		return i, usage.Errorf("%s needs one more role: %s; add --bind %s=DEPENDENCY", id, describe(missing[0]), missing[0].Name)
	}
	i.Experiment, err = i.Bind(names)
	return i, err
}

// A Binding binds incidents to the system of a run.
type Binding struct {
	list    []library.Incident
	names   library.Names
	bound   []string
	remarks []string
}

// Bind begins to bind incidents, with what the user says about roles, as ROLE=NAME. The error
// is a [usage.Error].
func Bind(ids, given []string) (*Binding, error) {
	if len(ids) == 0 {
		return nil, usage.Errorf("an incident is needed, such as %s; see: blastgauge incidents", IDs()[0])
	}
	list, err := Find(ids...)
	if err != nil {
		return nil, err
	}
	names, err := library.ParseNames(given, list...)
	if err != nil {
		return nil, usage.Errorf("--bind: %w", err)
	}
	return &Binding{list: list, names: names}, nil
}

// Write returns the experiments of the incidents for a system. Dependencies that are called
// exactly as a role take it, where nobody else does. The error is a [usage.Error].
func (b *Binding) Write(s *experiments.System) ([]shape.Source, error) {
	dependencies := make([]string, len(s.Dependencies))
	for n, d := range s.Dependencies {
		dependencies[n] = d.Name
	}
	var documents []shape.Source
	b.bound, b.remarks = nil, nil
	for _, i := range b.list {
		names, guessed := i.Guess(b.names, dependencies)
		missing, places := i.Unbound(names)
		if len(missing) > 0 {
			return nil, usage.Errorf("%s needs to know who takes the role %s. %s", i.ID, describe(missing[0]), candidates(missing[0], s))
		}
		for _, role := range guessed {
			b.remark("%s: the dependency %s takes the role of that name; --bind %s=NAME says otherwise", i.ID, role, b.written(i, role))
		}
		for _, r := range places {
			b.remark("%s: %s is not bound (%s): the seed chooses a place; --bind %s=/path says which", i.ID, r.Name, r.What, b.written(i, r.Name))
		}
		text, err := i.Bind(names)
		if err != nil {
			return nil, usage.Error{Err: err}
		}
		b.bound = append(b.bound, i.Bound(names)...)
		documents = append(documents, shape.Source{File: "incidents/" + i.ID + ".yaml", Text: []byte(text)})
	}
	return documents, nil
}

// written is how --bind names a role of an incident, and means no other.
func (b *Binding) written(i library.Incident, role string) string {
	for _, other := range b.list {
		if _, has := other.Role(role); has && other.ID != i.ID {
			return i.ID + "." + role
		}
	}
	return role
}

func (b *Binding) remark(format string, args ...any) {
	b.remarks = append(b.remarks, fmt.Sprintf(format, args...))
}

// Bound lists who takes which role, as INCIDENT.ROLE=NAME, once the documents are written.
func (b *Binding) Bound() []string { return b.bound }

// Remarks say what the user did not, once the documents are written.
func (b *Binding) Remarks() []string { return b.remarks }

// describe says what a role is, and what its dependency must speak.
func describe(r library.Role) string {
	text := fmt.Sprintf("%s (%s)", r.Name, r.What)
	if len(r.Schemes) > 0 {
		text += ", which speaks " + figures.List(r.Schemes, "or")
	}
	return text
}

// candidates says which dependencies of a system can take a role.
func candidates(r library.Role, s *experiments.System) string {
	var able, others []string
	for _, d := range s.Dependencies {
		scheme, _, has := strings.Cut(d.Upstream, "://")
		switch {
		case len(r.Schemes) == 0 || has && slices.Contains(r.Schemes, scheme) || d.Upstream == "":
			able = append(able, d.Name)
		case has:
			others = append(others, d.Name+" ("+scheme+")")
		default:
			others = append(others, d.Name+" (bytes alone)")
		}
	}
	text := fmt.Sprintf("Add --bind %s=DEPENDENCY; in %s ", r.Name, s.File)
	if len(able) == 0 {
		text += "no dependency can take it"
	} else {
		text += figures.List(able, "and") + " can take it"
	}
	if len(others) > 0 {
		text += ", and " + figures.List(others, "and") + " cannot"
	}
	return text
}
