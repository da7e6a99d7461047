package postman

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/blastgauge/blastgauge/experiments/shape"
)

// Bounds of a collection. Saved examples make a file large, a journey is small.
const (
	maxFile    = 64 << 20
	maxFolders = 40 // one inside another
	maxItems   = 20_000
)

// A collection has the fields of the schema v2.1.0 that are used here. What may be of
// several types there is read leniently: a collection that Postman opens is no mistake.
type collection struct {
	text      string     // of the file
	Info      info       `json:"info"`
	Items     []item     `json:"item"`
	Auth      *auth      `json:"auth"`
	Variables []variable `json:"variable"`
	Events    []event    `json:"event"`
}

type info struct {
	Name   text `json:"name"`
	Schema text `json:"schema"`
}

// An item is a request, or a folder where it has items.
type item struct {
	Name      text       `json:"name"`
	Items     []item     `json:"item"`
	Request   *request   `json:"request"`
	Responses []response `json:"response"`
	Auth      *auth      `json:"auth"` // of a folder
	Variables []variable `json:"variable"`
	Events    []event    `json:"event"`
	Behavior  struct {
		KeepBody bool  `json:"disableBodyPruning"` // of GET and HEAD
		Follow   *bool `json:"followRedirects"`    // nil: Postman does
	} `json:"protocolProfileBehavior"`
}

type request struct {
	Method  text    `json:"method"`
	URL     address `json:"url"`
	Headers headers `json:"header"`
	Body    *body   `json:"body"`
	Auth    *auth   `json:"auth"`
}

type response struct {
	Name    text    `json:"name"`
	Code    int     `json:"code"`
	Headers headers `json:"header"`
	Body    text    `json:"body"`
}

type event struct {
	Listen text `json:"listen"` // test or prerequest
	Script code `json:"script"`
	Off    bool `json:"disabled"`
}

type code struct {
	Exec lines `json:"exec"`
}

// A variable stands in a collection, a folder, an environment or a path.
type variable struct {
	Key     text  `json:"key"`
	ID      text  `json:"id"` // instead of key, in older ones
	Value   text  `json:"value"`
	Type    text  `json:"type"`
	Off     bool  `json:"disabled"`
	Enabled *bool `json:"enabled"` // of an environment
}

type pair struct {
	Key   text `json:"key"`
	Value text `json:"value"`
	Off   bool `json:"disabled"`
}

type body struct {
	Mode       text    `json:"mode"`
	Raw        text    `json:"raw"`
	URLEncoded []pair  `json:"urlencoded"`
	FormData   []part  `json:"formdata"`
	File       file    `json:"file"`
	GraphQL    graphQL `json:"graphql"`
	Options    struct {
		Raw struct {
			Language text `json:"language"`
		} `json:"raw"`
	} `json:"options"`
	Off bool `json:"disabled"`
}

type part struct {
	pair
	Type        text  `json:"type"` // text or file
	Src         lines `json:"src"`
	ContentType text  `json:"contentType"`
}

type file struct {
	Src text `json:"src"`
}

type graphQL struct {
	Query     text `json:"query"`
	Operation text `json:"operationName"`
	Variables text `json:"variables"` // JSON in a text, or an object
}

// A text is read from any scalar. An object or a list stays the JSON that it is.
type text string

func (t *text) UnmarshalJSON(data []byte) error {
	var s string
	switch {
	case bytes.Equal(data, []byte("null")):
		*t = ""
		return nil
	case len(data) > 0 && data[0] != '"':
		*t = text(data)
		return nil
	}
	err := json.Unmarshal(data, &s)
	*t = text(s)
	return err
}

// Lines are a text, or a list of its lines.
type lines []string

func (l *lines) UnmarshalJSON(data []byte) error {
	var list []text
	if len(data) > 0 && data[0] == '[' {
		if err := json.Unmarshal(data, &list); err != nil {
			return err
		}
	} else {
		var one text
		if err := json.Unmarshal(data, &one); err != nil {
			return err
		}
		if one != "" {
			list = []text{one}
		}
	}
	for _, t := range list {
		*l = append(*l, string(t))
	}
	return nil
}

// Headers are a list. Older collections hold them as one text.
type headers []pair

func (h *headers) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '[' {
		var list []pair
		if err := unmarshalList(data, &list); err != nil {
			return err
		}
		*h = list
		return nil
	}
	var one text
	if err := json.Unmarshal(data, &one); err != nil {
		return err
	}
	for line := range strings.SplitSeq(string(one), "\n") {
		if name, value, ok := strings.Cut(line, ":"); ok {
			*h = append(*h, pair{Key: text(strings.TrimSpace(name)), Value: text(strings.TrimSpace(value))})
		}
	}
	return nil
}

// unmarshalList reads the objects of a list, and skips what is none.
func unmarshalList(data []byte, to *[]pair) error {
	var raw []json.RawMessage
	if err := json.Unmarshal(data, &raw); err != nil {
		return err
	}
	for _, one := range raw {
		if len(one) == 0 || one[0] != '{' {
			continue
		}
		var p pair
		if err := json.Unmarshal(one, &p); err != nil {
			return err
		}
		*to = append(*to, p)
	}
	return nil
}

// UnmarshalJSON reads a request, which may be its URL alone.
func (r *request) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '"' {
		return json.Unmarshal(data, &r.URL)
	}
	type plain request
	return json.Unmarshal(data, (*plain)(r))
}

// An auth is how a request proves who sends it.
type auth struct {
	kind       string
	parameters map[string]string
}

func (a *auth) UnmarshalJSON(data []byte) error {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(data, &fields); err != nil {
		return err
	}
	var kind text
	if err := json.Unmarshal(orNull(fields["type"]), &kind); err != nil {
		return err
	}
	a.kind, a.parameters = string(kind), map[string]string{}
	switch values := fields[a.kind]; {
	case len(values) == 0:
	case values[0] == '[':
		var list []pair
		if err := unmarshalList(values, &list); err != nil {
			return err
		}
		for _, p := range list {
			a.parameters[string(p.Key)] = string(p.Value)
		}
	case values[0] == '{':
		var object map[string]text
		if err := json.Unmarshal(values, &object); err != nil {
			return err
		}
		for key, value := range object {
			a.parameters[key] = string(value)
		}
	}
	return nil
}

func orNull(data json.RawMessage) []byte {
	if data == nil {
		return []byte("null")
	}
	return data
}

// fail returns an error about a file.
func fail(file, hint, format string, args ...any) error {
	return &shape.Error{File: file, Msg: fmt.Sprintf(format, args...), Hint: hint}
}

// readFile reads a file of JSON whole.
func readFile(name, what string, from io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(from, maxFile+1))
	switch {
	case err != nil:
		return nil, fail(name, "", "the file cannot be read: %s", err)
	case len(data) > maxFile:
		return nil, fail(name, "delete saved examples that are large", "the file is larger than %d MiB", maxFile>>20)
	case bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")):
		return nil, fail(name, "save it as UTF-8", "the file is UTF-16")
	}
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	if !utf8.Valid(data) {
		data = bytes.ToValidUTF8(data, []byte("\ufffd"))
	}
	if !json.Valid(data) {
		return nil, explain(name, what, data, json.Unmarshal(data, new(json.RawMessage)))
	}
	return data, nil
}

// explain returns an error of JSON with its place.
func explain(name, what string, data []byte, err error) error {
	e := &shape.Error{File: name, Msg: "this is no " + what, Hint: "export it from Postman again"}
	at := int64(0)
	if s, ok := errors.AsType[*json.SyntaxError](err); ok {
		at, e.Msg = s.Offset, e.Msg+": "+s.Error()
	}
	if u, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		at, e.Msg = u.Offset, e.Msg+": "+u.Field+" cannot be a JSON "+u.Value
	}
	if at > 0 && at <= int64(len(data)) {
		e.Line = bytes.Count(data[:at], []byte("\n")) + 1
	}
	return e
}

const wantCollection = "in Postman: the collection's menu, Export, Collection v2.1"

// readCollection reads a collection of version 2.1.
func readCollection(name string, from io.Reader) (*collection, error) {
	data, err := readFile(name, "Postman collection", from)
	if err != nil {
		return nil, err
	}
	var top map[string]json.RawMessage
	if err := json.Unmarshal(data, &top); err != nil {
		return nil, fail(name, wantCollection, "this is no Postman collection")
	}
	if inner, ok := top["collection"]; ok && top["info"] == nil { // as Postman's API gives it
		data, top = inner, nil
		if err := json.Unmarshal(data, &top); err != nil {
			return nil, fail(name, wantCollection, "this is no Postman collection")
		}
	}
	if err := checkVersion(name, top); err != nil {
		return nil, err
	}
	var c collection
	if err := json.Unmarshal(data, &c); err != nil {
		return nil, explain(name, "Postman collection", data, err)
	}
	c.text = string(data)
	return &c, nil
}

// checkVersion names what is no collection of version 2.1.
func checkVersion(name string, top map[string]json.RawMessage) error {
	has := func(key string) bool { return top[key] != nil }
	var i info
	if has("info") {
		if err := json.Unmarshal(top["info"], &i); err != nil {
			return fail(name, wantCollection, "this is no Postman collection: info is no object")
		}
	}
	switch {
	case has("_postman_variable_scope") || has("values") && !has("info"):
		return fail(name, "give it with --postman-environment, and the collection with --postman", "this is an environment, and no collection")
	case has("requests") && !has("info"):
		return fail(name, wantCollection, "this is a collection of version 1")
	case has("collections") && !has("info"):
		return fail(name, wantCollection, "this is a dump of all of Postman's data")
	case has("log") && !has("info"):
		return fail(name, "give it with --har", "this is a HAR recording, and no collection")
	case has("openapi") || has("swagger"):
		return fail(name, "give it with --openapi", "this is an OpenAPI document, and no collection")
	case !has("info"):
		return fail(name, wantCollection, "this is no Postman collection: it has no info")
	case strings.Contains(string(i.Schema), "/v2.0"):
		return fail(name, wantCollection, "this is a collection of version 2.0")
	case i.Schema != "" && !strings.Contains(string(i.Schema), "/v2.1"):
		return fail(name, wantCollection, "a collection of the schema %.200q is not known", string(i.Schema))
	case !has("item"):
		return fail(name, wantCollection, "the collection has no requests")
	}
	return nil
}

// uses counts how often a collection uses a variable: in texts and in scripts.
func (c *collection) uses(name string) int {
	quoted, err := json.Marshal(name)
	if err != nil {
		return 0
	}
	name = string(quoted[1 : len(quoted)-1])
	return strings.Count(c.text, "{{"+name+"}}") + strings.Count(c.text, `.get(\"`+name+`\")`) + strings.Count(c.text, ".get('"+name+"')")
}

// An environment is the values that a collection is used with.
type environment struct {
	Name   text       `json:"name"`
	Values []variable `json:"values"`
}

// readEnvironment reads an exported environment, or exported globals.
func readEnvironment(name string, from io.Reader) (*environment, error) {
	data, err := readFile(name, "Postman environment", from)
	if err != nil {
		return nil, err
	}
	const want = "in Postman: Environments, the environment's menu, Export"
	var top map[string]json.RawMessage
	if err := json.Unmarshal(data, &top); err != nil {
		return nil, fail(name, want, "this is no Postman environment")
	}
	switch {
	case top["info"] != nil:
		return nil, fail(name, "give it with --postman", "this is a collection, and no environment")
	case top["values"] == nil:
		return nil, fail(name, want, "this is no Postman environment: it has no values")
	}
	var e environment
	if err := json.Unmarshal(data, &e); err != nil {
		return nil, explain(name, "Postman environment", data, err)
	}
	return &e, nil
}
