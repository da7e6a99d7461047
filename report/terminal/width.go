package terminal

import (
	"strings"

	"github.com/mattn/go-runewidth"
)

// cells counts columns as terminals outside of East Asia do, whatever the locale of
// this machine is: the same report has the same bytes everywhere.
func cells() *runewidth.Condition {
	return &runewidth.Condition{StrictEmojiNeutral: true}
}

// Width counts the columns that a text takes on a terminal. Chinese, Japanese and
// Korean characters and emoji take two, combining marks and our colours none.
func Width(text string) int { return cells().StringWidth(withoutColor(text)) }

// withoutColor removes the sequences that colour text. No other escape sequence
// comes this far.
func withoutColor(text string) string {
	var b strings.Builder
	for {
		before, after, found := strings.Cut(text, "\x1b[")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		_, text, _ = strings.Cut(after, "m")
	}
}

// Left sets text at the left of a column: spaces fill it up to n.
func Left(text string, n int) string { return text + strings.Repeat(" ", max(0, n-Width(text))) }

// Right sets text at the right of a column.
func Right(text string, n int) string { return strings.Repeat(" ", max(0, n-Width(text))) + text }

// Cut shortens text without colour to n columns, and shows by an ellipsis that it
// did.
func Cut(text string, n int) string { return cells().Truncate(text, n, "...") }

// Truncate shortens text without colour to n columns and does not show it, as is
// usual with commits.
func Truncate(text string, n int) string { return cells().Truncate(text, n, "") }
