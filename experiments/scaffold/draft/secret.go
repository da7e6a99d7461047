package draft

import (
	"strings"

	"github.com/blastgauge/blastgauge/experiments/redact"
)

// A Secrecy is how secret a value is: whether a document may hold it.
type Secrecy uint8

// The classes of values.
const (
	Public  Secrecy = iota
	Issued          // by a server: may be captured, but not written
	Entered         // by a person: neither captured nor written
)

// Secrecy classes a slot by its name and its value.
func (s *Slot) Secrecy() Secrecy {
	switch {
	case s.Value == "" || s.In == InPath && redact.FindJWT(s.Value) == "":
		return Public
	case redact.EnteredName(s.Key) && s.In != InHeader, redact.FindCard(s.Value) != "":
		return Entered
	case redact.IssuedName(s.Key), s.In == InHeader && strings.Contains(strings.ToLower(s.Key), "token"),
		redact.FindJWT(s.Value) != "", redact.FindKey(s.Value) != "":
		return Issued
	}
	return Public
}

// SplitScheme splits an Authorization header into "Bearer " and the rest.
func SplitScheme(value string) (before, rest string) {
	name, rest, ok := strings.Cut(value, " ")
	if !ok || rest == "" || len(name) > 20 {
		return "", value
	}
	return name + " ", rest
}

// A Secret is an environment variable with a value that a request needs and that no
// document may hold.
type Secret struct {
	Name string // of the variable
	Of   string // the place that needs it, such as "form field password of step post-login"
}

// A Vault holds the secrets of a recording and the environment variables that
// replace them.
type Vault struct {
	prefix string            // of variables
	names  map[string]string // by value
	taken  map[string]bool
	List   []Secret
	Order  []string // values, in the order of the recording
}

// NewVault returns an empty vault for the secrets of a journey.
func NewVault(journey string) *Vault {
	prefix := strings.ToUpper(Snake(journey))
	if c := prefix[0]; c >= '0' && c <= '9' {
		prefix = "SHOP_" + prefix
	}
	return &Vault{prefix: prefix, names: map[string]string{}, taken: map[string]bool{}}
}

// VariableFor returns the environment variable of a secret.
func (v *Vault) VariableFor(value, what, where string) string {
	if name, ok := v.names[value]; ok {
		return name
	}
	base := strings.ToUpper(strings.TrimPrefix(strings.Trim(Snake(what), "_"), "x_"))
	if base == "" {
		base = "SECRET"
	}
	name := UniqueName(v.prefix+"_"+base[:min(len(base), 40)], "_", v.taken)
	v.names[value] = name
	v.Order = append(v.Order, value)
	v.List = append(v.List, Secret{name, where})
	return name
}

// HideIn replaces the secret of a slot by a variable.
func (v *Vault) HideIn(s *Slot, where string) {
	secret, what := s.Value, s.Key
	if s.In == InHeader && strings.EqualFold(s.Key, "authorization") {
		var before string
		if before, secret = SplitScheme(s.Value); before != "" {
			what = strings.TrimSpace(before) + "_token"
		}
		s.Parts = []Piece{{Literal: before}, {Variable: "env:" + v.VariableFor(secret, what, where)}}
		return
	}
	if s.In == InPath || s.In == InBody || len(s.Value) > 200 {
		for _, part := range []string{redact.FindJWT(s.Value), redact.FindKey(s.Value), redact.FindCard(s.Value)} {
			if part != "" && s.Replace(part, Variable("env:"+v.VariableFor(part, "secret", where))) {
				return
			}
		}
	}
	s.SetVariable("env:" + v.VariableFor(secret, what, where))
}

// minHidden is the length from which a secret is looked for inside other texts. A
// shorter one is part of many words.
const minHidden = 6

// HideKnown replaces every known secret in a slot.
func (v *Vault) HideKnown(s *Slot) {
	for _, secret := range v.Order {
		name := "env:" + v.names[secret]
		switch {
		case s.Value == secret && !s.IsResolved():
			s.SetVariable(name)
		case len(secret) >= minHidden && !s.Replace(secret, Variable(name)) && strings.Contains(s.Text(), secret):
			s.SetVariable(name) // the secret cannot be cut out, and must not be written
		}
	}
}
