package badconfig

import (
	"bytes"
	"fmt"
	"math"
	"strconv"

	"github.com/blastgauge/blastgauge/injectors/badconfig/edit"
)

// opTruncate ends the document early. Any JSON reader notices; readers of YAML and
// of lines may not. A robust reader keeps the last good document.
func opTruncate() operator {
	return operator{"truncate", false, func(p *params, _ *Mutation) func(Document) (Result, error) {
		keep, size, at := p.share("keep", 0.6), p.count("bytes", -1), p.word("at")
		return func(doc Document) (Result, error) {
			n := int(math.Floor(keep * float64(len(doc.Body))))
			if size >= 0 {
				n = min(size, len(doc.Body))
			}
			if at == "line" {
				n = wholeLines(doc, n)
			}
			return replaced(doc.Body[:n], fmt.Sprintf("truncate: the first %d of %d bytes", n, len(doc.Body))), nil
		}
	}}
}

// wholeLines returns where the last line within the first n bytes ends. In YAML it returns
// the end of the last line after which the text is still valid, if that is one of the
// last few.
func wholeLines(doc Document, n int) int {
	const tries = 32
	first := 0
	for range tries {
		n = bytes.LastIndexByte(doc.Body[:n], '\n') + 1
		if first == 0 {
			first = n
		}
		if n == 0 || doc.Format != YAML {
			break
		}
		if edit.IsYAML(doc.Body[:n]) {
			return n
		}
		n--
	}
	return first
}

// revision returns the document that comes with the fault. The parameter name names its
// file, for people: nothing here reads files.
func (p *params) revision(name string) (body []byte, given bool) {
	file := p.text(name)
	text := p.text("body")
	if file != "" && !p.has("body") {
		p.refuse("the text of %s must come with it, as body: the file is not read here", file)
	}
	return []byte(text), p.has("body")
}

// opStale serves an older revision as the current one. No schema catches it. A
// robust reader refuses a revision older than the one it has, or too old.
func opStale() operator {
	return operator{"stale", false, func(p *params, m *Mutation) func(Document) (Result, error) {
		body, given := p.revision("from")
		m.earlier = !given
		return func(doc Document) (Result, error) { return earlier(doc, body, given, "stale") }
	}}
}

func earlier(doc Document, body []byte, given bool, name string) (Result, error) {
	switch {
	case given:
	case doc.Earlier == nil:
		return Result{}, unfit("no earlier version of it has been seen")
	default:
		body = bytes.TrimPrefix(doc.Earlier, []byte(bom))
	}
	if bytes.Equal(body, doc.Body) {
		return Result{}, unfit("it is the same as the older revision")
	}
	return replaced(body, name+": an older revision of the whole document"), nil
}

// opSplit serves another revision to some clients. Both revisions are whole, so no
// schema catches it. A robust reader logs the revision that it works with.
func opSplit() operator {
	return operator{"split", false, func(p *params, m *Mutation) func(Document) (Result, error) {
		share := p.share("share", 0.5)
		body, given := p.revision("from")
		inner := p.inner("with")
		m.earlier = inner == nil && !given || inner != nil && inner.earlier
		m.parses = inner != nil && inner.parses
		return func(doc Document) (Result, error) {
			if chance(doc.Seed, "client "+doc.Client) >= share {
				return Result{What: "split: this client works with the current revision"}, nil
			}
			if inner == nil {
				return earlier(doc, body, given, "split")
			}
			r, err := inner.apply(doc)
			r.What = "split: " + r.What
			return r, err
		}
	}}
}

// inner returns the operator that is a parameter of another one.
func (p *params) inner(name string) *Mutation {
	v, ok := p.given[name]
	if !ok {
		return nil
	}
	attributes, isMap := v.(map[string]any)
	if !isMap {
		p.refuse("%s must be an operator with its parameters, such as {drop: {path: /tax}}, not %s", name, describe(v))
		return nil
	}
	for other := range attributes {
		if other == "split" || len(attributes) > 1 {
			p.refuse("%s must be one operator, and not split", name)
			return nil
		}
	}
	operator, parameters, err := Select(attributes)
	if err != nil {
		p.refuse("%s: %w", name, err)
		return nil
	}
	m, err := Parse(operator, parameters)
	if err != nil {
		p.refuse("%s: %w", name, err)
		return nil
	}
	return m
}

// opCandidate serves the document that a team wants to ship. Journeys show what
// the schema cannot: whether customers are served well with it.
func opCandidate() operator {
	return operator{"candidate", false, func(p *params, _ *Mutation) func(Document) (Result, error) {
		body, given := p.revision("file")
		if !given {
			p.refuse("the document is missing: give file")
		}
		name := p.text("file")
		if name != "" {
			name = " " + strconv.Quote(name)
		}
		return func(doc Document) (Result, error) {
			if bytes.Equal(body, doc.Body) {
				return Result{}, unfit("the candidate%s is the same as the document", name)
			}
			return replaced(body, "candidate"+name+" in place of the whole document"), nil
		}
	}}
}

// replaced is the result of serving another document in place of this one.
func replaced(after []byte, what string) Result {
	return Result{Body: bytes.Clone(after), Changed: true, What: what}
}
