package check

import (
	"fmt"
	"strings"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/redact"
	"github.com/blastgauge/blastgauge/experiments/run/journey"
)

// A resolver replaces variables by their values, and takes secrets out of texts
// that are shown afterwards.
type resolver struct {
	journey.Facts
	hidden *redact.Secrets
}

func newResolver(f journey.Facts) resolver {
	r := resolver{f, &redact.Secrets{}}
	r.hidden.HideAll(f.Secrets)
	return r
}

// value returns the value of a variable.
func (r *resolver) value(p experiments.Part) (string, error) {
	value, known, err := r.Value(p)
	if !known {
		return "", fmt.Errorf("${%s} is not available in an invariant: use ${run}, ${arm}, ${started} or ${env:NAME}", p.Name)
	}
	if p.Name == "env" && err == nil && value != p.Default {
		r.hidden.HideEnv(p.Arg, value)
	}
	return value, err
}

// fill returns a text with its variables filled in.
func (r *resolver) fill(text string) (string, error) {
	t, err := experiments.ParseTemplate(text)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, p := range t.Parts {
		value := p.Literal
		if p.Name != "" {
			if value, err = r.value(p); err != nil {
				return "", err
			}
		}
		b.WriteString(value)
	}
	return b.String(), nil
}
