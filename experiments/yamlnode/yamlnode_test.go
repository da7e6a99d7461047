package yamlnode_test

import (
	"testing"

	"github.com/blastgauge/blastgauge/experiments/yamlnode"
)

func TestReadAndWrite(t *testing.T) {
	t.Parallel()
	const text = "a: 1 # one\n---\nb:\n    - 'x'\n"
	documents, err := yamlnode.Read([]byte(text), 0)
	if err != nil || len(documents) != 2 {
		t.Fatalf("Read() = %v, %v, want two documents", documents, err)
	}
	if list := documents[1].Content[0].Content[1]; list.Kind != yamlnode.SequenceNode || list.Line != 4 || list.Column != 5 {
		t.Errorf("the list is %+v, want it in line 4, column 5", list)
	}
	if got, err := yamlnode.Write(documents, 4); err != nil || string(got) != text {
		t.Errorf("Write() = %q, %v, want %q", got, err, text)
	}
	if documents, err := yamlnode.Read([]byte(text), 1); err != nil || len(documents) != 1 {
		t.Errorf("Read(1) = %v, %v, want one document", documents, err)
	}
	if documents, err := yamlnode.Read([]byte("a: ["), 0); err == nil || documents != nil {
		t.Errorf("Read() of half a list = %v, %v", documents, err)
	}
	if documents, err := yamlnode.Read(nil, 0); err != nil || len(documents) > 0 {
		t.Errorf("Read() of nothing = %v, %v", documents, err)
	}
}

func FuzzReadAndWrite(f *testing.F) {
	for _, s := range []string{"a: 1", "- *x", "&x [*x]", "? a\n: b", "--- !!binary x", "{a: [}", "\t", "a: |\n  x", "%YAML 1.1\n---\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(_ *testing.T, text []byte) {
		documents, err := yamlnode.Read(text, 0)
		if err != nil {
			return
		}
		_, _ = yamlnode.Write(documents, 2) // an error is well; a panic is not
	})
}
