package main

import (
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
)

// A printer writes what was measured and keeps the first errors of writing, so
// that a figure that nobody could read is a failure.
type printer struct {
	w   io.Writer
	err error
}

// Write passes on what a command prints.
func (p *printer) Write(b []byte) (int, error) {
	n, err := p.w.Write(b)
	p.err = errors.Join(p.err, err)
	return n, err
}

func (p *printer) printf(format string, args ...any) {
	_, err := fmt.Fprintf(p.w, format, args...)
	p.err = errors.Join(p.err, err)
}

// table prints lines whose cells are set apart by tabs.
func (p *printer) table(lines string) {
	w := tabwriter.NewWriter(p.w, 0, 4, 2, ' ', 0)
	_, err := io.WriteString(w, lines)
	p.err = errors.Join(p.err, err, w.Flush())
}
