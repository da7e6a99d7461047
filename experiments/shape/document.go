package shape

import (
	"fmt"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/yamlnode"
)

// What a document may be at most. Documents are written by people: whatever is
// beyond these limits is a mistake or an attack.
const (
	MaxBytes    = 1 << 20 // 1 MiB of text
	maxDepth    = 64      // lists and mappings inside each other
	maxExpanded = 100_000 // values that aliases may add to those written
	maxKey      = 256     // bytes of a key
	MaxErrors   = 50      // kept per document; the rest is only counted
)

// A Language is what differs between languages that are written as shapes. The
// zero value is a language without any of it.
type Language struct {
	// Synonyms returns the words of this language for a lower-case word that
	// means the same in other tools.
	Synonyms func(word string) []string
	// Mask hides secrets in messages and excerpts. Credentials in URLs are always
	// hidden.
	Mask func(text string) string
	// VariableHint says where variables can be used, for a text with one in another place.
	VariableHint string
	// EmptyHint says what to do about an empty document.
	EmptyHint string
}

// A Document is one document while it is read: its text, where its fields are,
// and what is wrong with it.
type Document struct {
	src      Source
	language Language
	lines    []string
	shown    map[int]string // lines as an excerpt shows them, by index: one line may have all mistakes
	root     Node
	values   map[string]Node // of fields, by path
	keys     map[string]Node // of fields, by path
	errors   []*Error
	hidden   int // errors beyond MaxErrors
	repeated int // mistakes that were noted before
	kept     []Node
	keptIn   map[string][]Node // by the path of a Keeping shape

	overrides  []Override
	overridden map[*yamlnode.Node]string // what an override wrote, and which one
	rephrase   func(Diagnostic) Diagnostic
	madeUp     map[*yamlnode.Node]bool // mappings around what an override wrote
}

// A Diagnostic is what is wrong with a token, without its place.
type Diagnostic struct {
	Msg  string
	Hint string // what to write instead
	Note string // more, such as what is known
	// Got is the word that the user wrote, and Known are the words that would be
	// right. With Known, Hint and Note are made from them.
	Got   string
	Known []string
	// From and To are the part of the token at fault, in bytes of its text. Both
	// are zero for all of it.
	From, To int
}

// NewDocument prepares a document for reading.
func NewDocument(src Source, l Language) *Document {
	return &Document{src: src, language: l, lines: splitLines(string(src.Text)),
		shown: map[int]string{}, values: map[string]Node{}, keys: map[string]Node{}, keptIn: map[string][]Node{}}
}

// Fail notes a mistake at a node.
func (d *Document) Fail(n Node, what Diagnostic) {
	if d.Full() {
		d.hidden++
		return
	}
	if d.rephrase != nil {
		what = d.rephrase(what)
	}
	if override, ok := d.overridden[n.source()]; ok {
		d.failOverride(override, what)
		return
	}
	if n.alias != nil {
		anchored := Node{yaml: n.yaml, written: n.written}
		if d.failed(d.Span(anchored, what.From, what.To), d.clip(what.Msg)) {
			d.repeated++ // where the anchor is: a mistake of the value, not of this use
			return
		}
		if what.Note == "" {
			what.Note = fmt.Sprintf("*%s is what &%[1]s in line %d stands for", n.alias.Value, n.alias.Alias.Line)
		}
	}
	d.FailAt(d.Span(n, what.From, what.To), what)
}

// failed reports whether a mistake was noted at a place.
func (d *Document) failed(at Span, msg string) bool {
	return slices.ContainsFunc(d.errors, func(e *Error) bool { return e.Line == at.Line && e.Col == at.Col && e.Msg == msg })
}

// Rephrase reads a part of the document, and notes every mistake in other words.
func (d *Document) Rephrase(how func(Diagnostic) Diagnostic, read func()) {
	before := d.rephrase
	d.rephrase = func(what Diagnostic) Diagnostic {
		if what = how(what); before != nil {
			what = before(what)
		}
		return what
	}
	read()
	d.rephrase = before
}

// Full reports whether the document has so many mistakes that further ones are
// only counted.
func (d *Document) Full() bool { return len(d.errors) >= MaxErrors }

// FailAt notes a mistake at a place. Aliases can repeat the same mistake at the
// same place: it counts once.
func (d *Document) FailAt(at Span, what Diagnostic) {
	if at.override != "" {
		d.failOverride(at.override, what)
		return
	}
	msg := d.clip(what.Msg)
	if d.failed(at, msg) {
		d.repeated++
		return
	}
	if len(what.Known) > 0 {
		what.Hint, what.Note = d.suggest(what.Got, what.Known)
	}
	e := &Error{File: d.src.File, Line: at.Line, Col: at.Col, Width: at.Width, Msg: msg, Hint: d.clip(what.Hint), Note: d.clip(what.Note)}
	if at.Line > 0 && at.Line <= len(d.lines) {
		for i := max(0, at.Line-3); i < at.Line; i++ {
			e.excerpt = append(e.excerpt, d.shownLine(i))
		}
	}
	d.errors = append(d.errors, e)
}

// shownLine is a line without its secrets.
func (d *Document) shownLine(i int) string {
	line, masked := d.shown[i]
	if !masked {
		line = d.mask(d.lines[i])
		d.shown[i] = line
	}
	return line
}

// Count returns the number of mistakes so far.
func (d *Document) Count() int { return len(d.errors) + d.hidden + d.repeated }

// Root returns the value of the whole document, and reports whether there is one.
func (d *Document) Root() (Node, bool) { return d.root, d.root != Node{} }

// At returns the value of a field, or of the nearest field around it that is
// written.
func (d *Document) At(path string) Node {
	for path != "" {
		if n, ok := d.values[path]; ok {
			return n
		}
		path = path[:max(0, strings.LastIndexAny(path, ".["))]
	}
	return d.root
}

// Key returns the key of a field, or what [Document.At] finds.
func (d *Document) Key(path string) Node {
	if n, ok := d.keys[path]; ok {
		return n
	}
	return d.At(path)
}

// Given reports whether a field is written.
func (d *Document) Given(path string) bool {
	_, ok := d.values[path]
	return ok
}

// A Place is where something is in a document, line and column counted from 1.
type Place struct{ Line, Col int }

// Places returns where each field is, by its path, such as
// "journeys.checkout.steps[1].request". What an override wrote is nowhere.
func (d *Document) Places() map[string]Place {
	places := make(map[string]Place, len(d.values))
	for path, n := range d.values {
		if _, overridden := d.overridden[n.source()]; overridden {
			continue
		}
		places[path] = Place{Line: n.Line(), Col: n.Col()}
	}
	return places
}

// Keep remembers a node for checks that need more of the document than was read
// so far.
func (d *Document) Keep(n Node) { d.kept = append(d.kept, n) }

// Kept returns all nodes that were kept, in the order of reading.
func (d *Document) Kept() []Node { return d.kept }

// KeptIn returns the nodes that were kept inside the [Keeping] shape at a path.
func (d *Document) KeptIn(path string) []Node { return d.keptIn[path] }

// JoinPath appends a key to the path of a mapping.
func JoinPath(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
