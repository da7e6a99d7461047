package encode

import (
	"net/url"
	"path/filepath"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/lazyregexp"
)

// JobLinks are the links that a report made in a job of a CI system should have: to the page
// that was written with it, the artifacts, the job and its pipeline, as far as the
// environment names them. Page is the absolute path of an HTML page that the job keeps as an
// artifact, or empty.
//
// The environment is not trusted: what is no plain address of http or https, without
// credentials and parameters, or no number or name where one belongs, makes no link.
func JobLinks(getenv func(name string) string, page string) []Link {
	for _, of := range []func(env func(string) string, page string) []Link{gitHub, gitLab, jenkins, azure, others} {
		if links := of(getenv, page); len(links) > 0 {
			return links
		}
	}
	return nil
}

var (
	number     = lazyregexp.New(`^[0-9]{1,20}$`)
	repository = lazyregexp.New(`^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$`)
	uuid       = lazyregexp.New(`^[0-9a-fA-F-]{1,64}$`)
)

// webAddress returns text where it is an address that a report may link, or nothing. It may
// have a trailing slash, which it loses. One with parameters or a fragment is none: pages
// below it would not be found, and parameters may be a secret.
func webAddress(text string) string {
	const longest = 2000
	u, err := url.Parse(text)
	if err != nil || len(text) > longest || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" || u.User != nil || strings.ContainsAny(text, "?#") {
		return ""
	}
	return strings.TrimRight(u.String(), "/")
}

// without returns the links that lead somewhere.
func without(links ...Link) (list []Link) {
	for _, l := range links {
		if l.URL != "" {
			list = append(list, l)
		}
	}
	return list
}

func gitHub(env func(string) string, _ string) []Link {
	server, repo, run := webAddress(env("GITHUB_SERVER_URL")), env("GITHUB_REPOSITORY"), env("GITHUB_RUN_ID")
	forge := env("GITEA_ACTIONS") != "" || env("FORGEJO_ACTIONS") != "" // which know a run by its number
	if forge {
		run = env("GITHUB_RUN_NUMBER")
	}
	if server == "" || !repository.MatchString(repo) || !number.MatchString(run) {
		return nil
	}
	job := server + "/" + repo + "/actions/runs/" + run
	if forge {
		return without(Link{job, "job"})
	}
	artifacts := job + "#artifacts"
	if attempt := env("GITHUB_RUN_ATTEMPT"); number.MatchString(attempt) {
		job += "/attempts/" + attempt
	}
	return without(Link{artifacts, "artifacts"}, Link{job, "job"})
}

func gitLab(env func(string) string, page string) []Link {
	job := webAddress(env("CI_JOB_URL"))
	if job == "" {
		return nil
	}
	return without(Link{below(job+"/artifacts/file", env("CI_PROJECT_DIR"), page), "report"}, Link{job + "/artifacts/browse", "artifacts"},
		Link{job, "job"}, Link{webAddress(env("CI_PIPELINE_URL")), "pipeline"})
}

func jenkins(env func(string) string, page string) []Link {
	build := webAddress(env("BUILD_URL"))
	if build == "" {
		return nil
	}
	return without(Link{below(build+"/artifact", env("WORKSPACE"), page), "report"}, Link{build + "/artifact/", "artifacts"}, Link{build + "/", "job"})
}

func azure(env func(string) string, _ string) []Link {
	server, project, build := webAddress(env("SYSTEM_COLLECTIONURI")), env("SYSTEM_TEAMPROJECT"), env("BUILD_BUILDID")
	if server == "" || project == "" || len(project) > 200 || !number.MatchString(build) {
		return nil
	}
	job := server + "/" + url.PathEscape(project) + "/_build/results?buildId=" + build
	return without(Link{job + "&view=artifacts&pathAsName=false&type=publishedArtifacts", "artifacts"}, Link{job, "job"})
}

// others are CircleCI and Buildkite.
func others(env func(string) string, _ string) []Link {
	if job := webAddress(env("CIRCLE_BUILD_URL")); job != "" {
		return without(Link{job, "job"})
	}
	build := webAddress(env("BUILDKITE_BUILD_URL"))
	if id := env("BUILDKITE_JOB_ID"); build != "" && uuid.MatchString(id) {
		return without(Link{build + "#" + id, "job"}, Link{build, "pipeline"})
	}
	return without(Link{build, "job"})
}

// below is where a server shows a page that lies in the directory of the job; nothing where
// it lies elsewhere.
func below(server, dir, page string) string {
	if page == "" || !filepath.IsAbs(dir) {
		return ""
	}
	path, err := filepath.Rel(dir, page)
	if err != nil || !filepath.IsLocal(path) {
		return ""
	}
	escaped := &url.URL{Path: filepath.ToSlash(path)}
	return server + "/" + strings.TrimPrefix(escaped.EscapedPath(), "./")
}

// LinkLine writes links as a line of Markdown, such as "report · artifacts · job".
func LinkLine(links []Link) string {
	parts := make([]string, len(links))
	for i, l := range links {
		parts[i] = "[" + Markdown(l.Label) + "](<" + linkTarget(l.URL) + ">)"
	}
	return strings.Join(parts, " · ")
}

// LinkTexts writes each link as text: "job: https://…".
func LinkTexts(links []Link) []string {
	list := make([]string, len(links))
	for i, l := range links {
		list[i] = l.Label + ": " + l.URL
	}
	return list
}
