package shape

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/inert"
	"github.com/blastgauge/blastgauge/experiments/lazyregexp"
	"github.com/hashicorp/go-multierror"
)

// ErrInvalid is wrapped by every error that means "what the user wrote is wrong".
// A file that cannot be read is such an error.
var ErrInvalid = errors.New("invalid document")

// An Error is one mistake in a document and its place. It wraps [ErrInvalid].
type Error struct {
	File  string
	Line  int    // from 1; 0 means the whole file
	Col   int    // from 1, in characters; 0 means unknown
	Width int    // of the token at fault, in characters; 0 means unknown
	Msg   string // what is wrong, and often what would be right
	Hint  string // what to write instead, such as: did you mean "latency"?
	Note  string // more, such as: known: bandwidth, down, latency

	excerpt []string // the lines up to Line, at most three
	more    int      // further errors of this file that were not kept
}

// Error returns the mistake on one line: file:line:col: error: message (hint).
func (e *Error) Error() string {
	if e.Hint == "" {
		return e.headline()
	}
	return e.headline() + " (" + e.Hint + ")"
}

// Unwrap returns [ErrInvalid].
func (e *Error) Unwrap() error { return ErrInvalid }

func (e *Error) headline() string {
	at := inert.Text(e.File)
	if e.Line > 0 {
		at += ":" + strconv.Itoa(e.Line)
	}
	if e.Line > 0 && e.Col > 0 {
		at += ":" + strconv.Itoa(e.Col)
	}
	return at + ": error: " + e.Msg
}

// Explain returns the mistake with the lines around it, a caret under the token at
// fault, and its hint and note. It ends with a newline.
func (e *Error) Explain() string {
	var b strings.Builder
	b.WriteString(e.headline() + "\n")
	lines := e.excerpt
	if e.from() > 0 {
		lines = lines[max(0, len(lines)-1):] // the lines above would not be shown at the same place
	}
	for i, line := range lines {
		text := fmt.Sprintf("%5d | %s", e.Line-len(lines)+1+i, inert.Line(window(line, e.from())))
		b.WriteString(strings.TrimRight(text, " \t") + "\n")
	}
	switch {
	case len(e.excerpt) > 0 && e.Col > 0:
		caret := strings.Repeat("^", min(max(1, e.Width), widest))
		b.WriteString(strings.TrimRight("      | "+indent(window(e.excerpt[len(e.excerpt)-1], e.from()), e.Col-1-e.from())+caret+" "+e.Hint, " ") + "\n")
	case e.Hint != "":
		b.WriteString("  " + e.Hint + "\n")
	}
	if e.Note != "" {
		b.WriteString("  " + e.Note + "\n")
	}
	return b.String()
}

// indent returns blanks as wide as the first n characters of line. Tabs stay tabs,
// so that the caret is right whatever their width.
func indent(line string, n int) string {
	return strings.Map(func(r rune) rune {
		if r == '\t' {
			return r
		}
		return ' '
	}, line[:prefixLen(line, n)])
}

// widest is how much of a line is shown, in characters. Whole documents on one
// line exist.
const widest = 240

// from returns the index of the first character that is shown of each line.
func (e *Error) from() int {
	if e.Col+min(e.Width, widest/2) <= widest {
		return 0
	}
	return e.Col - widest/2
}

// window returns the part of a line that is shown.
func window(line string, from int) string {
	line = line[prefixLen(line, from):]
	return line[:prefixLen(line, widest)]
}

// clip masks and shortens a message, which may repeat parts of the document. It masks
// first, because a mask knows credentials by what follows them.
func (d *Document) clip(msg string) string {
	msg = inert.Line(d.mask(msg))
	if n := prefixLen(msg, 2*widest); n < len(msg) {
		msg = msg[:n] + "..."
	}
	return msg
}

var credentials = lazyregexp.New(`://[^\s/@]+@`)

// mask writes asterisks for secrets. Errors end up in the logs of CI.
func (d *Document) mask(text string) string {
	if d.language.Mask != nil {
		text = d.language.Mask(text)
	}
	return credentials.ReplaceAllStringFunc(text, func(part string) string {
		return "://" + strings.Repeat("*", utf8.RuneCountInString(part)-4) + "@"
	})
}

// Errors returns the mistakes in err in the order they are printed: by file in the
// order of loading, then by place. It is empty for any other error.
func Errors(err error) []*Error {
	many, ok := errors.AsType[*multierror.Error](err)
	if !ok {
		if one, ok := errors.AsType[*Error](err); ok {
			return []*Error{one}
		}
		return nil
	}
	list := make([]*Error, 0, len(many.Errors))
	for _, e := range many.Errors {
		if one, ok := errors.AsType[*Error](e); ok {
			list = append(list, one)
		}
	}
	return list
}

// Explain renders all mistakes in err with source lines and carets, a blank line
// between them, and a last line that counts them by file. It is empty if err
// holds none.
func Explain(err error) string {
	list := Errors(err)
	if len(list) == 0 {
		return ""
	}
	var b strings.Builder
	for _, e := range list {
		b.WriteString(e.Explain())
		if e.more > 0 {
			fmt.Fprintf(&b, "  ... and %s in %s\n", figures.Plural(e.more, "more error", "more errors"), inert.Text(e.File))
		}
		b.WriteByte('\n')
	}
	b.WriteString(countByFile(list) + ".\n")
	return b.String()
}

// countByFile returns a text such as "2 errors in checkout.yaml, 1 error in
// slow.yaml".
func countByFile(list []*Error) string {
	var files []string
	number := map[string]int{}
	for _, e := range list {
		if number[e.File] == 0 {
			files = append(files, e.File)
		}
		number[e.File] += 1 + e.more
	}
	for i, f := range files {
		files[i] = figures.Plural(number[f], "error", "errors") + " in " + inert.Text(f)
	}
	return strings.Join(files, ", ")
}

// Join returns one error with the mistakes of several documents, in the order of
// the documents and then by place. It is nil if there are none.
func Join(docs ...*Document) error {
	all := &multierror.Error{ErrorFormat: oneLineEach}
	for _, d := range docs {
		slices.SortStableFunc(d.errors, func(a, b *Error) int {
			return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Col, b.Col))
		})
		for i, e := range d.errors {
			if i == len(d.errors)-1 {
				e.more = d.hidden
			}
			all.Errors = append(all.Errors, e)
		}
	}
	return all.ErrorOrNil()
}

func oneLineEach(list []error) string {
	lines := make([]string, len(list))
	for i, e := range list {
		lines[i] = e.Error()
	}
	return strings.Join(lines, "\n")
}
