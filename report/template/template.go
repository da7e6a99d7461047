// Package template is what the templates of pages are compiled to: Go that writes markup.
//
// A template is a file that ends in .qtpl. Beside each is the Go code that
// [github.com/valyala/quicktemplate] makes of it; `go test ./report/template -update` makes
// it anew. So the compiler checks every name in a template, and the linker sees which
// methods the pages call: templates that look methods up by their names at run time would
// keep every exported method in the program.
//
// Whatever a template writes is quoted for text and for attributes in quotes. What is markup
// already has the type [HTML], and [Markup] takes nothing else; the content of a script or of
// a style sheet has the type [RawText], for [Raw]. Addresses go through [URL] or [Anchor].
// Tests hold each template to that, and name the functions that may make the two types.
package template

import (
	"net/url"
	"strings"

	"github.com/valyala/quicktemplate"
)

// HTML is markup: every text in it was quoted by who made it.
type HTML string

// Markup returns markup as it is.
func Markup(h HTML) string { return string(h) }

// RawText is the content of a script or of a style element, in which nothing can be quoted:
// who made it saw to it that it does not end the element.
type RawText string

// Raw returns the content of an element as it is.
func Raw(t RawText) string { return string(t) }

// URL returns an address for an attribute where it leads to a place on this page, to a file
// or to a web server, and one that leads nowhere otherwise: an address of a script would run
// with the rights of the page.
func URL(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "#"
	}
	switch strings.ToLower(u.Scheme) {
	case "", "http", "https", "mailto":
		return u.String()
	}
	return "#"
}

// Anchor is the address of the element of an id on this page.
func Anchor(id string) string { return "#" + (&url.URL{Fragment: id}).EscapedFragment() }

// Of returns what a template writes.
func Of(write func(*Writer)) HTML {
	var b strings.Builder // never fails
	w := quicktemplate.AcquireWriter(&b)
	write(w)
	quicktemplate.ReleaseWriter(w)
	return HTML(b.String())
}

// A Writer is what a compiled template writes to.
type Writer = quicktemplate.Writer
