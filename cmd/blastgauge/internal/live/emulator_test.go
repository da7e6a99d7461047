package live

import (
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/report/terminal"
)

// A screen is a small terminal: it knows the control sequences that a console may send,
// and fails the test on any other one. Lines that scroll off its top are kept. Like
// tmux, it keeps what is erased from the top of the screen to its end.
type screen struct {
	t             *testing.T
	columns, rows int
	kept          []string
	cells         [][]rune
	x, y          int
}

func newScreen(t *testing.T, columns, rows int) *screen {
	t.Helper()
	return &screen{t: t, columns: columns, rows: rows, cells: make([][]rune, rows)}
}

func (s *screen) Write(text []byte) (int, error) {
	for rest := string(text); rest != ""; {
		if sequence, after, ok := control(rest); ok {
			s.obey(sequence)
			rest = after
			continue
		}
		c := []rune(rest)[0]
		rest = rest[len(string(c)):]
		s.put(c)
	}
	return len(text), nil
}

// control cuts a control sequence from the front of a text.
func control(text string) (sequence, after string, ok bool) {
	if !strings.HasPrefix(text, "\x1b[") {
		return "", text, false
	}
	end := strings.IndexFunc(text[2:], func(c rune) bool { return c >= '@' && c <= '~' }) + 3
	return text[2:end], text[end:], true
}

func (s *screen) obey(sequence string) {
	switch {
	case sequence == "K":
		s.cells[s.y] = s.cells[s.y][:min(s.x, len(s.cells[s.y]))]
	case sequence == "J":
		if s.x == 0 && s.y == 0 {
			s.kept = append(s.kept, s.lines()...)
		}
		s.t.Errorf("the screen below the cursor is erased")
	case strings.HasSuffix(sequence, "A"):
		n := 0
		for _, c := range strings.TrimSuffix(sequence, "A") {
			n = 10*n + int(c-'0')
		}
		if n == 0 || n > s.y {
			s.t.Errorf("the cursor in row %d moves up by %d", s.y, n)
		}
		s.y = max(0, s.y-n)
	case strings.HasSuffix(sequence, "m"):
	default:
		s.t.Errorf("a sequence that a console has no use for: %q", sequence)
	}
}

func (s *screen) put(c rune) {
	switch c {
	case '\r':
		s.x = 0
	case '\n': // the driver of a terminal adds a carriage return
		s.x = 0
		s.down()
	default:
		width := terminal.Width(string(c))
		if s.x+width > s.columns {
			s.x = 0
			s.down()
		}
		for len(s.cells[s.y]) < s.x+width {
			s.cells[s.y] = append(s.cells[s.y], ' ')
		}
		s.cells[s.y][s.x] = c
		s.x += width
	}
}

func (s *screen) down() {
	if s.y++; s.y < s.rows {
		return
	}
	s.y--
	s.kept = append(s.kept, string(s.cells[0]))
	s.cells = append(s.cells[1:], nil)
}

// lines are those on the screen down to the last one that is not empty.
func (s *screen) lines() []string {
	var list []string
	for _, row := range s.cells {
		list = append(list, strings.TrimRight(string(row), " "))
	}
	for len(list) > 0 && list[len(list)-1] == "" {
		list = list[:len(list)-1]
	}
	return list
}

// resize makes the terminal as wide as that. Lines that have become too long wrap.
func (s *screen) resize(columns int) {
	before, y := s.cells, s.y
	s.columns, s.cells, s.x, s.y = columns, make([][]rune, s.rows), 0, 0
	for i, row := range before {
		if i == y {
			break
		}
		for _, c := range strings.TrimRight(string(row), " ") {
			s.put(c)
		}
		s.put('\n')
	}
}

// all are the lines that a person finds, also those that have scrolled away.
func (s *screen) all() string { return strings.Join(append(s.kept, s.lines()...), "\n") }

func TestTheEmulator(t *testing.T) {
	t.Parallel()
	s := newScreen(t, 5, 3)
	_, _ = s.Write([]byte("one\ntwo\n\x1b[1A\x1b[Kabcdefg\r\x1b[Kx\n\x1b[31my\x1b[0m\n"))
	if got, want := s.all(), "one\nabcde\nx\ny"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
