package faultset

import (
	"regexp"
	"strings"
	"testing"
)

func TestMatchGlob(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		pattern, text string
		matches       bool
	}{
		{"", "", true}, {"", "a", false}, {"a", "a", true}, {"a", "", false}, {"*", "", true}, {"**", "a", true},
		{"cart:*", "cart:1/2", true}, {"cart:*", "card:1", false}, {"*orders*", "insert into orders values", true},
		{"a*b*c", "abcbc", true}, {"a*b*c", "abcb", false}, {"*a", "ba", true}, {"*a", "ab", false}, {"a*a", "a", false},
	} {
		if got := MatchGlob(tt.pattern, tt.text, NoSeparator); got != tt.matches {
			t.Errorf("%q matches %q: %v", tt.text, tt.pattern, got)
		}
	}
}

// A pattern of stars does not take for ever on a long text.
func TestMatchGlobInTime(t *testing.T) {
	t.Parallel()
	if MatchGlob(strings.Repeat("*a", 1000)+"b", strings.Repeat("a", 1<<16), NoSeparator) {
		t.Error("there is no b")
	}
}

// FuzzMatchGlob: a text with any part of it left out for a star fits.
func FuzzMatchGlob(f *testing.F) {
	f.Add("insert into orders", 3, 9)
	f.Fuzz(func(t *testing.T, text string, from, to int) {
		if from < 0 || from > to || to > len(text) || strings.Contains(text, "*") {
			return
		}
		if pattern := text[:from] + "*" + text[to:]; !MatchGlob(pattern, text, NoSeparator) {
			t.Errorf("%q does not match %q", text, pattern)
		}
	})
}

func TestMatchGlobInPaths(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		pattern, path string
		want          bool
	}{
		{"/charges", "/charges", true},
		{"/charges", "/charges/", false},
		{"/charges", "/charge", false},
		{"/charges", "", false},
		{"/*", "/", true},
		{"/*", "/charges", true},
		{"/*", "/charges/7", false},
		{"/charges/*", "/charges/7", true},
		{"/charges/*/refund", "/charges/7/refund", true},
		{"/charges/*/refund", "/charges/7/8/refund", false},
		{"/charges/**", "/charges/7/8/refund", true},
		{"/charges/**", "/charges/", true},
		{"/charges/**", "/charges", false},
		{"/charges**", "/charges", true},
		{"**", "", true},
		{"**/refund", "/charges/7/refund", true},
		{"/**/7/*", "/a/b/7/c", true},
		{"/**/7/*", "/a/7/b/7/c", true},
		{"/**/7/*", "/a/b/7/c/d", false},
		{"/a*b*c", "/aXbXbXc", true},
		{"/a*b*c", "/aXbX/bXc", false},
		{"/a*b**c", "/aXbX/bXc", true},
		{"/***", "/a/b", true},
		{"/a%2Fb", "/a%2Fb", true},
		{"*", "*", true},
		{"/.", "/x", false},
	} {
		if got := MatchGlob(tt.pattern, []byte(tt.path), '/'); got != tt.want {
			t.Errorf("%s matches %s: %v, want %v", tt.path, tt.pattern, got, tt.want)
		}
	}
}

// FuzzMatchGlobInPaths compares with the same pattern as a regular expression.
func FuzzMatchGlobInPaths(f *testing.F) {
	f.Add("/a*b**c/*", "/aXbX/bXc/d")
	f.Add("**/*/**", "/a//b")
	f.Fuzz(func(t *testing.T, pattern, path string) {
		if len(pattern) > 40 || len(path) > 200 || strings.ContainsAny(path+pattern, "\n") || !isASCII(pattern+path) {
			return
		}
		expression := regexp.QuoteMeta(pattern)
		expression = strings.ReplaceAll(expression, `\*\*`, `(?s:.*)`)
		expression = strings.ReplaceAll(expression, `\*`, `[^/]*`)
		want := regexp.MustCompile("^" + expression + "$").MatchString(path)
		if got := MatchGlob(pattern, path, '/'); got != want {
			t.Errorf("%q matches %q: %v, want %v", path, pattern, got, want)
		}
	})
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r > 126 })
}
