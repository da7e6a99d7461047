package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// explained are the codes that results have, and the page that says what they mean and
// what to do.
func explained() []struct{ page, types string } {
	return []struct{ page, types string }{
		{"experiments/result/README.md", "experiments/result.ReasonCode experiments/result.UnmetCode experiments/result.SurpriseCode experiments/journal.causes"},
		{"experiments/compare/README.md", "experiments/compare.ReasonCode"},
		{"experiments/scan/README.md", "experiments/scan.Verdict experiments/scan.FindingCode experiments/journal.Scan"},
		{"experiments/gate/README.md", "experiments/gate/policy.Code"},
	}
}

// Every code stands in a table with what it means and what to do, and no table has a code
// that there is no more.
func TestEveryCodeIsExplained(t *testing.T) {
	t.Parallel()
	for _, e := range explained() {
		text, err := os.ReadFile(filepath.Join("../..", e.page))
		if err != nil {
			t.Fatal(err)
		}
		told := explainedIn(t, e.page, string(text))
		known := map[string]bool{}
		for name := range strings.FieldsSeq(e.types) {
			room, kind, _ := strings.Cut(name, ".")
			codes := codesOf(t, room, kind)
			if len(codes) < 4 {
				t.Errorf("only %v are codes of %s: the search is broken", codes, name)
			}
			for _, code := range codes {
				known[code] = true
				if !told[code] {
					t.Errorf("%s: nothing says what %s means, a code of %s", e.page, code, name)
				}
			}
		}
		for code := range told {
			if !known[code] {
				t.Errorf("%s: %s is no code", e.page, code)
			}
		}
	}
}

// explainedIn are the codes in the tables of a page whose first column is called so.
func explainedIn(t *testing.T, page, text string) map[string]bool {
	t.Helper()
	told, inTable := map[string]bool{}, false
	for line := range strings.Lines(text) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), " | ")
		switch {
		case !strings.HasPrefix(line, "|"):
			inTable = false
		case strings.HasPrefix(line, "| code "):
			inTable = true
		case inTable && strings.HasPrefix(line, "| `"):
			for _, cell := range cells[1:] {
				if len(strings.TrimSpace(cell)) < 7 { // as "nothing" is
					t.Errorf("%s: it does not say enough: %s", page, line)
				}
			}
			for _, m := range regexp.MustCompile("`([a-z_0-9]+)`").FindAllStringSubmatch(cells[0], -1) {
				told[m[1]] = true
			}
		}
	}
	return told
}

// codesOf are the texts of the constants of a type in a room. Those of causes are what the
// function of that name lists, and those of Scan the constants whose names begin so.
func codesOf(t *testing.T, room, kind string) (codes []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("../..", room, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				if n.Name.Name == kind {
					codes = append(codes, textsIn(n)...)
				}
				return false
			case *ast.ValueSpec:
				of, typed := n.Type.(*ast.Ident)
				if typed && of.Name == kind || !typed && kind == "Scan" && strings.HasPrefix(n.Names[0].Name, kind) {
					codes = append(codes, textsIn(n)...)
				}
			}
			return true
		})
	}
	return codes
}

// textsIn are the texts that are not empty.
func textsIn(n ast.Node) (texts []string) {
	ast.Inspect(n, func(n ast.Node) bool {
		if literal, ok := n.(*ast.BasicLit); ok && literal.Kind == token.STRING {
			if text, err := strconv.Unquote(literal.Value); err == nil && text != "" {
				texts = append(texts, text)
			}
		}
		return true
	})
	return texts
}

// Messages that a document explains are messages that the program has.
func TestMessagesOfDocuments(t *testing.T) {
	t.Parallel()
	said := textsOfTheProgram(t)
	page, err := os.ReadFile("../../experiments/result/README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(page), "\n## By message\n")
	rows := regexp.MustCompile("(?m)^\\| `(.+?)` \\|").FindAllStringSubmatch(section, -1)
	if len(rows) < 20 {
		t.Fatalf("only %d messages are explained: the search is broken", len(rows))
	}
	for _, row := range rows {
		for part := range strings.SplitSeq(row[1], "…") {
			part = strings.TrimSpace(part)
			if len(part) > 2 && !slices.ContainsFunc(said, func(text string) bool { return strings.Contains(text, part) }) {
				t.Errorf("experiments/result/README.md: nothing says %q", part)
			}
		}
	}
}

// textsOfTheProgram are all texts in its source.
func textsOfTheProgram(t *testing.T) (all []string) {
	t.Helper()
	err := fs.WalkDir(os.DirFS("../.."), ".", func(file string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && len(d.Name()) > 1 && d.Name()[0] == '.':
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go"):
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join("../..", filepath.FromSlash(file)), nil, parser.SkipObjectResolution)
		if err == nil {
			all = append(all, textsIn(parsed)...)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}
