package postman

import (
	"encoding/json"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/scaffold/draft"
)

// maxBody is the length of the longest body, in bytes.
const maxBody = 256 << 10

// takeBody writes the body of a request.
func (c *converter) takeBody(r *draft.Request, b *body) (remarks []string) {
	switch b.Mode {
	case "raw":
		return c.takeRaw(r, b)
	case "graphql":
		c.takeGraphQL(r, b)
	case "urlencoded":
		dropContentType(r, "application/x-www-form-urlencoded")
		for _, p := range b.URLEncoded {
			key, ok := literal(c.expand(string(p.Key)))
			switch {
			case p.Off || key == "" && ok:
			case !ok || len(key) > maxKey:
				remarks = append(remarks, "A form field whose name holds a variable is left out")
			default:
				r.Form = append(r.Form, c.slot(draft.InForm, key, string(p.Value)))
			}
		}
	case "formdata":
		return c.takeFormData(r, b)
	case "file":
		return []string{"Its body is the file " + baseName(string(b.File.Src)) + "; put it beside this file, and write body: {file: " + baseName(string(b.File.Src)) + "}"}
	case "", "none":
	default:
		return []string{"Its body is of a kind that is not known: " + string(b.Mode)}
	}
	return remarks
}

// maxKey is the length of the longest name of a field.
const maxKey = 200

// takeRaw writes a text, or JSON where it is some.
func (c *converter) takeRaw(r *draft.Request, b *body) (remarks []string) {
	raw := string(b.Raw)
	if raw == "" {
		return nil
	}
	if len(raw) > maxBody {
		return []string{"Its body is larger than 256 KiB, and is left out"}
	}
	language := string(b.Options.Raw.Language)
	said := ""
	for _, h := range r.Headers {
		if h.Key == "Content-Type" {
			said = strings.ToLower(h.Value)
		}
	}
	if strings.Contains(said, "json") || said == "" && (language == "json" || language == "" && looksLikeJSON(raw)) {
		if n, ok := c.readJSON(raw); ok {
			dropContentType(r, "application/json")
			r.JSON = n
			return nil
		}
		remarks = append(remarks, "Its body is no JSON before its variables are filled in, so it is a text")
		contentType(r, "application/json")
	}
	mimes := map[string]string{"xml": "application/xml", "html": "text/html", "javascript": "application/javascript"}
	if mime := mimes[language]; mime != "" {
		contentType(r, mime)
	}
	contentType(r, "text/plain")
	r.Body = c.slot(draft.InBody, "", raw)
	return remarks
}

func looksLikeJSON(raw string) bool {
	raw = strings.TrimSpace(raw)
	return strings.HasPrefix(raw, "{") || strings.HasPrefix(raw, "[")
}

// bare marks a text of JSON that stands for a variable without quotes.
const bare = "\x02"

// markBare puts variables that stand outside of texts into one, and leaves out comments:
// Postman takes both.
func markBare(raw string) string {
	var b strings.Builder
	inText := false
	for i := 0; i < len(raw); i++ {
		rest := raw[i:]
		switch {
		case inText && raw[i] == '\\' && len(rest) > 1:
			b.WriteString(rest[:2])
			i++
			continue
		case raw[i] == '"':
			inText = !inText
		case inText:
		case strings.HasPrefix(rest, "{{"):
			if m := variableForm.FindStringIndex(rest); m != nil && m[0] == 0 {
				quoted, err := json.Marshal(bare + rest[:m[1]])
				if err == nil {
					b.Write(quoted)
					i += m[1] - 1
					continue
				}
			}
		case strings.HasPrefix(rest, "//"):
			end := strings.IndexByte(rest, '\n')
			if end < 0 {
				end = len(rest)
			}
			i += end - 1
			continue
		case strings.HasPrefix(rest, "/*"):
			if end := strings.Index(rest, "*/"); end > 0 {
				i += end + 1
				continue
			}
		}
		b.WriteByte(raw[i])
	}
	return b.String()
}

// readJSON reads a body with variables. It reports false if it is no JSON.
func (c *converter) readJSON(raw string) (*draft.Node, bool) {
	n, ok := draft.ParseJSON(markBare(raw))
	if !ok || !c.fill(n, "", 0) {
		return nil, false
	}
	return n, true
}

// maxFilled is how deep variables that hold JSON may be inside each other.
const maxFilled = 5

// fill looks up the variables of a body. It reports false if one would have to be the
// name of a member.
func (c *converter) fill(n *draft.Node, key string, depth int) bool {
	switch n.Kind {
	case draft.NumberNode:
		n.Slot = draft.NewSlot(draft.InJSON, key, n.Text, n.Text)
		n.Slot.Number = true
	case draft.TextNode:
		inside, isBare := strings.CutPrefix(n.Text, bare)
		if !isBare {
			n.Slot = c.slot(draft.InJSON, key, n.Text)
			break
		}
		list := c.expand(inside)
		value, ok := literal(list)
		if ok && depth < maxFilled {
			if inner, isJSON := draft.ParseJSON(value); isJSON {
				*n = *inner
				return c.fill(n, key, depth+1)
			}
		}
		n.Slot = &draft.Slot{In: draft.InJSON, Key: key, Value: value, Parts: c.final(list)}
	}
	taken := map[string]bool{}
	for i, item := range n.Items {
		inner := key
		if n.Kind == draft.ObjectNode {
			name, ok := literal(c.expand(n.Names[i]))
			if !ok || taken[name] {
				return false
			}
			taken[name] = true
			n.Names[i], inner = name, name
		}
		if !c.fill(item, inner, depth) {
			return false
		}
	}
	return true
}

// takeGraphQL writes a GraphQL request.
func (c *converter) takeGraphQL(r *draft.Request, b *body) {
	dropContentType(r, "application/json")
	n := &draft.Node{Kind: draft.ObjectNode}
	add := func(name string, item *draft.Node) {
		n.Names, n.Items = append(n.Names, name), append(n.Items, item)
	}
	query := &draft.Node{Kind: draft.TextNode, Text: string(b.GraphQL.Query)}
	query.Slot = c.slot(draft.InJSON, "query", query.Text)
	add("query", query)
	if name := string(b.GraphQL.Operation); name != "" {
		add("operationName", &draft.Node{Kind: draft.TextNode, Text: name, Slot: draft.NewSlot(draft.InJSON, "operationName", name, name)})
	}
	if variables, ok := c.readJSON(string(b.GraphQL.Variables)); ok && variables.Kind == draft.ObjectNode && len(variables.Items) > 0 {
		add("variables", variables)
	}
	r.JSON = n
}

// baseName returns the last part of a file's name, of whichever system.
func baseName(path string) string {
	return path[strings.LastIndexAny(path, `/\`)+1:]
}

// takeFormData writes a multipart form. Its files are elsewhere, so they are told.
func (c *converter) takeFormData(r *draft.Request, b *body) (remarks []string) {
	dropContentType(r, "multipart/form-data")
	for _, p := range b.FormData {
		key, ok := literal(c.expand(string(p.Key)))
		switch {
		case p.Off || key == "" && ok:
		case !ok || len(key) > maxKey:
			remarks = append(remarks, "A field whose name holds a variable is left out")
		case p.Type == "file":
			name := baseName(strings.Join(p.Src, ""))
			mime := ""
			if p.ContentType != "" {
				mime = ", type: " + string(p.ContentType)
			}
			remarks = append(remarks, "Its field "+key+" is the file "+name+": put it beside this document, and add "+key+": {file: "+name+mime+"} to multipart")
		default:
			r.Multipart = append(r.Multipart, c.slot(draft.InForm, key, string(p.Value)))
		}
	}
	return remarks
}
