package scaffold

import (
	"regexp"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/redact"
)

// A secrecy is how secret a value is: whether a document may hold it.
type secrecy uint8

const (
	public  secrecy = iota
	issued          // by a server: may be captured, but not written
	entered         // by a person: neither captured nor written
)

// secrecy classes a slot by its name and its value.
func (s *slot) secrecy() secrecy {
	switch {
	case s.value == "" || s.in == inPath && redact.FindJWT(s.value) == "":
		return public
	case redact.EnteredName(s.key) && s.in != inHeader, redact.FindCard(s.value) != "":
		return entered
	case redact.IssuedName(s.key), s.in == inHeader && strings.Contains(strings.ToLower(s.key), "token"),
		redact.FindJWT(s.value) != "", redact.FindKey(s.value) != "":
		return issued
	}
	return public
}

// splitScheme splits an Authorization header into "Bearer " and the rest.
func splitScheme(value string) (before, rest string) {
	name, rest, ok := strings.Cut(value, " ")
	if !ok || rest == "" || len(name) > 20 {
		return "", value
	}
	return name + " ", rest
}

// A vault holds the secrets of a recording and the environment variables that
// replace them.
type vault struct {
	prefix string            // of variables
	names  map[string]string // by value
	taken  map[string]bool
	list   []Secret
	order  []string // values, in the order of the recording
}

// variableFor returns the environment variable of a secret.
func (v *vault) variableFor(value, what, where string) string {
	if name, ok := v.names[value]; ok {
		return name
	}
	base := strings.ToUpper(strings.TrimPrefix(strings.Trim(snake(what), "_"), "x_"))
	if base == "" {
		base = "SECRET"
	}
	name := uniqueName(v.prefix+"_"+base[:min(len(base), 40)], "_", v.taken)
	v.names[value] = name
	v.order = append(v.order, value)
	v.list = append(v.list, Secret{name, where})
	return name
}

// hideIn replaces the secret of a slot by a variable.
func (v *vault) hideIn(s *slot, where string) {
	secret, what := s.value, s.key
	if s.in == inHeader && strings.EqualFold(s.key, "authorization") {
		var before string
		if before, secret = splitScheme(s.value); before != "" {
			what = strings.TrimSpace(before) + "_token"
		}
		s.parts = []piece{{literal: before}, {variable: "env:" + v.variableFor(secret, what, where)}}
		return
	}
	if s.in == inPath || s.in == inBody || len(s.value) > 200 {
		for _, part := range []string{redact.FindJWT(s.value), redact.FindKey(s.value), redact.FindCard(s.value)} {
			if part != "" && s.replace(part, variablePiece("env:"+v.variableFor(part, "secret", where))) {
				return
			}
		}
	}
	s.setVariable("env:" + v.variableFor(secret, what, where))
}

// minHidden is the length from which a secret is looked for inside other texts. A
// shorter one is part of many words.
const minHidden = 6

// hideKnown replaces every known secret in a slot.
func (v *vault) hideKnown(s *slot) {
	for _, secret := range v.order {
		name := "env:" + v.names[secret]
		switch {
		case s.value == secret && !s.isResolved():
			s.setVariable(name)
		case len(secret) >= minHidden && !s.replace(secret, variablePiece(name)) && strings.Contains(s.text(), secret):
			s.setVariable(name) // the secret cannot be cut out, and must not be written
		}
	}
}

var notInName = regexp.MustCompile(`[^A-Za-z0-9]+`)

// snake returns a name as variables are written: cart_id for cartId and Cart-ID.
func snake(name string) string {
	s := notInName.ReplaceAllString(camel.ReplaceAllString(name, "${1}_$2"), "_")
	return strings.ToLower(s)
}
