package jsonpath

import (
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	theory "github.com/theory/jsonpath"
)

// parsed returns a document of ours.
func parsed(t testing.TB, text string) *Document {
	t.Helper()
	d := &Document{}
	if err := d.Decode([]byte(text), Unbounded{}); err != nil {
		t.Fatal(err)
	}
	return d
}

// selected returns what a path selects of a document.
func selected(t testing.TB, p Path, d *Document) []any {
	t.Helper()
	var list []any
	err := p.Visit(d, Unbounded{}, func(v Value) bool {
		made, err := v.Make(Unbounded{})
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, made)
		return true
	})
	if err != nil {
		t.Fatalf("%s: %v", p, err)
	}
	return list
}

// byLibrary returns what the library selects of a document, in our order.
func byLibrary(p *theory.Path, doc any, ordered bool) []any {
	if ordered {
		return p.Select(doc)
	}
	located := p.SelectLocated(doc)
	located.Sort()
	return slices.Collect(located.Nodes())
}

func document(t testing.TB, text string) any {
	t.Helper()
	in := json.NewDecoder(strings.NewReader(text))
	in.UseNumber()
	var v any
	if err := in.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

const shop = `{"id": 7, "items": [{"sku": "a", "price": 1.50}, {"sku": "b", "price": 20}, {"sku": "c"}],
	"by_name": {"z": {"n": 1}, "a": {"n": 2}, "m": {"n": [3, 4]}}, "null": null, "with space": {"0": "text"}}`

func TestSelect(t *testing.T) {
	t.Parallel()
	number := func(s string) any { return json.Number(s) }
	tests := map[string][]any{
		"$.id":                                 {number("7")},
		"$.items[1].sku":                       {"b"},
		"$.items[-1].sku":                      {"c"},
		"$['with space']['0']":                 {"text"},
		"$.null":                               {nil},
		"$.none":                               {},
		"$.items[9]":                           {},
		"$.items.sku":                          {},
		"$.by_name[0]":                         {},
		"$.id.more":                            {},
		"$.items[*].sku":                       {"a", "b", "c"},
		"$.items[0:2].sku":                     {"a", "b"},
		"$.items[::-1].sku":                    {"c", "b", "a"},
		"$.items[?@.price > 10].sku":           {"b"},
		"$.by_name.*.n":                        {number("2"), []any{number("3"), number("4")}, number("1")},
		"$.items[?match(@.name, 'a')]":         {},
		"$.items[?search(@.sku, '[ab]')].sku":  {"a", "b"},
		"$.items[?length(@.sku) == 1].price":   {number("1.50"), number("20")},
		"$.items[?value(@..none) == 1]":        {},
		"$.items[?length(@.none) > 0]":         {},
		"$.items[?match(value(@..none), 'a')]": {},
		"$..n[*]":                              {number("3"), number("4")},
		`$.items[?@.sku == "b"]["sku"]`:        {"b"},
	}
	doc := parsed(t, shop)
	for text, want := range tests {
		p, err := Parse(text)
		if err != nil {
			t.Errorf("Parse(%q) = %v", text, err)
			continue
		}
		if got := selected(t, p, doc); len(got) != len(want) || len(want) > 0 && !reflect.DeepEqual(got, want) {
			t.Errorf("%s selects %v, want %v", text, got, want)
		}
		if p.String() != text {
			t.Errorf("String() = %q", p)
		}
	}
	if got := selected(t, Path{}, doc); got != nil {
		t.Errorf("the zero path selects %v", got)
	}
}

func TestPlainPathsAgreeWithTheLibrary(t *testing.T) {
	t.Parallel()
	doc := document(t, shop)
	for _, text := range []string{"$", "$.items", "$.items[0]", "$.items[2].price", "$.items[-3].sku", "$.items[-4]", "$.by_name.m.n[1]", "$.id[0]", "$.items['0']", "$[0]"} {
		direct, err := Parse(text)
		if err != nil || direct.query != nil {
			t.Fatalf("%s is not followed directly: %v", text, err)
		}
		library, err := theory.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		got, want := selected(t, direct, parsed(t, shop)), library.Select(doc)
		if len(got) != len(want) || len(got) > 0 && !reflect.DeepEqual(got[0], want[0]) {
			t.Errorf("%s selects %v, the library %v", text, got, want)
		}
		located := []string(nil)
		for _, l := range library.SelectLocated(doc) {
			located = append(located, l.Path.Pointer())
		}
		if found := direct.Locate(doc); !slices.Equal(found, located) {
			t.Errorf("%s is at %v, the library finds it at %v", text, found, located)
		}
	}
}

// agreed are paths of every kind.
func agreed() []string {
	return []string{"$", "$.a.b[0]", "$.*", "$[*]", "$..*", "$..[0]", "$..[-1]", "$..['a','b']", "$['a', 0, 1:2:3]", "$[::-1]", "$[-2:]", "$[5:1:-2]", "$..[1::2]", "$..[::-1]",
		"$.a..b", "$..a..b", "$..a.*", "$..a[*]..b", "$[0,0][0,0]", "$..[0,0]", "$..[*,*]", "$['b','a']", "$['b','a'][*]", "$[?@.a > 1]", "$[?@.a]", "$[?!@.a]", "$..[?@.a == $.b]",
		"$[?@..a]", "$[?count(@..*) > 2]", "$[?value(@..a) == 1]", "$[?(@.a || !(@.b && @.c))]", "$[?count($..a) > 2]", "$[?@[?@.a]]", "$[?length(@) > 1]", "$[?match(@.a, 'x.*')]", "$..[?search(@, 'a')]",
		"$[?@.a == 'x' && $.b[0] != 1]", "$[?count(@[?@..a].*) > 1]", "$.items[-1]"}
}

func TestWeSelectWhatTheLibrarySelects(t *testing.T) {
	t.Parallel()
	docs := []string{shop, "null", "7", `"a"`, "[]", "{}", `[[],{},[[]],{"a":{}},{"a":[]}]`,
		`{"b":{"a":[1,{"b":2,"a":{"b":[3]}}],"b":{"b":4}},"a":[{"b":1},{"a":{"b":{"b":2}}},[[{"a":0}]]]}`,
		`[{"a":1},{"a":2,"b":"x"},{"b":{"a":1}},"aa",["a",{"a":"xy"}],{"c":1,"a":"x"},null,true,1.5e1]`,
		`{"a":1,"b":{"x":1},"a":{"b":[1,2]},"b":{"a":3,"a":4},"\u0061":{"b":7}}`,
		`{"\u00e9":1,"é":2,"z":3,"\n":4,"":{"a":{"":5}}}`, "{\"\xff\":1,\"\xfe\":{\"a\":1}}"}
	for _, text := range agreed() {
		p, err := Parse(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		for _, doc := range docs {
			agree(t, p, doc)
		}
	}
}

func agree(t *testing.T, p Path, doc string) {
	t.Helper()
	library, err := theory.NewParser(theory.WithRegistry(filterFunctions(nil))).Parse(p.String())
	if err != nil {
		t.Fatal(err)
	}
	got, want := selected(t, p, parsed(t, doc)), byLibrary(library, document(t, doc), p.segments != nil && !p.unordered)
	if len(got) != len(want) || len(got) > 0 && !reflect.DeepEqual(got, want) {
		t.Errorf("%s of %s selects\n%v, the library\n%v", p, doc, got, want)
	}
}

func TestLocate(t *testing.T) {
	t.Parallel()
	doc := document(t, `{"b/c": {"~": [1, {"x": 2}]}, "a": [{"x": 1}, {"x": 3}, 4]}`)
	for text, want := range map[string][]string{
		"$":                     {""},
		"$['b/c']['~'][-1].x":   {"/b~1c/~0/1/x"},
		"$..x":                  {"/a/0/x", "/a/1/x", "/b~1c/~0/1/x"},
		"$.a[?@.x > 1]":         {"/a/1"},
		"$.a[::-1]":             {"/a/2", "/a/1", "/a/0"},
		"$.absent":              nil,
		"$['b/c']['~'][0,1][0]": {},
	} {
		p, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Locate(doc); !slices.Equal(got, want) {
			t.Errorf("%s is at %q, want %q", text, got, want)
		}
	}
	if got := (Path{}).Locate(doc); got != nil {
		t.Errorf("the zero path is at %q", got)
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	tests := map[string]int{ // path to the place of the mistake
		"":                               0,
		"id":                             0,
		"$.":                             2,
		"$.items[":                       7,
		"$.items[?@.x == ]":              16,
		"$x":                             -1,
		"$" + strings.Repeat("[0]", 999): 0,
		"$[?" + strings.Repeat("(", 900): -1, // somewhere
	}
	for text, at := range tests {
		_, err := Parse(text)
		e, ok := errors.AsType[*Error](err)
		if !ok || at >= 0 && e.At != min(at, max(0, len(text)-1)) {
			t.Errorf("Parse(%.40q) = %#v, want a mistake at %d", text, err, at)
		}
	}
}

func BenchmarkPath(b *testing.B) {
	doc := parsed(b, shop)
	for _, text := range []string{"$.items[1].sku", "$.items[*].sku", "$..sku"} {
		b.Run(text, func(b *testing.B) {
			p, err := Parse(text)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if err := p.Visit(doc, Unbounded{}, func(Value) bool { return true }); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// Whatever a path and a document are, we select what the library selects.
func FuzzVisit(f *testing.F) {
	for _, seed := range agreed() {
		f.Add(seed, shop)
	}
	f.Add("$..a..a", `{"a":{"a":[{"a":1,"a":{"a":2}}],"b":{"a":0}}}`)
	f.Fuzz(func(t *testing.T, text, doc string) {
		p, err := Parse(text)
		if err != nil {
			if e, ok := errors.AsType[*Error](err); !ok || e.At < 0 || e.At > len(text) {
				t.Fatalf("Parse(%q) = %#v", text, err)
			}
			return
		}
		if len(doc) > 200 || strings.Count(text, "..")+strings.Count(text, ",") > 6 {
			return // the library would take too long
		}
		d := &Document{}
		if d.Decode([]byte(doc), Unbounded{}) != nil {
			return
		}
		agree(t, p, doc)
	})
}
