package scaffold

import (
	"slices"
	"testing"
)

func TestSecrecy(t *testing.T) {
	t.Parallel()
	const token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln"
	for name, tt := range map[string]struct {
		in         place
		key, value string
		want       secrecy
	}{
		"a password":                {inJSON, "newPassword", "hunter2", entered},
		"a card number by its name": {inForm, "card_number", "x", entered},
		"a card number by its form": {inBody, "", "pay with 4111 1111 1111 1111", entered},
		"a wrong check digit":       {inBody, "", "pay with 4111 1111 1111 1112", public},
		"a token":                   {inQuery, "access_token", "abc", issued},
		"an Authorization header":   {inHeader, "Authorization", "Bearer abc", issued},
		"a header with token in it": {inHeader, "X-Cart-Token-Id", "abc", issued},
		"a JWT under any name":      {inJSON, "note", token, issued},
		"a JWT in a path":           {inPath, "verify", token, issued},
		"an API key by its form":    {inJSON, "note", "sk_live_abcdefgh", issued},
		"a path segment":            {inPath, "password", "reset", public},
		"a quantity":                {inJSON, "quantity", "2", public},
		"an empty password":         {inForm, "password", "", public},
	} {
		if got := newSlot(tt.in, tt.key, tt.value, tt.value).secrecy(); got != tt.want {
			t.Errorf("%s: secrecy() = %d, want %d", name, got, tt.want)
		}
	}
}

// A secret is replaced where it was found, and wherever else its value is.
func TestSecretsAreReplacedEverywhere(t *testing.T) {
	t.Parallel()
	v := &vault{prefix: "SHOP", names: map[string]string{}, taken: map[string]bool{}}
	login := newSlot(inForm, "password", "correct horse", "correct horse")
	header := newSlot(inHeader, "Authorization", "Bearer abcdef123", "Bearer abcdef123")
	body := newSlot(inBody, "", "token=abcdef123&again=correct horse", "token=abcdef123&again=correct horse")
	v.hideIn(login, "form field password of step login")
	v.hideIn(header, "header Authorization of step cart")
	v.hideKnown(body)
	for _, tt := range []struct {
		s    *slot
		want string
	}{
		{login, "${env:SHOP_PASSWORD}"}, {header, "Bearer ${env:SHOP_BEARER_TOKEN}"},
		{body, "token=${env:SHOP_BEARER_TOKEN}&again=${env:SHOP_PASSWORD}"},
	} {
		if got := tt.s.text(); got != tt.want {
			t.Errorf("text() = %s, want %s", got, tt.want)
		}
	}
	want := []Secret{{"SHOP_PASSWORD", "form field password of step login"}, {"SHOP_BEARER_TOKEN", "header Authorization of step cart"}}
	if !slices.Equal(v.list, want) {
		t.Errorf("secrets = %v, want %v", v.list, want)
	}
}
