package scaffold

import (
	"regexp"
	"strings"
)

var (
	// enteredNames matches fields in which people enter secrets.
	enteredNames = regexp.MustCompile(`(^|_)(password|passwd|passphrase|pwd|pass|pin|otp|totp|mfa_code|cvc|cvv|cvc2|cvv2|csc|security_code|card_?number|cc_?number|cardno|pan|iban|bic|account_number|ssn|secret|client_secret)$`)
	// issuedNames matches secrets that a server or its owner issued.
	issuedNames = regexp.MustCompile(`(^|_)(authorization|auth|api_?key|app_?key|access_?key|subscription_key|token|jwt|bearer|session|session_?id|sid|signature|sig|credential|credentials|csrf|xsrf|nonce|authenticity_token|csrfmiddlewaretoken)$`)
	jwtForm     = regexp.MustCompile(`eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*`)
	cardForm    = regexp.MustCompile(`[0-9](?:[ -]?[0-9]){12,18}`)
	// keyForm matches secrets that have a known form.
	keyForm = regexp.MustCompile(`(sk|pk|rk)_(live|test)_[A-Za-z0-9]{8,}|gh[pousr]_[A-Za-z0-9]{20,}|AKIA[0-9A-Z]{16}|xox[abprs]-[A-Za-z0-9-]{10,}|AIza[A-Za-z0-9_-]{30,}`)
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
	name := strings.Trim(snake(s.key), "_")
	switch {
	case s.value == "" || s.in == inPath && !jwtForm.MatchString(s.value):
		return public
	case enteredNames.MatchString(name) && s.in != inHeader, cardNumber(s.value) != "":
		return entered
	case issuedNames.MatchString(name), s.in == inHeader && strings.Contains(name, "token"),
		jwtForm.MatchString(s.value), keyForm.MatchString(s.value):
		return issued
	}
	return public
}

// cardNumber returns the number of a payment card in a text, or nothing. It knows it
// by its check digit.
func cardNumber(text string) string {
	for _, m := range cardForm.FindAllString(text, -1) {
		digits := strings.NewReplacer(" ", "", "-", "").Replace(m)
		if luhn(digits) && strings.Trim(digits, digits[:1]) != "" && strings.ContainsAny(digits[:1], "23456") {
			return m
		}
	}
	return ""
}

// luhn reports whether the check digit is correct (ISO/IEC 7812-1).
func luhn(digits string) bool {
	sum := 0
	for i := range len(digits) {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
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
		for _, part := range []string{jwtForm.FindString(s.value), keyForm.FindString(s.value), cardNumber(s.value)} {
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
