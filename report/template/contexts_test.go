package template_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/format"
	goparser "go/parser"
	"go/token"
	htmltemplate "html/template"
	"io"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"text/template/parse"
)

// What a template writes is quoted for text and for attributes in quotes alone. html/template
// knows of every place in markup what a value would need there: it judges the templates.
func TestQuoted(t *testing.T) {
	files, known := map[string]*ast.File{}, map[string]bool{}
	fileSet := token.NewFileSet()
	for _, path := range sources(t) {
		files[path] = parsed(t, fileSet, compile(t, path, read(t, path)))
		addTemplates(known, files[path])
	}
	for path, file := range files {
		for _, wrong := range misplaced(fileSet, file, known) {
			t.Errorf("%s: %s", path, wrong)
		}
	}
}

func TestMisplacedValuesAreFound(t *testing.T) {
	for _, test := range []struct {
		text string
		ok   bool
	}{
		{`<p class="a {%s x %}">{%s x %} {%d 1 %} {%f 1.0 %} {%dul 1 %}</p>`, true},
		{`<title>{%s x %}</title><textarea>{%s x %}</textarea>`, true},
		{`<a href="{%s template.URL(x) %}">{%s= template.Markup(h) %}</a>{%= f(x) %}`, true},
		{`<style>{%s= template.Raw(x) %}</style><script type="application/json">{%s= template.Raw(x) %}</script>`, true},
		{`<td{% if a %} class="b"{% endif %}>{% for _, x := range list %}{% if a %}{% continue %}{% endif %}<i>{%s x %}</i>{% endfor %}`, true},
		{`{% switch x %}{% case "a" %}<b>{%s x %}</b>{% default %}{%s x %}{% endswitch %}`, true},

		{`{%s= x %}`, false}, {"{%s=\n\tx\n%}", false}, {`{% code %}{%v= x %}`, false}, {`{%v x %}`, false}, {`{%z x %}`, false}, {`{%z= x %}`, false},
		{`{%q x %}`, false}, {`{%q= x %}`, false}, {`{%j x %}`, false}, {`{%j= x %}`, false}, {`{%u x %}`, false}, {`{%u= x %}`, false},
		{`{%=h f(x) %}`, false}, {`{%=u f(x) %}`, false}, {`{%=q f(x) %}`, false}, {`{%=j f(x) %}`, false},
		{`{% code qw422016.N().S(x) %}`, false}, {`{% code w := qw422016; w.N().S(x) %}`, false}, {`{%s write(qw422016) %}`, false}, {`{% endfunc %}{% func g(w *template.Writer) %}{% code w.N().S(x) %}`, false},
		{`{%= unknown(x) %}`, false}, {`{%s= template.Markup(template.HTML(x)) %}`, false}, {`{% code h := template.HTML(x) %}{%s= template.Markup(h) %}`, false},
		{`<script>{%s= template.Markup(h) %}</script>`, false}, {`{%s= template.Raw(x) %}`, false}, {`<p class="{%s= template.Markup(h) %}">`, false}, {`<p class="{%= f(x) %}">`, false},
		{`<p class={%s x %}>`, false}, {`<p class = {%s x %}>`, false}, {`<p {%s x %}>`, false}, {`<{%s x %}>`, false}, {`<p {%s x %}="a">`, false}, {`<!-- {%s x %} -->`, false},
		{`<p onclick="{%s x %}">`, false}, {"<p\nonclick='f({%d 1 %})'>", false}, {`<p style="{%s x %}">`, false}, {`<script>{%s x %}</script>`, false}, {`<script>"{%s x %}"</script>`, false}, {`<style>{%s x %}</style>`, false},
		{`<a href="{%s x %}">`, false}, {`<a HREF = '{%s x %}'>`, false}, {`<a href="#{%s x %}">`, false}, {`<a href="/{%s template.URL(x) %}">`, false}, {`<a href="{% if a %}{%s x %}{% endif %}">`, false},
		{`<use xlink:href="{%s x %}"/>`, false}, {`<img srcset="{%s x %}">`, false}, {`<form action="{%s x %}">`, false}, {`<button formaction="{%s x %}">`, false},
		{`<iframe srcdoc="{%s x %}">`, false}, {`<iframe srcdoc="{%= f(x) %}">`, false}, {`<meta http-equiv="refresh" content="{%s x %}">`, false}, {`<meta content="0;url={%s x %}" http-equiv="refresh">`, false},
		{`<a href="{% if a %}">{% endif %}{%s x %}">`, false}, {`<p class="`, false}, {`<script>`, false}, {`<p>{% return %}</p>`, false},
	} {
		text := "{% func f(x string) %}" + test.text + "{% endfunc %}"
		files, known := token.NewFileSet(), map[string]bool{}
		file := parsed(t, files, compile(t, "a/a.qtpl", []byte(text)))
		addTemplates(known, file)
		if wrong := misplaced(files, file, known); (len(wrong) == 0) != test.ok {
			t.Errorf("%s: %q", test.text, wrong)
		}
	}
}

func parsed(t *testing.T, files *token.FileSet, code []byte) *ast.File {
	t.Helper()
	file, err := goparser.ParseFile(files, "", code, 0)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// writer is the name of the writer in compiled templates.
const writer = "qw422016"

// addTemplates adds the functions that templates are compiled to, by their names.
func addTemplates(known map[string]bool, file *ast.File) {
	for _, d := range file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok {
			known[f.Name.Name] = true
		}
	}
}

// misplaced says what a compiled template writes where it must not be.
func misplaced(files *token.FileSet, file *ast.File, known map[string]bool) (wrong []string) {
	for _, d := range file.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok {
			continue
		}
		j := judge{files: files, known: known}
		for _, p := range f.Type.Params.List[1:] {
			j.parameter(p.Type)
		}
		j.statements(f.Body.List)
		j.markup()
		for _, text := range j.wrong {
			wrong = append(wrong, f.Name.Name+": "+text)
		}
	}
	return wrong
}

// A kind of what a template writes.
type kind int

const (
	text    kind = iota // quoted
	number              // which needs no quotes
	address             // that URL or Anchor returned, quoted
	markup
	rawText
	call // of another template, which begins and ends between elements
)

// places are where a kind may stand, by what html/template does to a value there.
func places(k kind) []string {
	const between, quoted, inTitle = "htmlescaper", "attrescaper", "rcdataescaper"
	return map[kind][]string{
		text: {between, quoted, inTitle}, number: {between, quoted, inTitle}, address: {"urlfilter urlnormalizer attrescaper", quoted},
		markup: {between}, call: {between}, rawText: {"jsvalescaper", "cssvaluefilter"},
	}[k]
}

// A value is what a template writes at a place.
type value struct {
	kind kind
	code string
}

// A judge writes a template in the words of html/template. Each value is a number there, and
// no condition and no loop is executed.
type judge struct {
	files  *token.FileSet
	known  map[string]bool // templates
	words  strings.Builder
	values []value
	wrong  []string
}

const left, right = "⟦", "⟧" // of an action of html/template

func (j *judge) action(text string) { j.words.WriteString(left + text + right) }

func (j *judge) value(k kind, x ast.Node) {
	j.action(strconv.Quote(strconv.Itoa(len(j.values))))
	j.values = append(j.values, value{k, j.source(x)})
}

func (j *judge) source(x ast.Node) string {
	var b bytes.Buffer
	_ = format.Node(&b, j.files, x) // it was parsed
	return b.String()
}

func (j *judge) statements(list []ast.Stmt) {
	for _, s := range list {
		j.statement(s)
	}
}

func (j *judge) statement(s ast.Stmt) {
	switch s := s.(type) {
	case *ast.ExprStmt:
		j.write(s.X)
	case *ast.BlockStmt:
		j.statements(s.List)
	case *ast.IfStmt:
		j.code(s.Init, s.Cond)
		j.action("if false")
		j.statements(s.Body.List)
		if s.Else != nil {
			j.action("else")
			j.statement(s.Else)
		}
		j.action("end")
	case *ast.ForStmt:
		j.code(s.Init, s.Cond, s.Post)
		j.loop(s.Body)
	case *ast.RangeStmt:
		j.code(s.Key, s.Value, s.X)
		j.loop(s.Body)
	case *ast.SwitchStmt:
		j.code(s.Init, s.Tag)
		for _, c := range s.Body.List {
			j.action("if false")
			j.statements(c.(*ast.CaseClause).Body)
			j.action("end")
		}
	case *ast.BranchStmt:
		j.action(s.Tok.String())
	case *ast.ReturnStmt:
		j.wrong = append(j.wrong, "it ends in the middle")
	default:
		j.code(s)
	}
}

func (j *judge) loop(body *ast.BlockStmt) {
	j.action("range .")
	j.statements(body.List)
	j.action("end")
}

// write takes what the library makes of a tag, or of the text between two.
func (j *judge) write(x ast.Expr) {
	c, ok := x.(*ast.CallExpr)
	if !ok || len(c.Args) == 0 {
		j.code(x)
		return
	}
	of := c.Args[0]
	switch method := writes(c); {
	case isWriter(of) && j.known[nameOf(c.Fun)]:
		j.value(call, c)
		j.code(c.Fun)
		c.Args = c.Args[1:]
	case method == "N.S" && literal(of) != "":
		j.words.WriteString(literal(of))
	case method == "N.S" && calls(of) == "template.Markup":
		j.value(markup, of)
	case method == "N.S" && calls(of) == "template.Raw":
		j.value(rawText, of)
	case method == "E.S" && (calls(of) == "template.URL" || calls(of) == "template.Anchor"):
		j.value(address, of)
	case method == "E.S":
		j.value(text, of)
	case slices.Contains([]string{"N.D", "N.DL", "N.DUL", "N.F", "N.FPrec"}, method):
		j.value(number, of)
	default:
		j.wrong = append(j.wrong, j.source(x)+": write text with {%s %}, numbers with {%d %} or {%f %}, and template.Markup or template.Raw of what needs no quotes with {%s= %}")
		return
	}
	for _, a := range c.Args {
		j.code(a)
	}
}

// code must not write, and must not make markup of text.
func (j *judge) code(nodes ...ast.Node) {
	for _, n := range nodes {
		if n == nil {
			continue
		}
		ast.Inspect(n, func(n ast.Node) bool {
			x, ok := n.(*ast.SelectorExpr)
			if name := nameOf(n); name == writer || ok && nameOf(x.X) == "template" && !slices.Contains([]string{"URL", "Anchor", "Markup", "Raw"}, x.Sel.Name) {
				j.wrong = append(j.wrong, j.source(n)+" has no place in the code of a template")
			}
			return true
		})
	}
}

// parameter must not be a second writer.
func (j *judge) parameter(of ast.Expr) {
	ast.Inspect(of, func(n ast.Node) bool {
		if x, ok := n.(*ast.SelectorExpr); ok && x.Sel.Name == "Writer" {
			j.wrong = append(j.wrong, j.source(of)+": a template has one writer, which it does not name")
		}
		return true
	})
}

// nameOf is the last name of a node that is a name.
func nameOf(n ast.Node) string {
	switch n := n.(type) {
	case *ast.Ident:
		return n.Name
	case *ast.SelectorExpr:
		return n.Sel.Name
	}
	return ""
}

func isWriter(x ast.Expr) bool { return nameOf(x) == writer }

// writes names the method of the writer that is called, such as N.S; empty: none is.
func writes(c *ast.CallExpr) string {
	method, ok := c.Fun.(*ast.SelectorExpr)
	if !ok {
		return ""
	}
	of, ok := method.X.(*ast.CallExpr)
	if !ok {
		return ""
	}
	if which, ok := of.Fun.(*ast.SelectorExpr); ok && isWriter(which.X) {
		return which.Sel.Name + "." + method.Sel.Name
	}
	return ""
}

// calls names a function of a package that is called; empty: it is none.
func calls(x ast.Expr) string {
	c, ok := x.(*ast.CallExpr)
	if !ok {
		return ""
	}
	if f, ok := c.Fun.(*ast.SelectorExpr); ok {
		return nameOf(f.X) + "." + f.Sel.Name
	}
	return ""
}

// literal is the text of literals; empty: it is something else.
func literal(x ast.Expr) string {
	switch x := x.(type) {
	case *ast.BasicLit:
		text, _ := strconv.Unquote(x.Value)
		return text
	case *ast.BinaryExpr:
		if a, b := literal(x.X), literal(x.Y); a != "" && b != "" {
			return a + b
		}
	}
	return ""
}

// markup lets html/template judge what was written.
func (j *judge) markup() {
	words := j.words.String()
	for _, m := range regexp.MustCompile(`(?i)\bsrcdoc\b|</?`+left+`|<meta\s[^>]*`+left+`"(\d+)"`).FindAllStringSubmatch(words, -1) {
		if n, err := strconv.Atoi(m[1]); err != nil || j.values[n].kind != number {
			j.wrong = append(j.wrong, m[0]+" can become a script, which html/template does not see")
		}
	}
	t, err := htmltemplate.New("").Delims(left, right).Parse(words)
	if err == nil {
		err = t.Execute(io.Discard, nil)
	}
	if err != nil {
		j.wrong = append(j.wrong, err.Error())
		return
	}
	j.nodes(t.Tree.Root)
}

func (j *judge) nodes(n parse.Node) {
	switch n := n.(type) {
	case *parse.ListNode:
		if n != nil { // there is an else
			for _, one := range n.Nodes {
				j.nodes(one)
			}
		}
	case *parse.IfNode:
		j.nodes(n.List)
		j.nodes(n.ElseList)
	case *parse.RangeNode:
		j.nodes(n.List)
	case *parse.ActionNode:
		j.place(n.Pipe)
	}
}

// place judges the place of a value by what html/template would do to it.
func (j *judge) place(p *parse.PipeNode) {
	n, _ := strconv.Atoi(p.Cmds[0].Args[0].(*parse.StringNode).Text)
	var needs []string
	for _, c := range p.Cmds[1:] {
		needs = append(needs, strings.TrimPrefix(c.String(), "_html_template_"))
	}
	if v := j.values[n]; !slices.Contains(places(v.kind), strings.Join(needs, " ")) {
		j.wrong = append(j.wrong, fmt.Sprintf("%s stands where a value needs %q", v.code, needs))
	}
}

// Only these make markup and the content of elements of texts: each sees to it that nothing in
// it comes from a result unquoted.
func TestWhoMakesMarkup(t *testing.T) {
	makers := map[string]bool{}
	for _, f := range []string{
		"template Of",    // what a template wrote
		"live render",    // what a page wrote
		"page HTML",      // what a drawing wrote
		"page NewFrame",  // our style sheet and script
		"page Embed",     // JSON without < and >
		"results styles", // rules of numbers
	} {
		makers[f] = false
	}
	err := filepath.WalkDir("..", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file := parsed(t, token.NewFileSet(), read(t, path))
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || !makesMarkup(f) {
				continue
			}
			name := file.Name.Name + " " + f.Name.Name
			if _, ok := makers[name]; !ok {
				t.Errorf("%s: %s makes markup of a text: let a template or a drawing quote it", path, name)
			}
			makers[name] = true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, found := range makers {
		if !found {
			t.Errorf("%s makes no markup: take it from the list", name)
		}
	}
}

// makesMarkup reports whether a function converts a text to one of the types of markup.
func makesMarkup(f *ast.FuncDecl) (makes bool) {
	ast.Inspect(f, func(n ast.Node) bool {
		c, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		switch name := nameOf(c.Fun); name {
		case "HTML", "RawText":
			makes = makes || len(c.Args) == 1 && literal(c.Args[0]) == ""
		}
		return true
	})
	return makes
}
