package faultset

import "strings"

// NoSeparator is for patterns in which a star matches any text.
const NoSeparator = -1

// MatchAnyGlob reports whether all of text matches one of the patterns.
func MatchAnyGlob[T string | []byte](patterns []string, text T, separator int) bool {
	for _, p := range patterns {
		if MatchGlob(p, text, separator) {
			return true
		}
	}
	return false
}

// MatchGlob reports whether all of text matches the pattern, in which * is any text
// without the separator and ** any text.
//
// What follows a star is tried at the earliest place first. When that fails it is
// enough to move the last star, and when that cannot move past a separator, the last
// double star: so the time is at most the product of the lengths.
func MatchGlob[T string | []byte](pattern string, text T, separator int) bool {
	type retry struct{ pattern, text int } // where to go on when the star takes one byte more
	star, doubleStar := retry{-1, 0}, retry{-1, 0}
	p, t := 0, 0
	for {
		switch {
		case strings.HasPrefix(pattern[p:], "**"):
			p += 2
			doubleStar, star = retry{p, t}, retry{-1, 0}
		case p < len(pattern) && pattern[p] == '*':
			p++
			star = retry{p, t}
		case p < len(pattern) && t < len(text) && pattern[p] == text[t]:
			p, t = p+1, t+1
		case p == len(pattern) && t == len(text):
			return true
		case star.pattern >= 0 && star.text < len(text) && int(text[star.text]) != separator:
			star.text++
			p, t = star.pattern, star.text
		case doubleStar.pattern >= 0 && doubleStar.text < len(text):
			doubleStar.text++
			star = retry{-1, 0}
			p, t = doubleStar.pattern, doubleStar.text
		default:
			return false
		}
	}
}
