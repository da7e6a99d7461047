package scaffold

import (
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/shape"
)

// Whatever the text, YAML reads it back as the same text.
func TestTextsAreReadBack(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"plain", "", " ", "yes", "null", "~", "1.5", "0x1f", "2026-01-01", "a: b", "a #b", "- a", "'quoted'", `"double"`, `both ' and "`, `back\slash`, "tab\t", "line\nbreak", "trailing ",
		"*alias", "&anchor", "!tag", "{a}", "[a]", "a, b", "%", "@", "`", "http://shop.test:80", "ünïcödé", "\u00a0", "\u2028", "\ufeff", "\u0007", "\U0001f600", "${cart_id}",
	} {
		for form, document := range map[string]string{"a block": "key: " + yamlText(text), "a list": "key: [" + yamlText(text) + ", x]", "a key": "{" + yamlText(text) + ": x}", "lines": blockOf(body(text))} {
			d := shape.NewDocument(shape.Source{Text: []byte(document)}, shape.Language{})
			root, ok := d.Parse()
			if !ok {
				t.Errorf("%q in %s is not YAML: %s", text, form, document)
				continue
			}
			got, found := root.Lookup("key")
			switch form {
			case "a key":
				got, found = root.Keys()[0], true
			case "a list":
				got = got.Items()[0]
			}
			if !found || got.Kind() != shape.Str || got.Text() != text {
				t.Errorf("%q in %s comes back as %s %q: %s", text, form, got.Kind(), got.Text(), document)
			}
		}
	}
}

func blockOf(v value) string {
	var b strings.Builder
	v.write(&b, 0, "key:")
	return b.String()
}

// A value is one line if it fits, and a block otherwise.
func TestLayout(t *testing.T) {
	t.Parallel()
	short, long := emptyMapping(), emptyMapping()
	short.add("sku", textValue("a"))
	long.add("text", textValue(strings.Repeat("x", width)))
	long.add("inner", short)
	long.add("list", value{list: true})
	if got, want := blockOf(short), "key: {sku: a}\n"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := blockOf(long), "key:\n  text: "+strings.Repeat("x", width)+"\n  inner: {sku: a}\n  list: []\n"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := blockOf(body("two\nlines")), "key: |-\n  two\n  lines\n"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
