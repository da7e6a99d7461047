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

// ShellPath quotes the path of a file or a folder as one word for a POSIX shell that no
// program takes for a flag: quotes would not keep it from being one.
func ShellPath(path string) string {
	if strings.HasPrefix(path, "-") {
		path = "./" + path
	}
	return ShellWord(path)
}
