package scaffold

import (
	"regexp"
	"strings"
)

var (
	// typed are names of fields in which people enter what nobody else may know.
	typed = regexp.MustCompile(`(^|_)(password|passwd|passphrase|pwd|pass|pin|otp|totp|mfa_code|cvc|cvv|cvc2|cvv2|csc|security_code|card_?number|cc_?number|cardno|pan|iban|bic|account_number|ssn|secret|client_secret)$`)
	// keyed are names of what a server or its owner gave out.
	keyed = regexp.MustCompile(`(^|_)(authorization|auth|api_?key|app_?key|access_?key|subscription_key|token|jwt|bearer|session|session_?id|sid|signature|sig|credential|credentials|csrf|xsrf|nonce|authenticity_token|csrfmiddlewaretoken)$`)
	jwt   = regexp.MustCompile(`eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*`)
	cards = regexp.MustCompile(`[0-9](?:[ -]?[0-9]){12,18}`)
	// keys are secrets that tell themselves by their form.
	keys = regexp.MustCompile(`(sk|pk|rk)_(live|test)_[A-Za-z0-9]{8,}|gh[pousr]_[A-Za-z0-9]{20,}|AKIA[0-9A-Z]{16}|xox[abprs]-[A-Za-z0-9-]{10,}|AIza[A-Za-z0-9_-]{30,}`)
)

// A secrecy says whether a value may be written, and if not, why.
type secrecy uint8

const (
	open    secrecy = iota
	given           // by a server: may be captured, not written
	entered         // by a person: never captured either
)

// secrecy classes a slot by its name and its value.
func (s *slot) secrecy() secrecy {
	name := strings.Trim(snake(s.key), "_")
	switch {
	case s.value == "" || s.in == inPath && !jwt.MatchString(s.value):
		return open
	case typed.MatchString(name) && s.in != inHeader, cardNumber(s.value) != "":
		return entered
	case keyed.MatchString(name), s.in == inHeader && strings.Contains(name, "token"),
		jwt.MatchString(s.value), keys.MatchString(s.value):
		return given
	}
	return open
}

// cardNumber is the number of a payment card in a text, by its check digit.
func cardNumber(text string) string {
	for _, m := range cards.FindAllString(text, -1) {
		digits := strings.NewReplacer(" ", "", "-", "").Replace(m)
		if luhn(digits) && strings.Trim(digits, digits[:1]) != "" && strings.ContainsAny(digits[:1], "23456") {
			return m
		}
	}
	return ""
}

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

// scheme splits an Authorization header: "Bearer " and what follows.
func scheme(value string) (before, rest string) {
	name, rest, ok := strings.Cut(value, " ")
	if !ok || rest == "" || len(name) > 20 {
		return "", value
	}
	return name + " ", rest
}

// A vault holds the secrets of a recording and the variables that stand for
// them.
type vault struct {
	prefix string            // of variables
	names  map[string]string // by value
	taken  map[string]bool
	list   []Secret
	order  []string // values, in the order they were met
}

// name is the environment variable of a secret.
func (v *vault) name(value, what, where string) string {
	if name, ok := v.names[value]; ok {
		return name
	}
	base := strings.ToUpper(strings.TrimPrefix(strings.Trim(snake(what), "_"), "x_"))
	if base == "" {
		base = "SECRET"
	}
	name := unique(v.prefix+"_"+base[:min(len(base), 40)], "_", v.taken)
	v.names[value] = name
	v.order = append(v.order, value)
	v.list = append(v.list, Secret{name, where})
	return name
}

// hide takes a secret out of the slot that it was found in.
func (v *vault) hide(s *slot, where string) {
	secret, what := s.value, s.key
	if s.in == inHeader && strings.EqualFold(s.key, "authorization") {
		var before string
		if before, secret = scheme(s.value); before != "" {
			what = strings.TrimSpace(before) + "_token"
		}
		s.parts = []piece{{literal: before}, {variable: "env:" + v.name(secret, what, where)}}
		return
	}
	if s.in == inPath || s.in == inBody || len(s.value) > 200 {
		for _, part := range []string{jwt.FindString(s.value), keys.FindString(s.value), cardNumber(s.value)} {
			if part != "" && s.replace(part, filled("env:"+v.name(part, "secret", where))) {
				return
			}
		}
	}
	s.whole("env:" + v.name(secret, what, where))
}

// guarded is the least length of a secret that is looked for inside other
// texts: a shorter one is a part of many words.
const guarded = 6

// sweep takes every known secret out of a slot.
func (v *vault) sweep(s *slot) {
	for _, secret := range v.order {
		name := "env:" + v.names[secret]
		switch {
		case s.value == secret && !s.settled():
			s.whole(name)
		case len(secret) >= guarded && !s.replace(secret, filled(name)) && strings.Contains(s.text(), secret):
			s.whole(name) // it cannot be said otherwise, and must not be written
		}
	}
}

var notInName = regexp.MustCompile(`[^A-Za-z0-9]+`)

// snake is a name as variables are written: cart_id for cartId and Cart-ID.
func snake(name string) string {
	s := notInName.ReplaceAllString(camel.ReplaceAllString(name, "${1}_$2"), "_")
	return strings.ToLower(s)
}
