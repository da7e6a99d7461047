package report

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/compare"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/scan"
	"github.com/blastgauge/blastgauge/injectors/injectortest/required"
	"github.com/blastgauge/blastgauge/report/words"
)

// A consumed file is what another project's reader of JUnit files finds in one.
type consumed struct {
	Tests, Failures, Errors, Skipped int // as the root says, but for Skipped, which has no place there
	Cases                            []struct{ Suite, Name, Class, Result, Message string }
}

// reader prints what Python's junitparser makes of the files it is given.
const reader = `
import json, sys
from junitparser import JUnitXml
out = {}
for path in sys.argv[1:]:
    xml = JUnitXml.fromfile(path)
    cases = []
    for suite in xml:
        for case in suite:
            results = case.result if isinstance(case.result, list) else [case.result] if case.result else []
            cases.append({"suite": suite.name, "name": case.name, "class": case.classname,
                "result": ",".join(type(r).__name__ for r in results), "message": "".join(r.message or "" for r in results)})
    out[path] = {"tests": xml.tests, "failures": xml.failures, "errors": xml.errors, "skipped": sum(s.skipped for s in xml), "cases": cases}
json.dump(out, sys.stdout)
`

// python finds an interpreter that has junitparser, which is Debian's package
// python3-junitparser.
func python(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"/usr/bin/python3", "python3"} {
		if exec.Command(name, "-c", "import junitparser").Run() == nil {
			return name
		}
	}
	required.Missing(t, "no Python with junitparser (Debian's python3-junitparser)")
	return ""
}

// Another project's reader finds every suite and case with its verdict.
func TestJUnitIsReadByOthers(t *testing.T) {
	t.Parallel()
	interpreter := python(t)
	dir := t.TempDir()
	var files []string
	write := func(name, text string) string {
		file := filepath.Join(dir, name+".xml")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
		return file
	}
	runs, sides := map[string]*result.Result{}, map[string]*compare.Comparison{}
	for _, name := range runFixtures(t) {
		r := load(t, name)
		runs[write(name, render(t, "junit", Options{}, r))] = r
	}
	maps := map[string]*result.Result{}
	for _, name := range scanFixtures(t) {
		r := load(t, name)
		maps[write(name, render(t, "junit", Options{}, r))] = r
	}
	for name, c := range comparedRuns(t) {
		sides[write("compare-"+name, renderCompare(t, "junit", Options{}, c))] = c
	}
	got := consume(t, interpreter, files)
	for file, r := range runs {
		var want []string
		for _, e := range r.Experiments {
			want = append(want, map[result.Verdict]string{result.Held: "", result.Refuted: "Failure", result.NotRun: "Skipped"}[e.Verdict])
			if e.Verdict == result.Invalid || e.Verdict == result.Inconclusive {
				want[len(want)-1] = "Error"
			}
		}
		checkVerdicts(t, file, got[file], "hypothesis", want)
	}
	for file, r := range maps {
		var want []string
		for i := range r.Scan.Dependencies {
			d := &r.Scan.Dependencies[i]
			want = append(want, caseOf(r.Scan, d, &d.Cells[0]))
		}
		checkVerdicts(t, file, got[file], words.Mode(r.Scan.Modes[0]), want)
	}
	for file, c := range sides {
		var want []string
		for _, e := range c.Experiments {
			want = append(want, map[compare.Status]string{compare.Regressed: "Failure", compare.NotComparable: "Skipped", compare.Uncertain: "Skipped"}[e.Status])
		}
		checkVerdicts(t, file, got[file], "no regression", want)
	}
}

// caseOf is what the case of a cell is. Harm that may be chance is no answer, unless it was
// declared, nor is that nobody was harmed where nobody may have called.
func caseOf(m *scan.Map, d *scan.Dependency, c *scan.Cell) string {
	sure := c.Significant || d.Declared == "hard"
	switch {
	case m.Weak(d, c):
		return "Failure"
	case c.Verdict == scan.Harmless && !d.Unseen() || c.Verdict == scan.Harmful && sure:
		return ""
	}
	return "Skipped"
}

func consume(t *testing.T, interpreter string, files []string) map[string]consumed {
	t.Helper()
	cmd := exec.Command(interpreter, append([]string{"-c", reader}, files...)...)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, errs.String())
	}
	var got map[string]consumed
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatal(err)
	}
	return got
}

// checkVerdicts checks that the case of that name in each suite has these results, and
// that the root counts its cases.
func checkVerdicts(t *testing.T, file string, got consumed, name string, want []string) {
	t.Helper()
	counts, i := map[string]int{}, 0
	for _, c := range got.Cases {
		counts[c.Result]++
		if c.Result != "" && c.Message == "" {
			t.Errorf("%s: case %+v: want a message", file, c)
		}
		if c.Name != c.Suite+": "+name {
			continue
		}
		if i >= len(want) || c.Result != want[i] {
			t.Errorf("%s: %s of %s is %q, want %v in turn", file, name, c.Suite, c.Result, want)
		}
		i++
	}
	if i != len(want) {
		t.Errorf("%s: %d suites, want %d", file, i, len(want))
	}
	if got.Tests != len(got.Cases) || got.Failures != counts["Failure"] || got.Errors != counts["Error"] || got.Skipped != counts["Skipped"] {
		t.Errorf("%s: the root says %d/%d/%d/%d, the cases are %d, %v", file, got.Tests, got.Failures, got.Errors, got.Skipped, len(got.Cases), counts)
	}
}
