package incidents

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/shape"
)

func mustRead(t testing.TB) []Incident {
	t.Helper()
	list, err := All()
	if err != nil {
		t.Fatal(shape.Explain(err))
	}
	return list
}

// Every document says what is known, by which texts, and where a re-enactment ends.
func TestDocuments(t *testing.T) {
	t.Parallel()
	list := mustRead(t)
	if len(list) < 16 {
		t.Errorf("%d incidents, want at least 16", len(list))
	}
	for _, i := range list {
		if _, err := documents.Open("documents/" + i.ID + ".yaml"); err != nil || !strings.Contains(i.Experiment, "\nexperiment: "+i.ID+"\n") {
			t.Errorf("%s is not the name of its file and of its experiment: %v", i.ID, err)
		}
		for _, c := range i.Happened {
			from := func(s Source) bool { return s.Known == c.Known }
			if c.Known != Own && !slices.ContainsFunc(i.Sources, from) {
				t.Errorf("%s: no source is of the kind %s: %s", i.ID, c.Known, c.Claim)
			}
		}
		for role := range i.Demo.Bind {
			if _, ok := i.Role(role); !ok {
				t.Errorf("%s: the demo binds the role %s, which there is not", i.ID, role)
			}
		}
		if i.Demo.Naive.Harm == None {
			t.Errorf("%s harms nobody", i.ID)
		}
		if (i.Demo.Hardened.Harm == None) == strings.HasPrefix(i.Demo.Hardened.Why, "It is harmed as well.") {
			t.Errorf("%s: why the hardened shop is harmed is told where it is, and nowhere else: %s", i.ID, i.Demo.Hardened.Why)
		}
	}
}

// The page says which incidents do not go on the demo shop as one would think.
func TestPageListsExceptions(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range mustRead(t) {
		row := "\n| `" + i.ID + "` |"
		if strings.Contains(string(page), row) != (i.Demo.Hardened.Harm != None) {
			t.Errorf("%s: README.md has the row %q where the hardened shop is harmed, and nowhere else", i.ID, row)
		}
	}
}

// What is denied stands apart from what happened.
func TestContestedIsNoFact(t *testing.T) {
	t.Parallel()
	for _, i := range mustRead(t) {
		for _, c := range i.Happened {
			for _, word := range []string{"AI", "single operator", "assistant"} {
				if slices.Contains(strings.FieldsFunc(c.Claim, func(r rune) bool { return strings.ContainsRune(" ,.", r) }), word) {
					t.Errorf("%s: %q is contested, and told as a fact: %s", i.ID, word, c.Claim)
				}
			}
		}
		if i.Company == "Amazon" && len(i.Contested) == 0 {
			t.Errorf("%s does not say what is contested", i.ID)
		}
	}
}

// Each role stands in the experiment, and nothing else is left open in it.
func TestRoles(t *testing.T) {
	t.Parallel()
	variables := regexp.MustCompile(`\$\{([^}]*)\}`)
	for _, i := range mustRead(t) {
		used, into := map[string]bool{}, map[string]bool{}
		for _, m := range variables.FindAllStringSubmatch(i.Experiment, -1) {
			if used[m[1]] = true; !slices.ContainsFunc(i.Roles, func(r Role) bool { return r.Name == m[1] }) {
				t.Errorf("%s: ${%s} is no role", i.ID, m[1])
			}
		}
		for _, m := range injected.FindAllStringSubmatch(i.Experiment, -1) {
			into[m[2]] = true
		}
		for _, r := range i.Roles {
			if !used[r.Name] || into[r.Name] == r.Place {
				t.Errorf("%s: the role %s is not used as what it is", i.ID, r.Name)
			}
		}
	}
}

// aSystem writes a system with a dependency for each scheme, and returns its file.
func aSystem(t testing.TB) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "blastgauge.yaml")
	err := os.WriteFile(file, []byte(`version: 1
system: shop
environment: staging
toxiproxy: http://127.0.0.1:8474
url: http://127.0.0.1:8080
dependencies:
  web: {listen: "127.0.0.1:18083", upstream: "http://127.0.0.1:8083"}
  keys: {listen: "127.0.0.1:18084", upstream: "redis://127.0.0.1:8084"}
  rows: {listen: "127.0.0.1:18085", upstream: "postgres://127.0.0.1:8085"}
journeys: {checkout: {rate: 1/s, steps: [{name: look, request: GET /}]}}
`), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// load loads a document for the system in a file.
func load(system, text string) (*experiments.Experiment, error) {
	_, list, err := experiments.Selection{SystemFile: system, Write: func(*experiments.System) ([]shape.Source, error) {
		return []shape.Source{{File: "incidents/x.yaml", Text: []byte(text)}}, nil
	}}.Load()
	if err != nil {
		return nil, err
	}
	return list[0], nil
}

// takers are dependencies of aSystem that can take the roles of an incident; place takes
// that of a place, unless it is empty.
func takers(i Incident, place string) Names {
	names := Names{}
	for _, r := range i.Roles {
		switch {
		case r.Place && place != "":
			names[r.Name] = place
		case r.Place:
		case slices.Contains(r.Schemes, "redis"):
			names[r.Name] = "keys"
		case slices.Contains(r.Schemes, "postgres"):
			names[r.Name] = "rows"
		default:
			names[r.Name] = "web"
		}
	}
	return names
}

// A document that was bound is an experiment like others, with and without places.
func TestBoundDocumentsLoad(t *testing.T) {
	t.Parallel()
	system := aSystem(t)
	for _, i := range mustRead(t) {
		for _, place := range []string{"", "/a/0/b", `$.a[?(@.b == "c")].d`} {
			names := takers(i, place)
			text, err := i.Bind(names)
			if err != nil {
				t.Errorf("%s: %v", i.ID, err)
				continue
			}
			e, err := load(system, text)
			if err != nil {
				t.Errorf("%s at %q:\n%s", i.ID, place, shape.Explain(err))
				continue
			}
			_, parameters := e.Faults[0].Attributes.Operator()
			want := ""
			if slices.ContainsFunc(i.Roles, func(r Role) bool { return r.Place }) {
				want = place
			}
			if got, _ := parameters["path"].(string); got != want {
				t.Errorf("%s: the place is %q, want %q", i.ID, got, want)
			}
			if e.ID != i.ID || strings.Contains(text, "${") {
				t.Errorf("%s: bound as\n%s", i.ID, text)
			}
		}
	}
}

// A dependency that speaks something else is refused, and the line is named.
func TestWrongProtocol(t *testing.T) {
	t.Parallel()
	system := aSystem(t)
	for _, i := range mustRead(t) {
		for _, r := range i.Roles {
			if len(r.Schemes) == 0 || r.Place {
				continue
			}
			names := takers(i, "")
			names[r.Name] = "web"
			if slices.Contains(r.Schemes, "http") {
				names[r.Name] = "keys"
			}
			text, err := i.Bind(names)
			if err != nil {
				t.Fatal(err)
			}
			_, err = load(system, text)
			wrong := shape.Errors(err)
			if len(wrong) == 0 || !strings.HasPrefix(strings.Split(text, "\n")[wrong[0].Line-1], "  - inject: ") {
				t.Errorf("%s: %v", i.ID, err)
			}
		}
	}
}

func TestParseNames(t *testing.T) {
	t.Parallel()
	cache := Incident{ID: "c", Roles: []Role{{Name: "cache"}, {Name: "list", Place: true}}}
	other := Incident{ID: "d", Roles: []Role{{Name: "list", Place: true}, {Name: "database"}}}
	for name, tt := range map[string]struct {
		given []string
		want  Names
	}{
		"a cache and a list":  {[]string{"cache=carts", " list = /a=b "}, Names{"cache": "carts", "list": "/a=b"}},
		"the same twice":      {[]string{"cache=carts", "cache=carts"}, Names{"cache": "carts"}},
		"nothing":             {nil, Names{}},
		"no name":             {[]string{"cache="}, nil},
		"no role":             {[]string{"carts"}, nil},
		"another role":        {[]string{"cash=carts"}, nil},
		"two names":           {[]string{"cache=carts", "cache=orders"}, nil},
		"no place":            {[]string{"list=discounts"}, nil},
		"no dependency":       {[]string{"cache=/a"}, nil},
		"another line":        {[]string{"cache=carts\n    share: 1%"}, nil},
		"not UTF-8":           {[]string{"list=/\xd9"}, nil},
		"a place for a cache": {[]string{"cache=$.a"}, nil},
		"of one":              {[]string{"c.cache=carts", "database=orders"}, Names{"c.cache": "carts", "database": "orders"}},
		"of one twice":        {[]string{"c.cache=carts", "c.cache=orders"}, nil},
		"of one without":      {[]string{"c.database=carts"}, nil},
		"of nobody":           {[]string{"e.cache=carts"}, nil},
		"no place of one":     {[]string{"d.list=discounts"}, nil},
		"a place for both":    {[]string{"list=/a"}, nil},
		"places of their own": {[]string{"c.list=/a", "d.list=/b"}, Names{"c.list": "/a", "d.list": "/b"}},
		"a place of its own":  {[]string{"list=/a", "d.list=/b"}, Names{"list": "/a", "d.list": "/b"}},
	} {
		list := []Incident{cache}
		if strings.Contains(name, "of one") || strings.Contains(name, "both") || strings.Contains(name, "own") {
			list = append(list, other)
		}
		got, err := ParseNames(tt.given, list...)
		if (err != nil) != (tt.want == nil) || tt.want != nil && !maps.Equal(got, tt.want) {
			t.Errorf("%s: ParseNames() = %v, %v, want %v", name, got, err, tt.want)
		}
	}
	if _, err := ParseNames([]string{"cach=x"}, cache); err == nil || !strings.Contains(err.Error(), `did you mean "cache"?`) {
		t.Errorf("a role that is nearly right: %v", err)
	}
}

// A dependency takes a role by itself only if it is called exactly like it.
func TestGuess(t *testing.T) {
	t.Parallel()
	i := Incident{ID: "c", Roles: []Role{{Name: "cache", What: "a cache"}, {Name: "database"}, {Name: "list", Place: true}}}
	with, guessed := i.Guess(Names{"database": "rows", "c.database": "orders", "d.cache": "keys"}, []string{"cache", "caches", "list", "database"})
	if !maps.Equal(with, Names{"cache": "cache", "database": "orders"}) || !slices.Equal(guessed, []string{"cache"}) {
		t.Errorf("Guess() = %v, %v", with, guessed)
	}
	with, guessed = i.Guess(nil, []string{"Cache", "the-cache", "caches"})
	missing, places := i.Unbound(with)
	if len(guessed) > 0 || len(missing) != 2 || len(places) != 1 {
		t.Errorf("guessed %v of names that are not the same; missing %v and %v", guessed, missing, places)
	}
	if _, err := i.Bind(with); err == nil {
		t.Error("Bind() = nil without anybody for a role")
	}
}

// No name makes another document of an experiment.
func FuzzBind(f *testing.F) {
	for _, place := range []string{"/price/factor", "$..[?(@.a<3)]", `/a"b`, "/${config}", "/a\n  - inject: down", "/\x00", "/\u2028", "/\xd9\xd9"} {
		f.Add(place)
	}
	list := mustRead(f)
	at := slices.IndexFunc(list, func(i Incident) bool { return i.ID == "amazon-2026-03-02" })
	system := aSystem(f)
	f.Fuzz(func(t *testing.T, place string) {
		names, err := ParseNames([]string{"promise=web", "number=" + place}, list[at])
		if err != nil {
			return
		}
		text, err := list[at].Bind(names)
		if err != nil {
			t.Fatal(err)
		}
		e, err := load(system, text)
		if err != nil {
			if !errors.Is(err, experiments.ErrInvalid) {
				t.Fatal(err)
			}
			return // it is no path, and that is told
		}
		_, parameters := e.Faults[0].Attributes.Operator()
		if len(e.Faults) != 1 || parameters["path"] != names["number"] {
			t.Errorf("%q became %q in\n%s", place, parameters["path"], text)
		}
	})
}

// The documents are read strictly.
func TestMistakesInDocuments(t *testing.T) {
	t.Parallel()
	whole, err := documents.ReadFile("documents/slack-2022-02-22.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, change := range [][2]string{{"known: company", "known: rumour"}, {"keeps:", "kept:"}, {"company: Slack", ""}, {"harm: failed", "harm: some"}, {"roles:", "roles: {}\nother:"}} {
		text := strings.Replace(string(whole), change[0], change[1], 1)
		d, _ := decode(shape.Source{File: "x.yaml", Text: []byte(text)})
		if err := shape.Join(d); text == string(whole) || !errors.Is(err, shape.ErrInvalid) {
			t.Errorf("%q in place of %q: %v", change[1], change[0], err)
		}
	}
}
