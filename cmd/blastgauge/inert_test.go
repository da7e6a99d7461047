package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/inert"
)

// Names of files and folders of a pull request, and what stands in them, command
// neither the terminal nor the runner of the job, whatever command prints them.
func TestNoFileNameActs(t *testing.T) {
	const hostile = "x\x1b]52;c;eA==\x07\u202e\r\n::error::forged\n  ::stop-commands::y ##[error]z ##vso[task.complete]w"
	base := t.TempDir()
	dir := filepath.Join(base, hostile)
	write := func(name, text string) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	read := func(path string) string {
		t.Helper()
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	system := write("blastgauge.yaml", read("../../experiments/testdata/good/blastgauge.yaml"))
	wrong := write("experiments/"+hostile+".yaml", "experiment: \"::error::a\\n##[error]b\"\n"+hostile+": x\n")
	runs := filepath.Join(dir, "runs")
	write("runs/"+hostile+"/result.json", "{}")
	write("runs/torn/result.json", "{")
	journal := write("runs/died/journal.ndjson", `{"seq":1,"kind":"run_started","plan":{"run":"::error::x"},"since":-9}`+"\n")
	write("runs/died/observations", "")
	result := write("result.json", `{"schema":"blastgauge/result/v1","run":{"id":"\u001b[2J\n::error::x ##[group]y"}}`)
	printed := 0
	for _, args := range [][]string{
		{"validate", "-f", system, wrong}, {"validate", dir}, {"validate", "-f", wrong}, {"validate", filepath.Join(dir, "none.yaml")},
		{"plan", "-f", system, wrong}, {"run", "-f", system, wrong}, {"run", "-f", system, "--only", hostile}, {"try", hostile},
		{"report", "--index", runs}, {"report", filepath.Dir(journal)}, {"report", hostile}, {"history", runs}, {"history", hostile},
		{"prune", "--keep", "1", "--dry-run", runs}, {"compare", result, result}, {"compare", hostile, hostile}, {"compare", result, result, "--margin", hostile},
		{"recover", filepath.Join(runs, hostile)}, {"recover", filepath.Dir(journal)}, {"init", "--har", wrong}, {"proxy", "-f", wrong}, {hostile}, {"faults", hostile}, {"schema", hostile},
		{"report", runs, "-o", hostile}, {"validate", "--" + hostile},
		{"gate", "--verify", hostile, "--key", hostile}, {"gate", "--verify", wrong, "--key", wrong}, {"gate", "--keygen", filepath.Join(dir, "none", hostile)}, {"gate", hostile, "--bypass", hostile}, {"gate", hostile},
		{"approve", wrong, "--key", wrong}, {"approve", hostile, "--key", hostile}, {"compare", result, result, "--statement", wrong}, {"compare", result, result, "--statement", filepath.Join(dir, "s"), "--subject", hostile},
	} {
		var out, said bytes.Buffer
		runMain(args, strings.NewReader(""), &out, &said)
		printed += said.Len()
		for line := range strings.Lines(out.String() + said.String()) {
			if acts.MatchString(line) || strings.ContainsFunc(line, func(c rune) bool { return inert.Unsafe(c) && c != '\n' && c != '\t' }) {
				t.Errorf("%.60q prints a line that acts: %q", args, line)
			}
		}
	}
	if printed < 3000 {
		t.Errorf("%d bytes were printed: the commands did not say what is wrong", printed)
	}
}

// acts is what runners obey.
var acts = regexp.MustCompile(`^[\s\p{Z}]*::[a-z]|##[A-Za-z]*\[`)
