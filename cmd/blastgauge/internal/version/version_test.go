package version

import (
	"encoding/json"
	"maps"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
)

// A build that is no release says so, and every build says something.
func TestCurrent(t *testing.T) {
	t.Parallel()
	if v := Current(); v == "" || strings.ContainsAny(v, " \n()") {
		t.Errorf("the version is %q: want one word", v)
	}
	b := This()
	if b.Version != Current() || !strings.HasPrefix(b.Go, "go") && !strings.HasPrefix(b.Go, "devel") || strings.Count(b.Platform, "/") != 1 {
		t.Errorf("%+v", b)
	}
	if s := b.String(); !strings.HasPrefix(s, b.Version+" (") || !strings.HasSuffix(s, b.Go+", "+b.Platform+")") || strings.Contains(s, "\n") {
		t.Errorf("%q of %+v", s, b)
	}
}

// Every way to build blastgauge leaves what its compiler knew, and nothing more is said.
func TestWhatABuildSays(t *testing.T) {
	t.Parallel()
	const commit = "22249f1a0c0ffee0c0ffee0c0ffee0c0ffee0c0f"
	vcs := func(modified string) []debug.BuildSetting {
		return []debug.BuildSetting{{Key: "vcs", Value: "git"}, {Key: "vcs.revision", Value: commit}, {Key: "vcs.time", Value: "2026-11-30T08:00:00Z"}, {Key: "vcs.modified", Value: modified}}
	}
	for name, c := range map[string]struct {
		version  string
		settings []debug.BuildSetting
		want     Build
	}{
		"a release in its repository":      {"v0.1.0", vcs("false"), Build{Version: "v0.1.0", Commit: commit, Date: "2026-11-30T08:00:00Z"}},
		"a commit in its repository":       {"v0.1.1-0.20261130080000-22249f1a0c0f", vcs("false"), Build{Version: "v0.1.1-0.20261130080000-22249f1a0c0f", Commit: commit, Date: "2026-11-30T08:00:00Z"}},
		"changed files":                    {"v0.1.0+dirty", vcs("true"), Build{Version: "v0.1.0+dirty", Commit: commit, Date: "2026-11-30T08:00:00Z", Modified: true}},
		"go install of a release":          {"v0.1.0", nil, Build{Version: "v0.1.0"}},
		"go install of a commit":           {"v0.0.0-20261130080000-22249f1a0c0f", nil, Build{Version: "v0.0.0-20261130080000-22249f1a0c0f", Commit: "22249f1a0c0f", Date: "2026-11-30T08:00:00Z"}},
		"go install of a commit after one": {"v0.1.1-0.20261130080000-22249f1a0c0f", nil, Build{Version: "v0.1.1-0.20261130080000-22249f1a0c0f", Commit: "22249f1a0c0f", Date: "2026-11-30T08:00:00Z"}},
		"go run":                           {"(devel)", nil, Build{Version: "dev"}},
		"no version, a commit":             {"(devel)", vcs("false"), Build{Version: "dev-22249f1a0c0f", Commit: commit, Date: "2026-11-30T08:00:00Z"}},
		"no version, changed files":        {"", vcs("true"), Build{Version: "dev-22249f1a0c0f+changes", Commit: commit, Date: "2026-11-30T08:00:00Z", Modified: true}},
		"a commit in another notation":     {"", []debug.BuildSetting{{Key: "vcs.revision", Value: "42"}}, Build{Version: "dev", Commit: "42"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := of(&debug.BuildInfo{Main: debug.Module{Version: c.version}, Settings: c.settings})
			if got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
			if s := got.String(); strings.Contains(s, "with changes") != c.want.Modified || strings.Contains(s, "commit") != (c.want.Commit != "") {
				t.Errorf("%q of %+v", s, got)
			}
		})
	}
}

// Programs find every key in the JSON of any build.
func TestKeysOfJSON(t *testing.T) {
	t.Parallel()
	text, err := json.Marshal(Build{})
	if err != nil {
		t.Fatal(err)
	}
	var found map[string]any
	if err := json.Unmarshal(text, &found); err != nil {
		t.Fatal(err)
	}
	want := []string{"commit", "date", "go", "modified", "platform", "version"}
	if got := slices.Sorted(maps.Keys(found)); !slices.Equal(got, want) {
		t.Errorf("keys %q, want %q", got, want)
	}
}
