package template_test

import (
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/report/template"
)

func addresses() map[string]string {
	return map[string]string{
		"": "", "#payments-slow": "#payments-slow", "../a/report.html": "../a/report.html", "stop?t=a&run=1": "stop?t=a&run=1", "./12:30/report.html": "./12:30/report.html",
		"./a b/javascript:c/report.html": "./a%20b/javascript:c/report.html", "./50%25/report.html": "./50%25/report.html", "é/\u2028": "%C3%A9/%E2%80%A8",
		// Web servers, wherever they are: a link loads nothing by itself.
		"https://example.test/x?a=b": "https://example.test/x?a=b", "HTTP://example.test": "http://example.test", "//example.test/x": "//example.test/x",
		"http://[::1]:80/": "http://[::1]:80/", "https://a:b@example.test/": "https://a:b@example.test/", "mailto:a@example.test": "mailto:a@example.test",
		// A browser takes a backslash for a slash.
		`\\example.test`: "%5C%5Cexample.test", `/\example.test`: "/%5Cexample.test",
		// Scripts, and what a browser makes one of.
		"javascript:alert(1)": "#", "JavaScript:alert(1)": "#", " javascript:alert(1)": "#", "java\nscript:alert(1)": "#", "java\tscript:alert(1)": "#", "\x01javascript:alert(1)": "#", "\u00a0javascript:alert(1)": "#",
		"java%0ascript:alert(1)": "#", "javascript://example.test/%0aalert(1)": "#",
		"javascript&colon;alert(1)": "javascript&colon;alert(1)", "javascript%3aalert(1)": "javascript%3aalert(1)", // a file
		"data:text/html,x": "#", "vbscript:x": "#", "blob:x": "#", "view-source:x": "#", "file:///etc/passwd": "#",
		// What is no address.
		"%zz": "#", "50%/report.html": "#", "x:y": "#", "12:30/report.html": "#", "http://a b/": "#", "http://example.test:x/": "#", "a\x00b": "#", "a\x7fb": "#",
	}
}

func TestURL(t *testing.T) {
	for address, want := range addresses() {
		if got := template.URL(address); got != want {
			t.Errorf("URL(%q) = %q, want %q", address, got, want)
		}
	}
	if long := "/" + strings.Repeat("a", 1<<20); template.URL(long) != long {
		t.Error("a long address is another one")
	}
}

// scheme is that of an address as a browser reads it: without blanks around it, and without
// the line ends and tabs in it.
func scheme(address string) string {
	address = strings.TrimFunc(address, func(c rune) bool { return c <= ' ' })
	address = strings.NewReplacer("\t", "", "\n", "", "\r", "").Replace(address)
	m := regexp.MustCompile(`^([A-Za-z][A-Za-z0-9+.-]*):`).FindStringSubmatch(address)
	if m == nil {
		return ""
	}
	return strings.ToLower(m[1])
}

func FuzzURL(f *testing.F) {
	for address := range addresses() {
		f.Add(address)
	}
	f.Fuzz(func(t *testing.T, address string) {
		got := template.URL(address)
		switch scheme(got) {
		case "", "http", "https", "mailto":
		default:
			t.Errorf("URL(%q) = %q", address, got)
		}
	})
}

func FuzzAnchor(f *testing.F) {
	for _, id := range []string{"", "payments-slow", "a b", "100%", "%41", "a#b", "é", "\"'<&>", "\x00\xff\n"} {
		f.Add(id)
	}
	f.Fuzz(func(t *testing.T, id string) {
		address := template.Anchor(id)
		u, err := url.Parse(address)
		if err != nil || u.Fragment != id || strings.Trim(address, "#") != "" && u.Path+u.RawQuery+u.Scheme != "" {
			t.Errorf("Anchor(%q) = %q, which leads to %+v: %v", id, address, u, err)
		}
		if strings.ContainsAny(address, "\"'<>` \n") {
			t.Errorf("Anchor(%q) = %q", id, address)
		}
	})
}
