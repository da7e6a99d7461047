package generated

import (
	"os"
	"path/filepath"
	"testing"
)

const page = "Before.\n\n<!-- generated: kinds -->\n\nold\n<!-- end of kinds -->\n\nBetween.\n\n<!-- generated: units -->\n<!-- end of units -->\n"

// A spy is a test that remembers whether it failed.
type spy struct {
	testing.TB

	failed bool
}

func (s *spy) Errorf(string, ...any) { s.failed = true }

func TestParts(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "README.md")
	if err := os.WriteFile(file, []byte(page), 0o600); err != nil {
		t.Fatal(err)
	}
	parts := []Part{{"kinds", "new\n"}, {"units", "ms\n"}}
	differs := &spy{TB: t}
	if Check(differs, file, false, parts...); !differs.failed {
		t.Error("a page with an old part passes")
	}
	Check(t, file, true, parts...)
	const want = "Before.\n\n<!-- generated: kinds -->\n\nnew\n<!-- end of kinds -->\n\nBetween.\n\n<!-- generated: units -->\n\nms\n<!-- end of units -->\n"
	if got, err := os.ReadFile(file); err != nil || string(got) != want {
		t.Errorf("got %q, %v; want %q", got, err, want)
	}
	Check(t, file, false, parts...)
}

func TestAPageWithoutAPlace(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{"no marks": "Text.\n", "no end": "<!-- generated: kinds -->\n", "no beginning": "<!-- end of kinds -->\n", "another": page[:60]} {
		if got, err := replace(text, []Part{{"kinds", "new\n"}}); err == nil {
			t.Errorf("%s: %q, want an error", name, got)
		}
	}
}

func TestCells(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"a | b": `a \| b`, "5 * 3 < 20": `5 \* 3 \< 20`, "`a*b<c` and *": "`a*b<c` and \\*", "`a|b`": "`a\\|b`",
	} {
		if got := Cell(text); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}
