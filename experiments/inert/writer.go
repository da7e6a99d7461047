package inert

import (
	"bytes"
	"io"
	"sync"
)

// longestLine is how many bytes of a line a [Writer] holds back.
const longestLine = 64 << 10

// A Writer makes each line harmless that is written to it. It holds back a line until
// that is whole, because only then it is known what a runner would make of it. Several
// goroutines may use it.
type Writer struct {
	mu   sync.Mutex
	w    io.Writer
	held []byte
}

// NewWriter returns a writer that passes harmless lines on to w.
func NewWriter(w io.Writer) *Writer { return &Writer{w: w} }

// Write passes on the lines that are whole now.
func (l *Writer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.held = append(l.held, p...)
	end := bytes.LastIndexByte(l.held, '\n') + 1
	if end == 0 && len(l.held) > longestLine {
		return len(p), l.pass(len(l.held), "\n") // what follows must not pass as its beginning
	}
	if end == 0 {
		return len(p), nil
	}
	return len(p), l.pass(end, "")
}

// Flush passes on what is left of a line without an end.
func (l *Writer) Flush() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.held) == 0 {
		return nil
	}
	return l.pass(len(l.held), "")
}

// pass writes the first n bytes that are held, and an ending.
func (l *Writer) pass(n int, ending string) error {
	text := Lines(string(l.held[:n])) + ending
	l.held = append(l.held[:0], l.held[n:]...)
	_, err := io.WriteString(l.w, text)
	return err
}
