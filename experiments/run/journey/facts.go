package journey

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// Facts are what requests may refer to that is known before they are sent.
type Facts struct {
	Run     string                           // ${run}
	Arm     plan.Arm                         // ${arm}
	Started time.Time                        // ${started}: when the experiment did
	Env     func(name string) (string, bool) // ${env:NAME}; nil: nothing is set
}

// Value returns the value of a variable that is known before a request is sent:
// ${run}, ${arm}, ${started} or ${env:NAME}. It reports false for any other
// variable. The error says that an environment variable is not set.
func (f *Facts) Value(p experiments.Part) (value string, known bool, err error) {
	switch p.Name {
	case "run":
		return f.Run, true, nil
	case "arm":
		return f.Arm.String(), true, nil
	case "started":
		return f.Started.UTC().Format(time.RFC3339Nano), true, nil
	case "env":
		value, set := "", false
		if f.Env != nil {
			value, set = f.Env(p.Arg)
		}
		if !set {
			return "", true, fmt.Errorf("${env:%s}: the environment variable is not set", p.Arg)
		}
		return value, true, nil
	}
	return "", false, nil
}

// Secrets are texts that must not be shown, each with the text that is shown in
// its place. The zero value holds none.
type Secrets struct {
	shown    map[string]string // by secret
	replacer *strings.Replacer // of shown; nil: to be made
}

// HideEnv hides the value of an environment variable behind its name.
func (s *Secrets) HideEnv(name, value string) { s.Hide(value, "${env:"+name+"}") }

// Hide hides a secret, also where it is written as JSON or as form data.
func (s *Secrets) Hide(secret, instead string) {
	if secret == "" {
		return
	}
	if s.shown == nil {
		s.shown = map[string]string{}
	}
	for _, e := range []encoding{asText, inJSON, asQuery} {
		s.shown[string(encode(nil, secret, e))] = instead
	}
	s.replacer = nil
}

// Redact replaces the secrets in a text by what is shown in their place.
func (s *Secrets) Redact(text string) string {
	if len(s.shown) == 0 {
		return text
	}
	if s.replacer == nil {
		s.replacer = s.newReplacer()
	}
	return s.replacer.Replace(text)
}

// newReplacer lists longer secrets first, because a secret may begin with
// another one.
func (s *Secrets) newReplacer() *strings.Replacer {
	secrets := slices.SortedFunc(maps.Keys(s.shown), func(a, b string) int { return len(b) - len(a) })
	pairs := make([]string, 0, 2*len(secrets))
	for _, secret := range secrets {
		pairs = append(pairs, secret, s.shown[secret])
	}
	return strings.NewReplacer(pairs...)
}
