package badconfig

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/blastgauge/blastgauge/injectors"
)

// A mutationTest is one operator on one document.
type mutationTest struct {
	params        string // JSON
	format        Format // JSON where empty
	before, after string // after empty: unfit says why not
	where         string // pointers, with spaces between
	unfit         string
	seed          uint64
	client        string
	rewritten     bool
}

// noon is the moment that documents are looked at.
func noon() time.Time { return time.Date(2026, 3, 5, 12, 0, 0, 0, time.UTC) }

func parsed(t *testing.T, operator, params string) *Mutation {
	t.Helper()
	var attributes map[string]any
	if params != "" {
		if err := json.Unmarshal([]byte(params), &attributes); err != nil {
			t.Fatal(err)
		}
	}
	m, err := Parse(operator, attributes)
	if err != nil {
		t.Fatalf("Parse(%s, %s) = %v", operator, params, err)
	}
	return m
}

func runTable(t *testing.T, operator string, tests map[string]mutationTest) {
	t.Helper()
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) { tt.run(t, operator) })
	}
}

func (tt mutationTest) run(t *testing.T, operator string) {
	m := parsed(t, operator, tt.params)
	doc := Document{Body: []byte(tt.before), Format: tt.format, Seed: tt.seed, Client: tt.client, At: noon()}
	r, err := m.Apply(doc)
	if tt.unfit != "" {
		if !errors.Is(err, ErrUnfit) || !strings.Contains(err.Error(), tt.unfit) {
			t.Fatalf("Apply() = %v, want ErrUnfit with %q", err, tt.unfit)
		}
		if string(r.Body) != tt.before || r.Changed {
			t.Errorf("after an error the result is %+v, want the document as it was", r)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if got := string(r.Body); got != tt.after {
		t.Errorf("after:\n%s\nwant:\n%s", got, tt.after)
	}
	if got := strings.Join(r.Where, " "); got != tt.where {
		t.Errorf("where = %q, want %q", got, tt.where)
	}
	if r.Rewritten != tt.rewritten {
		t.Errorf("rewritten = %v, want %v", r.Rewritten, tt.rewritten)
	}
	if !r.Changed || !strings.HasPrefix(r.What, operator) {
		t.Errorf("changed = %v, what = %q", r.Changed, r.What)
	}
	promises(t, m, doc, r)
}

// promises are what holds for every result.
func promises(t *testing.T, m *Mutation, doc Document, r Result) {
	t.Helper()
	again, err := m.Apply(doc)
	if err != nil || !bytes.Equal(again.Body, r.Body) || again.What != r.What {
		t.Errorf("a second Apply() = %q, %v", again.Body, err)
	}
	if format := doc.Format; m.Parses() && !bytes.Contains(doc.Body, []byte("<<")) && reads(doc.Body, format) && !reads(r.Body, format) {
		t.Errorf("the result does not read: %q", r.Body)
	}
}

// reads reports whether the standard decoders accept a document.
func reads(body []byte, format Format) bool {
	switch format {
	case YAML:
		var v any
		return yaml.Unmarshal(bytes.TrimPrefix(body, []byte(bom)), &v) == nil
	case Text:
		return true
	}
	return json.Valid(bytes.TrimPrefix(body, []byte(bom)))
}

// Every operator of the catalogue is implemented and accepts its own example, and
// no operator asks for a parameter that the catalogue does not have.
func TestTheCatalogueHasTheseOperators(t *testing.T) {
	t.Parallel()
	kind, _ := injectors.Lookup("http_config")
	var described []string
	for _, a := range kind.Attributes {
		if a.Unit != injectors.Operation {
			continue
		}
		described = append(described, a.Name)
		var example map[string]any
		if err := yaml.Unmarshal([]byte(a.Example), &example); err != nil || len(example) == 0 {
			t.Errorf("%s: its example %s: %v", a.Name, a.Example, err)
		}
		if name := injectors.FileAttribute(a.Name); name != "" && example[name] != nil {
			example["body"] = "{}"
		}
		if _, err := Parse(a.Name, example); err != nil {
			t.Errorf("%s: its example %s: %v", a.Name, a.Example, err)
		}
	}
	if got := Names(); !slices.Equal(got, described) {
		t.Errorf("Names() = %v, the catalogue describes %v", got, described)
	}
}

func TestParseSaysWhatWouldBeRight(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ operator, params, want string }{
		{"scales", `{}`, `unknown operator "scales"; the operators are drop, blank`},
		{"scale", `{"bye": 2}`, `scale has no parameter "bye"; it has path, by and unit`},
		{"scale", `{"by": "2x"}`, `scale: by must be a number, not "2x"`},
		{"scale", `{"by": 1}`, `scale: by must be a number other than 1`},
		{"scale", `{"by": 2, "unit": "ms"}`, `by changes the number, unit what it counts`},
		{"scale", `{"unit": "60s"}`, `unit must be one such as ms or EUR`},
		{"scale", `{"path": "price"}`, `"price" is neither a JSON Pointer such as /price/factor nor a JSONPath such as $.price.factor`},
		{"scale", `{"path": "$.price["}`, `path: not a JSONPath`},
		{"scale", `{"path": 3}`, `path must be a text, not 3`},
		{"drop", `{"as": "nil"}`, `as must be absent or null, not "nil"`},
		{"truncate", `{"keep": 60}`, `keep must be a share such as 60%, not 60`},
		{"truncate", `{"keep": "0%"}`, `keep must be a share such as 60%, not "0%"`},
		{"truncate", `{"keep": 0.5, "bytes": 3}`, `give one of them`},
		{"truncate", `{"bytes": -1}`, `bytes must be a whole number from 0`},
		{"truncate", `{"bytes": 1.5}`, `bytes must be a whole number from 0`},
		{"duplicate", `{"times": 1}`, `times must be a whole number from 2 to 10000, not 1`},
		{"duplicate", `{"value": 1, "as": "entries"}`, `say as: key`},
		{"rename", `{"arity": 0}`, `arity must not be 0`},
		{"rename", `{"arity": 1, "to": "x"}`, `give one of them`},
		{"rename", `{"to": ""}`, `to must not be empty`},
		{"stale", `{"from": "old.json"}`, `the text of old.json must come with it, as body`},
		{"candidate", `{}`, `the document is missing: give file`},
		{"candidate", `{"file": "next.json"}`, `the text of next.json must come with it`},
		{"extreme", `{"to": "max"}`, `to must be a number, int32 or int64, not "max"`},
		{"extreme", `{"to": [1]}`, `to must be a number, int32 or int64`},
		{"extreme", `{"to": 1, "length": 2}`, `give one of them`},
		{"split", `{"share": "200%"}`, `share must be a share`},
		{"split", `{"with": "drop"}`, `with must be an operator with its parameters`},
		{"split", `{"with": {"split": {}}}`, `with must be one operator, and not split`},
		{"split", `{"with": {"drop": {}, "blank": {}}}`, `with must be one operator, and not split`},
		{"split", `{"with": {"drop": {"pat": "/a"}}}`, `with: drop has no parameter "pat"`},
		{"split", `{"with": {"drop": {}}, "body": "x"}`, `one of them`},
		{"unpair", `{"set": {}}`, `set must be an object of paths and values`},
		{"unpair", `{"set": {"a": 1}}`, `"a" is neither a JSON Pointer`},
		{"unpair", `{"swap": ["/a"]}`, `swap must be a list of two paths`},
		{"unpair", `{"swap": ["/a", "/b"], "set": {"/a": 1}}`, `give set or swap, not both`},
		{"expire", `{"days": 1e9}`, `days must be a whole number from -36500 to 36500`},
		{"endpoints", `{"as": "wrong"}`, `wrong needs to`},
		{"endpoints", `{"as": "dead", "to": "x"}`, `say as: wrong`},
		{"endpoints", `{"keep": 1}`, `say as: partial`},
		{"endpoints", `{"as": "wrong", "to": "http://x"}`, `to must be host or host:port`},
	} {
		var attributes map[string]any
		if err := json.Unmarshal([]byte(tt.params), &attributes); err != nil {
			t.Fatal(err)
		}
		m, err := Parse(tt.operator, attributes)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("Parse(%s, %s) = %v, %v, want %q", tt.operator, tt.params, m, err, tt.want)
		}
	}
}

func TestSelect(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ attributes, operator, params, wrong string }{
		{`{"scale": {"by": 100}, "flap": 5}`, "scale", `{"by":100}`, ""},
		{`{"stale": null}`, "stale", `null`, ""},
		{`{"flap": 5}`, "", "", "an operator is missing: one of drop, blank"},
		{`{"drop": {}, "blank": {}}`, "", "", "a fault has one operator, not drop and blank"},
		{`{"drop": "/a"}`, "", "", `drop must be an object of its parameters, not "/a"`},
	} {
		var attributes map[string]any
		if err := json.Unmarshal([]byte(tt.attributes), &attributes); err != nil {
			t.Fatal(err)
		}
		operator, params, err := Select(attributes)
		if tt.wrong != "" {
			if err == nil || !strings.Contains(err.Error(), tt.wrong) {
				t.Errorf("Select(%s) = %v, want %q", tt.attributes, err, tt.wrong)
			}
			continue
		}
		if got, _ := json.Marshal(params); err != nil || operator != tt.operator || string(got) != tt.params {
			t.Errorf("Select(%s) = %s, %s, %v", tt.attributes, operator, got, err)
		}
	}
}

func TestDetect(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, body string
		want       Format
	}{
		{"application/json", "", JSON},
		{"application/json; charset=utf-8", "", JSON},
		{"application/problem+json", "", JSON},
		{"application/yaml", "", YAML},
		{"text/x-yaml; charset=utf-8", "", YAML},
		{"application/vnd.oai.openapi+yaml", "", YAML},
		{"etc/app/config.yml", "", YAML},
		{"Settings.JSON", "", JSON},
		{"text/plain", `{"a": 1}`, JSON},
		{"", bom + ` [1]`, JSON},
		{"", `{"a": `, Text},
		{"text/plain", "a: 1", Text},
		{"rules.conf", "12", Text},
		{"", "", Text},
	} {
		if got := Detect(tt.name, []byte(tt.body)); got != tt.want {
			t.Errorf("Detect(%q, %q) = %s, want %s", tt.name, tt.body, got, tt.want)
		}
	}
}

func TestBad(t *testing.T) {
	t.Parallel()
	var got []bool
	for s := time.Duration(0); s < 16*time.Second; s += 4 * time.Second {
		got = append(got, Bad(5*time.Second, s))
	}
	if want := []bool{true, true, false, true}; !slices.Equal(got, want) {
		t.Errorf("Bad() at 0, 4, 8 and 12 s of 5 s = %v, want %v", got, want)
	}
	if !Bad(0, time.Hour) || !Bad(time.Second, -time.Second) {
		t.Error("what does not alternate is good")
	}
}

// A byte order mark is neither lost nor in the way.
func TestByteOrderMark(t *testing.T) {
	t.Parallel()
	m := parsed(t, "scale", `{"path": "/a"}`)
	for _, format := range []Format{JSON, YAML, ""} {
		before := []byte(bom + `{"a": 1}`)
		r, err := m.Apply(Document{Body: before, Format: format})
		if err != nil || string(r.Body) != bom+`{"a": 100}` {
			t.Errorf("Apply() in %q = %q, %v", format, r.Body, err)
		}
	}
}

// What is said of a fault holds no text of the document: it may be a secret.
func TestWhatHoldsNoSecrets(t *testing.T) {
	t.Parallel()
	const secret = "hunter2hunter2"
	body := []byte(`{"password": "` + secret + `", "list": ["` + secret + `"], "until": "2026-01-01"}`)
	for _, o := range operators() {
		for _, path := range []string{"/password", "/list", "/list/0"} {
			params := map[string]any{"path": path}
			for _, name := range []string{"truncate", "stale", "split", "candidate", "unpair"} {
				if o.name == name {
					params = map[string]any{}
				}
			}
			if o.name == "candidate" || o.name == "stale" {
				params["body"] = secret
			}
			m, err := Parse(o.name, params)
			if err != nil {
				t.Fatal(err)
			}
			r, err := m.Apply(Document{Body: body, Client: "a", Earlier: []byte(`{}`)})
			if strings.Contains(r.What, secret) || err != nil && strings.Contains(err.Error(), secret) {
				t.Errorf("%s says %q, %v", o.name, r.What, err)
			}
		}
	}
}
