package redact

import (
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
		"Authorization: c4n4ry-of-nobody":                                "Authorization: ${env:X}",
		"bearer access_token: Zq7xYjK3vW9":                               "bearer ***: ***",
		"Basic password: Zq7xYjK3vW9":                                    "Basic ***: ***",
	} {
		if got := s.Excerpt([]byte(raw), 300); got != want {
			t.Errorf("%q is shown as %q, want %q", raw, got, want)
		}
	}
}
