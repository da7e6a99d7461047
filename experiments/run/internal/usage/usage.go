// Package usage marks the errors of a run that mean "what was asked for cannot be
// done as it was asked".
package usage

import "fmt"

// An Error is a mistake in what was asked of a run or a clean-up: options that
// contradict each other or the system. Nothing was injected.
type Error struct{ err error }

// Errorf makes an Error as [fmt.Errorf] does.
func Errorf(format string, args ...any) error { return &Error{fmt.Errorf(format, args...)} }

func (e *Error) Error() string { return e.err.Error() }

func (e *Error) Unwrap() error { return e.err }
