package chaostoolkit

import (
	"net/url"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/redact"
	"github.com/blastgauge/blastgauge/experiments/scaffold/draft"
)

// A target is where a request goes.
type target struct {
	origin []piece
	path   []piece   // behind the first slash
	query  [][]piece // each a key and a value, encoded
}

// locate takes a URL apart. why says why a journey cannot ask it.
func (r *reader) locate(address string) (t target, why string) {
	list := withoutPath(r.expand(strings.TrimSpace(address)))
	text, known := shown(list)
	switch {
	case text == "" && known:
		return t, "it has no URL"
	case redact.HasLogin(text):
		return t, "its URL holds a login: send a header with ${env:NAME}"
	case known && !strings.HasPrefix(text, "http://") && !strings.HasPrefix(text, "https://"):
		return t, "its URL does not begin with http:// or https://"
	}
	at, index := originEnd(list)
	t.origin = append(t.origin, list[:at]...)
	var rest []piece
	if at < len(list) {
		if index > 0 {
			t.origin = append(t.origin, piece{text: list[at].text[:index]})
		}
		rest = append([]piece{{text: list[at].text[index:]}}, list[at+1:]...)
	}
	if origin, known := shown(t.origin); known {
		u, err := url.Parse(origin)
		if err != nil || u.Hostname() == "" || u.Path != "" || strings.ContainsAny(origin, " \t\"'<>\\") {
			return t, "its URL has no host that can be told from its path"
		}
	}
	rest, _, _ = cutPieces(rest, '#')
	path, query, _ := cutPieces(rest, '?')
	_, t.path, _ = cutPieces(path, '/') // which it begins with
	for more := len(query) > 0; more; {
		var one []piece
		if one, query, more = cutPieces(query, '&'); len(one) > 0 {
			t.query = append(t.query, one)
		}
	}
	return t, ""
}

// withoutPath returns a text that begins with a variable of the environment whose default
// ends where the host does: a path in it is written out, because the entry has none.
func withoutPath(list []piece) []piece {
	if len(list) == 0 || !list[0].or {
		return list
	}
	text := strings.TrimSuffix(list[0].text, "/")
	if _, host, ok := strings.Cut(text, "://"); ok && strings.ContainsAny(host, "/?#") {
		return append([]piece{{text: text}}, list[1:]...)
	}
	first := list[0]
	first.text = text
	return append([]piece{first}, list[1:]...)
}

// originEnd returns the piece and the place in it where the origin ends: at the first
// slash, question mark or number sign behind the host.
func originEnd(list []piece) (at, index int) {
	for i, p := range list {
		if p.env != "" || p.secret {
			continue
		}
		from := 0
		if scheme := strings.Index(p.text, "://"); i == 0 && scheme >= 0 {
			from = scheme + len("://")
		}
		if end := strings.IndexAny(p.text[from:], "/?#"); end >= 0 {
			return i, from + end
		}
	}
	return len(list), 0
}

// cutPieces cuts a text at the first of a character in its literals.
func cutPieces(list []piece, at byte) (before, after []piece, found bool) {
	for i, p := range list {
		if p.env != "" || p.secret {
			continue
		}
		if k := strings.IndexByte(p.text, at); k >= 0 {
			before = append(before, list[:i]...)
			if k > 0 {
				before = append(before, piece{text: p.text[:k]})
			}
			if k+1 < len(p.text) {
				after = append(after, piece{text: p.text[k+1:]})
			}
			return before, append(after, list[i+1:]...), true
		}
	}
	return list, nil, false
}

// takeTarget writes path and query.
func (r *reader) takeTarget(req *draft.Request, t target) {
	inURL := func(text string) string { return draft.EncodeTarget(text, "") }
	previous := ""
	for rest, more := t.path, true; more; {
		var segment []piece
		segment, rest, more = cutPieces(rest, '/')
		s := &draft.Slot{In: draft.InPath, Key: previous, Parts: r.parts(segment, inURL, "|raw")}
		s.Value, _ = literal(segment)
		previous = s.Value
		req.Path = append(req.Path, s)
	}
	for _, pair := range t.query {
		key, value, assigned := cutPieces(pair, '=')
		name, plain := literal(key)
		s := &draft.Slot{In: draft.InQuery, Key: name, Parts: r.parts(value, inURL, "|raw")}
		s.Value, _ = literal(value)
		if decoded, err := url.QueryUnescape(s.Value); err == nil {
			s.Value = decoded
		}
		if s.Lead = inURL(name); assigned {
			s.Lead += "="
		}
		if !plain { // a variable is in the name
			s.Lead = ""
			s.Parts = r.parts(pair, inURL, "|raw")
		}
		req.Query = append(req.Query, s)
	}
}

// wholeURL makes the target of a request a whole URL, once its secrets are hidden.
func (r *reader) wholeURL(req *draft.Request, t target) {
	between := func(text string) *draft.Slot { return &draft.Slot{Parts: []draft.Piece{{Literal: text}}} }
	list := []*draft.Slot{{Parts: r.parts(t.origin, asIs, "")}}
	for _, s := range req.Path {
		list = append(list, between("/"), s)
	}
	for i, s := range req.Query {
		list = append(list, between(string("?&"[min(i, 1)])), s)
	}
	req.Path, req.Query, req.Target = nil, nil, &draft.Slot{In: draft.InPath, Inner: list}
}
