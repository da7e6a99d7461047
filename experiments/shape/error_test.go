package shape

import "testing"

func TestCredentialsAreMasked(t *testing.T) {
	t.Parallel()
	d := NewDocument(Source{}, Language{})
	for in, want := range map[string]string{
		"http://a:b@c/d@e":     "http://***@c/d@e",
		"see http://c/d@e":     "see http://c/d@e",
		"a@b.example ://":      "a@b.example ://",
		"x://é:é@y and z://k@": "x://***@y and z://*@",
	} {
		if got := d.mask(in); got != want {
			t.Errorf("mask(%q) = %q, want %q", in, got, want)
		}
	}
}
