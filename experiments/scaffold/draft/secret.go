package draft

import (
	"cmp"
	"regexp"
	"slices"
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

// Secrecy classes a slot by its value, its name and its place. A value that is common is
// no secret whatever its name: nobody keeps false, 1 or US.
func (s *Slot) Secrecy() Secrecy {
	formed := redact.FindJWT(s.Value) != "" || redact.FindKey(s.Value) != ""
	named := redact.IssuedName(s.Key) || redact.SecretName(s.Key) || s.In == InHeader && strings.Contains(strings.ToLower(s.Key), "token")
	switch {
	case isCommon(s.Value):
		return Public
	case s.In == InPath: // its name is only the segment before
		if formed || named && IsDistinct(s.Value) {
			return Issued
		}
		return Public
	case redact.FindCard(s.Value) != "", isEntered(s.Key) && s.In != InHeader:
		return Entered
	case formed, named && (!isAmbiguous(s.Key) || IsDistinct(s.Value)):
		return Issued
	}
	return Public
}

// enteredWords are in the names of second fields: password2, password_confirmation.
var enteredWords = regexp.MustCompile(`password|passwd|passphrase|passcode|(^|_)(pass|pwd|pin|otp|totp)[0-9]*(_|$)`)

// isEntered reports whether a name is that of a field in which people enter a secret.
func isEntered(name string) bool {
	return redact.EnteredName(name) || redact.SecretName(name) && !redact.IssuedName(name) && enteredWords.MatchString(Snake(name))
}

// isAmbiguous reports whether the values of a name are secrets only if they look like
// ones: search_in_session=recent, auth=basic, cookie=accepted.
func isAmbiguous(name string) bool {
	last := strings.Split(strings.Trim(Snake(name), "_"), "_")
	switch last[len(last)-1] {
	case "session", "auth", "sig", "signature", "nonce", "sid", "sess", "assertion", "credential", "credentials", "cookie", "cookies", "hash", "digest", "value", "old", "new", "current", "again", "repeat":
		return true
	}
	return false
}

// commonForm matches what stands in many places by chance: numbers of up to two digits,
// codes of countries, languages and currencies.
var commonForm = regexp.MustCompile(`^[+-]?[0-9]{0,2}([.,][0-9]{1,2})?$|^[A-Za-z]{2}([-_][A-Za-z]{2})?$|^[A-Z]{3}$`)

// isCommon reports whether a value stands in many places by chance.
func isCommon(value string) bool {
	switch strings.ToLower(strings.TrimSpace(value)) {
	case "true", "false", "yes", "no", "on", "off", "t", "f", "y", "n", "null", "nil", "none", "undefined", "nan", "default", "auto", "all", "any", "other", "unknown", "enabled", "disabled",
		"bearer", "basic", "guest", "anonymous", "begin", "start", "end", "stop", "accepted", "required", "optional", "[object object]":
		return true
	}
	return commonForm.MatchString(strings.TrimSpace(value))
}

var (
	hasDigit  = regexp.MustCompile(`[0-9]`)
	hasLetter = regexp.MustCompile(`[A-Za-z]`)
	allDigits = regexp.MustCompile(`^-?[0-9]+$`)
)

// IsDistinct reports whether a value is never equal to another by chance: ids, tokens.
func IsDistinct(v string) bool {
	switch {
	case allDigits.MatchString(v):
		return len(v) >= 7
	case len(v) >= 8 && hasDigit.MatchString(v) && hasLetter.MatchString(v) && !strings.ContainsAny(v, " \t\n"):
		return true
	}
	return len(v) >= 20 && !strings.ContainsAny(v, " \t\n-")
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
	if s.In == InPath || s.Key == "" || len(s.Value) > 200 {
		if v.hideFormed(s, where) {
			return
		}
	}
	s.SetVariable("env:" + v.VariableFor(secret, what, where))
}

// hideFormed replaces the parts of a slot that are secrets by their form. It reports
// whether none is left.
func (v *Vault) hideFormed(s *Slot, where string) bool {
	found := false
	for {
		secret := ""
		for _, p := range s.Parts {
			secret = cmp.Or(secret, redact.FindJWT(p.Literal), redact.FindKey(p.Literal), redact.FindCard(p.Literal))
		}
		if secret == "" {
			return found
		}
		if !s.Replace(secret, Variable("env:"+v.VariableFor(secret, "secret", where))) {
			return false
		}
		found = true
	}
}

// minHidden is the length from which a secret is looked for in other places. A shorter
// one is equal to other values by chance, and a part of many words.
const minHidden = 6

// HideKnown replaces every known secret in the values of a request, wherever it is.
func (v *Vault) HideKnown(r *Request) {
	for _, s := range r.whole() {
		for _, inner := range s.Inner {
			v.hideKnownIn(inner)
		}
		if s.Inner != nil && v.isIn(s.Text()) { // it crosses the bounds of what was taken apart
			s.Inner = nil
		}
		if s.Inner == nil {
			v.hideKnownIn(s)
		}
	}
}

// isIn reports whether a text holds a secret.
func (v *Vault) isIn(text string) bool {
	return slices.ContainsFunc(v.Order, func(secret string) bool { return len(secret) >= minHidden && strings.Contains(text, secret) })
}

func (v *Vault) hideKnownIn(s *Slot) {
	for _, secret := range v.Order {
		name := "env:" + v.names[secret]
		switch {
		case len(secret) < minHidden:
		case s.Value == secret && !s.IsResolved():
			s.SetVariable(name)
		case !s.Replace(secret, Variable(name)) && strings.Contains(s.Text(), secret):
			s.SetVariable(name) // the secret cannot be cut out, and must not be written
		}
	}
}
