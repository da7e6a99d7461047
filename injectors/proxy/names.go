package proxy

import (
	"unicode"
	"unicode/utf8"
)

// checkName refuses a name that a terminal, a log or a page would not show as it is:
// one with control characters (C0, DEL and C1), with characters that turn the direction
// of writing, or with the line and paragraph separators of Unicode. What has the name is
// such as "a toxic" or "proxy 2". An empty name is checked elsewhere.
func checkName(what, name string) error {
	if hasHidden(name) {
		return errRefused("the name of %s must not have control characters, nor characters that change the direction of writing, got %+q", what, name)
	}
	return nil
}

// hasHidden reports whether a text has characters that checkName refuses.
func hasHidden(text string) bool {
	for _, r := range text {
		if unicode.IsControl(r) || unicode.In(r, unicode.Bidi_Control, unicode.Zl, unicode.Zp) {
			return true
		}
	}
	return !utf8.ValidString(text)
}
