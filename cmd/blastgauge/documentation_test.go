package main

import (
	"bytes"
	"io"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/text"
)

// mostOfReadme is how long the first page may be, in bytes: two screens.
const mostOfReadme = 12 << 10

// A page is one document of the project for people.
type page struct {
	file     string // from the top, with slashes
	headings map[string]bool
	links    []string
	code     []string // lines of code blocks, and texts that are code
	blocks   []block
}

// A block is a fenced block of code.
type block struct {
	info  []string // words behind the fence, such as sh and run
	line  int      // of the document
	lines []string // with those that a backslash continues as one
}

// pages reads all documents for people.
func pages(t *testing.T) map[string]page {
	t.Helper()
	all := map[string]page{}
	err := fs.WalkDir(os.DirFS("../.."), ".", func(file string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "testdata" || d.Name() == "node_modules" || len(d.Name()) > 1 && d.Name()[0] == '.'):
			return fs.SkipDir
		case d.IsDir() || path.Ext(file) != ".md":
			return nil
		}
		source, err := os.ReadFile(filepath.Join("../..", filepath.FromSlash(file)))
		all[file] = parsePage(file, source)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 20 {
		t.Fatalf("only %d documents were found: the search is broken", len(all))
	}
	return all
}

func parsePage(file string, source []byte) page {
	p := page{file: file, headings: map[string]bool{}}
	root := goldmark.New(goldmark.WithExtensions(extension.GFM)).Parser().Parse(text.NewReader(source))
	_ = ast.Walk(root, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Heading:
			p.headings[anchor(inlineText(n, source))] = true
		case *ast.Link:
			p.links = append(p.links, string(n.Destination))
		case *ast.Image:
			p.links = append(p.links, string(n.Destination))
		case *ast.CodeSpan:
			p.code = append(p.code, strings.Join(strings.Fields(inlineText(n, source)), " "))
		case *ast.HTMLBlock:
			p.links = append(p.links, sourcesIn(string(n.Lines().Value(source)))...)
		case *ast.FencedCodeBlock:
			b := block{lines: joinContinued(n.Lines(), source)}
			if n.Info != nil {
				b.info = strings.Fields(string(n.Info.Segment.Value(source)))
				b.line = 1 + bytes.Count(source[:n.Info.Segment.Start], []byte("\n"))
			}
			p.code = append(p.code, b.lines...)
			p.blocks = append(p.blocks, b)
		case *ast.CodeBlock:
			p.code = append(p.code, joinContinued(n.Lines(), source)...)
		}
		return ast.WalkContinue, nil
	})
	return p
}

// sourcesIn are the pictures in HTML.
func sourcesIn(html string) (links []string) {
	for _, m := range regexp.MustCompile(`\b(?:src|srcset|href)="([^"]*)"`).FindAllStringSubmatch(html, -1) {
		links = append(links, m[1])
	}
	return links
}

// joinContinued are the lines of a block, with those that a backslash continues as one.
func joinContinued(lines *text.Segments, source []byte) []string {
	block := string(lines.Value(source))
	return strings.Split(strings.ReplaceAll(block, "\\\n", " "), "\n")
}

func inlineText(n ast.Node, source []byte) string {
	var b strings.Builder
	_ = ast.Walk(n, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if s, ok := n.(*ast.Text); ok && entering {
			b.Write(s.Segment.Value(source))
		}
		return ast.WalkContinue, nil
	})
	return b.String()
}

// anchor is what forges make of a heading.
func anchor(heading string) string {
	kept := regexp.MustCompile(`[^\p{L}\p{N} _-]`).ReplaceAllString(strings.ToLower(heading), "")
	return strings.ReplaceAll(kept, " ", "-")
}

func TestLinksOfDocuments(t *testing.T) {
	t.Parallel()
	all := pages(t)
	count := 0
	for _, file := range slices.Sorted(maps.Keys(all)) {
		for _, link := range all[file].links {
			u, err := url.Parse(link)
			if err != nil {
				t.Errorf("%s: %s: %v", file, link, err)
				continue
			}
			if u.IsAbs() {
				continue
			}
			count++
			to := file
			if u.Path != "" {
				to = path.Join(path.Dir(file), u.Path)
			}
			if _, err := os.Stat(filepath.Join("../..", filepath.FromSlash(to))); err != nil {
				t.Errorf("%s: there is no %s", file, link)
			} else if target, ok := all[to]; ok && u.Fragment != "" && !target.headings[u.Fragment] {
				t.Errorf("%s: %s has no such heading", file, link)
			}
		}
	}
	if count < 100 {
		t.Errorf("only %d links were found: the search is broken", count)
	}
}

func TestReadmeIsShort(t *testing.T) {
	t.Parallel()
	info, err := os.Stat("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	if info.Size() > mostOfReadme {
		t.Errorf("README.md has %d bytes, at most %d: what belongs to a room stands there", info.Size(), mostOfReadme)
	}
}

// What is wrong in a document is found.
func TestWrongCommandsOfDocuments(t *testing.T) {
	t.Parallel()
	for line, wrong := range map[string]bool{
		"blastgauge gate next.json --budget 5m": false, "BLASTGAUGE_COMMIT=1 blastgauge run # --none": false, "go run ./cmd/measure fold": false, "docker run blastgauge --none": false,
		"blastgauge gate next.json --none": true, "x=$(blastgauge history --none)": true, "blastgauge none": true, "true && blastgauge history a b": true, "go run ./cmd/measure context": true,
	} {
		found := false
		for _, words := range commandsIn(line) {
			found = found || checkWords(words) != nil
		}
		if found != wrong {
			t.Errorf("%s: found to be wrong %t, want %t", line, found, wrong)
		}
	}
}

// Commands that documents show exist, with these flags and so many arguments.
func TestCommandsOfDocuments(t *testing.T) {
	t.Parallel()
	all := pages(t)
	count := 0
	for _, file := range slices.Sorted(maps.Keys(all)) {
		if file == "CHANGELOG.md" { // what was possible once
			continue
		}
		for _, line := range all[file].code {
			for _, words := range commandsIn(line) {
				count++
				if err := checkWords(words); err != nil {
					t.Errorf("%s: %s: %v", file, strings.Join(words, " "), err)
				}
			}
		}
	}
	if count < 100 {
		t.Errorf("only %d commands were found: the search is broken", count)
	}
}

// commandsIn are the calls of blastgauge, and of measure, in a line of shell. What only
// names a command, such as "blastgauge run -- COMMAND ARG...", counts as well.
func commandsIn(line string) (calls [][]string) {
	if strings.ContainsAny(line, "─│┤├") { // a drawing
		return nil
	}
	var call []string
	end := func() {
		if len(call) > 0 && (call[0] == "blastgauge" || call[0] == "measure") {
			calls = append(calls, call)
		}
		call = nil
	}
	line = regexp.MustCompile(`go run (?:\./)?\.?/?cmd/`).ReplaceAllString(line, "")
	for _, word := range shellWords(line) {
		if slices.Contains([]string{"|", "||", "&&", ";", "&", ">", "<", "2>"}, word) {
			end()
			continue
		}
		if call != nil || word == "blastgauge" || word == "measure" {
			call = append(call, word)
		} else if !strings.Contains(word, "=") && word != "$" && word != "-" && word != "run:" && word != "exec" && word != "!" {
			call = []string{""} // another command
		}
	}
	end()
	return calls
}

// shellWords splits a line as a shell does. Comments end it.
func shellWords(line string) (words []string) {
	var word strings.Builder
	quote, open := rune(0), false
	flush := func() {
		if open {
			words = append(words, word.String())
		}
		word.Reset()
		open = false
	}
	for _, r := range line {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(r)
		case r == '\'' || r == '"':
			quote, open = r, true
		case r == '#' && !open:
			flush()
			return words
		case r == ' ' || r == '\t':
			flush()
		case r == ';' || r == '(' || r == ')':
			flush()
			words = append(words, ";")
		default:
			word.WriteRune(r)
			open = true
		}
	}
	flush()
	return words
}

// checkWords parses a call as the program does, and performs nothing.
func checkWords(words []string) error {
	if words[0] == "measure" {
		return checkMeasure(words[1:])
	}
	a := &app{stdin: strings.NewReader(""), stdout: io.Discard, stderr: io.Discard, getenv: os.LookupEnv}
	root := newRoot(a)
	addVersionFlag(root, nil)
	cmd, rest, err := root.Find(words[1:])
	if err != nil {
		return err
	}
	rest = slices.DeleteFunc(rest, func(word string) bool { return word == "…" || word == "..." })
	if slices.Contains(rest, "--help") {
		return nil
	}
	if err := cmd.ParseFlags(rest); err != nil {
		return err
	}
	if cmd == root && len(cmd.Flags().Args()) > 0 {
		return refuseUnknown(root, cmd.Flags().Args())
	}
	if cmd.Args == nil {
		return nil
	}
	return cmd.Args(cmd, cmd.Flags().Args())
}

// checkMeasure asks whether there is a program of that name.
func checkMeasure(words []string) error {
	if len(words) == 0 {
		return nil
	}
	files, err := filepath.Glob("../measure/*.go")
	if err != nil {
		return err
	}
	listed := regexp.MustCompile(`\{(name: )?"` + regexp.QuoteMeta(words[0]) + `", (line: )?"`) // with what it measures
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		if listed.Match(source) {
			return nil
		}
	}
	return &exec.Error{Name: words[0], Err: exec.ErrNotFound}
}
