package httpclient

import (
	"bytes"
	"errors"
	"regexp"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html/charset"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/unicode/utf32"
	"golang.org/x/text/transform"

	"github.com/blastgauge/blastgauge/experiments/jsonpath"
)

// maxText is how many bytes a body may take as UTF-8.
const maxText = 3 * maxBody

// A text is a body as UTF-8.
type text struct {
	known  bool
	data   []byte
	buffer buffer // of the data, where the body is not UTF-8 already
}

func (t *text) forget() {
	t.known, t.data = false, nil
	t.buffer.forget()
}

// Text returns the body as UTF-8, without a byte order mark: from the charset that a
// byte order mark, Content-Type or, in HTML and XML, the document itself declares. A
// body in no charset that is declared and known is returned as it is. The error is one
// of the bounds, or ErrTooLarge.
func (r *Response) Text(bounds jsonpath.Bounds) ([]byte, error) {
	if r.text.known {
		return r.text.data, nil
	}
	from, mark := charsetOf(r.contentType(), r.Body)
	data := r.Body[mark:]
	if from != nil {
		r.text.buffer.start(bounds)
		err := r.text.buffer.readFrom(from.NewDecoder().Reader(bytes.NewReader(data)), maxText)
		if errors.Is(err, transform.ErrShortSrc) { // half a character at the end
			err = r.text.buffer.readFrom(strings.NewReader("\ufffd"), maxText)
		}
		if err != nil {
			r.text.buffer.release()
			return nil, unmarked(err)
		}
		data = r.text.buffer.data
	}
	r.text.known, r.text.data = true, data
	return data, nil
}

// contentType returns the media type of the answer with its parameters.
func (r *Response) contentType() []byte {
	if r.head.contentType != nil {
		return r.head.contentType
	}
	for _, f := range r.Headers {
		if strings.EqualFold(f.Name, "Content-Type") {
			return []byte(f.Value)
		}
	}
	return nil
}

// charsetOf returns what a body must be decoded from; nil where it is UTF-8 or nobody
// knows. It also returns the length of the byte order mark. It allocates nothing for the
// usual answers.
func charsetOf(contentType, body []byte) (from encoding.Encoding, mark int) {
	mediaType, parameters, _ := bytes.Cut(contentType, []byte(";"))
	mediaType = bytes.TrimSpace(mediaType)
	if name, mark := byteOrderMark(body); mark > 0 && (name == "utf-8" || !isMedia(mediaType)) {
		return lookup(name), mark
	}
	declared := charsetParameter(parameters)
	switch {
	case len(declared) == 0:
		return lookup(declaredInside(mediaType, body)), 0
	case equalFold(declared, "utf-8"):
		return nil, 0
	}
	name := strings.ToLower(string(declared))
	if isJSON(mediaType) && extendsASCII(name) && utf8.Valid(body) {
		// JSON is UTF-8. Some servers name their default charset beside it.
		return nil, 0
	}
	return lookup(name), 0
}

// byteOrderMark returns the charset that a byte order mark stands for, and its length;
// 0 where there is none.
func byteOrderMark(body []byte) (name string, length int) {
	if len(body) == 0 || body[0] != 0xef && body[0] < 0xfe && body[0] != 0 {
		return "", 0
	}
	for _, m := range []struct{ mark, name string }{ // the longer ones first
		{"\xff\xfe\x00\x00", "utf-32le"}, {"\x00\x00\xfe\xff", "utf-32be"}, {"\xef\xbb\xbf", "utf-8"}, {"\xff\xfe", "utf-16le"}, {"\xfe\xff", "utf-16be"},
	} {
		if bytes.HasPrefix(body, []byte(m.mark)) {
			return m.name, len(m.mark)
		}
	}
	return "", 0
}

// isMedia reports whether a media type says that a body is no text: its first bytes may
// look like a byte order mark.
func isMedia(mediaType []byte) bool {
	kind, form, _ := bytes.Cut(mediaType, []byte("/"))
	return equalFold(kind, "image") && !hasSuffixFold(form, "+xml") || equalFold(kind, "audio") || equalFold(kind, "video") || equalFold(kind, "font")
}

func isJSON(mediaType []byte) bool {
	return equalFold(mediaType, "application/json") || equalFold(mediaType, "text/json") || hasSuffixFold(mediaType, "+json")
}

func isXML(mediaType []byte) bool {
	return equalFold(mediaType, "application/xml") || equalFold(mediaType, "text/xml") || hasSuffixFold(mediaType, "+xml")
}

func isHTML(mediaType []byte) bool {
	return equalFold(mediaType, "text/html") || equalFold(mediaType, "application/xhtml+xml")
}

func hasSuffixFold(b []byte, suffix string) bool {
	return len(b) >= len(suffix) && equalFold(b[len(b)-len(suffix):], suffix)
}

// lookup returns the encoding of a charset, whose name is in small letters: one that
// browsers know, or UTF-32. It is nil for UTF-8 and for names that nobody knows.
func lookup(name string) encoding.Encoding {
	switch name {
	case "":
		return nil
	case "utf-32", "utf-32be":
		return utf32.UTF32(utf32.BigEndian, utf32.UseBOM)
	case "utf-32le":
		return utf32.UTF32(utf32.LittleEndian, utf32.UseBOM)
	}
	found, known := charset.Lookup(name)
	switch known {
	case "", "utf-8", "replacement", "x-user-defined":
		return nil
	}
	return found
}

// extendsASCII reports whether ASCII characters are ASCII bytes in a charset, and other
// characters are not.
func extendsASCII(name string) bool {
	return !strings.HasPrefix(name, "utf-16") && !strings.HasPrefix(name, "utf-32") && !strings.HasPrefix(name, "iso-2022") && !strings.HasPrefix(name, "csiso2022")
}

func isASCII(body []byte) bool {
	for _, c := range body {
		if c >= utf8.RuneSelf || c == 0x1b { // ISO-2022 begins other characters with ESC
			return false
		}
	}
	return true
}

// charsetParameter returns the charset among the parameters of a media type.
func charsetParameter(parameters []byte) []byte {
	for one := range bytes.SplitSeq(parameters, []byte(";")) {
		name, value, _ := bytes.Cut(one, []byte("="))
		if equalFold(bytes.TrimSpace(name), "charset") {
			return bytes.Trim(value, " \t\"'")
		}
	}
	return nil
}

// xmlDeclaration is how an XML document names its charset.
var xmlDeclaration = regexp.MustCompile(`^\s*<\?xml\s[^>]*?\bencoding\s*=\s*["']([A-Za-z][A-Za-z0-9._-]*)["']`)

// maxDeclared is how far from the beginning a document declares its charset, in bytes.
const maxDeclared = 1000

// declaredInside returns the charset that an HTML or XML document declares itself.
func declaredInside(mediaType, body []byte) string {
	xml, html := isXML(mediaType), isHTML(mediaType)
	if !xml && !html || isASCII(body) { // which says the same in each of these charsets
		return ""
	}
	start := body[:min(len(body), maxDeclared)]
	if xml {
		if found := xmlDeclaration.FindSubmatch(start); found != nil {
			return readable(strings.ToLower(string(found[1])))
		}
	}
	if !html {
		return ""
	}
	// The library guesses where nothing is declared. It cannot guess anything but UTF-8
	// where everything else is ASCII.
	ascii := bytes.Map(func(c rune) rune {
		if c >= utf8.RuneSelf {
			return '?'
		}
		return c
	}, start)
	_, name, _ := charset.DetermineEncoding(append(ascii, "é "...), "")
	return readable(name)
}

// readable returns a charset that a document declares inside, and nothing where the
// declaration could not have been read if it were true.
func readable(name string) string {
	if !extendsASCII(name) {
		return ""
	}
	return name
}

// TextOfHeader returns the value of a header as UTF-8. Bytes that are not are taken for
// Latin-1, as browsers do.
func TextOfHeader(value string) string {
	if utf8.ValidString(value) {
		return value
	}
	var b strings.Builder
	for i := range len(value) {
		b.WriteRune(rune(value[i]))
	}
	return b.String()
}
