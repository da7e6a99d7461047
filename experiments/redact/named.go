package redact

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"
	"unicode/utf8"
)

const (
	mostNamed  = 16 << 10 // bytes of a request in which named values are looked for
	leastNamed = 4        // bytes of a named value; shorter ones are in most texts by chance
)

// HideNamed hides, wherever else they are, the values in a text whose names or forms say
// that they are secrets: what a request holds, its answer may repeat without the name.
func (s *Secrets) HideNamed(text []byte) {
	text = text[:min(len(text), mostNamed)]
	for _, f := range selfEvident(text, false) {
		s.hideNamed(strings.TrimSpace(string(text[f.from:f.to])))
	}
}

func (s *Secrets) hideNamed(value string) {
	forms := []string{value, unescaped(value, url.QueryUnescape)}
	var text string
	if json.Unmarshal([]byte(`"`+value+`"`), &text) == nil {
		forms = append(forms, text)
	}
	for _, form := range forms {
		if scheme, rest, ok := strings.Cut(form, " "); ok && isScheme([]byte(scheme)) {
			form = strings.TrimSpace(rest)
			forms = append(forms, form)
		}
		forms = append(forms, passwordOf(form))
	}
	for _, form := range forms {
		if len(form) >= leastNamed && form != "true" && form != "false" && form != "null" {
			s.Hide(form, Hidden)
		}
	}
}

// passwordOf returns the password in the credentials of a basic login, with or without
// the name of the scheme before them; it is empty where they are none.
func passwordOf(credentials string) string {
	plain, err := base64.StdEncoding.DecodeString(credentials)
	if err != nil || !utf8.Valid(plain) {
		return ""
	}
	_, password, _ := strings.Cut(string(plain), ":")
	return password
}
