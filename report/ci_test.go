package report

import (
	"encoding/xml"
	"regexp"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report/encode"
)

// A server that counts cases must come to the numbers in the attributes, and no
// verdict but held may look like a pass.
func TestJUnitCountsWhatItLists(t *testing.T) {
	t.Parallel()
	for _, name := range runFixtures(t) {
		t.Run(name, func(t *testing.T) {
			r := load(t, name)
			var got encode.JUnit
			if err := xml.Unmarshal([]byte(render(t, "junit", Options{}, r)), &got); err != nil {
				t.Fatal(err)
			}
			if len(got.Suites) != len(r.Experiments) {
				t.Fatalf("%d suites for %d experiments", len(got.Suites), len(r.Experiments))
			}
			var all encode.JUnit
			for i, s := range got.Suites {
				checkSuite(t, s, r.Experiments[i])
				all.Tests, all.Failures, all.Errors = all.Tests+s.Tests, all.Failures+s.Failures, all.Errors+s.Errors
			}
			if all.Tests != got.Tests || all.Failures != got.Failures || all.Errors != got.Errors {
				t.Errorf("the suites add up to %+v, the root says %+v", all, got)
			}
		})
	}
}

func checkSuite(t *testing.T, s encode.Suite, e result.Experiment) {
	t.Helper()
	failures, errs, skipped := 0, 0, 0
	for _, c := range s.Cases {
		switch {
		case c.Failure != nil:
			failures++
		case c.Error != nil:
			errs++
		case c.Skipped != nil:
			skipped++
		}
	}
	if s.Tests != len(s.Cases) || s.Failures != failures || s.Errors != errs || s.Skipped != skipped {
		t.Errorf("%s: attributes %d/%d/%d/%d, cases %d/%d/%d/%d", s.Name, s.Tests, s.Failures, s.Errors, s.Skipped, len(s.Cases), failures, errs, skipped)
	}
	once := map[result.Verdict][2]int{result.Refuted: {1, 0}, result.Invalid: {0, 1}, result.Inconclusive: {0, 1}}[e.Verdict]
	if got := [2]int{failures, errs}; got != once {
		t.Errorf("%s is %s: %d failures and errors, want %d: an experiment counts once", s.Name, e.Verdict, got, once)
	}
	if len(s.Cases) != len(e.Criteria)+1 {
		t.Errorf("%s: %d cases for the hypothesis and %d criteria", s.Name, len(s.Cases), len(e.Criteria))
	}
	if passes := s.Cases[0].Failure == nil && s.Cases[0].Error == nil && s.Cases[0].Skipped == nil; passes != (e.Verdict == result.Held) {
		t.Errorf("%s is %s, its case passes: %t", s.Name, e.Verdict, passes)
	}
}

// Nothing that a result brings may become markup, a mention or a link.
func TestMarkdownIsInert(t *testing.T) {
	t.Parallel()
	ours := regexp.MustCompile(`<!-- (blastgauge [a-z0-9-]+ )?-->|</?(code|details|summary|strong)>|<span>&#36;</span>`)
	text := render(t, "md", Options{}, load(t, "hostile"))
	if rest := ours.ReplaceAllString(text, ""); strings.Contains(rest, "<") {
		t.Errorf("markup that is not ours: %q", rest[strings.Index(rest, "<"):][:60])
	}
}

// An experiment that a sentence names is a word of its own.
func TestMarkdownKeepsWordsApart(t *testing.T) {
	t.Parallel()
	glued := regexp.MustCompile(`(?m)^\S*\*\*[a-z0-9-]+\*\*\w`)
	for _, name := range fixtures(t) {
		if found := glued.FindString(render(t, "md", Options{}, load(t, name))); found != "" {
			t.Errorf("%s: %q", name, found)
		}
	}
}

// A line feed or a colon in a result must not begin a command of its own.
func TestWorkflowCommandsCannotBeForged(t *testing.T) {
	t.Parallel()
	r := load(t, "refuted")
	r.Experiments[0].File = "a,line=9::x\n::error::forged"
	r.Experiments[0].Reasons = []string{"100% lost\n::set-output name=x::y"}
	got := render(t, "github", Options{}, r)
	for line := range strings.Lines(got) {
		if !regexp.MustCompile(`^::(error|warning|notice) [^:]*::`).MatchString(line) {
			t.Errorf("not a command of ours: %q", line)
		}
	}
	for _, want := range []string{"file=a%2Cline=9%3A%3Ax ?%3Aerror%3A%3Aforged,line=", "::100%25 lost ?:set-output name=x::y"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in\n%s", want, got)
		}
	}
}

// A run of thousands of experiments makes a comment that forges accept, with its
// answer and what became of the faults.
func TestMarkdownFits(t *testing.T) {
	t.Parallel()
	r := load(t, "suite")
	for len(r.Experiments) < 2000 {
		r.Experiments = append(r.Experiments, r.Experiments...)
	}
	text := render(t, "md", Options{}, r)
	if len(text) > encode.MaxComment {
		t.Errorf("%d bytes, want at most %d", len(text), encode.MaxComment)
	}
	for _, want := range []string{" hypotheses refuted", "faults were removed and verified absent", "left out: this comment would have been too long"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in it", want)
		}
	}
}
