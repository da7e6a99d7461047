package incidents

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/shape"
)

// Names are dependencies, and places in documents, by the role that they take: ROLE, or
// INCIDENT.ROLE for what is said of one incident alone, which comes first.
type Names map[string]string

// ParseNames reads names that are written as ROLE=NAME or INCIDENT.ROLE=NAME, for the roles
// of some incidents. A place is one of one document: incidents that both have such a role
// do not share it.
func ParseNames(given []string, list ...Incident) (Names, error) {
	names := Names{}
	for _, text := range given {
		role, name, ok := strings.Cut(text, "=")
		role, name = strings.TrimSpace(role), strings.TrimSpace(name)
		if !ok || role == "" || name == "" {
			return nil, fmt.Errorf("%q is not ROLE=NAME, such as cache=carts", text)
		}
		r, err := findRole(role, list)
		switch before, twice := names[role]; {
		case err != nil:
			return nil, err
		case twice && before != name:
			return nil, fmt.Errorf("%s is bound twice, to %s and to %s", role, before, name)
		}
		if err := r.check(role, name); err != nil {
			return nil, err
		}
		names[role] = name
	}
	return names, checkShared(names, list)
}

// check says what is wrong with a name for a role, which was written in this way.
func (r Role) check(written, name string) error {
	switch {
	case r.Place && !strings.HasPrefix(name, "/") && !strings.HasPrefix(name, "$"):
		return fmt.Errorf("%s is a place in a document, a JSON Pointer such as /price/factor or a JSONPath such as $.price.factor, not %q", written, name)
	case !utf8.ValidString(name):
		return fmt.Errorf("%s: %q is not UTF-8", written, name)
	case !r.Place && experiments.CheckID(name) != nil:
		return fmt.Errorf("%s is a dependency, and %q is not the name of one", written, name)
	}
	return nil
}

// checkShared refuses a place for several incidents that each have one of their own.
func checkShared(names Names, list []Incident) error {
	for _, role := range slices.Sorted(maps.Keys(names)) {
		var share []string
		for _, i := range list {
			_, alone := names[i.qualified(role)]
			if r, has := i.Role(role); has && r.Place && !alone {
				share = append(share, fmt.Sprintf("%s (%s)", i.qualified(role), r.What))
			}
		}
		if len(share) > 1 {
			return fmt.Errorf("%s is a place in a document, and each incident has its own: bind %s one by one", role, figures.List(share, "and"))
		}
	}
	return nil
}

// qualified is a role of one incident alone, as it is written.
func (i Incident) qualified(role string) string { return i.ID + "." + role }

// findRole finds a role as it is written, with the id of an incident or without.
func findRole(written string, list []Incident) (Role, error) {
	known := roleNames(list)
	for _, i := range list {
		for _, r := range i.Roles {
			if written == r.Name || written == i.qualified(r.Name) {
				return r, nil
			}
			if strings.Contains(written, ".") {
				known = append(known, i.qualified(r.Name))
			}
		}
	}
	hint := ""
	if near := shape.Nearest(written, known); near != "" {
		hint = fmt.Sprintf(", did you mean %q?", near)
	}
	return Role{}, fmt.Errorf("no role is called %q%s; known: %s", written, hint, strings.Join(roleNames(list), ", "))
}

func roleNames(list []Incident) (names []string) {
	for _, i := range list {
		for _, r := range i.Roles {
			names = append(names, r.Name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Own returns who takes the roles of the incident, by these alone.
func (i Incident) Own(names Names) Names {
	own := Names{}
	for _, r := range i.Roles {
		for _, written := range []string{r.Name, i.qualified(r.Name)} { // the latter decides
			if name, ok := names[written]; ok {
				own[r.Name] = name
			}
		}
	}
	return own
}

// Guess returns who takes the roles of the incident, together with the dependencies that are
// called exactly as a role that nobody has taken, and lists these roles.
func (i Incident) Guess(names Names, dependencies []string) (own Names, guessed []string) {
	own = i.Own(names)
	for _, r := range i.Roles {
		if _, taken := own[r.Name]; !taken && !r.Place && slices.Contains(dependencies, r.Name) {
			own[r.Name] = r.Name
			guessed = append(guessed, r.Name)
		}
	}
	return own, guessed
}

// Unbound lists the roles that nobody has taken, those of places as well, which need nobody.
func (i Incident) Unbound(names Names) (dependencies, places []Role) {
	own := i.Own(names)
	for _, r := range i.Roles {
		switch _, taken := own[r.Name]; {
		case taken:
		case r.Place:
			places = append(places, r)
		default:
			dependencies = append(dependencies, r)
		}
	}
	return dependencies, places
}

// Bound lists who takes the roles of the incident, each as INCIDENT.ROLE=NAME, in their order.
func (i Incident) Bound(names Names) (list []string) {
	own := i.Own(names)
	for _, r := range i.Roles {
		if name, ok := own[r.Name]; ok {
			list = append(list, i.qualified(r.Name)+"="+name)
		}
	}
	return list
}

// Bind returns the experiment as a document for a system in which these take the roles. All
// roles of dependencies must be taken; of a place that is not, the seed of a run chooses one.
// The document begins with who it is about.
func (i Incident) Bind(names Names) (string, error) {
	if missing, _ := i.Unbound(names); len(missing) > 0 {
		return "", fmt.Errorf("%s: nobody takes the role %s: %s", i.ID, missing[0].Name, missing[0].What)
	}
	var written []string // roles, and what is written for them
	own := i.Own(names)
	for _, r := range i.Roles {
		name, ok := own[r.Name]
		switch {
		case !r.Place:
			written = append(written, variable(r.Name), name)
		case ok:
			quoted, err := json.Marshal(name) // which YAML reads as well
			if err != nil {
				return "", err
			}
			written = append(written, variable(r.Name), string(quoted))
		default:
			written = append(written, "path: "+variable(r.Name)+", ", "", "path: "+variable(r.Name), "")
		}
	}
	return i.head() + strings.NewReplacer(written...).Replace(i.Experiment), nil
}

func variable(role string) string { return "${" + role + "}" }

// head is what stands above a document that was bound.
func (i Incident) head() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s. %s, %s.\n# How it is known: blastgauge incidents show %s\n", i.Title, i.Company, i.When, i.ID)
	for _, s := range i.Sources {
		if s.URL != "" {
			fmt.Fprintf(&b, "# %s\n", s.URL)
		}
	}
	return b.String()
}
