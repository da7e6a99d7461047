package jsonpath

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// limits are bounds that count.
type limits struct {
	most, held, peak int // bytes; most 0: any
	looks, enough    int // after so many looks the work must end; 0: never
}

var (
	errMemory = errors.New("too much memory")
	errTime   = errors.New("too late")
)

func (l *limits) Hold(n int) error {
	if l.most > 0 && l.held+n > l.most {
		return errMemory
	}
	l.held += n
	l.peak = max(l.peak, l.held)
	return nil
}

func (l *limits) Release(n int) { l.held -= n }

func (l *limits) Err() error {
	if l.looks++; l.enough > 0 && l.looks >= l.enough {
		return errTime
	}
	return nil
}

// decodeStandard is what encoding/json makes of a text that holds one value.
func decodeStandard(text []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var document any
	if err := d.Decode(&document); err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errFollowed
	}
	return document, nil
}

func texts() []string {
	return []string{shop, "null", ` [1.0, -2e3, "\u00e9\n"] `, "{}", "[", "1 2", `"\ud800"`, "\"\xff\"", `{"a":1,"a":2}`, `-0.0E+7`, "01", "1.", "-", `"\`, `"\x"`, "\"\n\"", "[1,]",
		`{"a" : [ ] , "b":{}}`, "truefalse", "nul", "[true,false,null]", "\x00", " ", "", `{"a":[[],[{}],{"b":{}}],"":""}`, `[[[]]]`, " [ [ ] , { \"a\" : [ ] } ] ", `{"\u0061":1,"a":2}`, "\xef\xbb\xbf{}"}
}

// A document is what encoding/json decodes, without its help, and each of its values
// is where its text says.
func FuzzDecode(f *testing.F) {
	for _, s := range texts() {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var d Document
		err := d.Decode(text, Unbounded{})
		want, wantErr := decodeStandard(text)
		if (err == nil) != (wantErr == nil) || (err == nil) != json.Valid(text) {
			t.Fatalf("Decode(%q) = %v; encoding/json: %v", text, err, wantErr)
		}
		if err != nil {
			return
		}
		got, err := d.Root().Make(Unbounded{})
		if errors.Is(err, errTooDeep) {
			return
		}
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%q is %#v, %v; encoding/json: %#v", text, got, err, want)
		}
		for i := range d.count {
			v := Value{&d, i}
			if raw := v.Raw(); !json.Valid(raw) {
				t.Errorf("value %d of %q is %q", i, text, raw)
			}
		}
	})
}

func TestWhatIsNotJSONIsExplained(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]error{"": errEmpty, " ": errEmpty, "{}{}": errFollowed, "1 x": errFollowed, `{"a":`: io.ErrUnexpectedEOF} {
		var d Document
		if err := d.Decode([]byte(text), Unbounded{}); !errors.Is(err, want) {
			t.Errorf("Decode(%q) = %v, want %v", text, err, want)
		}
	}
	var d Document
	err := d.Decode([]byte("[1,]"), Unbounded{})
	if _, ok := errors.AsType[*json.SyntaxError](err); !ok {
		t.Errorf("Decode() = %#v, want the words of encoding/json", err)
	}
}

func TestDepthIsBounded(t *testing.T) {
	t.Parallel()
	const most = 10_000 // lists and objects inside each other, as in encoding/json
	for depth, want := range map[int]bool{most: true, most + 1: false} {
		for _, doc := range []string{strings.Repeat("[", depth) + strings.Repeat("]", depth), strings.Repeat(`{"a":`, depth) + "1" + strings.Repeat("}", depth)} {
			var d Document
			if err := d.Decode([]byte(doc), Unbounded{}); (err == nil) != want {
				t.Errorf("a document %d deep: %v", depth, err)
			}
			if !want {
				continue
			}
			if _, err := d.Root().Make(Unbounded{}); !errors.Is(err, errTooDeep) {
				t.Errorf("made a value %d deep: %v", depth, err)
			}
			p, err := Parse("$..*")
			if err != nil {
				t.Fatal(err)
			}
			n, l := 0, &limits{}
			if err := p.Visit(&d, l, func(Value) bool { n++; return true }); err != nil || n < depth-1 || l.peak > 2*len(doc)+64*depth {
				t.Errorf("$..* selects %d values of a document %d deep, %v, and holds %d bytes", n, depth, err, l.peak)
			}
		}
	}
}

// hostile are texts of which decoded values take very much more memory.
func hostile() map[string]string {
	const n = 20_000
	list := func(item string) string { return "[" + strings.Repeat(item+",", n) + "1]" }
	return map[string]string{"objects": list(`{"a":1}`), "empty objects": list("{}"), "empty lists": list("[]"), "numbers": list("1"), "short strings": list(`""`),
		"members": "{" + strings.Repeat(`"a":1,`, n) + `"b":2}`, "deep": strings.Repeat(`{"a":[`, 4000) + list("1") + strings.Repeat("]}", 4000)}
}

// What a document holds is bounded by the length of its text, whatever is in it, and
// visiting holds no list of what it selects.
func TestMemoryIsBoundedByTheText(t *testing.T) {
	t.Parallel()
	for name, text := range hostile() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var d Document
			l := &limits{}
			if err := d.Decode([]byte(text), l); err != nil {
				t.Fatal(err)
			}
			if page := pageSize * nodeSize; l.held > 4*len(text)+page || l.held < d.count*nodeSize {
				t.Errorf("a text of %d bytes and %d nodes holds %d bytes", len(text), d.count, l.held)
			}
			if got := len(d.pages) * pageSize * nodeSize; l.held > 2*got {
				t.Errorf("%d bytes held, %d allocated", l.held, got)
			}
			for _, path := range []string{"$..a", "$..*", "$..[*]..a", "$[*]", "$[::-1]", "$..[?@.a > 0]"} {
				p, err := Parse(path)
				if err != nil {
					t.Fatal(err)
				}
				visiting := &limits{enough: 200}
				err = p.Visit(&d, visiting, func(Value) bool { return true })
				if err != nil && !errors.Is(err, errTime) && !errors.Is(err, errTooDeep) {
					t.Errorf("%s: %v", path, err)
				}
				if visiting.held != 0 {
					t.Errorf("%s still holds %d bytes", path, visiting.held)
				}
				if !strings.Contains(path, "?") && visiting.peak > 6*len(text) {
					t.Errorf("%s of %d bytes holds %d bytes", path, len(text), visiting.peak)
				}
			}
		})
	}
}

func TestWorkEndsAtItsBounds(t *testing.T) {
	t.Parallel()
	text := hostile()["objects"]
	var d Document
	if err := d.Decode([]byte(text), &limits{enough: 3}); !errors.Is(err, errTime) {
		t.Errorf("Decode() = %v, want %v", err, errTime)
	}
	if err := d.Decode([]byte(text), &limits{most: len(text) / 2}); !errors.Is(err, errMemory) {
		t.Errorf("Decode() = %v, want %v", err, errMemory)
	}
	d = *parsed(t, text)
	if _, err := d.Root().Make(&limits{enough: 3}); !errors.Is(err, errTime) {
		t.Errorf("Make() = %v, want %v", err, errTime)
	}
	l := &limits{most: len(text)}
	if _, err := d.Root().Make(l); !errors.Is(err, errMemory) || l.held != 0 {
		t.Errorf("Make() = %v, want %v; %d bytes still held", err, errMemory, l.held)
	}
	// Each of these passes far more values than three looks at the time allow.
	for _, path := range []string{"$..a", "$..b", "$..*..*", "$[*].a", "$[::1].a", "$" + strings.Repeat("[0,0]", 60), "$[?@.a > 0]", "$[?@..b]", "$[?count(@..*) > 7]",
		"$[?count($..a) > 0]", "$[?!$..a]", "$[?(@.b || !($..b || $..c))]", "$[?value($..b) == 1]", "$[?count($[?$..b]) > 0]"} {
		p, err := Parse(path)
		if err != nil {
			t.Fatal(err)
		}
		doc := &d
		if strings.HasPrefix(path, "$[0,0]") {
			doc = parsed(t, strings.Repeat("[", 60)+"1"+strings.Repeat("]", 60))
		}
		for range 2 { // a query is used again
			l := &limits{enough: 3}
			if err := p.Visit(doc, l, func(Value) bool { return true }); !errors.Is(err, errTime) || l.looks != 3 {
				t.Errorf("%s: %v after %d looks, want %v after 3", path, err, l.looks, errTime)
			}
			if l.held != 0 {
				t.Errorf("%s still holds %d bytes", path, l.held)
			}
		}
	}
}

// The queries of a filter make lists, which must not outgrow the document by much.
func TestQueriesInsideFiltersAreBounded(t *testing.T) {
	t.Parallel()
	deep := parsed(t, "["+strings.Repeat(`[[[[`, 100)+"1"+strings.Repeat("]]]]", 100)+"]")
	p, err := Parse("$[?count(@..*..*..*..*) > 0]")
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Visit(deep, Unbounded{}, func(Value) bool { return true }); !errors.Is(err, errTooMany) {
		t.Errorf("Visit() = %v, want %v", err, errTooMany)
	}
	pattern := parsed(t, `[{"a":"`+strings.Repeat("a", 2000)+`","b":"`+strings.Repeat("a", 2000)+`"},{"a":"a","b":"a"}]`)
	if p, err = Parse("$[?match(@.a, @.b)].a"); err != nil {
		t.Fatal(err)
	}
	if got := selected(t, p, pattern); len(got) != 1 {
		t.Errorf("%d values match, want the one whose expression is short", len(got))
	}
}

// What was never decoded, or could not be, holds no value, so that no path selects one.
func TestADocumentWithoutAValueSelectsNothing(t *testing.T) {
	t.Parallel()
	var d Document
	for _, text := range []string{"", "<html>", `{"a":1,`, "[1]x"} {
		if err := d.Decode([]byte(text), Unbounded{}); err == nil || d.Decoded() {
			t.Errorf("%q: %v, decoded: %t", text, err, d.Decoded())
		}
		for _, written := range []string{"$", "$.a", "$[0]", "$[-1]", "$..a", "$[*]", "$[?@.a]", "$[?$.a]"} {
			p, err := Parse(written)
			if err != nil {
				t.Fatal(err)
			}
			selected := func(Value) bool { t.Errorf("%s selects something behind %q", written, text); return true }
			if err := p.Visit(&d, Unbounded{}, selected); err != nil {
				t.Errorf("%s behind %q: %v", written, text, err)
			}
		}
	}
}

func TestADocumentIsDecodedIntoAgain(t *testing.T) {
	t.Parallel()
	var d Document
	for _, text := range []string{hostile()["numbers"], shop, "[", "7", hostile()["objects"], `{"a":[1,2]}`} {
		err := d.Decode([]byte(text), Unbounded{})
		want, wantErr := decodeStandard([]byte(text))
		if (err == nil) != (wantErr == nil) {
			t.Fatalf("Decode(%.20q) = %v", text, err)
		}
		if err != nil {
			continue
		}
		if got, err := d.Root().Make(Unbounded{}); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%.20q is %.40v, %v", text, got, err)
		}
	}
	d.Reset()
	if d.text != nil || len(d.pages) > 1 || len(d.pages) == 1 && cap(d.pages[0]) > keptSize {
		t.Errorf("%d pages are kept", len(d.pages))
	}
}

func TestValues(t *testing.T) {
	t.Parallel()
	d := parsed(t, `{"l":[1,[2],{"x":3}],"dup":1,"s":"\u00e9","t":true,"f":false,"n":null,"dup":{"y":[ ]} }`)
	root := d.Root()
	if names := slices.Collect(root.Names()); !slices.Equal(names, []string{"l", "dup", "s", "t", "f", "n", "dup"}) {
		t.Errorf("names are %q", names)
	}
	for name, want := range map[string]struct {
		kind   Kind
		raw    string
		scalar any
	}{"l": {List, `[1,[2],{"x":3}]`, nil}, "dup": {Object, `{"y":[ ]}`, nil}, "s": {String, `"\u00e9"`, "é"}, "t": {True, "true", true}, "f": {False, "false", false}, "n": {Null, "null", nil}} {
		v, ok := root.Member(name)
		if !ok || v.Kind() != want.kind || string(v.Raw()) != want.raw || v.Scalar() != want.scalar {
			t.Errorf("%s is %c %s %v, %t", name, v.Kind(), v.Raw(), v.Scalar(), ok)
		}
	}
	if _, ok := root.Member("x"); ok {
		t.Error("the root has a member of another object")
	}
}
