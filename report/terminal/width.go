package terminal

import (
	"strings"
	"unicode/utf8"
)

// Width counts the columns that a text takes on a terminal. Colours take none.
func Width(text string) int {
	n := utf8.RuneCountInString(text)
	for rest := text; ; {
		_, after, found := strings.Cut(rest, "\x1b[")
		if !found {
			return n
		}
		code, _, _ := strings.Cut(after, "m")
		n -= len("\x1b[") + len(code) + len("m")
		rest = after
	}
}

// Left sets text at the left of a column: spaces fill it up to n.
func Left(text string, n int) string { return text + strings.Repeat(" ", max(0, n-Width(text))) }

// Right sets text at the right of a column.
func Right(text string, n int) string { return strings.Repeat(" ", max(0, n-Width(text))) + text }

// Cut shortens text without colour to n columns, and shows by an ellipsis that it
// did.
func Cut(text string, n int) string {
	if Width(text) <= n {
		return text
	}
	return string([]rune(text)[:n-3]) + "..."
}

// Truncate shortens text to n columns and does not show it, as is usual with
// commits.
func Truncate(text string, n int) string {
	if r := []rune(text); len(r) > n {
		return string(r[:n])
	}
	return text
}
