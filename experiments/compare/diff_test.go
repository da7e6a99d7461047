package compare

import (
	"slices"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/result"
)

// Whatever two documents are, what is in both or only in one makes up each of
// them again, in order, but for blank lines and comments.
func FuzzDiffIsFaithful(f *testing.F) {
	f.Add("a\nb\nc", "a\nc\nd")
	f.Add("", "x: 1\n# y\n")
	f.Add("url: http://127.0.0.1:80\nx: 1", "url: http://127.0.0.1:81\nx: 2")
	f.Add("a\na\na", "a\na")
	f.Add("[::1]:80\n\r\n\x00", "{experiment: x}\n\t- y")
	f.Fuzz(func(t *testing.T, was, is string) {
		if len(was)+len(is) > 4000 {
			return
		}
		a, comparedA := numberLines(was)
		b, comparedB := numberLines(is)
		var left, right []int
		for _, l := range align(was, is) {
			if l.Op != "+" {
				left = append(left, l.Base)
			}
			if l.Op != "-" {
				right = append(right, l.Head)
			}
			if l.Op == " " && comparedA[len(left)-1] != comparedB[len(right)-1] {
				t.Errorf("lines %d and %d are said to be the same: %q and %q", l.Base, l.Head, comparedA[len(left)-1], comparedB[len(right)-1])
			}
		}
		wantNumbers(t, "base", left, a)
		wantNumbers(t, "head", right, b)
		for _, l := range diffLines(was, is, nil) {
			if l.Op != "@" && strings.TrimSpace(l.Text) == "" {
				t.Errorf("an empty line in the diff: %+v", l)
			}
		}
		if len(diffLines(was, was, nil)) > 0 {
			t.Errorf("%q differs from itself", was)
		}
	})
}

func wantNumbers(t *testing.T, side string, got []int, want []numberedLine) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s has %d lines in the diff, want %d", side, len(got), len(want))
	}
	for i := range got {
		if got[i] != want[i].number {
			t.Fatalf("%s: line %d of the diff is %d, want %d", side, i, got[i], want[i].number)
		}
	}
}

// Only the lines below the keys that are asked for are shown, however the document
// is laid out.
func TestDiffBelowKeys(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		was, is string
		want    []string
	}{
		"blocks":              {"title: a\nfaults:\n  - latency: 2s\nphases:\n  fault: 1m\n", "title: b\nfaults:\n  - latency: 3s\nphases:\n  fault: 2m\n", []string{"-  - latency: 2s", "+  - latency: 3s"}},
		"a list at the left":  {"title: a\nfaults:\n- latency: 2s\n", "title: b\nfaults:\n- latency: 3s\n", []string{"-- latency: 2s", "+- latency: 3s"}},
		"JSON":                {"{\n \"title\": \"a\",\n \"faults\": [\n  1\n ]\n}", "{\n \"title\": \"b\",\n \"faults\": [\n  2\n ]\n}", []string{"-  1", "+  2"}},
		"all on one line":     {"{title: a, faults: [1]}", "{title: a, faults: [2]}", []string{"-{title: a, faults: [1]}", "+{title: a, faults: [2]}"}},
		"another key differs": {"title: a\nfaults: [1]\n", "title: b\nfaults: [1]\n", nil},
		"not a mapping":       {"- 1\n", "- 2\n", nil},
		"not YAML":            {"faults: [1\n", "faults: [2\n", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, l := range diffLines(tt.was, tt.is, []string{"faults"}) {
				if l.Op == "-" || l.Op == "+" {
					got = append(got, l.Op+l.Text)
				}
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// The document of a game day, and what was set from outside, are compared with their like
// and never with that of the system.
func TestDocumentsAreComparedWithTheirLike(t *testing.T) {
	t.Parallel()
	side := func(system, set, day string) experimentRun {
		r := &result.Result{Experiments: []result.Experiment{{ID: "x", File: "experiments/x.yaml"}}}
		r.Documents = []result.Document{{File: "blastgauge.yaml", Text: system}}
		if set != "" {
			r.Documents = append(r.Documents, result.Document{File: result.SetDocument, Text: set})
		}
		if day != "" {
			r.Run.Choices.GameDay, r.GameDay = "gameday.yaml", &result.GameDay{}
			r.Documents = append(r.Documents, result.Document{File: "gameday.yaml", Text: day})
		}
		r.Documents = append(r.Documents, result.Document{File: "experiments/x.yaml", Text: "experiment: x\n"})
		return experimentRun{&r.Experiments[0], Input{Result: r}}
	}
	const system = "system: shop\nurl: http://a.test\n"
	for name, tt := range map[string]struct {
		base, head experimentRun
		want       []string
	}{
		"nothing differs":           {side(system, "", ""), side(system, "", ""), nil},
		"head is a game day":        {side(system, "", ""), side(system, "", "gameday: one\n"), nil},
		"two game days":             {side(system, "", "gameday: one\n"), side(system, "", "gameday: two\n"), nil},
		"something is set":          {side(system, "", ""), side(system, "a=1\n", ""), nil},
		"another value is set":      {side(system, "a=1\n", ""), side(system, "a=2\n", ""), []string{result.SetDocument}},
		"another system, both days": {side(system, "", "gameday: one\n"), side("system: other\n", "", "gameday: two\n"), []string{"blastgauge.yaml"}},
	} {
		var got []string
		for _, f := range diffDocuments(tt.base, tt.head, nil) {
			got = append(got, f.File)
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}
