package words

import (
	"slices"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/result"
)

// What a run needs again is what its documents name, but for receivers that it did not tell.
func TestVariablesOfARun(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		text         string
		want, silent []string
	}{
		"indented":     {"url: ${env:URL}\nnotify:\n  # ${env:NO}\n  - slack: ${env:HOOK}\n\n  - webhook: ${env:URL}\nhosts: ${env:HOSTS|raw}\n", []string{"HOOK", "HOSTS", "URL"}, []string{"HOSTS", "URL"}},
		"not indented": {"notify:\n- slack: ${env:HOOK}\n# a comment\n- webhook: ${env:OTHER}\nurl: ${env:URL}", []string{"HOOK", "OTHER", "URL"}, []string{"URL"}},
		"in one line":  {"\"notify\": [{slack: \"${env:HOOK}\"}]\r\nurl: ${env:URL}\r\n", []string{"HOOK", "URL"}, []string{"URL"}},
		"another key":  {"journeys:\n  notify:\n    url: ${env:URL}\nnotify-them: ${env:X}\n", []string{"URL", "X"}, []string{"URL", "X"}},
	} {
		r := &result.Result{Documents: []result.Document{{File: "blastgauge.yaml", Text: tt.text}}}
		if got := Variables(r); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
		r.Run.Choices.Flags = []string{"--no-preflight", result.SilentFlag}
		if got := Variables(r); !slices.Equal(got, tt.silent) {
			t.Errorf("%s, nobody is told: %q, want %q", name, got, tt.silent)
		}
	}
}

// A path that looks like a flag is none for the program that gets it.
func TestShellPath(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{"a/b": "a/b", "-x": "./-x", "--x y": "'./--x y'", "a b": "'a b'", "": "''"} {
		if got := ShellPath(path); got != want {
			t.Errorf("%q is %s, want %s", path, got, want)
		}
	}
}
