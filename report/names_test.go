package report

import (
	"regexp"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/compare"
	"github.com/blastgauge/blastgauge/experiments/result"
)

// named is a comparison of two sides that have names and pages.
func named(t *testing.T) *compare.Comparison {
	t.Helper()
	base := edited(t, "suite", "b1", stormy)
	head := edited(t, "suite", "h1", func(e *result.Experiment, r *result.Result) { stormy(e, r); later(e, r) })
	base.Side, base.Page = "naive", "/runs/one/report.html"
	fires, misses := &base.Result.Experiments[0], &head.Result.Experiments[0]
	fires.Alerts = []result.Alert{{Alert: "ShopErrors", Name: "ShopErrors", Source: "prometheus", FiresWithin: 30, Fired: &result.Between{After: 11, Before: 12}}}
	misses.Alerts = []result.Alert{{Alert: "ShopErrors", Name: "ShopErrors", Source: "prometheus", FiresWithin: 30}}
	judged := result.Criterion{Kind: result.AlertCriterion, Subject: "ShopErrors", Name: "alert ShopErrors", Verdict: result.Held, Code: result.ReasonAlertInTime}
	fires.Criteria = append(fires.Criteria, judged)
	judged.Verdict, judged.Code = result.Refuted, result.ReasonAlertMissing
	misses.Criteria = append(misses.Criteria, judged)
	head.Side, head.Page = "hardened", "/runs/two/report.html"
	return compare.Runs([]compare.Input{base}, []compare.Input{head}, compare.DefaultMargin)
}

// Every report calls the sides what somebody called them, and never base and head.
func TestReportsCallTheSidesByTheirNames(t *testing.T) {
	t.Parallel()
	c := named(t)
	generic := regexp.MustCompile(`(?i)(^|[^-_a-z.])(base|head)([^-_a-z]|$)`)
	for _, format := range []string{"text", "md", "html", "junit", "github"} {
		got := renderCompare(t, format, Options{Width: 100}, c)
		if format == "html" && !strings.Contains(got, `aria-label="naive `) {
			t.Error("the labels of charts do not name the sides")
		}
		if format == "html" {
			_, got, _ = strings.Cut(got, "<body")
			got, _, _ = strings.Cut(got, `<script type="application/json"`)
			got = regexp.MustCompile(`</?t?head>|<th scope="col"|<[^>]*>`).ReplaceAllString(got, " ")
		}
		if format == "junit" { // names of properties and of journeys of a schema stay
			got = regexp.MustCompile(`name="(base|head)"`).ReplaceAllString(got, "")
		}
		if format != "github" && (!strings.Contains(got, "naive") || !strings.Contains(got, "hardened")) {
			t.Errorf("%s does not name the sides:\n%s", format, got)
		}
		if found := generic.FindStringIndex(got); found != nil {
			t.Errorf("%s says %q", format, got[max(0, found[0]-60):min(len(got), found[1]+30)])
		}
	}
	if got := renderCompare(t, "text", Options{}, comparisonFixtures(t)["changed"]); !generic.MatchString(got) {
		t.Error("sides without names are called nothing")
	}
}

// A page leads to the pages of the runs, and to an experiment there, where it is known from
// which folder.
func TestComparisonLinksTheReports(t *testing.T) {
	t.Parallel()
	c := named(t)
	got := renderCompare(t, "html", Options{Folder: "/runs/two"}, c)
	for _, want := range []string{`href="../one/report.html"`, `href="report.html"`, `href="../one/report.html#payments-latency-2s"`, `href="report.html#payments-latency-2s"`} {
		if !strings.Contains(got, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	for i := range c.Experiments {
		if e := &c.Experiments[i]; e.ID == "payments-latency-2s" {
			e.Base.Earlier = true // only an earlier run has it
		}
	}
	got = renderCompare(t, "html", Options{Folder: "/runs/two"}, c)
	if strings.Contains(got, `href="../one/report.html#payments-latency-2s"`) || !strings.Contains(got, `href="report.html#payments-latency-2s"`) {
		t.Error("the page leads to an experiment that is not there, or not to one that is")
	}
	for name, o := range map[string]Options{"no folder": {}, "another root": {Folder: "relative"}} {
		if got := renderCompare(t, "html", o, c); regexp.MustCompile(`href="[^#"]`).MatchString(got) {
			t.Errorf("%s: the page leads somewhere", name)
		}
	}
	c.Base[0].Page = "/runs/a:b c/%41\"><x/report.html"
	if got := renderCompare(t, "html", Options{Folder: "/runs/two"}, c); !strings.Contains(got, `href="../a:b%20c/%2541%22%3E%3Cx/report.html"`) {
		t.Error("the address is not escaped")
	}
}
