package badconfig

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
)

func opTruncate() operator {
	return operator{Operator{
		Name:    "truncate",
		Summary: "the document ends early",
		Parameters: []Parameter{
			{Name: "keep", Unit: Share, Max: 1, Doc: "the share of its bytes that is left; 60% by default"},
			{Name: "bytes", Unit: Count, Min: 0, Max: 1 << 40, Doc: "how many bytes are left, in place of keep"},
			{Name: "at", Unit: Word, Words: []string{"byte", "line"}, Doc: "byte: anywhere (the default); line: after the last whole line, so that YAML, CSV and NDJSON mostly still read"},
		},
		Example: "truncate: {keep: 60%}", Formats: Formats(),
		Schema: "JSON: any reader does; YAML and lines: no", Robust: keepsLastGood,
	}, func(p *params, _ *Mutation) func(Document) (Result, error) {
		keep, size, at := p.share("keep", 0.6), p.count("bytes", -1), p.word("at")
		if p.has("keep") && p.has("bytes") {
			p.refuse("keep and bytes say the same: give one of them")
		}
		return func(doc Document) (Result, error) {
			n := int(math.Floor(keep * float64(len(doc.Body))))
			if size >= 0 {
				n = min(size, len(doc.Body))
			}
			if at == "line" {
				n = wholeLines(doc, n)
			}
			return replaced(doc.Body, doc.Body[:n], fmt.Sprintf("truncate: the first %d of %d bytes", n, len(doc.Body))), nil
		}
	}}
}

// wholeLines is where the last line within n bytes ends; in YAML, the last one
// after which the text still reads, as far as that is within reach.
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
		if _, err := parseYAML(doc.Body[:n]); err == nil {
			return n
		}
		n--
	}
	return first
}

// revision is a document that is given with the fault. Its name is for people:
// nothing here reads a file.
func (p *params) revision(name string) (body []byte, given bool) {
	file := p.text(name)
	text := p.text("body")
	if file != "" && !p.has("body") {
		p.refuse("the text of %s must come with it, as body: the file is not read here", file)
	}
	return []byte(text), p.has("body")
}

func bodyParameter() Parameter {
	return Parameter{Name: "body", Unit: String, Doc: "its text; put there by whoever reads the file"}
}

func opStale() operator {
	return operator{Operator{
		Name:    "stale",
		Summary: "an older revision is served as the current one",
		Parameters: []Parameter{
			{Name: "from", Unit: String, Doc: "the file that holds the older revision; without it, the first version that was seen"},
			bodyParameter(),
		},
		Example: "stale: {from: settings-118.json}", Formats: Formats(),
		Schema: "no", Robust: refusesOlder,
	}, func(p *params, m *Mutation) func(Document) (Result, error) {
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
	return replaced(doc.Body, body, name+": an older revision of the whole document"), nil
}

func opSplit() operator {
	return operator{Operator{
		Name:    "split",
		Summary: "some instances work with another revision than the rest",
		Parameters: []Parameter{
			{Name: "share", Unit: Share, Max: 1, Doc: "the share of clients that get the other revision, always the same ones; 50% by default"},
			{Name: "from", Unit: String, Doc: "the file that holds the other revision; without it, the first version that was seen"},
			bodyParameter(),
			{Name: "with", Unit: Inner, Doc: "an operator that makes the other revision, such as {scale: {path: /price/factor, by: 100}}"},
		},
		Example: "split: {share: 12.5%, with: {scale: {path: /price/factor, by: 100}}}", Formats: Formats(),
		Schema: "no: both revisions are whole", Robust: climbs,
	}, func(p *params, m *Mutation) func(Document) (Result, error) {
		share := p.share("share", 0.5)
		body, given := p.revision("from")
		inner := p.inner("with")
		if inner != nil && (given || p.has("from")) {
			p.refuse("with makes the other revision and from gives it: one of them")
		}
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

// inner is an operator within another one.
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

func opCandidate() operator {
	return operator{Operator{
		Name:    "candidate",
		Summary: "the document that somebody wants to ship is served in place of the real one",
		Parameters: []Parameter{
			{Name: "file", Unit: String, Doc: "the file that holds it"},
			bodyParameter(),
		},
		Example: "candidate: {file: settings-next.json}", Formats: Formats(),
		Schema: "as far as it goes: the journeys tell the rest", Robust: "serves customers well with it, or rejects it and keeps the last good document",
	}, func(p *params, _ *Mutation) func(Document) (Result, error) {
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
			return replaced(doc.Body, body, "candidate"+name+" in place of the whole document"), nil
		}
	}}
}

// FileOf names the file whose text an operator needs as its parameter body and
// has not been given yet; empty: none.
func FileOf(operator string, parameters map[string]any) string {
	name, ok := map[string]string{"stale": "from", "split": "from", "candidate": "file"}[operator]
	if _, given := parameters["body"]; !ok || given {
		return ""
	}
	file, _ := parameters[name].(string)
	return file
}
