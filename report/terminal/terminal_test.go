package terminal

import (
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/result"
)

func TestWidthCountsColumns(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{
		"":                       0,
		"checkout":               8,
		"×✓?!–≤≥±→…":             10, // our own characters
		"支払い":                    6,
		"결제-down":                9,
		"🔥":                      2,
		"👩\u200d🔧 on call":       10, // one picture from two
		"🇩🇪":                     2,
		"e\u0301":                1, // a combining accent
		"\x1b[31m×\x1b[0m 支払":    6,
		"\x1b[31mrefuted\x1b[0m": 7,
	} {
		if got := Width(text); got != want {
			t.Errorf("Width(%q) = %d, want %d", text, got, want)
		}
	}
}

func TestCut(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		text string
		n    int
		want string
	}{
		{"checkout", 8, "checkout"},
		{"checkout", 7, "chec..."},
		{"支払い遅延", 10, "支払い遅延"},
		{"支払い遅延", 9, "支払い..."},
		{"支払い遅延", 8, "支払..."}, // half a character is none
		{"🔥🔥🔥", 5, "🔥..."},
	} {
		got := Cut(tt.text, tt.n)
		if got != tt.want || Width(got) > tt.n {
			t.Errorf("Cut(%q, %d) = %q, want %q", tt.text, tt.n, got, tt.want)
		}
	}
	if got := Truncate("0123456789", 7); got != "0123456" {
		t.Errorf("Truncate = %q", got)
	}
}

// Columns stand below each other whatever a document calls things.
func TestRowsAlign(t *testing.T) {
	t.Parallel()
	for _, o := range []Options{{}, {ASCII: true}, {Color: true}, {Width: 60}} {
		p := NewPrinter(o)
		for _, name := range []string{"payments-down", "支払い-down", "결제", "🔥-checkout", "cafe\u0301", strings.Repeat("遅延", 40)} {
			p.Row(p.Mark(result.Refuted), name, 20, "|", Right("5%", 5))
		}
		at := -1
		for line := range strings.Lines(string(p.Bytes())) {
			line = strings.TrimSuffix(line, "\n")
			if Width(line) > p.Width {
				t.Errorf("%+v: %d columns: %q", o, Width(line), line)
			}
			before, _, ok := strings.Cut(line, "|")
			switch {
			case !ok: // the name that is too long
			case at < 0:
				at = Width(before)
			case Width(before) != at:
				t.Errorf("%+v: the column is at %d, want %d: %q", o, Width(before), at, line)
			}
		}
	}
}

func TestWrapStaysInside(t *testing.T) {
	t.Parallel()
	p := NewPrinter(Options{Width: 60})
	p.Wrap("! ", strings.Repeat("支払いサービスが 遅い 🔥 ", 20))
	for line := range strings.Lines(string(p.Bytes())) {
		if n := Width(strings.TrimSuffix(line, "\n")); n > 60 {
			t.Errorf("%d columns: %q", n, line)
		}
	}
}

// Whatever a caller forgot, no line commands a terminal or a runner, and only our own
// colours are colours.
func TestNoLineIsACommand(t *testing.T) {
	t.Parallel()
	for _, o := range []Options{{}, {Color: true}} {
		p := NewPrinter(o)
		p.Line("  ::error::x\r\x1b[2J\u202e", " ##[group]y\n::z")
		p.Wrap("", strings.Repeat("x ", 40)+"::stop-commands::y")
		p.Line(p.Paint(result.Held, "held"), "\x1b[5m")
		got := string(p.Bytes())
		want := "  ?:error::x??[2J? #?[group]y?::z\n"
		if !strings.HasPrefix(got, want) || strings.Contains(got, "\n::") || strings.Contains(got, "\x1b[5m") || strings.Contains(got, "\x1b[32mheld\x1b[0m") != o.Color {
			t.Errorf("%+v: %q", o, got)
		}
	}
}
