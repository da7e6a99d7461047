package template_test

import (
	"bytes"
	"flag"
	"go/ast"
	"go/format"
	goparser "go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/valyala/quicktemplate/parser"
)

var update = flag.Bool("update", false, "compile the templates anew")

// sources are the templates of all pages, by their paths.
func sources(t *testing.T) []string {
	t.Helper()
	var list []string
	err := filepath.WalkDir("..", func(path string, _ fs.DirEntry, err error) error {
		if err == nil && filepath.Ext(path) == ".qtpl" {
			list = append(list, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(list) < 10 {
		t.Fatalf("%d templates: the walk is wrong", len(list))
	}
	return list
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestCompiled(t *testing.T) {
	for _, path := range sources(t) {
		code := compile(t, path, read(t, path))
		if *update {
			if err := os.WriteFile(path+".go", code, 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if now, err := os.ReadFile(path + ".go"); err != nil || !bytes.Equal(now, code) {
			t.Errorf("%s.go is not what its template says (%v): go test ./report/template -update", path, err)
		}
	}
}

// compile returns the Go code of a template: of all that the library makes of it, the
// functions that write to a [template.Writer], which is all of the library that the code knows.
func compile(t *testing.T, path string, text []byte) []byte {
	t.Helper()
	var made bytes.Buffer
	if err := parser.ParseNoLineComments(&made, bytes.NewReader(text), filepath.Base(path), filepath.Base(filepath.Dir(path))); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	code, err := format.Source(streaming(t, made.Bytes()))
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return code
}

// streaming leaves out what a page does not need: for each template the library makes a
// function with a writer of bytes and one that returns a text as well.
func streaming(t *testing.T, code []byte) []byte {
	t.Helper()
	files := token.NewFileSet()
	file, err := goparser.ParseFile(files, "", code, goparser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	from := 0
	for _, d := range file.Decls {
		start, end := files.Position(d.Pos()).Offset, files.Position(d.End()).Offset
		has := func(name string) bool { return bytes.Contains(code[start:end], []byte(name)) }
		if !has("qtio422016") && (!has("qb422016") || has("qw422016 *qt422016.Writer")) {
			continue
		}
		out.Write(code[from:start])
		if d, ok := d.(*ast.GenDecl); ok && d.Tok == token.IMPORT {
			out.WriteString(`import qt422016 "github.com/blastgauge/blastgauge/report/template"`)
		}
		from = end
	}
	out.Write(code[from:])
	return out.Bytes()
}
