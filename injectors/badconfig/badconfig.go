// Package badconfig puts one fault into a config document.
//
// Its sixteen operators are ways in which config went wrong in public outages; package
// injectors describes them. Each operator is a pure function of the document, its
// parameters and a seed. Package edit makes the change in the text and leaves every
// other byte as it is, where it can.
package badconfig

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"mime"
	"path"
	"strings"
	"time"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/injectors"
)

// A Format is how a document is written.
type Format string

// The formats.
const (
	JSON Format = "json"
	YAML Format = "yaml"
	Text Format = "text" // anything else: only truncate, blank, stale, split and candidate can change it
)

// Detect returns the format of a document. It looks at the media type or the file name,
// and when those say nothing, at the document itself.
func Detect(name string, body []byte) Format {
	media, _, err := mime.ParseMediaType(name)
	if err != nil {
		media = name
	}
	media = strings.ToLower(media)
	_, sub, _ := strings.Cut(media, "/")
	switch ext := strings.TrimPrefix(path.Ext(media), "."); {
	case sub == "json" || strings.HasSuffix(media, "+json") || ext == "json":
		return JSON
	case sub == "yaml" || sub == "x-yaml" || strings.HasSuffix(media, "+yaml") || ext == "yaml" || ext == "yml":
		return YAML
	}
	start := bytes.TrimSpace(bytes.TrimPrefix(body, []byte(bom)))
	if len(start) > 0 && (start[0] == '{' || start[0] == '[') && json.Valid(start) {
		return JSON
	}
	return Text
}

// bom is the byte order mark that some editors write before a text in UTF-8.
const bom = "\ufeff"

// A Document is one document at one moment.
type Document struct {
	Body   []byte // decoded: no compression, in UTF-8
	Format Format // empty: JSON when the body is JSON, else Text
	Seed   uint64 // decides where the parameters leave a choice
	Client string // for split: the same client always gets the same revision
	// At is the moment that expire counts from. It should stay the same while a fault is
	// in force: a document that changes on every read would defeat the caches that the
	// fault is meant to test.
	At time.Time
	// Earlier is the first version of the document that was seen, for stale and split. It
	// is nil when there is none.
	Earlier []byte
}

// A Result is what an operator made of a document.
type Result struct {
	Body      []byte   // the document to use, also when nothing changed
	Changed   bool     // the body differs from the document's
	Where     []string // JSON Pointers of what changed; none means the whole document
	What      string   // in words, without any text of the document
	Rewritten bool     // a YAML text was written anew: its layout may have changed too
}

// ErrUnfit is wrapped by every error of [Mutation.Apply]: the document cannot
// carry this fault. The message says why.
var ErrUnfit = errors.New("the document cannot carry this fault")

func unfit(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrUnfit}, args...)...)
}

// A Mutation is one operator with its parameters. Several goroutines may use it.
type Mutation struct {
	operator   string
	attributes map[string]any
	parses     bool
	earlier    bool
	apply      func(Document) (Result, error)
}

// Parse reads the parameters of an operator in the forms of JSON: a float64 or
// json.Number for a number, a string, a bool, a []any, a map[string]any. A share is a
// number from 0 to 1 or a text such as "60%". The error says what would be right.
func Parse(operator string, attributes map[string]any) (*Mutation, error) {
	for _, o := range operators() {
		if o.name != operator {
			continue
		}
		p := &params{of: operator, given: attributes, known: injectors.OperatorParameters(operator)}
		m := &Mutation{operator: operator, attributes: maps.Clone(attributes), parses: o.parses}
		m.apply = o.build(p, m)
		if err := p.done(); err != nil {
			return nil, err
		}
		if err := injectors.CheckOperator(operator, attributes); err != nil {
			return nil, err
		}
		return m, nil
	}
	return nil, fmt.Errorf("unknown operator %q; the operators are %s", operator, figures.List(Names(), "and"))
}

// Select finds the one operator that a fault's attributes name, as in
// {"scale": {"path": "/price", "by": 100}, "flap": 5}. It ignores other attributes.
func Select(attributes map[string]any) (operator string, parameters map[string]any, err error) {
	var found []string
	for _, name := range Names() {
		if _, ok := attributes[name]; ok {
			found = append(found, name)
		}
	}
	switch len(found) {
	case 0:
		return "", nil, fmt.Errorf("an operator is missing: one of %s", figures.List(Names(), "or"))
	case 1:
	default:
		return "", nil, fmt.Errorf("a fault has one operator, not %s", figures.List(found, "and"))
	}
	switch v := attributes[found[0]].(type) {
	case map[string]any:
		return found[0], v, nil
	case nil:
		return found[0], nil, nil
	default:
		return "", nil, fmt.Errorf("%s must be an object of its parameters, not %s", found[0], describe(v))
	}
}

// Operator returns the operator's name.
func (m *Mutation) Operator() string { return m.operator }

// Attributes returns the parameters as they were given to Parse.
func (m *Mutation) Attributes() map[string]any { return maps.Clone(m.attributes) }

// Parses reports whether the result is a document of the same format whenever the
// original is (in YAML, unless << merges the changed value). When it is false, strict
// readers may refuse the result.
func (m *Mutation) Parses() bool { return m.parses }

// NeedsEarlier reports whether Apply uses Document.Earlier, so that the caller must keep
// the first version that it sees.
func (m *Mutation) NeedsEarlier() bool { return m.earlier }

// Apply makes the document bad. It does not change its arguments. After an error, which
// wraps [ErrUnfit], the result is the original document, which may be passed on.
func (m *Mutation) Apply(doc Document) (Result, error) {
	same := Result{Body: doc.Body}
	mark := 0
	if bytes.HasPrefix(doc.Body, []byte(bom)) {
		mark = len(bom)
	}
	inner := doc
	inner.Body = doc.Body[mark:]
	if inner.Format == "" {
		inner.Format = Detect("", inner.Body)
	}
	r, err := m.apply(inner)
	switch {
	case err != nil:
		return same, err
	case !r.Changed:
		same.What = r.What
		return same, nil
	case len(r.Body) > maxBody:
		return same, unfit("it would be longer than %d MiB", maxBody>>20)
	case bytes.Equal(r.Body, inner.Body):
		return same, unfit("%s would leave it as it is", m.operator)
	}
	if mark > 0 {
		r.Body = append([]byte(bom), r.Body...)
	}
	return r, nil
}

// maxBody is the size in bytes of the largest result.
const maxBody = 64 << 20

// Bad reports whether a fault that flaps is bad now, a time since its start. It begins
// bad and changes every period. With a period of 0 it is always bad.
func Bad(period, since time.Duration) bool {
	return period <= 0 || since < 0 || since/period%2 == 0
}

// Digest returns the digest by which journals name a document, "sha256:" and 64 digits.
func Digest(body []byte) string {
	sum := sha256.Sum256(body)
	return "sha256:" + hex.EncodeToString(sum[:])
}
