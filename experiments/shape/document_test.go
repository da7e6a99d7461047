package shape

import (
	"errors"
	"strings"
	"testing"
)

// readText reads a text as one value of a shape.
func readText(text string, s Shape, l Language) *Document {
	d := NewDocument(Source{File: "x.yaml", Text: []byte(text)}, l)
	if root, ok := d.Parse(); ok {
		s.Read(d, root, "")
	}
	return d
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ text, want string }{
		"nothing":            {"", "the document is empty"},
		"two documents":      {"a: 1\n---\nb: 1\n", "a second YAML document"},
		"half a list":        {"a: [1", "a ] or a comma is missing"},
		"not UTF-8":          {"a: \xff", "not UTF-8"},
		"too long":           {strings.Repeat("a", MaxBytes+1), "larger than 1 MiB"},
		"a recursive alias":  {"&a [*a]", "recursive alias"},
		"nested too deeply":  {strings.Repeat("[", 100) + strings.Repeat("]", 100), "more than 64 lists and mappings"},
		"an anchor too late": {"a: *x", "no anchor &x comes before"},
	} {
		d := NewDocument(Source{File: "x.yaml", Text: []byte(tt.text)}, Language{})
		_, ok := d.Parse()
		err := Join(d)
		if ok || !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: Parse() = %t, %v, want %q", name, ok, err, tt.want)
		}
	}
}

func TestPlacesOfFields(t *testing.T) {
	t.Parallel()
	var names []string
	item := func(s *string) Shape { return Text(s) }
	d := readText("list:\n  - a\n  - b\n", Fields{{Name: "list", Shape: List[string]{To: &names, Item: item}}}, Language{})
	if err := Join(d); err != nil {
		t.Fatal(err)
	}
	if got, want := d.Places()["list[1]"], (Place{Line: 3, Col: 5}); got != want {
		t.Errorf("list[1] is at %v, want %v", got, want)
	}
	if d.At("list[1].name.first") != d.At("list[1]") || d.Given("list[2]") || !d.Given("list[0]") {
		t.Error("a field that is not written is not found at the nearest one around it")
	}
}

func TestLanguageDecidesSynonymsAndMasks(t *testing.T) {
	t.Parallel()
	l := Language{
		Synonyms: func(word string) []string { return map[string][]string{"kind": {"type"}}[word] },
		Mask:     func(text string) string { return strings.ReplaceAll(text, "s3cret", "***") },
	}
	var v string
	d := readText("kind: s3cret\n", Fields{{Name: "type", Shape: Text(&v)}}, l)
	if text := Explain(Join(d)); !strings.Contains(text, `did you mean "type"?`) || strings.Contains(text, "s3cret") {
		t.Errorf("Explain() = %s, want the synonym, and no secret", text)
	}
}

// What is kept inside a Keeping shape is known by its path.
func TestKeptNodes(t *testing.T) {
	t.Parallel()
	keep := func(to *any) Shape { return JSON{To: to, Text: func(d *Document, n Node) { d.Keep(n) }} }
	var a, b any
	d := readText("a: {x: one, y: [two, 3]}\nb: three\n", Fields{{Name: "a", Shape: Keeping{keep(&a)}}, {Name: "b", Shape: keep(&b)}}, Language{})
	if got := d.KeptIn("a"); len(got) != 2 || got[0].Text() != "one" || got[1].Text() != "two" {
		t.Errorf("kept in a: %v", got)
	}
	if len(d.Kept()) != 3 || len(d.KeptIn("b")) != 0 {
		t.Errorf("kept in all: %v", d.Kept())
	}
}

// Credentials are known by what follows them, so they are masked before a message is
// cut.
func TestNoCutLeavesCredentials(t *testing.T) {
	t.Parallel()
	const secret = "Zq7-Xk9-Vw3"
	for at := 2*widest - 60; at < 2*widest+10; at++ {
		d := NewDocument(Source{File: "x.yaml", Text: []byte("a: 1")}, Language{})
		got := d.clip(strings.Repeat("_", at) + " http://user:" + secret + "@shop.test/ is wrong")
		for i := 0; i+4 <= len(secret); i++ {
			if strings.Contains(got, secret[i:i+4]) {
				t.Errorf("at %d: %q", at, got[len(got)-60:])
				break
			}
		}
	}
}
