package draft

import (
	"slices"
	"testing"
)

func TestSecrecy(t *testing.T) {
	t.Parallel()
	const token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln"
	for name, tt := range map[string]struct {
		in         Place
		key, value string
		want       Secrecy
	}{
		"a password":                {InJSON, "newPassword", "hunter2", Entered},
		"a card number by its name": {InForm, "card_number", "x", Entered},
		"a card number by its form": {InBody, "", "pay with 4111 1111 1111 1111", Entered},
		"a wrong check digit":       {InBody, "", "pay with 4111 1111 1111 1112", Public},
		"a token":                   {InQuery, "access_token", "abc", Issued},
		"an Authorization header":   {InHeader, "Authorization", "Bearer abc", Issued},
		"a header with token in it": {InHeader, "X-Cart-Token-Id", "abc", Issued},
		"a JWT under any name":      {InJSON, "note", token, Issued},
		"a JWT in a path":           {InPath, "verify", token, Issued},
		"an API key by its form":    {InJSON, "note", "sk_live_abcdefgh", Issued},
		"a path segment":            {InPath, "password", "reset", Public},
		"a quantity":                {InJSON, "quantity", "2", Public},
		"an empty password":         {InForm, "password", "", Public},
		"a second password":         {InForm, "user[password_confirmation]", "hunter2", Entered},
		"Django's second password":  {InForm, "password2", "hunter2", Entered},
		"a password in XML":         {InBody, "Password", "hunter2", Entered},
		"a check value":             {InForm, "cvc", "123", Entered},
		"a token to reset one":      {InForm, "password_reset_token", "k3jh4k5jh", Issued},
		"a UUID as a token":         {InHeader, "X-Api-Key", "7c9e6679-7425-40de-944b-e07fc1f90ae7", Issued},
		"a token in a path":         {InPath, "token", "k3jh4k5jh", Issued},
		"a word in a path":          {InPath, "token", "refresh", Public},
		"a session by its form":     {InForm, "session", "k3jh4k5jh", Issued},
		"a kind of session":         {InForm, "session", "recent", Public},
		"a way to authenticate":     {InForm, "auth", "basic", Public},
		"a flag of a session":       {InForm, "search_in_session", "false", Public},
		"a flag of a password":      {InForm, "has_password", "true", Public},
		"0 for a password":          {InJSON, "remember_token", "0", Public},
		"1 for a token":             {InJSON, "token", "1", Public},
		"a number of tokens":        {InJSON, "token", "42", Public},
		"a country":                 {InForm, "bic", "US", Public},
		"a language":                {InForm, "session", "de-DE", Public},
		"a currency":                {InForm, "iban", "EUR", Public},
		"cookies accepted":          {InForm, "cookies", "accepted", Public},
		"a type of token":           {InForm, "token_type", "bearer", Public},
		"nothing in JavaScript":     {InForm, "token", "undefined", Public},
	} {
		if got := NewSlot(tt.in, tt.key, tt.value, tt.value).Secrecy(); got != tt.want {
			t.Errorf("%s: Secrecy() = %d, want %d", name, got, tt.want)
		}
	}
}

// A secret is replaced where it was found, and wherever else its value is.
func TestSecretsAreReplacedEverywhere(t *testing.T) {
	t.Parallel()
	v := NewVault("shop")
	login := NewSlot(InForm, "password", "correct horse", "correct horse")
	header := NewSlot(InHeader, "Authorization", "Bearer abcdef123", "Bearer abcdef123")
	body := NewSlot(InBody, "", "token=abcdef123&again=correct horse", "token=abcdef123&again=correct horse")
	v.HideIn(login, "form field password of step login")
	v.HideIn(header, "header Authorization of step cart")
	v.HideKnown(&Request{Body: body})
	for _, tt := range []struct {
		s    *Slot
		want string
	}{
		{login, "${env:SHOP_PASSWORD}"}, {header, "Bearer ${env:SHOP_BEARER_TOKEN}"},
		{body, "token=${env:SHOP_BEARER_TOKEN}&again=${env:SHOP_PASSWORD}"},
	} {
		if got := tt.s.Text(); got != tt.want {
			t.Errorf("text() = %s, want %s", got, tt.want)
		}
	}
	want := []Secret{{"SHOP_PASSWORD", "form field password of step login"}, {"SHOP_BEARER_TOKEN", "header Authorization of step cart"}}
	if !slices.Equal(v.List, want) {
		t.Errorf("secrets = %v, want %v", v.List, want)
	}
}
