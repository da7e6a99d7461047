package notify

import (
	"html"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// started is the event with which a run begins.
func started(p *plan.Plan) journal.Event {
	return journal.Event{Kind: journal.RunStarted, Plan: p, At: time.Unix(1_800_000_000, 0)}
}

func TestHarmless(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ text, plain, slack, markup string }{
		{"payments-slow: 31.2% of pay", "payments-slow: 31.2% of pay", "payments-slow: 31.2% of pay", "payments-slow: 31.2% of pay"},
		{"at http://10.0.0.1:80/x", "at http[:]//10.0.0.1:80/x", "at http[:]//10.0.0.1:80/x", "at http&#91;:&#93;//10.0.0.1:80/x"},
		{"WWW.evil.example", "WWW[.]evil.example", "WWW[.]evil.example", "WWW&#91;.&#93;evil.example"},
		{"mailto:a@b", "mailto[:]a@b", "mailto[:]a(at)b", "mailto&#91;:&#93;a@b"},
		{"_www.evil.example_", "_www[.]evil.example_", "_www[.]evil.example_", "&#95;www&#91;.&#93;evil.example&#95;"},
		{"_tel:1 hotel: 5", "_tel[:]1 hotel: 5", "_tel[:]1 hotel: 5", "&#95;tel&#91;:&#93;1 hotel: 5"},
		{"data: 5 of 6", "data: 5 of 6", "data: 5 of 6", "data: 5 of 6"},
		{"<!here> & <@U1>", "<!here> & <@U1>", "&lt;!here&gt; &amp; &lt;(at)U1&gt;", "&lt;!here&gt; &amp; &lt;@U1&gt;"},
		{"*b* _i_ [t](/u)", "*b* _i_ [t](/u)", "*b* _i_ [t](/u)", "&#42;b&#42; &#95;i&#95; &#91;t&#93;(/u)"},
	} {
		if got := [3]string{plain(tt.text), slackText(tt.text), markup(tt.text)}; got != [3]string{tt.plain, tt.slack, tt.markup} {
			t.Errorf("%q becomes %q", tt.text, got)
		}
	}
}

func TestFit(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		text string
		most int
		want string
	}{
		{"abc", 3, "abc"},
		{"abcd", 3, "ab…"},
		{"a<b", 6, "a&lt;b"},
		{"a<b>c", 6, "a&lt;…"},
		{"a<b>c", 5, "a…"},
		{"\U0001f525\U0001f525\U0001f525", 5, "\U0001f525\U0001f525…"},
		{"see http://x", 11, "see http:/…"},
	} {
		if got := fit(tt.text, tt.most, slackText); got != tt.want {
			t.Errorf("fit(%q, %d) = %q, want %q", tt.text, tt.most, got, tt.want)
		}
	}
}

// becomes finds what a program for people would make a link of.
var becomesLink = regexp.MustCompile(`(?i)[a-z][a-z0-9+.-]*://|www\.|(\b|_)(mailto|javascript):`)

// Whatever a text says, it formats, mentions and links nothing, and fits.
func FuzzHarmless(f *testing.F) {
	for _, seed := range []string{"", hostile, "http://", "a:////", "wwww.www.", "www.www.a", "mailto:mailto:x", "x:\\\\y", "&lt;", "\xff<", "@@", "http\u200b://x", "ſlack:x", "Kwww.", "_www.", "_mailto:x"} {
		f.Add(seed, uint16(20))
	}
	f.Fuzz(func(t *testing.T, text string, most uint16) {
		text = strings.ToValidUTF8(text, "?")
		limit := 1 + int(most)%3000
		for name, escape := range map[string]func(string) string{"plain": plain, "slack": slackText, "markup": markup} {
			got := fit(text, limit, escape)
			if units(got) > limit || !utf8.ValidString(got) {
				t.Fatalf("%s: %q is longer than %d", name, got, limit)
			}
			if becomesLink.MatchString(got) || becomesLink.MatchString(html.UnescapeString(got)) {
				t.Fatalf("%s: %q becomes %q", name, text, got)
			}
			if name == "slack" && strings.ContainsAny(got, "<>@") || name == "markup" && strings.ContainsAny(got, "<>[]*_`~|\\\"'") {
				t.Fatalf("%s: %q becomes %q", name, text, got)
			}
			if whole := escape(text); units(whole) <= limit && got != whole {
				t.Fatalf("%s: %q would fit, and becomes %q", name, text, got)
			}
		}
	})
}

// FuzzAnswers: nothing that a receiver answers does harm.
func FuzzAnswers(f *testing.F) {
	f.Add([]byte(`{"id": 7}`), "2")
	f.Add([]byte(`{"id": 1e999}`), "Fri, 31 Dec 1999 23:59:59 GMT")
	f.Add([]byte(`[`), "-1")
	f.Fuzz(func(t *testing.T, body []byte, header string) {
		if id := annotationID(body); id < 0 {
			t.Errorf("id %d", id)
		}
		if after, _ := retryAfter(header, time.Now()); after < 0 {
			t.Errorf("%q: %s", header, after)
		}
	})
}
