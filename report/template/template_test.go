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
	"regexp"
	"strings"
	"testing"

	"github.com/valyala/quicktemplate/parser"

	"github.com/blastgauge/blastgauge/report/template"
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

func TestCompiled(t *testing.T) {
	for _, path := range sources(t) {
		code := compile(t, path)
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
func compile(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
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
		if !bytes.Contains(code[start:end], []byte("qtio422016")) && !bytes.Contains(code[start:end], []byte("qb422016")) {
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

// What a template puts in unquoted must be markup by its type, or a template; addresses go
// through URL; and attributes are quoted, since what is written is quoted for those alone.
func TestQuoted(t *testing.T) {
	var (
		tag       = regexp.MustCompile(`\{%-?\s*([a-z.0-9]*=)\s*(.*?)\s*-?%\}`)
		address   = regexp.MustCompile(`\b(?:href|src|action|formaction|poster|data)="([^"]*)"`)
		safe      = regexp.MustCompile(`^\{%s template\.(?:URL|Anchor)\(.*\) %\}$`)
		unquoted  = regexp.MustCompile(`=\{%`)
		handler   = regexp.MustCompile(`\son[a-z]+="`)
		style     = regexp.MustCompile(`\sstyle="[^"]*\{%-?\s*[^df]`)
		inElement = regexp.MustCompile(`(?s)<(?:script|style)[^>]*>(.*?)</(?:script|style)>`)
	)
	for _, path := range sources(t) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range tag.FindAllStringSubmatch(string(text), -1) {
			if m[1] == "=" || m[1] == "s=" && strings.HasPrefix(m[2], "template.Markup(") && strings.HasSuffix(m[2], ")") {
				continue
			}
			t.Errorf("%s: %s puts text into the page that nothing quotes: write template.Markup of an HTML", path, m[0])
		}
		for _, m := range address.FindAllStringSubmatch(string(text), -1) {
			if strings.Contains(m[1], "{%") && !safe.MatchString(m[1]) {
				t.Errorf("%s: %s: write template.URL of the whole address, or template.Anchor of an id", path, m[0])
			}
		}
		for _, m := range inElement.FindAllStringSubmatch(string(text), -1) {
			for _, inside := range regexp.MustCompile(`\{%-?\s*(\S+)`).FindAllStringSubmatch(m[1], -1) {
				if inside[1] != "s=" {
					t.Errorf("%s: %s inside of a script or a style sheet", path, inside[0])
				}
			}
		}
		for _, wrong := range []*regexp.Regexp{unquoted, handler, style} {
			if m := wrong.FindString(string(text)); m != "" {
				t.Errorf("%s: %s: what a template writes is quoted for text and for attributes in quotes", path, m)
			}
		}
	}
}

func TestURL(t *testing.T) {
	for address, want := range map[string]string{
		"#payments-slow": "#payments-slow", "../a/report.html": "../a/report.html", "": "",
		"https://example.test/x?a=b": "https://example.test/x?a=b", "HTTP://example.test": "http://example.test", "./a b/javascript:c/report.html": "./a%20b/javascript:c/report.html", "mailto:a@example.test": "mailto:a@example.test",
		"javascript:alert(1)": "#", "JavaScript:alert(1)": "#", " javascript:alert(1)": "#", "java\nscript:alert(1)": "#", "\x01javascript:alert(1)": "#",
		"data:text/html,x": "#", "vbscript:x": "#", "file:///etc/passwd": "#", "%zz": "#", "x:y": "#",
	} {
		if got := template.URL(address); got != want {
			t.Errorf("URL(%q) = %q, want %q", address, got, want)
		}
	}
}
