package template_test

import (
	"bytes"
	"flag"
	"go/format"
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
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err == nil && filepath.Ext(path) == ".qtpl" {
			list = append(list, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(list) < 2 {
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

// compile returns the Go code of a template. It imports this room and not the library: one
// room knows that.
func compile(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var code bytes.Buffer
	if err := parser.ParseNoLineComments(&code, bytes.NewReader(text), filepath.Base(path), filepath.Base(filepath.Dir(path))); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	formatted, err := format.Source(bytes.ReplaceAll(code.Bytes(), []byte(`"github.com/valyala/quicktemplate"`), []byte(`"github.com/blastgauge/blastgauge/report/template"`)))
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return formatted
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
