package shape

import (
	"strings"
	"testing"
)

func TestCredentialsAreMasked(t *testing.T) {
	t.Parallel()
	d := NewDocument(Source{}, Language{})
	for in, want := range map[string]string{
		"http://a:b@c/d@e":     "http://***@c/d@e",
		"see http://c/d@e":     "see http://c/d@e",
		"a@b.example ://":      "a@b.example ://",
		"x://é:é@y and z://k@": "x://***@y and z://*@",
	} {
		if got := d.mask(in); got != want {
			t.Errorf("mask(%q) = %q, want %q", in, got, want)
		}
	}
}

// The name of a file may come with a pull request. It stays one part of one line.
func TestFileNamesAreOneHarmlessLine(t *testing.T) {
	t.Parallel()
	e := &Error{File: "a\x1b[2J\n::error::b ##[group]c.yaml", Line: 2, Col: 1, Msg: "wrong"}
	const want = "a?[2J ?:error::b #?[group]c.yaml:2:1: error: wrong"
	if got := e.Error(); got != want {
		t.Errorf("Error() = %q, want %q", got, want)
	}
	if got := Explain(e); !strings.HasPrefix(got, want+"\n") || strings.Contains(got, "\n::") || strings.Contains(got, "\x1b") {
		t.Errorf("Explain() = %q", got)
	}
}
