package encode

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/result"
)

// No text of a result formats anything, links anywhere or calls anybody. The tests of
// the reports parse what becomes of it.
func TestMarkdownIsInert(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"@team fix #12 GH-1 gh-2":      "@<!-- -->team fix #<!-- -->12 GH-<!-- -->1 gh-<!-- -->2",
		"see https://evil.test/":       "see https:<!-- -->//evil.test/",
		"WWW.evil.test, :tada: at 5:":  "WWW<!-- -->.evil.test, :<!-- -->tada: at 5:<!-- -->",
		"a|b **c** [d](e) `f`":         "a\\|b \\*\\*c\\*\\* &#91;d&#93;(e) \\`f\\`",
		"one\ntwo\x1b[31m":             "one two?&#91;31m",
		"a & b <i>":                    "a &amp; b &lt;i\\>",
		"$a$":                          "<span>&#36;</span>a<span>&#36;</span>",
		"- x":                          "\\- x",
		"12. x":                        "12\\. x",
		"1.5% of 9":                    "1.5% of 9",
		"0123456789abcdef, 1234567890": "012345<!-- -->6789ab<!-- -->cdef, 123456<!-- -->7890",
		"20261123t140231z-7f3a9c":      "20261123t140231z-7f3a9c",
		"UTF-8 payments-503":           "UTF-<!-- -->8 payments-503",
	} {
		if got := Markdown(in); got != want {
			t.Errorf("Markdown(%q) = %q, want %q", in, got, want)
		}
	}
	for in, want := range map[string]string{"": "", " ": "", "a`b|c": "<code>a\\`b\\|c</code>"} {
		if got := Code(in); got != want {
			t.Errorf("Code(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestJSONIsInertAndReadsTheSame(t *testing.T) {
	t.Parallel()
	const text = "</script><!-- & \u202eevil\u2066 \x1b[2J \U000e0001 \ufffe \u2028 支払い a\u200db ##[error]x ###"
	got, err := JSON(map[string]string{"text": text})
	if err != nil {
		t.Fatal(err)
	}
	if s := string(got); strings.ContainsAny(s, "<>&") || strings.Contains(s, "\u202e") || strings.Contains(s, "\u2028") || strings.Contains(s, "\u200d") || strings.Contains(s, "##") || !strings.Contains(s, "支払い") {
		t.Errorf("JSON() = %s", got)
	}
	var back map[string]string
	if err := json.Unmarshal(got, &back); err != nil || back["text"] != text {
		t.Errorf("it reads as %q, %v", back["text"], err)
	}
	var b bytes.Buffer
	if err := WriteJSON(&b, math.NaN()); err == nil || b.Len() > 0 {
		t.Errorf("NaN is written: %v, %q", err, b.String())
	}
}

// A comment that is too long loses whole sections, longest first, and says so. Its
// first section always stays.
func TestCommentLeavesOutWholeSections(t *testing.T) {
	t.Parallel()
	var m Comment
	m.Line("answer")
	m.Fold("nothing", func(*Comment) {})
	for _, n := range []int{100, 70_000, 10_000} {
		m.Fold("section", func(m *Comment) { m.Line(strings.Repeat("x", n)) })
	}
	m.Line("end")
	got := m.String()
	if len(got) > MaxComment || !strings.HasPrefix(got, "answer\n") || !strings.Contains(got, "\nend\n") || !strings.Contains(got, "1 section is left out") {
		t.Errorf("%d bytes: %.100q ... %q", len(got), got, got[len(got)-100:])
	}
	if n := strings.Count(got, "<details>"); n != 2 || n != strings.Count(got, "</details>") {
		t.Errorf("%d sections, want 2", n)
	}
}

// Only a case whose verdict is held passes, and the root adds up the suites.
func TestJUnitCountsVerdicts(t *testing.T) {
	t.Parallel()
	s := Suite{Name: "payments-down"}
	for _, v := range []result.Verdict{result.Held, result.Refuted, result.Invalid, result.Inconclusive, result.NotRun} {
		s.Add(Outcome{Name: string(v), Verdict: v})
	}
	if s.Tests != 5 || s.Failures != 1 || s.Errors != 2 || s.Skipped != 1 {
		t.Errorf("the suite counts %+v", s)
	}
	var b bytes.Buffer
	if err := WriteJUnit(&b, RunKind, "all", []Suite{s, s}); err != nil {
		t.Fatal(err)
	}
	if want := `<testsuites name="blastgauge run all" tests="10" failures="2" errors="4" time="0.000">`; !strings.Contains(b.String(), want) {
		t.Errorf("%s is not in %s", want, b.String())
	}
}
