package lazyregexp_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/lazyregexp"
)

// What a Regexp answers is what the expression of package regexp answers.
func TestAnswersAreThoseOfPackageRegexp(t *testing.T) {
	const expr, text, most = `([a-z]+)(\d*)`, "ab1 c22, d", 2
	lazy, plain := lazyregexp.New(expr), regexp.MustCompile(expr)
	double := func(s string) string { return s + s }
	for name, args := range map[string][]any{
		"MatchString": {text}, "FindString": {text}, "FindStringIndex": {text}, "FindStringSubmatch": {text}, "FindStringSubmatchIndex": {text},
		"FindAllString": {text, most}, "FindAllStringIndex": {text, most}, "FindAllStringSubmatch": {text, most}, "FindAllStringSubmatchIndex": {text, most},
		"ReplaceAllString": {text, "$2"}, "ReplaceAllStringFunc": {text, double}, "Split": {text, most},
	} {
		var in []reflect.Value
		for _, a := range args {
			in = append(in, reflect.ValueOf(a))
		}
		got, want := reflect.ValueOf(lazy).MethodByName(name).Call(in), reflect.ValueOf(plain).MethodByName(name).Call(in)
		if !reflect.DeepEqual(got[0].Interface(), want[0].Interface()) {
			t.Errorf("%s: got %v, want %v", name, got[0], want[0])
		}
	}
	if n := reflect.TypeFor[*lazyregexp.Regexp]().NumMethod(); n != 13 {
		t.Errorf("%d methods: one of them is not compared here", n)
	}
}

func TestItIsCompiledOnceAndByItsFirstUse(t *testing.T) {
	wrong := lazyregexp.New(`(`) // no panic yet
	defer func() {
		if recover() == nil {
			t.Error("a wrong expression was used")
		}
	}()
	r := lazyregexp.New(`a`)
	var all sync.Map
	var users sync.WaitGroup
	for range 8 {
		users.Go(func() { all.Store(r.Regexp(), true) })
	}
	users.Wait()
	n := 0
	all.Range(func(any, any) bool { n++; return true })
	if n != 1 {
		t.Errorf("it was compiled %d times", n)
	}
	wrong.MatchString("")
}

// No start of a program finds a wrong expression any more: this does.
func TestExpressionsOfAllRoomsCompile(t *testing.T) {
	t.Parallel()
	found := 0
	for dir, files := range sources(t, "../..") {
		consts := constants(files)
		for _, f := range files {
			ast.Inspect(f, func(n ast.Node) bool {
				call, ok := n.(*ast.CallExpr)
				if !ok || !isNew(call.Fun) {
					return true
				}
				found++
				expr, err := text(call.Args[0], consts)
				if err == nil {
					_, err = regexp.Compile(expr)
				}
				if err != nil {
					t.Errorf("%s: %v", dir, err)
				}
				return true
			})
		}
	}
	if found < 100 {
		t.Errorf("only %d expressions were found: the search is broken", found)
	}
}

// sources are the files of programs below root, by directory.
func sources(t *testing.T, root string) map[string][]*ast.File {
	t.Helper()
	all := map[string][]*ast.File{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".") && path != root) {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		all[filepath.Dir(path)] = append(all[filepath.Dir(path)], f)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func isNew(of ast.Expr) bool {
	s, ok := of.(*ast.SelectorExpr)
	if !ok || s.Sel.Name != "New" {
		return false
	}
	p, ok := s.X.(*ast.Ident)
	return ok && p.Name == "lazyregexp"
}

// constants are those of a package, by name.
func constants(files []*ast.File) map[string]ast.Expr {
	named := map[string]ast.Expr{}
	for _, f := range files {
		for _, d := range f.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok || g.Tok != token.CONST {
				continue
			}
			for _, s := range g.Specs {
				v := s.(*ast.ValueSpec) //nolint:forcetypeassert // constants are nothing else
				for i := range v.Values {
					named[v.Names[i].Name] = v.Values[i]
				}
			}
		}
	}
	return named
}

// text is a constant text of a package.
func text(of ast.Expr, consts map[string]ast.Expr) (string, error) {
	switch e := of.(type) {
	case *ast.BasicLit:
		return strconv.Unquote(e.Value)
	case *ast.ParenExpr:
		return text(e.X, consts)
	case *ast.BinaryExpr:
		a, err := text(e.X, consts)
		if err != nil {
			return "", err
		}
		b, err := text(e.Y, consts)
		return a + b, err
	case *ast.Ident:
		if value, ok := consts[e.Name]; ok {
			return text(value, consts)
		}
		return "", fmt.Errorf("%s is no constant of its package: no test can look at it", e.Name)
	}
	return "", fmt.Errorf("a %T is no constant text: no test can look at it", of)
}
