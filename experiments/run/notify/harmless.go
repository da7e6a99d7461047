package notify

import (
	"html"
	"regexp"
	"sort"
	"strings"
	"unicode/utf16"
)

var (
	// linkForm is where programs for people begin a link by themselves, wwwForm where they do
	// without a scheme. To them an underscore is no letter, as it is to \b: _www.a.example_.
	linkForm = regexp.MustCompile(`(?i)([a-z][a-z0-9+.-]*):(//|\\\\)|(\b|_)(mailto|tel|sms|javascript|vbscript|slack|skype):`)
	wwwForm  = regexp.MustCompile(`(?i)www\.`)
)

// unlinked breaks what a program for people would make a link of, the way that people who
// write about attacks do: http[:]//, www[.].
func unlinked(text string) string {
	text = linkForm.ReplaceAllString(text, "${1}${3}${4}[:]${2}")
	return wwwForm.ReplaceAllStringFunc(text, func(www string) string { return www[:3] + "[.]" })
}

// plain is a text for a service that formats nothing and makes links.
func plain(text string) string { return unlinked(text) }

// slackText is a text for Slack, and for what takes the same: its control characters are
// escaped, and an @ mentions nobody.
func slackText(text string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "@", "(at)").Replace(unlinked(text))
}

// markup is a text for a page that reads HTML, Markdown or both.
func markup(text string) string {
	text = html.EscapeString(unlinked(text))
	return strings.NewReplacer("*", "&#42;", "_", "&#95;", "[", "&#91;", "]", "&#93;", "`", "&#96;", "~", "&#126;", "|", "&#124;", `\`, "&#92;").Replace(text)
}

// fit cuts a text so that what escape makes of it has at most most UTF-16 units, which is
// how the services count. It cuts no character and no entity.
func fit(text string, most int, escape func(string) string) string {
	if whole := escape(text); units(whole) <= most {
		return whole
	}
	const mark = "…"
	runes := []rune(text)
	// The escape of a beginning is not always the beginning of the escape, as a link may be cut
	// in two: so beginnings are escaped. A longer one never has a shorter escape.
	tooLong := sort.Search(len(runes), func(n int) bool { return units(escape(string(runes[:n]))) > most-units(mark) })
	return escape(string(runes[:max(0, tooLong-1)])) + mark
}

func units(text string) int { return len(utf16.Encode([]rune(text))) }
