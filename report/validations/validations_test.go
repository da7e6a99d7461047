package validations

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/validate"
)

func problems() *validate.Validation {
	return &validate.Validation{Schema: validate.Schema, ExitCode: 2, Systems: []validate.System{}, Text: "a\nb\x1b[2J\n", Problems: []validate.Problem{
		{Kind: validate.Mistake, File: "a,b.yaml", Line: 3, Column: 5, EndColumn: 9, Message: "unknown key \"x\"\n::error::injected", Hint: "did you mean \"y\"?", Note: "known: y"},
		{Kind: validate.NotChecked, Message: "100% unknown"},
	}}
}

// A text of a document is never a command of its own.
func TestGitHub(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := WriteGitHub(&b, problems()); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
	if len(lines) != 2 || !strings.HasPrefix(lines[0], "::error file=a%2Cb.yaml,line=3,col=5,endColumn=9,title=blastgauge") || !strings.HasSuffix(lines[0], "; known: y") ||
		!strings.HasPrefix(lines[1], "::notice title=") || !strings.HasSuffix(lines[1], "::100%25 unknown") {
		t.Errorf("WriteGitHub() = %s", b.String())
	}
}

func TestJSONAndText(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := WriteJSON(&b, problems()); err != nil {
		t.Fatal(err)
	}
	var back validate.Validation
	if err := json.Unmarshal(b.Bytes(), &back); err != nil || back.Problems[0].EndColumn != 9 || back.Problems[1].Kind != validate.NotChecked || strings.Contains(b.String(), `"Text"`) {
		t.Errorf("WriteJSON() = %s, %v", b.String(), err)
	}
	b.Reset()
	if err := WriteText(&b, problems()); err != nil || strings.Contains(b.String(), "\x1b") || !strings.HasPrefix(b.String(), "a\nb") {
		t.Errorf("WriteText() = %q, %v", b.String(), err)
	}
}
