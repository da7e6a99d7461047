package edit_test

import (
	"slices"
	"testing"

	"github.com/blastgauge/blastgauge/injectors/badconfig/edit"
)

// at returns the value at a list of tokens of the first document.
func at(t *testing.T, tree *edit.Tree, tokens ...string) *edit.Node {
	t.Helper()
	n, _ := tree.Roots[0].Follow(tokens)
	if n == nil {
		t.Fatalf("there is nothing at %q", tokens)
	}
	return n
}

// Each change leaves every other byte of the text as it is.
func TestApplyChangesNothingElse(t *testing.T) {
	t.Parallel()
	const json = "{\n  \"a\": 1.50,\n  \"b\": [ true,null ]\n}\n"
	const yaml = "a: 1.50   # kept\r\n\r\nb:\r\n- true\r\n- ~ # kept\r\n"
	for name, tt := range map[string]struct {
		change     func(t *testing.T, tree *edit.Tree) edit.Change
		json, yaml string
		where      string
	}{
		"set": {func(t *testing.T, tree *edit.Tree) edit.Change {
			return edit.Change{Do: edit.Set, At: at(t, tree, "a"), Value: edit.Literal("2")}
		}, "{\n  \"a\": 2,\n  \"b\": [ true,null ]\n}\n", "a: 2   # kept\r\n\r\nb:\r\n- true\r\n- ~ # kept\r\n", "/a"},
		"remove": {func(t *testing.T, tree *edit.Tree) edit.Change {
			return edit.Change{Do: edit.Remove, At: at(t, tree, "b", "0")}
		}, "{\n  \"a\": 1.50,\n  \"b\": [ null ]\n}\n", "a: 1.50   # kept\r\n\r\nb:\r\n- ~ # kept\r\n", "/b/0"},
		"rename": {func(t *testing.T, tree *edit.Tree) edit.Change {
			return edit.Change{Do: edit.Rename, At: at(t, tree, "a"), Key: "c"}
		}, "{\n  \"c\": 1.50,\n  \"b\": [ true,null ]\n}\n", "c: 1.50   # kept\r\n\r\nb:\r\n- true\r\n- ~ # kept\r\n", "/a"},
		"add": {func(t *testing.T, tree *edit.Tree) edit.Change {
			list := at(t, tree, "b")
			return edit.Change{Do: edit.Add, At: list, After: list.Children[0], Entries: []edit.Entry{{From: list.Children[0]}}}
		}, "{\n  \"a\": 1.50,\n  \"b\": [ true,true,null ]\n}\n", "a: 1.50   # kept\r\n\r\nb:\r\n- true\r\n- true\r\n- ~ # kept\r\n", "/b"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, format := range []struct {
				parse        func([]byte) (*edit.Tree, error)
				before, want string
			}{{edit.ParseJSON, json, tt.json}, {edit.ParseYAML, yaml, tt.yaml}} {
				tree, err := format.parse([]byte(format.before))
				if err != nil {
					t.Fatal(err)
				}
				got, err := tree.Apply([]edit.Change{tt.change(t, tree)})
				if err != nil || string(got.Body) != format.want || got.Rewritten || !slices.Equal(got.Where, []string{tt.where}) {
					t.Errorf("Apply() = %q at %q, rewritten: %v, %v; want\n%q at %q", got.Body, got.Where, got.Rewritten, err, format.want, tt.where)
				}
			}
		})
	}
}

// A YAML text whose place of a value is not certain is written anew, and says so.
func TestApplyRewritesWhatItCannotEdit(t *testing.T) {
	t.Parallel()
	tree, err := edit.ParseYAML([]byte("? a\n: 1 # kept\n"))
	if err != nil {
		t.Fatal(err)
	}
	got, err := tree.Apply([]edit.Change{{Do: edit.Rename, At: at(t, tree, "a"), Key: "b"}})
	if err != nil || string(got.Body) != "b: 1 # kept\n" || !got.Rewritten {
		t.Errorf("Apply() = %q, rewritten: %v, %v", got.Body, got.Rewritten, err)
	}
}

func TestChangesWithinOneAnotherAreRefused(t *testing.T) {
	t.Parallel()
	tree, err := edit.ParseJSON([]byte(`{"a": {"b": 1}}`))
	if err != nil {
		t.Fatal(err)
	}
	got, err := tree.Apply([]edit.Change{
		{Do: edit.Set, At: at(t, tree, "a"), Value: nil},
		{Do: edit.Set, At: at(t, tree, "a", "b"), Value: true},
	})
	if err == nil {
		t.Errorf("Apply() = %q", got.Body)
	}
}
