package redact

import (
	"encoding/base64"
	"strings"
	"testing"
)

// Behind the name of a scheme, the credentials are hidden and nothing else: what an
// error says after them is what people look for.
func TestOnlyTheCredentialsOfASchemeAreHidden(t *testing.T) {
	t.Parallel()
	s := &Secrets{}
	s.Hide("c4n4ry-of-nobody", "${env:X}")
	for raw, want := range map[string]string{
		"call with Bearer k8s9-abc-token1: [Errno 104] Connection reset": "call with Bearer ***: [Errno 104] Connection reset",
		"call with Bearer c4n4ry-of-nobody: Connection reset":            "call with Bearer ${env:X}: Connection reset",
		"call with Bearer Zq7xYjK3vW9, then nothing":                     "call with Bearer ***, then nothing",
		"Authorization: Bearer c4n4ry-of-nobody":                         "Authorization: Bearer ${env:X}",
		"Authorization: Basic Zq7xYjK3vW9\nDate: x":                      "Authorization: Basic ***\nDate: x",
		"Authorization: Bearer ":                                         "Authorization: ***",
		"Authorization: c4n4ry-of-nobody":                                "Authorization: ${env:X}",
		"bearer access_token: Zq7xYjK3vW9":                               "bearer ***: ***",
		"Basic password: Zq7xYjK3vW9":                                    "Basic ***: ***",
	} {
		if got := s.Excerpt([]byte(raw), 300); got != want {
			t.Errorf("%q is shown as %q, want %q", raw, got, want)
		}
	}
}

// What a request holds behind a scheme is hidden wherever an answer repeats it: whole, and
// the password alone of a basic login.
func TestAnAnswerRepeatsNoPassword(t *testing.T) {
	t.Parallel()
	const password = "horse-battery"
	login := base64.StdEncoding.EncodeToString([]byte("ann:" + password))
	for _, request := range []string{
		"Authorization: Basic " + login, "Proxy-Authorization: basic  " + login + "\r\nDate: x", "with Basic " + login + " as before",
		`{"authorization": "Basic ` + login + `"}`, "Authorization=Basic+" + strings.TrimRight(login, "=") + "%3D",
	} {
		s := &Secrets{}
		s.HideNamed([]byte(request))
		for _, answer := range []string{"hello " + login, "is " + password + " right?"} {
			if got := s.Excerpt([]byte(answer), 300); strings.Contains(got, password) || strings.Contains(got, login) {
				t.Errorf("after %q: %q", request, got)
			}
		}
	}
}
