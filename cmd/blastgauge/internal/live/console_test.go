package live

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
)

// frame gives a console a frame, as mpb does: line by line.
func frame(c *console, lines ...string) {
	for _, line := range lines {
		_, _ = c.ReadFrom(strings.NewReader(line + "\n")) // a buffer takes everything
	}
	_ = c.Flush(len(lines)) // it has no error
}

func consoleOn(s *screen) *console {
	return newConsole(s, func() (columns, rows int) { return s.columns, s.rows })
}

// Frames replace each other wherever on the screen they are, and rows stay above them.
// Nothing but the rows is on the screen or above it in the end.
func TestFramesLeaveNothingButRows(t *testing.T) {
	t.Parallel()
	for _, above := range []int{0, 3, 30} { // prompts on the screen before
		s := newScreen(t, 40, 10)
		var want []string
		for i := range above {
			want = append(want, fmt.Sprintf("$ %d", i))
			_, _ = s.Write([]byte(want[i] + "\n"))
		}
		c := consoleOn(s)
		for i := range 20 {
			for k := range 3 { // several frames without a row
				frame(c, fmt.Sprintf("title %d", i), fmt.Sprintf("harm %d", k), "", "run "+strings.Repeat("█", i))
				if got := strings.Join(s.lines(), "\n"); !strings.HasSuffix(got, fmt.Sprintf("title %d\nharm %d\n\nrun %s", i, k, strings.Repeat("█", i))) && i > 0 {
					t.Fatalf("frame %d.%d:\n%s", i, k, got)
				}
			}
			want = append(want, fmt.Sprintf("row %d", i))
			_, _ = c.Write([]byte(want[len(want)-1] + "\n"))
			if i%3 == 0 { // a frame with fewer lines
				frame(c, "waiting")
			}
		}
		c.Close()
		if got := s.all(); got != strings.Join(want, "\n") {
			t.Errorf("after %d lines:\n%s\nwant:\n%s", above, got, strings.Join(want, "\n"))
		}
	}
}

// What a terminal echoes of a key moves no frame and stays in no line.
func TestAnEchoGarblesNoLine(t *testing.T) {
	t.Parallel()
	s := newScreen(t, 40, 10)
	c := consoleOn(s)
	frame(c, "title", "run")
	_, _ = s.Write([]byte("^C"))
	frame(c, "title", "run")
	if got := strings.Join(s.lines(), "\n"); got != "title\nrun" {
		t.Errorf("after the echo:\n%s", got)
	}
	_, _ = s.Write([]byte("^C"))
	_, _ = c.Write([]byte("row\n"))
	c.Close()
	_, _ = s.Write([]byte("exit 130\n"))
	if got := s.all(); got != "row\nexit 130" {
		t.Errorf("in the end:\n%s", got)
	}
}

// While somebody types an answer, no frame is drawn over it; rows stand above the question.
func TestAQuestionIsNotDrawnOver(t *testing.T) {
	t.Parallel()
	s := newScreen(t, 40, 10)
	c := consoleOn(s)
	frame(c, "title", "run")
	_, _ = c.Write([]byte("what next?\n"))
	c.ask()
	for range 3 {
		frame(c, "title", "run")
	}
	_, _ = s.Write([]byte("conti"))
	frame(c, "title", "run")
	if got, want := s.all(), "what next?\n> conti"; got != want {
		t.Errorf("while somebody types:\n%s\nwant:\n%s", got, want)
	}
	_, _ = c.Write([]byte("a warning\n"))
	frame(c, "title", "run")
	if got, want := s.all(), "what next?\na warning\n>"; got != want {
		t.Errorf("with a row:\n%s\nwant:\n%s", got, want)
	}
	_, _ = s.Write([]byte("continue\n"))
	c.answered()
	frame(c, "title", "run")
	if got, want := s.all(), "what next?\na warning\n> continue\ntitle\nrun"; got != want {
		t.Errorf("once it is answered:\n%s\nwant:\n%s", got, want)
	}
	c.ask() // and nobody need answer any more
	c.answered()
	frame(c, "title", "run")
	c.ask()
	c.Close()
	if got, want := s.all(), "what next?\na warning\n> continue"; got != want {
		t.Errorf("in the end:\n%s\nwant:\n%s", got, want)
	}
}

// A row that is longer than a line is printed whole, and the frame stands below it.
func TestALongRowIsWhole(t *testing.T) {
	t.Parallel()
	s := newScreen(t, 10, 8)
	c := consoleOn(s)
	frame(c, "aaaaaaaaa", "bbbbbbbbb", "ccccccccc")
	_, _ = c.Write([]byte("0123456789abcdefghijklm\n"))
	frame(c, "ddd", "eee")
	if got, want := s.all(), "0123456789\nabcdefghij\nklm\nddd\neee"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// No line of a frame wraps, and no frame is higher than the screen.
func TestAFrameFitsTheScreen(t *testing.T) {
	t.Parallel()
	s := newScreen(t, 20, 5)
	c := consoleOn(s)
	var lines []string
	for i := range 9 {
		lines = append(lines, fmt.Sprintf("%d 支払いサービスが遅い支払いサービスが遅い", i))
	}
	for range 4 {
		frame(c, lines...)
	}
	if got := s.lines(); len(got) != 4 || len(s.kept) > 0 || !strings.HasPrefix(got[0], "0 ") || !strings.HasPrefix(got[3], "8 ") {
		t.Errorf("%d lines on the screen, %d above it:\n%s", len(got), len(s.kept), s.all())
	}
	c.Close()
	if got := s.all(); got != "" {
		t.Errorf("in the end:\n%s", got)
	}
}

// Two runs side by side fit a screen of 24 rows, and on a lower one the time stays.
func TestTwoRunsOnALowScreen(t *testing.T) {
	t.Parallel()
	for rows, want := range map[int]int{24: 17, 18: 17, 17: 15, 16: 15, 8: 7} {
		synctest.Test(t, func(t *testing.T) {
			d := draw(t, 80, rows, "naive", "hardened")
			d.underFault()
			got := d.screen.lines()
			if len(got) != want || !strings.HasPrefix(got[0], "naive: payments-slow") || !strings.HasPrefix(got[len(got)-1], "run ") || len(d.screen.kept) > 0 {
				t.Errorf("%d rows: %d lines, want %d:\n%s", rows, len(got), want, d.screen.all())
			}
			d.close()
		})
	}
}

// A terminal that was made narrower wraps the lines that are there.
func TestANarrowerTerminal(t *testing.T) {
	t.Parallel()
	s := newScreen(t, 60, 12)
	c := consoleOn(s)
	frame(c, strings.Repeat("a", 50), "b", strings.Repeat("c", 30))
	s.resize(20)
	frame(c, "aaa", "b", "ccc")
	if got := s.all(); got != "aaa\nb\nccc" {
		t.Errorf("after the change:\n%s", got)
	}
	s.resize(60)
	_, _ = c.Write([]byte("row\n"))
	frame(c, "aaa", "b")
	if got := s.all(); got != "row\naaa\nb" {
		t.Errorf("wide again:\n%s", got)
	}
}

// A brokenWriter takes so many writes.
type brokenWriter struct{ left int }

func (w *brokenWriter) Write(p []byte) (int, error) {
	if w.left--; w.left < 0 {
		return 0, io.ErrClosedPipe
	}
	return len(p), nil
}

// A terminal that goes away ends the view and nothing else.
func TestALostTerminalEndsTheView(t *testing.T) {
	t.Parallel()
	w := &brokenWriter{left: 1}
	c := newConsole(w, func() (columns, rows int) { return 80, 24 })
	for range 4 {
		_, _ = c.Write([]byte("row\n"))
		if _, err := c.ReadFrom(strings.NewReader("x\n")); err != nil {
			t.Error(err)
		}
		if err := c.Flush(1); err != nil {
			t.Error(err)
		}
	}
	c.Close()
	if w.left != -1 {
		t.Errorf("%d writes after the first error", -1-w.left)
	}
	l := &logWriter{w: &brokenWriter{left: 1}}
	for range 4 {
		l.print("x")
	}
	if got := l.w.(*brokenWriter).left; got != -1 || !l.lost {
		t.Errorf("%d lines after the first error", -1-got)
	}
}
