package cleanup

import "testing"

func TestWithoutCredentials(t *testing.T) {
	for in, want := range map[string]string{
		"http://127.0.0.1:8474":          "http://127.0.0.1:8474",
		"http://user:pw@127.0.0.1:8474/": "http://127.0.0.1:8474/",
		"http://127.0.0.1:84%zz":         "",
	} {
		if got := WithoutCredentials(in); got != want {
			t.Errorf("WithoutCredentials(%s) = %s, want %s", in, got, want)
		}
	}
}
