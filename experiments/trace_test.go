package experiments

import (
	"strings"
	"testing"
)

// A trace_url leads to a trace and tells nothing of the environment.
func TestTraceURLs(t *testing.T) {
	t.Parallel()
	const id = "4bf92f3577b34da6a3ce929d0e0e4736"
	for text, want := range map[string]string{ // the link, or a part of what is wrong
		"https://tempo.staging.example/trace/${trace}":      "https://tempo.staging.example/trace/" + id,
		"http://127.0.0.1:16686/trace/${trace}?a=%7B#x":     "http://127.0.0.1:16686/trace/" + id + "?a=%7B#x",
		"http://[::1]:3000/explore?left=[%22${trace}%22]&y": "http://[::1]:3000/explore?left=[%22" + id + "%22]&y",
		"https://x.test/${trace}/${trace}":                  "https://x.test/" + id + "/" + id,
		"https://x.test/trace/":                             "the id of the trace is missing",
		"https://x.test/$${trace}":                          "the id of the trace is missing",
		"https://x.test/{trace}":                            "the id of the trace is missing",
		"ftp://x.test/${trace}":                             "begins with https:// or http://",
		"javascript:alert(${trace})":                        "begins with https:// or http://",
		"//x.test/${trace}":                                 "begins with https:// or http://",
		"https:///${trace}":                                 "begins with https:// or http://",
		"https://${trace}.x.test/":                          "cannot be in the name of a host",
		"https://ann:horse@x.test/${trace}":                 "no credentials",
		"https://x.test/${trace}?key=${env:KEY}":            "nothing of the environment",
		"${env:TEMPO:-https://x.test}/${trace}":             "nothing of the environment",
		"https://x.test/${trace}?run=${run}":                "${run} is not known",
		"https://x.test/${trace|raw}":                       "is not known",
		"https://x.test/${trace":                            "has no }",
		"https://x.test/ ${trace}":                          "is not one that URLs have",
		"https://x.test/${trace}?q={\"a\":1}":               "is not one that URLs have",
		"https://x.test/${trace}\n":                         "begins with https:// or http://",
		"https://x.test/<${trace}>":                         "is not one that URLs have",
	} {
		wrong := wrongTraceURL(text)
		link := TraceLink(text, id)
		switch {
		case strings.HasPrefix(want, "http"):
			if wrong != nil || link != want || !IsTraceLink(link, id) {
				t.Errorf("%q: %v, %q", text, wrong, link)
			}
		case wrong == nil || !strings.Contains(wrong.Msg, want):
			t.Errorf("%q: %+v, want %q", text, wrong, want)
		}
	}
	for _, other := range []string{"", "r-17", strings.ToUpper(id), id[1:], id + "0", "../" + id[3:]} {
		if link := TraceLink("https://x.test/${trace}", other); link != "" || IsTraceLink("https://x.test/"+other, other) {
			t.Errorf("%q becomes %q", other, link)
		}
	}
	for _, hostile := range []string{"javascript:alert(1)//" + id, "https://x.test/", "https://x.test/" + id + "\">", "https://x.test/" + id + ")", "data:text/html," + id, "https://ann:x@x.test/" + id} {
		if IsTraceLink(hostile, id) != strings.HasSuffix(hostile, ")") { // a bracket is a character of a URL
			t.Errorf("%q is taken for a link", hostile)
		}
	}
}
