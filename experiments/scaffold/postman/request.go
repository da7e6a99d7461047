package postman

import (
	"fmt"
	"net/textproto"
	"net/url"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/lazyregexp"
	"github.com/blastgauge/blastgauge/experiments/scaffold/draft"
	"github.com/blastgauge/blastgauge/experiments/scaffold/recording"
)

// A converter makes the steps of a journey.
type converter struct {
	*scope
	options Options
	journey *draft.Journey
	steps   map[string]bool // names
	entry   string          // the origin of the journey; empty: not known
	lost    map[string]int  // requests that were left out, by reason
	told    map[string]bool // words about scripts of folders, each told once
}

// A target is where a request goes: the origin, and what is below it.
type target struct {
	origin string // empty: below the entry, wherever that is
	path   []piece
	whole  []piece // instead, where a variable holds the URL
}

var (
	schemeForm = lazyregexp.New(`^[A-Za-z][A-Za-z0-9+.-]*://`)
	hostForm   = lazyregexp.New(`^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?$`)
)

// locate looks up a URL. problem says why there is no target.
func (c *converter) locate(a address) (t target, problem string) {
	list := c.expand(strings.TrimSpace(a.before))
	for len(list) > 1 && list[0].literal != "" && list[1].literal != "" {
		list = append([]piece{{literal: list[0].literal + list[1].literal}}, list[2:]...)
	}
	if len(list) == 0 {
		return t, "no URL"
	}
	head := list[0]
	switch {
	case head.undefined != "" || strings.HasPrefix(head.variable, "env:"):
		return c.below(list[1:]), ""
	case head.variable != "":
		return target{whole: list}, ""
	}
	scheme := schemeForm.FindString(head.literal)
	rest := strings.TrimPrefix(head.literal, scheme)
	scheme = strings.ToLower(scheme)
	switch {
	case scheme == "" && strings.HasPrefix(rest, "/"):
		return target{path: c.pathPieces(list)}, ""
	case scheme == "":
		scheme = "http://"
	case scheme != "http://" && scheme != "https://":
		return t, "not HTTP"
	}
	if at := strings.LastIndexByte(rest[:hostEnd(rest)], '@'); at >= 0 {
		rest = rest[at+1:]
	}
	host := rest[:hostEnd(rest)]
	if hostEnd(rest) == len(rest) && len(list) > 1 && !startsPath(list[1]) {
		return c.below(list[1:]), "" // a variable is a part of the host
	}
	u, err := url.Parse(scheme + host)
	if err != nil || !hostForm.MatchString(host) {
		return t, "no host"
	}
	list = append([]piece{{literal: rest[len(host):]}}, list[1:]...)
	return target{origin: recording.OriginOf(u), path: c.pathPieces(list)}, ""
}

// hostEnd returns where the host of a URL without scheme ends.
func hostEnd(rest string) int {
	if end := strings.IndexAny(rest, "/?#"); end >= 0 {
		return end
	}
	return len(rest)
}

func startsPath(p piece) bool { return strings.HasPrefix(p.literal, "/") }

// below returns a target below the entry: what comes after the variables that stand for
// it.
func (c *converter) below(list []piece) target {
	for len(list) > 0 && !strings.Contains(list[0].literal, "/") {
		list = list[1:]
	}
	if len(list) > 0 {
		list = append([]piece{{literal: list[0].literal[strings.Index(list[0].literal, "/"):]}}, list[1:]...)
	}
	return target{path: c.pathPieces(list)}
}

// pathPieces returns a path that begins with one slash, encoded.
func (c *converter) pathPieces(list []piece) []piece {
	out := []piece{{literal: "/"}}
	for i, p := range list {
		if i == 0 {
			p.literal = strings.TrimLeft(p.literal, "/")
		}
		p.literal = draft.EncodeTarget(p.literal, "")
		out = append(out, p)
	}
	return out
}

var pathVariable = lazyregexp.New(`/:([^/?#{}]+)`)

// fillPath puts the values of a path's variables, such as :id, in their place.
func fillPath(a address) address {
	values := map[string]string{}
	for _, v := range a.variables {
		key := string(v.Key)
		if key == "" {
			key = string(v.ID)
		}
		values[key] = string(v.Value)
	}
	start := 0 // the port of http://host:80 is none
	if at := strings.Index(a.before, "://"); at >= 0 {
		start = at + len("://")
	}
	a.before = a.before[:start] + pathVariable.ReplaceAllStringFunc(a.before[start:], func(part string) string {
		name := part[2:]
		if values[name] == "" {
			return "/{{" + name + "}}"
		}
		return "/" + values[name]
	})
	return a
}

// request makes a request of a journey. problem says why there is none.
func (c *converter) request(it *item, proof *auth, t target) (r *draft.Request, remarks []string, problem string) {
	method, _ := literal(c.expand(string(it.Request.Method)))
	method = strings.ToUpper(strings.TrimSpace(method))
	if method == "" {
		method = "GET"
	}
	if !slices.Contains(experiments.Methods(), method) {
		return nil, nil, "methods that journeys do not have"
	}
	r = &draft.Request{Method: method}
	remarks = c.takeHeaders(r, it.Request.Headers)
	query := slices.Clone(it.Request.URL.query)
	if !hasHeader(r, "Authorization") {
		more, said := c.prove(r, proof)
		query = append(query, more...)
		remarks = append(remarks, said...)
	}
	c.takeTarget(r, t, query)
	if b := it.Request.Body; b != nil && !b.Off && (it.Behavior.KeepBody || method != "GET" && method != "HEAD") {
		remarks = append(remarks, c.takeBody(r, b)...)
	}
	c.hide(r, string(it.Name))
	return r, remarks, ""
}

// takeTarget writes path and query.
func (c *converter) takeTarget(r *draft.Request, t target, query []pair) {
	for _, p := range query {
		if p.Off || p.Key == "" && p.Value == "" {
			continue
		}
		list := []piece{}
		for _, part := range c.expand(string(p.Key)) {
			part.literal = draft.EncodeTarget(part.literal, "&=#+?")
			list = append(list, part)
		}
		list = append(list, piece{literal: "="})
		values := c.expand(string(p.Value))
		for _, part := range values {
			part.literal = draft.EncodeTarget(part.literal, "#&+")
			list = append(list, part)
		}
		s := &draft.Slot{In: draft.InQuery, Key: string(p.Key)}
		if key, ok := literal(c.expand(string(p.Key))); ok { // what is hidden is the value alone
			s.Lead = draft.EncodeTarget(key, "&=#+?") + "="
			list = list[slices.IndexFunc(list, func(p piece) bool { return p.literal == "=" })+1:]
		}
		s.Value, _ = literal(values)
		s.Parts = c.final(list)
		r.Query = append(r.Query, s)
	}
	switch {
	case len(t.whole) > 0:
		r.Target = &draft.Slot{In: draft.InPath, Parts: c.final(t.whole)}
	case t.origin == "" || t.origin == c.entry:
		path := slices.Clone(t.path)
		path[0].literal = ""
		r.Path = []*draft.Slot{{In: draft.InPath, Parts: c.final(path)}}
	default:
		list := append([]piece{{literal: t.origin}}, t.path...)
		r.Target = &draft.Slot{In: draft.InPath, Parts: c.final(list)}
	}
	if r.Target != nil {
		for i, s := range r.Query {
			r.Target.Parts = append(r.Target.Parts, draft.Piece{Literal: "?&"[min(i, 1):][:1] + s.Lead})
			r.Target.Parts = append(r.Target.Parts, s.Parts...)
		}
		r.Query = nil
	}
}

func hasHeader(r *draft.Request, name string) bool {
	return slices.ContainsFunc(r.Headers, func(s *draft.Slot) bool { return strings.EqualFold(s.Key, name) })
}

// ownHeaders are those that blastgauge, or Postman for itself, sets.
var ownHeaders = lazyregexp.New(`(?i)^(content-length|transfer-encoding|connection|blastgauge-run|postman-token|accept-encoding|user-agent|cache-control|accept)$`)

// maxHeader is the length of the longest header, in bytes.
const maxHeader = 8 << 10

func (c *converter) takeHeaders(r *draft.Request, list headers) (remarks []string) {
	for _, h := range list {
		name, ok := literal(c.expand(strings.TrimSpace(string(h.Key))))
		if h.Off || name == "" {
			continue
		}
		s := c.slot(draft.InHeader, textproto.CanonicalMIMEHeaderKey(name), strings.TrimSpace(string(h.Value)))
		switch {
		case ok && ownHeaders.MatchString(name) && (!strings.EqualFold(name, "accept") || s.Value == "*/*"):
		case strings.EqualFold(name, "host"):
			remarks = append(remarks, "The header Host is left out: host: in this file sets it for all requests")
		case !ok || !experiments.IsHeaderName(name) || len(h.Value) > maxHeader || strings.ContainsFunc(s.Text(), isControl):
			remarks = append(remarks, "A header that cannot be sent is left out: "+name)
		case hasHeader(r, name):
			remarks = append(remarks, "The header "+name+" is given twice; the first is sent")
		default:
			r.Headers = append(r.Headers, s)
		}
	}
	return remarks
}

func isControl(ch rune) bool { return ch < ' ' && ch != '\t' || ch == 0x7f }

// contentType sets what the body is, unless the collection says so itself.
func contentType(r *draft.Request, mime string) {
	if !hasHeader(r, "Content-Type") {
		r.Headers = append(r.Headers, draft.NewSlot(draft.InHeader, "Content-Type", mime, mime))
	}
}

// dropContentType removes the header where the kind of the body says it.
func dropContentType(r *draft.Request, mime string) {
	r.Headers = slices.DeleteFunc(r.Headers, func(s *draft.Slot) bool {
		kind, _, _ := strings.Cut(s.Value, ";")
		return s.Key == "Content-Type" && strings.EqualFold(strings.TrimSpace(kind), mime)
	})
}

// hide replaces what no document may hold.
func (c *converter) hide(r *draft.Request, name string) {
	r.TakeApart()
	for _, s := range r.Slots() {
		if s.Secrecy() != draft.Public && !s.IsResolved() && !s.HasVariable() {
			c.secrets.HideIn(s, fmt.Sprintf("%s %s of %s", s.In, s.Key, name))
		}
	}
	c.secrets.HideKnown(r)
	if r.Target != nil {
		c.secrets.HideKnown(&draft.Request{Path: []*draft.Slot{r.Target}})
	}
}
