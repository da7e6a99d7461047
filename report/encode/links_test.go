package encode

import (
	"net/url"
	"strings"
	"testing"
)

// Each system's own variables make its links, and a page is linked where the server keeps it.
func TestJobLinks(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		env  map[string]string
		page string
		want string
	}{
		"none": {nil, "/w/r.html", ""},
		"GitHub": {map[string]string{"GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "shop/web", "GITHUB_RUN_ID": "7", "GITHUB_RUN_ATTEMPT": "2"}, "/w/r.html",
			"artifacts: https://github.com/shop/web/actions/runs/7#artifacts job: https://github.com/shop/web/actions/runs/7/attempts/2"},
		"Forgejo": {map[string]string{"FORGEJO_ACTIONS": "true", "GITHUB_SERVER_URL": "https://git.test/", "GITHUB_REPOSITORY": "shop/web", "GITHUB_RUN_ID": "70", "GITHUB_RUN_NUMBER": "7"}, "",
			"job: https://git.test/shop/web/actions/runs/7"},
		"GitLab": {map[string]string{"CI_JOB_URL": "https://gitlab.test/a/b/-/jobs/5", "CI_PIPELINE_URL": "https://gitlab.test/a/b/-/pipelines/3", "CI_PROJECT_DIR": "/w"}, "/w/out dir/r.html",
			"report: https://gitlab.test/a/b/-/jobs/5/artifacts/file/out%20dir/r.html artifacts: https://gitlab.test/a/b/-/jobs/5/artifacts/browse job: https://gitlab.test/a/b/-/jobs/5 pipeline: https://gitlab.test/a/b/-/pipelines/3"},
		"a page elsewhere": {map[string]string{"CI_JOB_URL": "https://gitlab.test/a/b/-/jobs/5", "CI_PIPELINE_URL": "javascript:x", "CI_PROJECT_DIR": "/w"}, "/tmp/r.html",
			"artifacts: https://gitlab.test/a/b/-/jobs/5/artifacts/browse job: https://gitlab.test/a/b/-/jobs/5"},
		"Jenkins": {map[string]string{"BUILD_URL": "http://ci.test:8080/job/x/4/", "WORKSPACE": "/w"}, "/w/r.html",
			"report: http://ci.test:8080/job/x/4/artifact/r.html artifacts: http://ci.test:8080/job/x/4/artifact/ job: http://ci.test:8080/job/x/4/"},
		"Azure": {map[string]string{"SYSTEM_COLLECTIONURI": "https://dev.azure.com/shop/", "SYSTEM_TEAMPROJECT": "Web shop", "BUILD_BUILDID": "9"}, "",
			"artifacts: https://dev.azure.com/shop/Web%20shop/_build/results?buildId=9&view=artifacts&pathAsName=false&type=publishedArtifacts job: https://dev.azure.com/shop/Web%20shop/_build/results?buildId=9"},
		"CircleCI":  {map[string]string{"CIRCLE_BUILD_URL": "https://circleci.com/gh/shop/web/12"}, "", "job: https://circleci.com/gh/shop/web/12"},
		"Buildkite": {map[string]string{"BUILDKITE_BUILD_URL": "https://buildkite.com/shop/web/builds/1", "BUILDKITE_JOB_ID": "01-ab"}, "", "job: https://buildkite.com/shop/web/builds/1#01-ab pipeline: https://buildkite.com/shop/web/builds/1"},
	} {
		got := strings.Join(LinkTexts(JobLinks(func(name string) string { return tt.env[name] }, tt.page)), " ")
		if got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, tt.want)
		}
	}
}

// Whoever sets the environment of a job makes no link that is not one to a page of the web,
// and none that ends early.
func TestJobLinksTrustNothing(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "//evil.test/x", "gitlab.test/x", "https://", "https:///x", "https://user:secret@gitlab.test/x",
		"https://a.test/\nx", "https://a.test/\x1b[31m", "https://a.test/" + strings.Repeat("x", 3000), "https://[::1", "",
		"https://a.test/?private_token=secret", "https://a.test/x?", "https://a.test/x#y", "https://a.test#",
	} {
		for _, name := range []string{"CI_JOB_URL", "BUILD_URL", "CIRCLE_BUILD_URL", "BUILDKITE_BUILD_URL"} {
			if got := JobLinks(func(n string) string { return map[string]string{name: text}[n] }, ""); got != nil {
				t.Errorf("%s=%q makes %v", name, text, got)
			}
		}
	}
	for _, hostile := range []map[string]string{
		{"GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "a/b)](https://evil.test", "GITHUB_RUN_ID": "7"},
		{"GITHUB_SERVER_URL": "https://github.com/?token=secret", "GITHUB_REPOSITORY": "a/b", "GITHUB_RUN_ID": "7"},
		{"SYSTEM_COLLECTIONURI": "https://dev.azure.com/shop?token=secret", "SYSTEM_TEAMPROJECT": "Web", "BUILD_BUILDID": "9"},
	} {
		if got := JobLinks(func(n string) string { return hostile[n] }, ""); got != nil {
			t.Errorf("made %v", got)
		}
	}
	line := LinkLine(JobLinks(func(n string) string {
		return map[string]string{"CI_JOB_URL": "https://a.test/x>)<img src=x>](y)|`@team` ::error::x", "CI_PROJECT_DIR": "/w"}[n]
	}, "/w/<b>|)"))
	for part := range strings.SplitSeq(line, " · ") {
		_, target, _ := strings.Cut(part, "](<")
		target, ok := strings.CutSuffix(target, ">)")
		if _, err := url.Parse(target); !ok || err != nil || strings.ContainsAny(target, "<>()|` \n") {
			t.Errorf("%q", part)
		}
	}
}

// An address stays the one that it is, whatever Markdown makes of its characters.
func TestLinkTargets(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"https://[::1]:8443/job/x/": "https://[::1]:8443/job/x/", "http://[fe80::1%25lo]/a[b](c)": "http://[fe80::1%25lo]/a%5Bb%5D%28c%29",
		"https://ci.test/job/a (b)/1": "https://ci.test/job/a%20%28b%29/1", "https://[x](y)]/": "https://%5Bx%5D%28y%29%5D/", "https://ci.test/a%20b?c=d&e": "https://ci.test/a%20b?c=d&amp;e",
	} {
		if got := linkTarget(address); got != want {
			t.Errorf("%s becomes %s, want %s", address, got, want)
		}
	}
	for _, build := range []string{"https://[::1]:8443/job/x (y)/4/", "https://ci.test/job/x%20%28y%29/4/"} {
		links := JobLinks(func(name string) string { return map[string]string{"BUILD_URL": build, "WORKSPACE": "/w"}[name] }, "/w/a (b) [c].html")
		if len(links) != 3 {
			t.Fatalf("%s makes %v", build, links)
		}
		for _, l := range links {
			from, err := url.Parse(l.URL)
			to, wrong := url.Parse(strings.ReplaceAll(linkTarget(l.URL), "&amp;", "&"))
			if err != nil || wrong != nil || from.Host != to.Host || from.Path != to.Path || strings.ContainsAny(linkTarget(l.URL), "() <>") {
				t.Errorf("%s leads to %s", l.URL, linkTarget(l.URL))
			}
		}
	}
}

// GitHub shows ten annotations of a level: the tenth counts the others and names them, and
// the log has all of them.
func TestMoreCommandsThanAreShown(t *testing.T) {
	t.Parallel()
	var few, many Commands
	for i := range 25 {
		if i < 10 {
			few.Add("error", "", 0, "e", "x")
		}
		many.Add("error", "f", i+1, "title "+strings.Repeat("x", i), strings.Repeat("long", 5000))
	}
	many.Add("notice", "", 0, "blastgauge", "end")
	var b strings.Builder
	if err := few.Write(&b); err != nil || strings.Count(b.String(), "\n") != 10 {
		t.Errorf("%v: %q", err, b.String())
	}
	b.Reset()
	if err := many.Write(&b); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
	if len(lines) != 27 || !strings.HasPrefix(lines[9], "::error title=blastgauge::16 more") || !strings.Contains(lines[9], "title xxxxxxxxx;") || !strings.HasPrefix(lines[26], "::notice ") {
		t.Errorf("%d lines, the tenth %q", len(lines), lines[9])
	}
	for _, line := range lines {
		if len(line) > 4500 {
			t.Errorf("a command of %d bytes", len(line))
		}
	}
}
