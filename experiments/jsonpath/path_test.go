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
	doc := document(t, shop)
	for text, want := range tests {
		p, err := Parse(text)
		if err != nil {
			t.Errorf("Parse(%q) = %v", text, err)
			continue
		}
		for range 20 { // objects have no order: chance must not show
			got := p.Select(doc)
			if len(got) != len(want) || len(want) > 0 && !reflect.DeepEqual(got, want) {
				t.Errorf("%s selects %v, want %v", text, got, want)
				break
			}
		}
		first, ok := p.First(doc)
		if ok != (len(want) > 0) || ok && !reflect.DeepEqual(first, want[0]) {
			t.Errorf("%s selects %v, %t first, want %v", text, first, ok, want)
		}
		if p.String() != text {
			t.Errorf("String() = %q", p)
		}
	}
	if v, ok := (Path{}).First(doc); ok || (Path{}).Select(doc) != nil {
		t.Errorf("the zero path selects %v", v)
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
		got, want := direct.Select(doc), library.Select(doc)
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

func BenchmarkPathFirst(b *testing.B) {
	doc := document(b, shop)
	p, err := Parse("$.items[1].sku")
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := p.First(doc); !ok {
			b.Fatal("nothing found")
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"$", "$.a.b[0]", "$..*", "$[?@.a > 1]", "$['a', 0, 1:2:3]", "$[?match(@.a, 'x.*')]", "$.items[-1]"} {
		f.Add(seed)
	}
	doc := document(f, shop)
	f.Fuzz(func(t *testing.T, text string) {
		p, err := Parse(text)
		if err != nil {
			if e, ok := errors.AsType[*Error](err); !ok || e.At < 0 || e.At > len(text) {
				t.Fatalf("Parse(%q) = %#v", text, err)
			}
			return
		}
		list := p.Select(doc)
		if first, ok := p.First(doc); ok != (len(list) > 0) || ok && !reflect.DeepEqual(first, list[0]) {
			t.Fatalf("%s: First is %v, Select is %v", text, first, list)
		}
	})
}
