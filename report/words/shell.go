package words

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// ShellWord quotes text, if it has to, as one word for a POSIX shell.
func ShellWord(text string) string {
	special := func(c rune) bool {
		return c >= utf8.RuneSelf || !unicode.IsLetter(c) && !unicode.IsDigit(c) && !strings.ContainsRune("_./:@%+=-,", c)
	}
	if text != "" && !strings.ContainsFunc(text, special) {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
