// Package usage marks mistakes on the command line, and says what was meant.
package usage

import (
	"fmt"

	"github.com/blastgauge/blastgauge/experiments/shape"
)

// An Error is a mistake on the command line: nothing was done. Cobra's own errors have no
// type, so they are marked where they are made.
type Error struct{ Err error }

// Errorf makes an Error as [fmt.Errorf] does.
func Errorf(format string, args ...any) error { return Error{fmt.Errorf(format, args...)} }

func (e Error) Error() string { return e.Err.Error() }

func (e Error) Unwrap() error { return e.Err }

// DidYouMean is the known word that is spelled most like another, as the end of a
// message; empty if none is close.
func DidYouMean(wrote string, known []string) string {
	if near := shape.Nearest(wrote, known); near != "" {
		return fmt.Sprintf(", did you mean %q?", near)
	}
	return ""
}
