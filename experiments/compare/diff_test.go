package compare

import (
	"strings"
	"testing"
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
		a, b := numberLines(was), numberLines(is)
		var left, right []int
		for _, l := range align(a, b) {
			if l.Op != "+" {
				left = append(left, l.Base)
			}
			if l.Op != "-" {
				right = append(right, l.Head)
			}
		}
		same(t, "base", left, a)
		same(t, "head", right, b)
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

func same(t *testing.T, side string, got []int, want []numbered) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s has %d lines in the diff, want %d", side, len(got), len(want))
	}
	for i := range got {
		if got[i] != want[i].n {
			t.Fatalf("%s: line %d of the diff is %d, want %d", side, i, got[i], want[i].n)
		}
	}
}
