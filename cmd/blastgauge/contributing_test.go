package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// CONTRIBUTING.md and SECURITY.md name the tests that prove each promise. All of
// them exist.
func TestPromisesHaveTheirTests(t *testing.T) {
	t.Parallel()
	for document, least := range map[string]int{"CONTRIBUTING.md": 20, "SECURITY.md": 6} {
		text, err := os.ReadFile(filepath.Join("../..", document))
		if err != nil {
			t.Fatal(err)
		}
		row := regexp.MustCompile("(?m)^\\| (.+) \\| ([a-z/]+) \\| (`(?:Test|Fuzz).+`) \\|$")
		rows := row.FindAllStringSubmatch(string(text), -1)
		if len(rows) < least {
			t.Fatalf("%s: only %d promises were found: the search is broken", document, len(rows))
		}
		checkPromises(t, document, rows)
	}
}

// checkPromises checks rows of promise, room and tests.
func checkPromises(t *testing.T, document string, rows [][]string) {
	t.Helper()
	known := map[string]map[string]bool{}
	for _, r := range rows {
		promise, room := r[1], r[2]
		if known[room] == nil {
			known[room] = testsOf(t, filepath.Join("../..", room))
		}
		for name := range strings.FieldsSeq(r[3]) {
			if name = strings.Trim(name, "`"); !known[room][name] {
				t.Errorf("%s: %s: %s has no %s", document, promise, room, name)
			}
		}
	}
}

// testsOf lists what go test runs of a room: tests, fuzz targets, examples and benchmarks.
func testsOf(t *testing.T, dir string) map[string]bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	tests, isRun := map[string]bool{}, regexp.MustCompile(`^(Test|Fuzz|Example|Benchmark)`)
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range parsed.Decls {
			if name := functionName(d); isRun.MatchString(name) {
				tests[name] = true
			}
		}
	}
	return tests
}

// functionName returns the name of a function declaration, or nothing.
func functionName(d ast.Decl) string {
	if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil {
		return f.Name.Name
	}
	return ""
}
