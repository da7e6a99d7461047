// Package inert makes text that somebody else wrote harmless where it is printed: on
// a terminal, which obeys control characters, and in the log of a CI job, whose runner
// obeys lines such as "::error::" and texts such as "##vso[...]".
//
// Names of files, answers of a system under test, results and journals from elsewhere
// all pass through here. A question mark stands for each character that is taken away,
// so that columns stay where they are and a reader sees that something was there.
package inert

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Unsafe reports whether a character changes how others are shown: control
// characters, which move a terminal's cursor; those that reorder text or are not seen
// at all; line separators; and code points that are no character. Joiners, which some
// scripts and pictures need, are for [Clean] to judge.
func Unsafe(c rune) bool {
	switch {
	case c < utf8.RuneSelf:
		return c < ' ' || c == 0x7f
	case Joiner(c), unicode.Is(unicode.Prepended_Concatenation_Mark, c):
		return false
	case c == '\u2028', c == '\u2029':
		return true
	}
	return unicode.In(c, unicode.Cc, unicode.Cf, unicode.Noncharacter_Code_Point, unicode.Other_Default_Ignorable_Code_Point)
}

// Joiner reports whether a character joins its neighbours, or keeps them apart, and is
// not seen itself.
func Joiner(c rune) bool { return c == '\u200c' || c == '\u200d' }

// Clean replaces every unsafe character but those in keep, and what is not UTF-8. A
// joiner stays only between characters that can need one: among ASCII it would hide
// that two names differ.
func Clean(text string, with rune, keep string) string {
	var b strings.Builder
	b.Grow(len(text))
	before := rune(0)
	for i := 0; i < len(text); {
		c, size := utf8.DecodeRuneInString(text[i:])
		i += size
		bad := c == utf8.RuneError || Unsafe(c) && !strings.ContainsRune(keep, c)
		if Joiner(c) {
			after, _ := utf8.DecodeRuneInString(text[i:])
			bad = !joinable(before) || !joinable(after)
		}
		if bad {
			c = with
		}
		b.WriteRune(c)
		before = c
	}
	return b.String()
}

// joinable reports whether a joiner can have something to do beside a character.
func joinable(c rune) bool {
	return c >= utf8.RuneSelf && c != utf8.RuneError && !Joiner(c) && !Unsafe(c) && !unicode.IsSpace(c)
}

// Text makes text one harmless line, whatever stands before it and wherever a printer
// wraps it.
func Text(text string) string {
	const nextLine = '\u0085' // a space to Unicode, a control character to a terminal
	words := strings.FieldsFunc(text, func(c rune) bool { return unicode.IsSpace(c) && c != nextLine })
	for i, word := range words {
		if commandWord.MatchString(word) { // it may come to stand at the beginning of a line
			words[i] = "?" + word[1:]
		}
	}
	return anywhere(Clean(strings.Join(words, " "), '?', ""))
}

// Line makes a line harmless and keeps its tabs and its indent, which has a meaning in
// documents and tables.
func Line(line string) string { return Command(Clean(line, '?', "\t")) }

// Lines makes each line of a message harmless.
func Lines(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = Line(strings.TrimSuffix(line, "\r"))
	}
	return strings.Join(lines, "\n")
}

var (
	// commandWord is a word that is a command of GitHub's runner where it begins a line.
	// An address such as ::1 is none.
	commandWord = regexp.MustCompile(`^::(?:\D|$)`)
	// logCommand is a command of the runners of Azure, GitHub and TeamCity, which look
	// for it anywhere in a line: ##[error], ##vso[task.setvariable], ##teamcity[message].
	logCommand = regexp.MustCompile(`##[A-Za-z]*\[`)
)

// Command breaks what a runner would obey in one line of a log, which may have colour.
// Runners skip blanks before they look.
func Command(line string) string {
	if at := strings.IndexFunc(line, func(c rune) bool { return !unicode.IsSpace(c) }); at >= 0 && strings.HasPrefix(line[at:], "::") {
		line = line[:at] + "?" + line[at+1:]
	}
	return anywhere(line)
}

// anywhere breaks the commands that begin in the middle of a line.
func anywhere(line string) string {
	if !strings.Contains(line, "##") {
		return line
	}
	return logCommand.ReplaceAllStringFunc(line, func(command string) string { return "#?" + command[2:] })
}
