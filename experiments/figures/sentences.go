package figures

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// List joins words as a sentence does: "a", "a and b", "a, b and c". The
// conjunction stands before the last one, such as "and" or "or".
func List[T ~string](words []T, conjunction string) string {
	var b strings.Builder
	for i, w := range words {
		switch {
		case i == 0:
		case i == len(words)-1:
			b.WriteString(" " + conjunction + " ")
		default:
			b.WriteString(", ")
		}
		b.WriteString(string(w))
	}
	return b.String()
}

// Together lists texts, each once, and how often it was there: latency (3 times).
func Together(texts []string) (list []string) {
	times := map[string]int{}
	for _, t := range texts {
		if times[t]++; times[t] == 1 {
			list = append(list, t)
		}
	}
	for i, t := range list {
		if times[t] > 1 {
			list[i] = fmt.Sprintf("%s (%d times)", t, times[t])
		}
	}
	return list
}

// Plural writes how many there are of something: 1 run, 1,200 runs.
func Plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return Count(n) + " " + many
}

// Capital writes text with its first letter in upper case.
func Capital(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	if size == 0 {
		return ""
	}
	return string(unicode.ToUpper(first)) + text[size:]
}

// Uncapital writes text with its first letter in lower case, if that is one of A
// to Z.
func Uncapital(text string) string {
	if text == "" || text[0] < 'A' || text[0] > 'Z' {
		return text
	}
	return strings.ToLower(text[:1]) + text[1:]
}

// Opening writes text as the beginning of a sentence: with a capital, unless its
// first word is a name from a document, such as reset_peer or payments-down.
func Opening(text string) string {
	if first, _, _ := strings.Cut(text, " "); strings.ContainsAny(first, "_-./") && strings.ToLower(first) == first {
		return text
	}
	return Capital(text)
}
