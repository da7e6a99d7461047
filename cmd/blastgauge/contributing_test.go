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

// CONTRIBUTING.md names the tests that prove each promise. All of them exist.
func TestPromisesHaveTheirTests(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../CONTRIBUTING.md")
	if err != nil {
		t.Fatal(err)
	}
	row := regexp.MustCompile("(?m)^\\| (.+) \\| ([a-z/]+) \\| (`Test.+`) \\|$")
	rows := row.FindAllStringSubmatch(string(text), -1)
	if len(rows) < 20 {
		t.Fatalf("only %d promises were found: the search is broken", len(rows))
	}
	known := map[string]map[string]bool{}
	for _, r := range rows {
		promise, room := r[1], r[2]
		if known[room] == nil {
			known[room] = testsOf(t, filepath.Join("../..", room))
		}
		for name := range strings.FieldsSeq(r[3]) {
			if name = strings.Trim(name, "`"); !known[room][name] {
				t.Errorf("%s: %s has no %s", promise, room, name)
			}
		}
	}
}

// testsOf lists the test functions of a room.
func testsOf(t *testing.T, dir string) map[string]bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]bool{}
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range parsed.Decls {
			if name := functionName(d); strings.HasPrefix(name, "Test") {
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
