package faultset

import (
	"strings"
	"testing"
)

func TestFits(t *testing.T) {
	for _, tt := range []struct {
		pattern, text string
		fits          bool
	}{
		{"", "", true}, {"", "a", false}, {"a", "a", true}, {"a", "", false}, {"*", "", true}, {"**", "a", true},
		{"cart:*", "cart:1/2", true}, {"cart:*", "card:1", false}, {"*orders*", "insert into orders values", true},
		{"a*b*c", "abcbc", true}, {"a*b*c", "abcb", false}, {"*a", "ba", true}, {"*a", "ab", false}, {"a*a", "a", false},
	} {
		if got := Fits(tt.pattern, tt.text); got != tt.fits {
			t.Errorf("%q fits %q: %v", tt.text, tt.pattern, got)
		}
	}
}

// A pattern of stars does not take for ever on a long text.
func TestFitsInTime(t *testing.T) {
	if Fits(strings.Repeat("*a", 1000)+"b", strings.Repeat("a", 1<<16)) {
		t.Error("there is no b")
	}
}

// FuzzFits: a text with any part of it left out for a star fits.
func FuzzFits(f *testing.F) {
	f.Add("insert into orders", 3, 9)
	f.Fuzz(func(t *testing.T, text string, from, to int) {
		if from < 0 || from > to || to > len(text) || strings.Contains(text, "*") {
			return
		}
		if pattern := text[:from] + "*" + text[to:]; !Fits(pattern, text) {
			t.Errorf("%q does not fit %q", text, pattern)
		}
	})
}
