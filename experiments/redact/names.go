package redact

import (
	"strings"
	"unicode"

	"github.com/blastgauge/blastgauge/experiments/lazyregexp"
)

// enteredNames end the names of fields in which people enter secrets.
func enteredNames() []string {
	return []string{"password", "passwd", "passphrase", "pwd", "pass", "pin", "otp", "totp", "mfa_code", "cvc", "cvv", "cvc2", "cvv2", "csc", "security_code",
		"card_number", "cardnumber", "cc_number", "ccnumber", "cardno", "pan", "iban", "bic", "account_number", "ssn", "secret", "client_secret", "secret_answer",
		"passwort", "kennwort", "mot_de_passe", "contraseña", "contrasena", "senha", "wachtwoord", "lösenord", "hasło"}
}

// issuedNames end the names of secrets that a server or its owner issued.
func issuedNames() []string {
	return []string{"authorization", "auth", "api_key", "apikey", "app_key", "appkey", "access_key", "accesskey", "subscription_key", "token", "jwt", "bearer",
		"session", "session_id", "sessionid", "sid", "signature", "sig", "credential", "credentials", "csrf", "xsrf", "nonce", "authenticity_token", "csrfmiddlewaretoken"}
}

// otherNames end the names of values that only an answer is told from.
func otherNames() []string {
	return []string{"cookie", "set_cookie", "passcode", "pin_code", "otp_code", "recovery_code", "sess", "assertion", "saml_response", "samlresponse",
		"private_key", "secret_key", "encryption_key", "signing_key", "master_key", "shared_key", "account_key", "license_key"}
}

// gluedNames end names of secrets also without a boundary before them: accesstoken,
// JSESSIONID.
func gluedNames() []string {
	return []string{"password", "passwd", "passphrase", "secret", "token", "apikey", "passwort", "kennwort", "motdepasse", "wachtwoord", "accesskey", "secretkey", "privatekey", "sessionid", "sessid", "credential", "credentials", "cookie", "cardnumber"}
}

// modifiers may follow a name that says that its value is a secret.
func modifiers() []string {
	return []string{"confirm", "confirmation", "again", "repeat", "hash", "digest", "value", "old", "new", "current"}
}

// EnteredName reports whether a name, however its words are joined, is that of a field
// in which people enter a secret.
func EnteredName(name string) bool { return endsWithWord(words(name), enteredNames()) }

// IssuedName reports whether a name is that of a secret that a server or its owner
// issued.
func IssuedName(name string) bool { return endsWithWord(words(name), issuedNames()) }

// SecretName reports whether a name says that its value is a secret. It knows more of
// them than [EnteredName] and [IssuedName], as hiding too much costs little.
func SecretName(name string) bool {
	name = words(name)
	for _, m := range modifiers() {
		name = strings.TrimSuffix(name, "_"+m)
	}
	name = strings.TrimRight(strings.TrimRight(name, "0123456789"), "_")
	for _, form := range []string{name, strings.TrimSuffix(name, "s")} {
		if endsWithWord(form, enteredNames()) || endsWithWord(form, issuedNames()) || endsWithWord(form, otherNames()) {
			return true
		}
		squeezed := strings.ReplaceAll(form, "_", "")
		for _, end := range gluedNames() {
			if strings.HasSuffix(squeezed, end) {
				return true
			}
		}
	}
	return false
}

// SecretPath reports whether a part of a path into a document, such as $.card.cvc, says
// that what is there is a secret.
func SecretPath(path string) bool {
	for part := range strings.FieldsFuncSeq(path, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '_' && r != '-' }) {
		if SecretName(part) {
			return true
		}
	}
	return false
}

// endsWithWord reports whether one of some words ends a name, as a whole word.
func endsWithWord(name string, list []string) bool {
	for _, word := range list {
		if before, ok := strings.CutSuffix(name, word); ok && (before == "" || before[len(before)-1] == '_') {
			return true
		}
	}
	return false
}

// words returns a name in lower case, with an underscore between its words: session_id
// for sessionId, Session-ID and user[session.id].
func words(name string) string {
	var b strings.Builder
	last := byte('_')
	for i := range len(name) {
		c := name[i]
		switch {
		case c >= 'A' && c <= 'Z':
			if last >= 'a' && last <= 'z' || last >= '0' && last <= '9' {
				b.WriteByte('_')
			}
			b.WriteByte(c + 'a' - 'A')
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9', c >= 0x80:
			b.WriteByte(c)
		case last != '_':
			c = '_'
			b.WriteByte(c)
		default:
			c = '_'
		}
		last = c
	}
	return strings.Trim(b.String(), "_")
}

var (
	jwtForm = lazyregexp.New(`eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*`)
	// keyForm matches secrets that have a known form.
	keyForm = lazyregexp.New(`(sk|pk|rk)_(live|test)_[A-Za-z0-9]{8,}|gh[pousr]_[A-Za-z0-9]{20,}|AKIA[0-9A-Z]{16}|xox[abprs]-[A-Za-z0-9-]{10,}|AIza[A-Za-z0-9_-]{30,}`)
)

// FindJWT returns the first JSON Web Token in a text, or nothing.
func FindJWT(text string) string { return jwtForm.FindString(text) }

// FindKey returns the first key that has the known form of its issuer, or nothing.
func FindKey(text string) string { return keyForm.FindString(text) }

// FindCard returns the first number of a payment card in a text, or nothing.
func FindCard(text string) string {
	if found := cards([]byte(text), false); len(found) > 0 {
		return text[found[0].from:found[0].to]
	}
	return ""
}
