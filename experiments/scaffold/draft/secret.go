package draft

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/lazyregexp"
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
	if isCommon(s.Value) {
		return Public
	}
	if own := s.secrecyAs(s.Key); own != Public || s.Of == "" {
		return own
	}
	return s.secrecyAs(s.Of)
}

// secrecyAs classes a slot by one of its names.
func (s *Slot) secrecyAs(name string) Secrecy {
	formed := redact.FindJWT(s.Value) != "" || redact.FindKey(s.Value) != ""
	named := redact.IssuedName(name) || redact.SecretName(name) || s.In == InHeader && strings.Contains(strings.ToLower(name), "token")
	switch {
	case s.In == InPath: // its name is only the segment before
		if formed || named && IsDistinct(s.Value) || isLinkName(name) && len(s.Value) >= leastToken && IsDistinct(s.Value) {
			return Issued
		}
		return Public
	case redact.FindCard(s.Value) != "", isEntered(name) && s.In != InHeader:
		return Entered
	case formed, named && (!isAmbiguous(name) || IsDistinct(s.Value)), s.isKey(name), encodesSecret(s.Value):
		return Issued
	}
	return Public
}

// leastToken is the length from which a value may be a key without a form of its own.
const leastToken = 16

// isKey reports whether a value is a key by its name and its look: the names of keys end
// like those of keys to sort or to cache by, whose values are words.
func (s *Slot) isKey(name string) bool {
	before, ok := strings.CutSuffix(strings.Trim(Snake(name), "_"), "key")
	if !ok || s.In != InHeader && s.In != InQuery || len(s.Value) < leastToken || !IsDistinct(s.Value) {
		return false
	}
	return !keyOfData.MatchString(before)
}

var keyOfData = lazyregexp.New(`idempoten|cache|sort|order|partition|routing|group|row|public|site`)

// isLinkName reports whether a segment of a path stands before what only the addressee of
// a mail knows.
func isLinkName(name string) bool {
	switch PlainName(name) {
	case "magic", "magiclink", "reset", "verify", "verifyemail", "confirm", "confirmation", "activate", "activation", "invite", "invitation", "unsubscribe":
		return true
	}
	return false
}

// encodesSecret reports whether a value is a text in base64 that holds a secret.
func encodesSecret(value string) bool {
	text, ok := decodeBase64(value)
	if !ok {
		return false
	}
	return redact.FindJWT(text) != "" || redact.FindKey(text) != "" || slices.ContainsFunc(fieldsOf(InBody, text, asIs, maxWithin), func(s *Slot) bool { return s.Key != "" && isSecret(s) })
}

// decodeBase64 returns the text that a value encodes. It reports false for what is none.
func decodeBase64(value string) (string, bool) {
	if len(value) < leastToken {
		return "", false
	}
	value = strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(value, "="))
	text, err := base64.RawStdEncoding.DecodeString(value)
	return string(text), err == nil && utf8.Valid(text)
}

// enteredWords are in the names of second fields: password2, password_confirmation.
var enteredWords = lazyregexp.New(`password|passwd|passphrase|passcode|(^|_)(pass|pwd|pin|otp|totp)[0-9]*(_|$)`)

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
var commonForm = lazyregexp.New(`^[+-]?[0-9]{0,2}([.,][0-9]{1,2})?$|^[A-Za-z]{2}([-_][A-Za-z]{2})?$|^[A-Z]{3}$`)

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
	hasDigit  = lazyregexp.New(`[0-9]`)
	hasLetter = lazyregexp.New(`[A-Za-z]`)
	allDigits = lazyregexp.New(`^-?[0-9]+$`)
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
	secret, what := s.Value, cmp.Or(s.Of, s.Key)
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

// HideExpected replaces the secrets in what the answer of a step must hold. An expression
// holds no variables, so one with a secret in it is left out.
func (v *Vault) HideExpected(s *Step, where string) {
	for _, list := range []*[]Check{&s.Checks, &s.Headers, &s.Body} {
		*list = slices.DeleteFunc(*list, func(c Check) bool {
			found := false
			for _, slot := range c.slots() {
				found = isSecret(slot) || v.isIn(slot.Text()) || found
			}
			if c.Op != experiments.Matches {
				v.hideIn(c.slots(), where)
				return false
			}
			if found {
				s.Notes = append(s.Notes, "An expectation is left out: its expression holds a secret")
			}
			return found
		})
	}
}

func (v *Vault) hideIn(slots []*Slot, where string) {
	for _, s := range slots {
		if isSecret(s) && !s.IsResolved() && !s.HasVariable() {
			v.HideIn(s, "value that "+where+" expects of "+s.Key)
		}
		v.hideKnownIn(s)
	}
}

var lastName = lazyregexp.New(`([A-Za-z_][\w-]*)[^A-Za-z_]*$`)

// slots returns the texts that a check compares with, each with the name of the value that
// is compared.
func (c Check) slots() (list []*Slot) {
	var walk func(n *Node, key string)
	walk = func(n *Node, key string) {
		if n == nil {
			return
		}
		if s := n.Slot; s != nil && n.Kind == TextNode && len(s.Parts) > 0 {
			if s.Key == "" {
				s.Key = key
			}
			list = append(list, s)
		}
		for i, item := range n.Items {
			if n.Kind == ObjectNode {
				key = n.Names[i]
			}
			walk(item, key)
		}
	}
	key := ""
	if m := lastName.FindStringSubmatch(c.Path); m != nil {
		key = m[1]
	}
	walk(c.Operand, key)
	return list
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

// encodes reports whether a value is a text in base64 that holds a secret.
func encodes(value, secret string) bool {
	text, ok := decodeBase64(value)
	return ok && strings.Contains(text, secret)
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
		case !s.IsResolved() && encodes(s.Value, secret):
			s.SetVariable("env:" + v.VariableFor(s.Value, cmp.Or(s.Key, "encoded"), fmt.Sprintf("%s %s, in base64 with a secret in it", s.In, s.Key)))
			return
		case !s.Replace(secret, Variable(name)) && strings.Contains(s.Text(), secret):
			s.SetVariable(name) // the secret cannot be cut out, and must not be written
		}
	}
}
