package experiments

import (
	"strings"
	"testing"
)

// A login in an address is refused, and no piece of its password is told.
func TestAddressesShowNoPassword(t *testing.T) {
	t.Parallel()
	for _, password := range []string{"hidden", "hid@hidden", "hidden/x", "hidden?x", "hidden#x", "%hidden", "hid:hidden"} {
		for _, scheme := range []string{"redis://", "postgres://", "http://"} {
			text := scheme + "app:" + password + "@127.0.0.1:6379"
			wrong := address{schemes: []string{"redis", "postgres", "http"}}.check(text)
			if wrong == nil || strings.Contains(wrong.Msg+wrong.Hint+wrong.Note, "hidden") {
				t.Errorf("%s: %+v", text, wrong)
			}
			if shown := language().Mask("  carts: {upstream: \"" + text + "\"}"); strings.Contains(shown, "hidden") {
				t.Errorf("%s: %s", text, shown)
			}
		}
		text := "http://app:" + password + "@127.0.0.1:80"
		if wrong := (httpURL{}).check(text, "a URL"); wrong == nil || strings.Contains(wrong.Msg+wrong.Hint, "hidden") {
			t.Errorf("%s: %+v", text, wrong)
		}
	}
}
