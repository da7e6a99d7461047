package redact

import (
	"bytes"
	"errors"
	"io"
	"strings"
)

// An Output keeps the beginning of what is written to it. It can be read only as what
// may be shown.
type Output struct {
	Limit int // bytes that are kept

	kept []byte
	more bool // that were not kept
}

// Write keeps what there is room for, and never fails: a program may write more than
// anybody reads.
func (o *Output) Write(p []byte) (int, error) {
	n := min(len(p), max(0, o.Limit-len(o.kept)))
	o.kept, o.more = append(o.kept, p[:n]...), o.more || n < len(p)
	return len(p), nil
}

// FirstLine returns the first line that is not blank, as [Secrets.FirstLine] does.
func (o *Output) FirstLine(s *Secrets, most int) string {
	return s.shorten(o.kept, o.more, most, firstLine)
}

// Text returns what was kept, as [Secrets.Text] does.
func (o *Output) Text(s *Secrets, most int) string { return s.shorten(o.kept, o.more, most, asIs) }

// Lines returns the lines that are not blank without the blanks around them, each of
// at most most bytes.
func (o *Output) Lines(s *Secrets, most int) []string {
	var lines []string
	for line := range strings.Lines(s.matcher().hide(o.kept, edges{end: o.more})) {
		if line = s.Text(strings.TrimSpace(line), most); line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}

// ReadAll reads r up to a limit, in bytes.
func ReadAll(r io.Reader, limit int) (*Output, error) {
	o := &Output{Limit: limit}
	_, err := io.Copy(o, io.LimitReader(r, int64(limit)+1))
	return o, err
}

// Kept returns an output that was kept whole.
func Kept(text []byte) *Output { return &Output{kept: text} }

// Bytes returns what was kept, for a program to read. It must not be shown.
func (o *Output) Bytes() []byte { return o.kept }

// tailWindow is how much of a text is read to show its end.
const tailWindow = 64 << 10

// LastLines returns the last lines of a text of a size, of at most most bytes, which
// begin with a whole line unless that alone is longer.
func (s *Secrets) LastLines(r io.ReaderAt, size int64, lines, most int) (string, error) {
	return s.lastLines(io.NewSectionReader(r, max(0, size-tailWindow), tailWindow), size > tailWindow, lines, most)
}

// lastLines returns the last lines of a text, of which the start may be missing.
func (s *Secrets) lastLines(r io.Reader, more bool, lines, most int) (string, error) {
	window, err := io.ReadAll(r)
	if err != nil {
		return "", err
	}
	text := strings.TrimSpace(s.matcher().hide(window, edges{start: more}))
	all := strings.Split(text, "\n")
	return cutStart(strings.Join(all[max(0, len(all)-lines):], "\n"), most), nil
}

// cutStart returns the last most bytes of a text, from the start of a line where there
// is one.
func cutStart(text string, most int) string {
	if len(text) <= most {
		return text
	}
	text = text[len(text)-most:]
	if _, whole, ok := strings.Cut(text, "\n"); ok {
		return whole
	}
	return mark + strings.TrimLeftFunc(text, func(r rune) bool { return r == '\ufffd' })
}

// Copy copies a text of any length as it may be shown.
func (s *Secrets) Copy(dst io.Writer, src io.Reader) error {
	m := s.matcher()
	// An escape takes up to six bytes for one, and another one around it as many again.
	ahead := 12*m.longest + 4096
	block := make([]byte, 64<<10)
	var held []byte
	for {
		n, err := io.ReadFull(src, block)
		held = append(held, block[:n]...)
		ended := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		if err != nil && !ended {
			return err
		}
		spans := m.find(held, edges{})
		done := len(held)
		if !ended {
			if done = settled(held, spans, len(held)-ahead); done <= 0 {
				continue
			}
		}
		inside := 0
		for inside < len(spans) && spans[inside].to <= done {
			inside++
		}
		if _, err := io.WriteString(dst, conceal(held[:done], spans[:inside])); err != nil || ended {
			return err
		}
		held = append([]byte(nil), held[done:]...)
	}
}

// settled returns up to where a text can be shown before the rest of it is known: most
// at most, not inside a secret and, where there is one, behind the end of a line, so
// that it is not inside an escape.
func settled(text []byte, spans []span, most int) int {
	if most <= 0 {
		return 0
	}
	done := most
	if line := bytes.LastIndexByte(text[:done], '\n'); line > 0 {
		done = line + 1
	} else if escape := bytes.LastIndexAny(text[:done], `\%&`); escape > done-maxEntity {
		done = escape
	}
	for _, s := range spans {
		if s.from < done && done < s.to {
			done = s.from
		}
	}
	return done
}
