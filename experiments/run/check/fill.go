package check

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/run/journey"
)

// A filler gives variables their values, and takes those that came from the
// environment out of what is told afterwards.
type filler struct {
	journey.Facts
	secrets map[string]string // what stands for a value, by the value
}

func newFiller(f journey.Facts) *filler { return &filler{f, map[string]string{}} }

// env is the value of an environment variable.
func (f *filler) env(name string) (string, error) {
	value, ok := "", false
	if f.Env != nil {
		value, ok = f.Env(name)
	}
	if !ok {
		return "", fmt.Errorf("${env:%s}: the environment variable is not set", name)
	}
	f.hide(value, "${env:"+name+"}")
	return value, nil
}

// hide takes a text out of what is told. Very short ones are in many words by
// chance.
func (f *filler) hide(secret, instead string) {
	if len(secret) > 2 {
		f.secrets[secret] = instead
	}
}

// value is what a variable of a question stands for.
func (f *filler) value(p experiments.Part) (string, error) {
	switch p.Name {
	case "run":
		return f.Run, nil
	case "arm":
		return f.Arm.String(), nil
	case "started":
		return f.Started.UTC().Format(time.RFC3339Nano), nil
	case "env":
		return f.env(p.Arg)
	}
	return "", fmt.Errorf("${%s} means nothing here", p.Name)
}

// fill is a text with its variables filled in.
func (f *filler) fill(text string) (string, error) {
	t, err := experiments.ParseTemplate(text)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, p := range t.Parts {
		value := p.Literal
		if p.Name != "" {
			if value, err = f.value(p); err != nil {
				return "", err
			}
		}
		b.WriteString(value)
	}
	return b.String(), nil
}

// clean takes secrets out of a text. Longer ones come first: one may hold another.
func (f *filler) clean(text string) string {
	values := slices.SortedFunc(maps.Keys(f.secrets), func(a, b string) int { return len(b) - len(a) })
	pairs := make([]string, 0, 2*len(values))
	for _, v := range values {
		pairs = append(pairs, v, f.secrets[v])
	}
	return strings.NewReplacer(pairs...).Replace(text)
}
