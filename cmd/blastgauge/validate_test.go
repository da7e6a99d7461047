package main

import (
	"bytes"
	"fmt"
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

// A control route that is the fault's own tells nothing: validate says so as plan does,
// where the line is, in each format, and refuses nothing.
func TestValidateWarnsOfAControlThatIsNone(t *testing.T) {
	for name, tt := range map[string]struct{ control, experiment string }{
		"none":                     {"", ""},
		"a route of its own":       {"control_url: http://127.0.0.1:8081\n", ""},
		"the entry":                {"control_url: http://localhost:8080/x\n", ""},
		"the entry, and not meant": {"control_url: http://127.0.0.1:8080\n", "control: baseline\n"},
		"not known":                {"control_url: ${env:NOBODY_SET_THIS}\n", ""},
	} {
		dir := t.TempDir()
		if code, _, err := invoke(t, "init", "--dir", dir); code != 0 {
			t.Fatal(err)
		}
		system, experiment := filepath.Join(dir, "blastgauge.yaml"), filepath.Join(dir, "experiments", "payments-slow.yaml")
		for file, more := range map[string]string{system: tt.control, experiment: tt.experiment} {
			if err := os.WriteFile(file, []byte(read(t, file)+more), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		line := fmt.Sprint(":", strings.Count(read(t, system), "\n"), ":")
		for format, mark := range map[string]string{"text": "warning: " + system + line, "json": `"kind": "warning"`, "github": "::warning file="} {
			code, out, err := invoke(t, "validate", "-f", system, "-o", format)
			if warned := strings.Contains(out, mark); code != 0 || warned != (name == "the entry") {
				t.Errorf("%s as %s: exit %d: %s%s", name, format, code, out, err)
			}
		}
	}
}
