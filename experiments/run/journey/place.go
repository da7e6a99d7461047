package journey

import (
	"net/url"
	"strings"

	"github.com/blastgauge/blastgauge/experiments"
)

// An encoding is how a value is written into the place that it stands in, so that the
// other side reads this value there and nothing else.
type encoding uint8

const (
	asText      encoding = iota // unchanged
	asJSON                      // as a JSON value
	inJSON                      // inside the quotes of a JSON string
	inForm                      // a name or a value of form-urlencoded data
	inURL                       // a path segment, a name or a value of a query, or a part of a fragment
	inAuthority                 // the host and port of a URL
	inHeader                    // a header
	inCookie                    // a cookie in a Cookie header
	inXML                       // the text of an element, or an attribute
	inFileName                  // a quoted name in the head of a part of multipart data
)

// raw is the encoding of a variable that shall be written as it is. Even then it ends no
// header: what came after it would be another request.
func (e encoding) raw() encoding {
	switch e {
	case inHeader, inCookie:
		return inHeader
	case inFileName:
		return inFileName
	}
	return asText
}

// encode appends a value in an encoding.
func encode(dst []byte, value any, e encoding) []byte {
	switch e {
	case asJSON:
		return appendJSON(dst, value)
	case inJSON:
		return appendJSONInner(dst, textOf(value))
	case inForm:
		return append(dst, url.QueryEscape(textOf(value))...)
	case inURL:
		return appendPercent(dst, textOf(value), func(c byte) bool { return !isUnreserved(c) })
	case inAuthority:
		return appendPercent(dst, textOf(value), func(c byte) bool { return !isUnreserved(c) && !strings.ContainsRune(":[]", rune(c)) })
	case inHeader:
		return appendHeader(dst, textOf(value))
	case inCookie:
		return appendPercent(dst, textOf(value), func(c byte) bool { return c == ';' || isControl(c) })
	case inXML:
		return append(dst, xmlEscapes.Replace(textOf(value))...)
	case inFileName:
		return appendPercent(dst, textOf(value), func(c byte) bool { return c == '"' || isControl(c) }) // as browsers do
	}
	return append(dst, textOf(value)...)
}

// isUnreserved reports whether a byte means itself wherever it stands in a URL (RFC 3986, 2.3).
func isUnreserved(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || isDigit(c) || c == '-' || c == '.' || c == '_' || c == '~'
}

func isControl(c byte) bool { return c < ' ' || c == 0x7f }

func appendPercent(dst []byte, text string, must func(byte) bool) []byte {
	const hex = "0123456789ABCDEF"
	for i := range len(text) {
		if c := text[i]; must(c) {
			dst = append(dst, '%', hex[c>>4], hex[c&15])
		} else {
			dst = append(dst, c)
		}
	}
	return dst
}

// appendHeader puts a space in the place of what would end a header (RFC 9110, 5.5).
func appendHeader(dst []byte, text string) []byte {
	for i := range len(text) {
		if c := text[i]; isControl(c) && c != '\t' {
			dst = append(dst, ' ')
		} else {
			dst = append(dst, c)
		}
	}
	return dst
}

var xmlEscapes = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&apos;")

// compileTarget compiles the target of a request. A variable that it begins with is a
// whole URL or path, or the beginning of one.
func (c *compiler) compileTarget(source string) (template, error) {
	t, err := parseTemplate(source)
	if err != nil {
		return nil, err
	}
	return c.compileParts(t.Parts, func(before string, p experiments.Part) encoding {
		switch {
		case p.From == 0:
			return asText
		case endsInAuthority(before):
			return inAuthority
		}
		return inURL
	})
}

// endsInAuthority reports whether the beginning of a URL ends before its path.
func endsInAuthority(before string) bool {
	scheme, rest, found := strings.Cut(before, "://")
	return found && !strings.ContainsAny(scheme, "/?#") && !strings.ContainsAny(rest, "/?#")
}

// compileHeader compiles the value of a header. A variable that is all of a Cookie header
// may hold several cookies.
func (c *compiler) compileHeader(name, source string) (template, error) {
	t, err := parseTemplate(source)
	if err != nil {
		return nil, err
	}
	e := inHeader
	if _, whole := t.Single(); strings.EqualFold(name, "Cookie") && !whole {
		e = inCookie
	}
	for i := range t.Parts {
		t.Parts[i].Literal = string(appendHeader(nil, t.Parts[i].Literal))
	}
	return c.compileParts(t.Parts, func(string, experiments.Part) encoding { return e })
}

// compileBodyText compiles a body that is written as text. Its type says what variables
// are encoded for; a variable that is all of it is a body itself.
func (c *compiler) compileBodyText(source, contentType string) (template, error) {
	t, err := parseTemplate(source)
	if err != nil {
		return nil, err
	}
	_, whole := t.Single()
	kind, _, _ := strings.Cut(strings.ToLower(contentType), ";")
	kind = strings.TrimSpace(kind)
	return c.compileParts(t.Parts, func(before string, _ experiments.Part) encoding {
		switch {
		case whole:
			return asText
		case kind == "application/x-www-form-urlencoded":
			return inForm
		case strings.HasSuffix(kind, "/xml") || strings.HasSuffix(kind, "+xml"):
			return inXML
		case endsInString(before) && (strings.HasSuffix(kind, "/json") || strings.HasSuffix(kind, "+json")):
			return inJSON // outside of quotes the author writes what is no text
		}
		return asText
	})
}

// endsInString reports whether the beginning of a JSON text ends inside a string.
func endsInString(before string) bool {
	inside := false
	for i := 0; i < len(before); i++ {
		switch before[i] {
		case '"':
			inside = !inside
		case '\\':
			i++
		}
	}
	return inside
}
