package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Every wrong document there is, by the command line: exit 2, and an error that
// begins with the document's name.
func TestValidateRefusesEveryWrongDocument(t *testing.T) {
	const documents = "../../experiments/testdata/"
	entries, err := os.ReadDir(documents + "wrong")
	if err != nil {
		t.Fatal(err)
	}
	var wrong []string
	for _, e := range entries {
		if e.IsDir() || filepath.Ext(e.Name()) == ".yaml" {
			wrong = append(wrong, documents+"wrong/"+e.Name())
		}
	}
	if len(wrong) < 40 {
		t.Fatalf("only %d wrong documents", len(wrong))
	}
	large := filepath.Join(t.TempDir(), "large.yaml")
	if err := os.WriteFile(large, bytes.Repeat([]byte("a: b\n"), 1<<20), 0o644); err != nil {
		t.Fatal(err)
	}
	system := regexp.MustCompile(`(?m)^system:`)
	faults := regexp.MustCompile(`(?m)^faults:`)
	for _, file := range append(wrong, large) {
		text, _ := os.ReadFile(file) // of a folder, none
		args := []string{"validate", "-f", documents + "good/blastgauge.yaml", file}
		if system.Match(text) && !faults.Match(text) {
			args = []string{"validate", "-f", file}
		}
		var out, said bytes.Buffer
		code := runMain(args, strings.NewReader(""), &out, &said)
		if code != 2 || out.Len() > 0 || !strings.Contains(said.String(), filepath.Base(file)) || !strings.Contains(said.String(), ": error: ") {
			t.Errorf("%v: exit %d, %q, %q", args, code, out.String(), said.String())
		}
	}
}

func TestValidateAcceptsTheExamples(t *testing.T) {
	cli(t, "validate", "../../examples/")
}
