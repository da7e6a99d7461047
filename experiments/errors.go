package experiments

import (
	"strings"

	"github.com/blastgauge/blastgauge/experiments/hosts"
	"github.com/blastgauge/blastgauge/experiments/shape"
)

var (
	// ErrInvalid is [shape.ErrInvalid]: what the user wrote is wrong, or cannot be
	// read. Nothing was injected.
	ErrInvalid = shape.ErrInvalid

	// ErrRefused is [hosts.ErrRefused]: what was asked for is well-formed, and a
	// safety rule forbids it. Nothing was injected.
	ErrRefused = hosts.ErrRefused
)

// Explain is [shape.Explain], with the assurance that nothing was injected.
func Explain(err error) string {
	text := shape.Explain(err)
	if text == "" {
		return ""
	}
	return strings.TrimSuffix(text, "\n") + " Nothing was injected.\n"
}

// A Place is where something is in a document, line and column counted from 1.
type Place = shape.Place
