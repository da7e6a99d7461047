package incidents

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/blastgauge/blastgauge/experiments/shape"
)

// Names are dependencies, and places in documents, by the role that they take.
type Names map[string]string

// ParseNames reads names that are written as ROLE=NAME, for the roles of some incidents.
func ParseNames(given []string, list ...Incident) (Names, error) {
	names := Names{}
	for _, text := range given {
		role, name, ok := strings.Cut(text, "=")
		role, name = strings.TrimSpace(role), strings.TrimSpace(name)
		if !ok || role == "" || name == "" {
			return nil, fmt.Errorf("%q is not ROLE=NAME, such as cache=carts", text)
		}
		r, known := findRole(role, list)
		switch before, twice := names[role]; {
		case !known:
			return nil, fmt.Errorf("no role is called %q%s; known: %s", role, didYouMean(role, list), strings.Join(roleNames(list), ", "))
		case twice && before != name:
			return nil, fmt.Errorf("%s is bound twice, to %s and to %s", role, before, name)
		case r.Place && !strings.HasPrefix(name, "/") && !strings.HasPrefix(name, "$"):
			return nil, fmt.Errorf("%s is a place in a document, a JSON Pointer such as /price/factor or a JSONPath such as $.price.factor, not %q", role, name)
		case !utf8.ValidString(name):
			return nil, fmt.Errorf("%s: %q is not UTF-8", role, name)
		case !r.Place && !dependencyName.MatchString(name):
			return nil, fmt.Errorf("%s is a dependency, and %q is not the name of one", role, name)
		}
		names[role] = name
	}
	return names, nil
}

// dependencyName is the form of the names of dependencies.
var dependencyName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)

func findRole(name string, list []Incident) (Role, bool) {
	for _, i := range list {
		if r, ok := i.Role(name); ok {
			return r, true
		}
	}
	return Role{}, false
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

func didYouMean(wrote string, list []Incident) string {
	if near := shape.Nearest(wrote, roleNames(list)); near != "" {
		return fmt.Sprintf(", did you mean %q?", near)
	}
	return ""
}

// Guess returns the names together with the dependencies that are called exactly as a role
// that nobody has taken, and lists these roles.
func (i Incident) Guess(names Names, dependencies []string) (with Names, guessed []string) {
	with = maps.Clone(names)
	if with == nil {
		with = Names{}
	}
	for _, r := range i.Roles {
		if _, taken := with[r.Name]; !taken && !r.Place && slices.Contains(dependencies, r.Name) {
			with[r.Name] = r.Name
			guessed = append(guessed, r.Name)
		}
	}
	return with, guessed
}

// Unbound lists the roles that nobody has taken, those of places as well, which need nobody.
func (i Incident) Unbound(names Names) (dependencies, places []Role) {
	for _, r := range i.Roles {
		switch _, taken := names[r.Name]; {
		case taken:
		case r.Place:
			places = append(places, r)
		default:
			dependencies = append(dependencies, r)
		}
	}
	return dependencies, places
}

// Bound lists who takes the roles of the incident, each as ROLE=NAME, in their order.
func (i Incident) Bound(names Names) (list []string) {
	for _, r := range i.Roles {
		if name, ok := names[r.Name]; ok {
			list = append(list, r.Name+"="+name)
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
	for _, r := range i.Roles {
		name, ok := names[r.Name]
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
	fmt.Fprintf(&b, "# %s, %s: %s.\n# How it is known: blastgauge incidents show %s\n", i.Company, i.When, i.Title, i.ID)
	for _, s := range i.Sources {
		if s.URL != "" {
			fmt.Fprintf(&b, "# %s\n", s.URL)
		}
	}
	return b.String()
}
