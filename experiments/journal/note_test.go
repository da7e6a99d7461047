package journal

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestNewNote(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ author, text, wantAuthor, wantText string }{
		"one line":       {"ann", "Payments page the wrong team.", "ann", "Payments page the wrong team."},
		"several lines":  {"ann", " one\r\n\ttwo\nthree \n", "ann", "one\n\ttwo\nthree"},
		"no name":        {" ", "a", "somebody", "a"},
		"commands":       {"a\x1b[2J\nn", "b\x1b[2J\u202e\x00\xff", "a?[2J n", "b?[2J???"},
		"other scripts":  {"Łukasz 支払い", "支払い \U0001f525", "Łukasz 支払い", "支払い \U0001f525"},
		"markup is text": {"<b>", "<script>alert(1)</script>", "<b>", "<script>alert(1)</script>"},
	} {
		got, err := NewNote(tt.author, tt.text, true)
		if err != nil || got.Kind != Noted || got.Author != tt.wantAuthor || got.Detail != tt.wantText || !got.FollowUp {
			t.Errorf("%s: %q of %q, %v", name, got.Detail, got.Author, err)
		}
	}
}

// FuzzNotes: whatever people write is refused, or kept as a run may have recorded it.
func FuzzNotes(f *testing.F) {
	f.Add("ann", "Payments page the wrong team.")
	f.Add("", "\x1b[2J\r\n::error::")
	f.Add(strings.Repeat("é", MostAuthor), strings.Repeat("\xff", MostNote))
	f.Fuzz(func(t *testing.T, author, text string) {
		note, err := NewNote(author, text, false)
		if err != nil {
			if !errors.Is(err, ErrNote) {
				t.Fatal(err)
			}
			return
		}
		if err := note.CheckNumbers(); err != nil {
			t.Fatal(err)
		}
		again, err := NewNote(note.Author, note.Detail, false)
		if err != nil || again.Author != note.Author || again.Detail != note.Detail {
			t.Fatalf("%q of %q becomes %q of %q, %v", note.Detail, note.Author, again.Detail, again.Author, err)
		}
		for _, most := range []int{MostAuthor, MostReason} {
			if line := CutLine(text, most); len(line) > most || !utf8.ValidString(line) || strings.ContainsAny(line, "\n\r\x1b") {
				t.Fatalf("%q is no line of %d bytes", line, most)
			}
		}
	})
}
