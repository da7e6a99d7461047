package redact

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"
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
	if scheme, rest, ok := strings.Cut(value, " "); ok && isScheme([]byte(scheme)) {
		forms = append(forms, strings.TrimSpace(rest))
		if plain, err := base64.StdEncoding.DecodeString(strings.TrimSpace(rest)); err == nil {
			if _, password, ok := bytes.Cut(plain, []byte(":")); ok {
				forms = append(forms, string(password))
			}
		}
	}
	for _, form := range forms {
		if len(form) >= leastNamed && form != "true" && form != "false" && form != "null" {
			s.Hide(form, Hidden)
		}
	}
}
