package inert

import (
	"bytes"
	"errors"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestTextIsOneHarmlessLine(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"a\x1b[2J\n\tb\u202e\xff":            "a?[2J b??",
		"x\u0085y \u009b31m":                 "x?y ?31m",
		"one\r\n::error::two":                "one ?:error::two",
		"wrapped ::stop-commands::x":         "wrapped ?:stop-commands::x",
		"::1 and [::1]:80 and std::string":   "::1 and [::1]:80 and std::string",
		"##[error]x ##vso[a.b]y ##team[z":    "#?[error]x #?vso[a.b]y #?team[z",
		"# not one ## neither ##x":           "# not one ## neither ##x",
		"section_start:1:x\r\x1b[0Kpwned":    "section_start:1:x ?[0Kpwned",
		"pay\u200dments \u200bx \ufeffy":     "pay?ments ?x ?y",
		"👩\u200d🔧 می\u200cخواهم":             "👩\u200d🔧 می\u200cخواهم",
		"tag\U000e0041 soft\u00ad \u3164":    "tag? soft? ?",
		"\ufffe \U0001fffe \u2028 \u061c.":   "? ?  ?.",
		"支払い cafe\u0301 \U0001f525 \u00a0ok": "支払い cafe\u0301 \U0001f525 ok",
	} {
		if got := Text(in); got != strings.Join(strings.Fields(want), " ") {
			t.Errorf("Text(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestLinesKeepTheirIndent(t *testing.T) {
	t.Parallel()
	const in = "error:\r\n  \t::error file=x::y\n\u3000::add-mask::z\n    ::1\n\t1 | a::b ##[group]\x07\n"
	const want = "error:\n  \t?:error file=x::y\n\u3000?:add-mask::z\n    ?:1\n\t1 | a::b #?[group]?\n"
	if got := Lines(in); got != want {
		t.Errorf("Lines = %q, want %q", got, want)
	}
}

// Whoever writes in whatever pieces, no line is a command.
func TestWriterSeesWholeLines(t *testing.T) {
	t.Parallel()
	const text = "one\n::error::two\n ##[group]three\nfour\x1b[2K\nrest"
	for size := 1; size <= len(text); size++ {
		var b bytes.Buffer
		w := NewWriter(&b)
		for rest := []byte(text); len(rest) > 0; rest = rest[min(size, len(rest)):] {
			if n, err := w.Write(rest[:min(size, len(rest))]); err != nil || n != min(size, len(rest)) {
				t.Fatalf("Write = %d, %v", n, err)
			}
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		if got, want := b.String(), Lines(text); got != want {
			t.Errorf("in pieces of %d: %q, want %q", size, got, want)
		}
	}
}

// A line without an end is not held for ever, and its rest begins no command.
func TestWriterHoldsNoEndlessLine(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	w := NewWriter(&b)
	for range 3 {
		if _, err := w.Write(bytes.Repeat([]byte("x"), longestLine)); err != nil {
			t.Fatal(err)
		}
	}
	if b.Len() < 2*longestLine || len(w.held) > 2*longestLine {
		t.Errorf("%d bytes are passed on and %d are held", b.Len(), len(w.held))
	}
	if _, err := w.Write([]byte("::error::y\n")); err != nil || commands.MatchString(b.String()) {
		t.Errorf("the rest of a long line is a command, %v", err)
	}
	failing := NewWriter(full{})
	if _, err := failing.Write([]byte("x\n")); !errors.Is(err, errFull) {
		t.Errorf("the error of the writer below is %v", err)
	}
}

var errFull = errors.New("full")

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errFull }

// commands are what runners obey.
var commands = regexp.MustCompile(`(?m)^[\s\p{Z}]*::|##[A-Za-z]*\[|section_(start|end):[^\n]*\r`)

func FuzzNothingIsACommand(f *testing.F) {
	for _, seed := range []string{"", "::error::x", " ::x", "##[", "##vso[", "###[x", "##a##[", "\x1b", "\u200d", "\u0085::x", "\xff::x", "a\r::x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, got := range []string{Text(text), Line(strings.ReplaceAll(text, "\n", " ")), Lines(text)} {
			if got != Text(text) && commands.MatchString(got) || !utf8.ValidString(got) || strings.ContainsFunc(got, func(c rune) bool { return Unsafe(c) && c != '\n' && c != '\t' }) {
				t.Errorf("%q becomes %q", text, got)
			}
		}
		one := Text(text)
		wrapped := strings.ReplaceAll(one, " ", "\n")
		if Text(one) != one || strings.Contains(one, "\n") || regexp.MustCompile(`(?m)^::\D`).MatchString(wrapped) || commands.MatchString(Command(one)) {
			t.Errorf("%q becomes %q and then %q", text, one, Text(one))
		}
	})
}
