// Package words says what the things in a result are called, the same in every
// report: verdicts, recoveries, amounts, places. Every text that a result brings
// passes through its function [Plain] before people see it.
package words

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Unsafe reports whether a character changes how others are shown: control
// characters, which move a terminal's cursor; bidirectional ones, which make text
// read as something else; line separators; and code points that are no character.
func Unsafe(c rune) bool {
	return unicode.IsControl(c) || unicode.In(c, unicode.Bidi_Control, unicode.Noncharacter_Code_Point) || c == '\u2028' || c == '\u2029'
}

// Plain makes the text of a result harmless in a terminal: one line, no control
// sequences, nothing that reorders the text beside it. A question mark stands for
// each character that it removes.
func Plain(text string) string {
	const nextLine = '\u0085' // a space to Unicode, a control character to a terminal
	text = strings.Join(strings.FieldsFunc(text, func(c rune) bool { return unicode.IsSpace(c) && c != nextLine }), " ")
	return strings.Map(func(c rune) rune {
		if Unsafe(c) || c == utf8.RuneError {
			return '?'
		}
		return c
	}, text)
}

// ShellWord quotes text, if it has to, as one word for a POSIX shell.
func ShellWord(text string) string {
	special := func(c rune) bool {
		return c >= utf8.RuneSelf || !unicode.IsLetter(c) && !unicode.IsDigit(c) && !strings.ContainsRune("_./:@%+=-", c)
	}
	if text != "" && !strings.HasPrefix(text, "-") && !strings.ContainsFunc(text, special) {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
