package openapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/blastgauge/blastgauge/experiments/lazyregexp"
	"github.com/blastgauge/blastgauge/experiments/shape"
	"github.com/blastgauge/blastgauge/experiments/yamlnode"
)

// Bounds of a document and of the files that it refers to.
const (
	maxFile   = 16 << 20
	maxFiles  = 200
	maxDepth  = 200       // of values inside each other
	maxValues = 2_000_000 // with aliases written out
)

// fail returns an error about a document.
func fail(file, hint, format string, args ...any) error {
	return &shape.Error{File: file, Msg: fmt.Sprintf(format, args...), Hint: hint}
}

// A library reads the files of one folder.
type library struct {
	root  *os.Root
	name  string // of the document, for messages
	files int
}

// read reads a document and what it refers to. Nothing outside of its folder is read,
// and nothing from the network.
func read(name string) (doc *openapi3.T, err error) {
	root, err := os.OpenRoot(filepath.Dir(name))
	if err != nil {
		return nil, fail(name, "", "the file cannot be read: %s", shape.FileProblem(err))
	}
	defer func() { _ = root.Close() }() // nothing was written
	l := &library{root: root, name: name}
	text, err := l.file(filepath.Base(name))
	if err != nil {
		return nil, fail(name, "", "the file cannot be read: %s", err)
	}
	if err := checkVersion(name, text); err != nil {
		return nil, err
	}
	defer func() { // of the library, on odd documents
		if p := recover(); p != nil {
			doc, err = nil, fail(name, "", "the document cannot be read: %v", p)
		}
	}()
	loader := openapi3.NewLoader()
	loader.IncludeOrigin = true
	loader.ReadFromURIFunc = func(_ *openapi3.Loader, at *url.URL) ([]byte, error) { return l.reference(at) }
	doc, err = loader.LoadFromDataWithPath(text, &url.URL{Path: filepath.Base(name)})
	if err != nil {
		return nil, fail(name, "", "the document cannot be read: %s", cut(err.Error()))
	}
	return doc, nil
}

// maxMessage is the length of what the library says, which repeats the document.
const maxMessage = 300

func cut(text string) string {
	if len(text) <= maxMessage {
		return text
	}
	return strings.ToValidUTF8(text[:maxMessage], "") + "…"
}

// reference reads a file that the document refers to.
func (l *library) reference(at *url.URL) ([]byte, error) {
	if at.Scheme != "" || at.Host != "" {
		return nil, fmt.Errorf("$ref to %s: nothing is fetched; download it beside the document, or bundle the document first", at.Redacted())
	}
	text, err := l.file(filepath.FromSlash(at.Path))
	if err != nil {
		return nil, fmt.Errorf("$ref to %s: %w", at.Path, err)
	}
	return text, check(text)
}

// file reads a file of the folder, as UTF-8 without a byte order mark.
func (l *library) file(name string) ([]byte, error) {
	if l.files++; l.files > maxFiles {
		return nil, fmt.Errorf("more than %d files", maxFiles)
	}
	info, err := l.root.Stat(name)
	switch {
	case err != nil && (filepath.IsAbs(name) || strings.Contains(err.Error(), "escapes")):
		return nil, errors.New("it is outside of the document's folder, which is not read; copy it there")
	case err != nil:
		return nil, errors.New(shape.FileProblem(err))
	case !info.Mode().IsRegular():
		return nil, errors.New("it is no file")
	}
	f, err := l.root.Open(name)
	if err != nil {
		return nil, errors.New(shape.FileProblem(err))
	}
	defer func() { _ = f.Close() }() // nothing was written
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	switch {
	case err != nil:
		return nil, errors.New(shape.FileProblem(err))
	case len(text) > maxFile:
		return nil, fmt.Errorf("it is larger than %d MiB", maxFile>>20)
	case bytes.HasPrefix(text, []byte("\xff\xfe")) || bytes.HasPrefix(text, []byte("\xfe\xff")):
		return nil, errors.New("it is UTF-16; save it as UTF-8")
	}
	return bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")), nil
}

var versionForm = lazyregexp.New(`^3\.[01](\.|$)`)

// checkVersion names what is no OpenAPI document of version 3.0 or 3.1.
func checkVersion(name string, text []byte) error {
	const want = "an OpenAPI document begins with openapi: 3.0.3, or 3.1.0"
	if err := check(text); err != nil {
		e := &shape.Error{File: name, Msg: "this is no OpenAPI document: " + cut(err.Error()), Hint: want}
		if m := yamlLine.FindStringSubmatch(err.Error()); m != nil {
			e.Line, _ = strconv.Atoi(m[1])
		}
		return e
	}
	top := topLevel(text)
	switch {
	case top["swagger"] != "":
		return fail(name, "convert it first: npx swagger2openapi FILE, or Convert to OpenAPI 3 in editor.swagger.io", "this is a Swagger document of version %.20q, and not OpenAPI 3", top["swagger"])
	case top["openapi"] == "" && top["info"] != "" && top["item"] != "":
		return fail(name, "give it with --postman", "this is a Postman collection, and no OpenAPI document")
	case top["openapi"] == "" && top["log"] != "":
		return fail(name, "give it with --har", "this is a HAR recording, and no OpenAPI document")
	case top["openapi"] == "":
		return fail(name, want, "this is no OpenAPI document: it has no version")
	case !versionForm.MatchString(top["openapi"]):
		return fail(name, want, "OpenAPI of version %.20q is not known", top["openapi"])
	}
	return nil
}

var yamlLine = lazyregexp.New(`line ([0-9]{1,7}):`)

// topLevel returns the scalars of a document's top level; other values are "…".
func topLevel(text []byte) map[string]string {
	top := map[string]string{}
	if isJSON(text) {
		var raw map[string]json.RawMessage
		if json.Unmarshal(text, &raw) == nil {
			for key, value := range raw {
				var s string
				if top[key] = "…"; json.Unmarshal(value, &s) == nil {
					top[key] = s
				}
			}
		}
		return top
	}
	docs, err := yamlnode.Read(text, 1)
	if err != nil || len(docs) == 0 || len(docs[0].Content) == 0 || docs[0].Content[0].Kind != yamlnode.MappingNode {
		return top
	}
	fields := docs[0].Content[0].Content
	for i := 0; i+1 < len(fields); i += 2 {
		if top[fields[i].Value] = "…"; fields[i+1].Kind == yamlnode.ScalarNode {
			top[fields[i].Value] = fields[i+1].Value
		}
	}
	return top
}

func isJSON(text []byte) bool {
	text = bytes.TrimSpace(text)
	return len(text) > 0 && text[0] == '{' && json.Valid(text)
}

var errTooLarge = errors.New("its values are too many, or too deep inside each other")

// check refuses what would grow beyond bounds: values deep inside each other, and
// aliases of aliases.
func check(text []byte) error {
	if isJSON(text) {
		return checkJSON(text)
	}
	docs, err := yamlnode.Read(text, 1)
	if err != nil {
		return err
	}
	if len(docs) == 0 {
		return errors.New("it is empty")
	}
	if size(docs[0], map[*yamlnode.Node]int{}, 0) > maxValues {
		return errTooLarge
	}
	return nil
}

func checkJSON(text []byte) error {
	d := json.NewDecoder(bytes.NewReader(text))
	for depth, n := 0, 0; ; n++ {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch token {
		case json.Delim('{'), json.Delim('['):
			depth++
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
		if depth > maxDepth || n > maxValues {
			return errTooLarge
		}
	}
}

// size counts the values of a document with its aliases written out.
func size(n *yamlnode.Node, known map[*yamlnode.Node]int, depth int) int {
	if n == nil {
		return 0
	}
	if depth > maxDepth {
		return maxValues + 1
	}
	if n.Kind == yamlnode.AliasNode {
		n = n.Alias
	}
	if counted, ok := known[n]; ok {
		return counted
	}
	known[n] = maxValues + 1 // an alias to what it is in
	total := 1
	for _, item := range n.Content {
		if total += size(item, known, depth+1); total > maxValues {
			return maxValues + 1
		}
	}
	known[n] = total
	return total
}
