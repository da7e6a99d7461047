package redact

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// A layer is a text without some of its escapes, and where each of its bytes was.
type layer struct {
	text     []byte
	from, to []int // by byte: where it was in the text without a change; nil: there
	// unfinished: the text was cut inside an escape, which began at whole.
	unfinished bool
	whole      int
	squeezed   bool // without blanks, so that a short secret may be there by chance
}

func (l layer) start(i int) int {
	if l.from == nil {
		return i
	}
	return l.from[i]
}

func (l layer) end(i int) int {
	if l.to == nil {
		return i + 1
	}
	return l.to[i]
}

// An escape reads one way of writing a character.
type escape struct {
	needs    string // a text without any of these bytes has none
	triggers string // what it begins with
	// read returns the character at the start of a text, and the length of its escape: 0
	// where none is there, unfinished where the text may have been cut inside one.
	read func(text []byte) (char []byte, size int)
}

const unfinished = -1

var (
	backslash = escape{`\`, `\`, readBackslash}
	codes     = escape{`\`, `\`, readCode} // where a backslash happens to stand before a letter
	percent   = escape{"%", "%", readPercent}
	entity    = escape{"&", "&", readEntity}
	lineBreak = escape{"\r\n", "\r\n", readBlanks}
	blanks    = escape{"\r\n", "\r\n \t", readBlanks} // where lines are broken beside a blank of the secret
)

const (
	maxDepth  = 3  // escapes around one another
	maxLayers = 48 // of one text
)

// layers returns a text, and what it is without its escapes. Where the text was cut,
// an escape that has no end is left out.
func layers(text []byte, cut bool) []layer {
	return decoded(text, cut, backslash, codes, percent, entity, lineBreak, blanks)
}

// decoded does the same for some kinds of escapes.
func decoded(text []byte, cut bool, escapes ...escape) []layer {
	all := []layer{{text: text}}
	for depth, first := 0, 0; depth < maxDepth; depth++ {
		last := len(all)
		for ; first < last; first++ {
			for _, e := range escapes {
				l, changed := all[first].decode(e, cut)
				l.squeezed = l.squeezed || e.triggers == blanks.triggers
				if changed && len(all) < maxLayers && !known(all, l) {
					all = append(all, l)
				}
			}
		}
	}
	return all
}

func known(all []layer, l layer) bool {
	for _, other := range all {
		if bytes.Equal(other.text, l.text) {
			return true
		}
	}
	return false
}

// decode returns a layer without one kind of escape. It reports false where there is
// none.
func (l layer) decode(e escape, cut bool) (layer, bool) {
	if !bytes.ContainsAny(l.text, e.needs) {
		return l, false
	}
	out := layer{text: make([]byte, 0, len(l.text)), from: make([]int, 0, len(l.text)), to: make([]int, 0, len(l.text)), unfinished: l.unfinished, whole: l.whole, squeezed: l.squeezed}
	changed := false
	for i := 0; i < len(l.text); {
		char, size := l.text[i:i+1], 0
		if strings.IndexByte(e.triggers, l.text[i]) >= 0 {
			char, size = e.read(l.text[i:])
		}
		if size == unfinished && cut {
			out.unfinished, out.whole = true, l.start(i)
			return out, true
		}
		if size <= 0 {
			char, size = l.text[i:i+1], 1
		} else {
			changed = true
		}
		for _, c := range char {
			out.text, out.from, out.to = append(out.text, c), append(out.from, l.start(i)), append(out.to, l.end(i+size-1))
		}
		i += size
	}
	return out, changed
}

// readPercent reads an escape of a URL.
func readPercent(text []byte) ([]byte, int) { return readHexByte(text, 1) }

// readHexByte reads two hexadecimal digits behind a prefix.
func readHexByte(text []byte, prefix int) ([]byte, int) {
	if len(text) < prefix+2 {
		return nil, unfinished
	}
	v, err := strconv.ParseUint(string(text[prefix:prefix+2]), 16, 8)
	if err != nil {
		return nil, 0
	}
	return []byte{byte(v)}, prefix + 2
}

// readBackslash reads an escape of JSON, of Go and of most other languages.
func readBackslash(text []byte) ([]byte, int) {
	const letters, controls = "abfnrtv", "\a\b\f\n\r\t\v"
	if len(text) > 1 {
		if i := strings.IndexByte(letters, text[1]); i >= 0 {
			return []byte{controls[i]}, 2
		}
	}
	return readCode(text)
}

// readCode reads an escape that is not a letter's.
func readCode(text []byte) ([]byte, int) {
	if len(text) < 2 {
		return nil, unfinished
	}
	switch text[1] {
	case '"', '\\', '/', '\'', '`':
		return text[1:2], 2
	case 'x':
		return readHexByte(text, 2)
	case 'u':
		return readUTF16(text)
	case 'U':
		r, size := readDigits(text, 8)
		return encoded(r), size
	}
	return nil, 0
}

// readUTF16 reads \uXXXX, or two of them for one character.
func readUTF16(text []byte) ([]byte, int) {
	r, size := readDigits(text, 4)
	if size <= 0 || !utf16.IsSurrogate(r) {
		return encoded(r), size
	}
	second := text[size:]
	if len(second) < size && bytes.HasPrefix([]byte(`\u`), second[:min(len(second), 2)]) {
		return nil, unfinished
	}
	if bytes.HasPrefix(second, []byte(`\u`)) {
		if low, n := readDigits(second, 4); n > 0 {
			if both := utf16.DecodeRune(r, low); both != utf8.RuneError {
				return encoded(both), size + n
			}
		}
	}
	return encoded(utf8.RuneError), size
}

// readDigits reads hexadecimal digits behind a backslash and a letter.
func readDigits(text []byte, digits int) (rune, int) {
	if len(text) < 2+digits {
		return 0, unfinished
	}
	v, err := strconv.ParseUint(string(text[2:2+digits]), 16, 31)
	if err != nil {
		return 0, 0
	}
	return rune(v), 2 + digits
}

func encoded(r rune) []byte { return utf8.AppendRune(nil, r) }

// maxEntity is the length of the longest entity that is read, with & and ;.
const maxEntity = 10

// readEntity reads an escape of HTML or XML.
func readEntity(text []byte) ([]byte, int) {
	end := bytes.IndexByte(text[:min(len(text), maxEntity)], ';')
	if end < 0 {
		begun := bytes.TrimLeft(text[1:], "#0123456789abcdefghijklmnopqrstuvwxyzABCDEFX")
		if len(text) < maxEntity && len(begun) == 0 {
			return nil, unfinished
		}
		return nil, 0
	}
	name := string(text[1:end])
	switch name {
	case "amp":
		return []byte("&"), end + 1
	case "lt":
		return []byte("<"), end + 1
	case "gt":
		return []byte(">"), end + 1
	case "quot":
		return []byte(`"`), end + 1
	case "apos":
		return []byte("'"), end + 1
	}
	if len(name) < 2 || name[0] != '#' {
		return nil, 0
	}
	digits, base := name[1:], 10
	if digits[0] == 'x' || digits[0] == 'X' {
		digits, base = digits[1:], 16
	}
	v, err := strconv.ParseUint(digits, base, 31)
	if err != nil {
		return nil, 0
	}
	return encoded(rune(v)), end + 1
}

// readBlanks reads the end of a line and the indent of the next one, which stand for
// nothing inside a secret.
func readBlanks(text []byte) ([]byte, int) {
	return nil, len(text) - len(bytes.TrimLeft(text, "\r\n \t"))
}
