package report

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report/encode"
	"github.com/blastgauge/blastgauge/report/words"
)

// flat is a document on one line, without what sets its words apart from each other.
func flat(text string) string { return strings.Join(strings.Fields(text), " ") }

// Every report for people says why journeys were harmed, and how a dependency fails: with
// the count, an example of the most frequent cause, the step, and how long it took.
func TestEveryReportSaysWhatCameBack(t *testing.T) {
	t.Parallel()
	r := load(t, "causes")
	for _, format := range []string{"text", "md", "junit", "github", "ndjson", "html"} {
		got := flat(render(t, format, Options{Width: 100}, r))
		for _, want := range []string{
			"502 Bad Gateway", "690", "reset", "$.charged was 100, expected 90", // causes
			"4bf92f3577b34da6a3ce929d0e0e4736", // an example
			"email: soft when refused, hard when it hangs: give it a time-out",
			"it fails fast", "it hangs before it fails", // latency of those that failed
			"pay alone took 2.05 s",                      // of the step, not of the journey so far
			"although search got 0.05 calls per journey", // a weak oracle
			"password authentication failed",             // of an invariant that was not asked
			"401 Unauthorized",                           // of a baseline that was harmed
			"harmed 95",                                  // a guardrail that did not decide
		} {
			if !strings.Contains(plain(got), plain(want)) {
				t.Errorf("%s does not say %q", format, want)
			}
		}
	}
}

// plain is text without what formats do to characters.
func plain(text string) string {
	return strings.NewReplacer("<b>", "", "</b>", "", `\`, "", "<!-- -->", "", "<span>&#36;</span>", "$", "&#36;", "$", "&#34;", `"`, "%25", "%").Replace(text)
}

// Programs read the counts of causes, which are those of the result.
func TestCausesAreLinesOfJSON(t *testing.T) {
	t.Parallel()
	r := load(t, "causes")
	var want, got int
	for _, e := range r.Experiments {
		for _, c := range e.Journeys[0].Causes {
			want += c.Fault.Fault
		}
	}
	for line := range strings.Lines(render(t, "ndjson", Options{}, r)) {
		var ev encode.Event
		d := json.NewDecoder(bytes.NewReader([]byte(line)))
		d.DisallowUnknownFields()
		if err := d.Decode(&ev); err != nil {
			t.Fatal(err)
		}
		if ev.Event == "cause" {
			if ev.Class == "" || ev.Count == nil || ev.Journey == "" {
				t.Fatalf("not a whole cause: %s", line)
			}
			got += *ev.Count
		}
	}
	if got != want || want == 0 {
		t.Errorf("the lines count %d journeys, the result %d", got, want)
	}
}

// A page of as many causes as a result may hold stays readable: the most frequent have
// rows, and the others are counted.
func TestManyCausesAreCounted(t *testing.T) {
	t.Parallel()
	r := load(t, "causes")
	j := &r.Experiments[0].Journeys[0]
	for len(j.Causes) < 300 {
		j.Causes = append(j.Causes, result.Cause{Step: "pay", Class: "status", Key: "5" + string(rune('0'+len(j.Causes)%10)) + "0", Fault: result.CauseCounts{Fault: 1}})
	}
	page := render(t, "html", Options{}, r)
	_, table, _ := strings.Cut(page, "What came back <span")
	table, _, _ = strings.Cut(table, "</table>")
	if n := strings.Count(table, "<tr>"); n > 25 {
		t.Errorf("%d rows of causes", n)
	}
	if !strings.Contains(page, "And 280 rarer causes: 280 journeys under the fault.") {
		t.Error("the rarer causes are not counted")
	}
	for line := range strings.Lines(render(t, "text", Options{}, r)) {
		if len(line) > 120 {
			t.Errorf("a line of %d bytes", len(line))
		}
	}
}

// A journey that is slow at one step and fails at a later one stands at both, and only then
// does the page say why its two tables differ.
func TestAFailureAfterASlowStepIsExplained(t *testing.T) {
	t.Parallel()
	const note = "By the step that failed."
	for _, moved := range []int{0, 1} {
		r := load(t, "causes")
		j := &r.Experiments[0].Journeys[0]
		j.Steps = []result.Step{{Name: "product", Failed: 75 + moved}, {Name: "pay"}}
		j.Causes = []result.Cause{
			{Step: "product", Class: "status", Key: "503", Fault: result.CauseCounts{Fault: 75}},
			{Step: "pay", Class: "timeout", Fault: result.CauseCounts{Fault: moved}},
		}
		r.Experiments = r.Experiments[:1]
		r.Experiments[0].Journeys = r.Experiments[0].Journeys[:1]
		if got := strings.Contains(render(t, "html", Options{}, r), note); got != (moved > 0) {
			t.Errorf("%d moved: explained %v", moved, got)
		}
	}
}

// Names are as their documents have them, also at the beginning of a sentence.
func TestNamesKeepTheirCase(t *testing.T) {
	t.Parallel()
	page := render(t, "html", Options{}, load(t, "causes"))
	_, body, _ := strings.Cut(page, "<main")
	body, _, _ = strings.Cut(body, `<script type="application/json"`)
	for _, name := range []string{"Checkout:", "Email:", "Payments:", "Search:", "Email-hangs", "Payments-down", ">Charged at most once"} {
		if strings.Contains(body, name) {
			t.Errorf("the page writes %q", name)
		}
	}
}

func TestCauseWords(t *testing.T) {
	t.Parallel()
	found := []result.CauseExample{{Expected: "90", Found: "100"}}
	for _, tt := range []struct {
		c     result.Cause
		whole string
		short string
	}{
		{result.Cause{Class: "status", Key: "502"}, "502 Bad Gateway", "502 Bad Gateway"},
		{result.Cause{Class: "status", Key: "599"}, "status 599", "status 599"},
		{result.Cause{Class: "status"}, "bad status", "bad status"},
		{result.Cause{Class: "reset", Key: "127.0.0.1:18083"}, "reset by 127.0.0.1:18083", "reset"},
		{result.Cause{Class: "refused", Key: "a:1"}, "refused by a:1", "refused"},
		{result.Cause{Class: "timeout", Key: "a:1"}, "timed out at a:1", "timed out"},
		{result.Cause{Class: "timeout"}, "timed out", "timed out"},
		{result.Cause{Class: "dns", Key: "nowhere"}, "no address for nowhere", "no address"},
		{result.Cause{Class: "not_allowed", Key: "a"}, "host not allowed: a", "host not allowed"},
		{result.Cause{Class: "check", Key: "$.charged", Examples: found}, "$.charged was 100, expected 90", "$.charged was 100, expected 90"},
		{result.Cause{Class: "check", Key: "body matches /x/"}, "body matches /x/ was not as expected", "body matches /x/ was not as expected"},
		{result.Cause{Class: "slow", Key: "3s"}, "slower than 3 s", "slower than 3 s"},
		{result.Cause{Class: "slow"}, "too slow", "too slow"},
		{result.Cause{Class: "redirects", Key: "1"}, "more than 1 redirect", "more than 1 redirect"},
		{result.Cause{Class: "redirects", Key: "loop"}, "redirects in a loop", "redirects in a loop"},
		{result.Cause{Class: "redirects", Key: "secret_body"}, "redirect of a secret to another host", "redirect of a secret to another host"},
		{result.Cause{Class: "redirects"}, "too many redirects", "too many redirects"},
		{result.Cause{Class: "shed"}, "never sent (too many in flight)", "never sent (too many in flight)"},
		{result.Cause{Class: "of_tomorrow", Key: "k"}, "of tomorrow k", "of tomorrow k"},
	} {
		if whole, short := words.Cause(tt.c), words.ShortCause(tt.c); whole != tt.whole || short != tt.short {
			t.Errorf("%+v: %q and %q, want %q and %q", tt.c, whole, short, tt.whole, tt.short)
		}
	}
}
