package experiments

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A header that a client could not send, or that would be several, is refused where it
// stands: in a step and in a whole journey.
func TestAHeaderIsOneLine(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		value string
		right bool
	}{
		"a line break":         {`"a\nb"`, false},
		"a carriage return":    {`"a\rEvil: 1"`, false},
		"NUL":                  {`"a\0"`, false},
		"DEL":                  {`"a\x7f"`, false},
		"a block":              {"|\n            a", false},
		"a block without end":  {">-\n            a\n            b", true},
		"a tab":                {`"a\tb"`, true},
		"a text of characters": {`"ü \u202e"`, true},
	} {
		for _, at := range []string{"    headers:\n          X-A: VALUE\n    steps:\n      - name: a\n        request: GET /\n", "    steps:\n      - name: a\n        request: GET /\n        headers:\n          X-A: VALUE\n"} {
			file := filepath.Join(t.TempDir(), SystemFile)
			text := strings.Replace("version: 1\nsystem: shop\nenvironment: test\ntoxiproxy: http://127.0.0.1:8474\nurl: http://shop.test\ndependencies:\n  db: {listen: \"127.0.0.1:1\", upstream: \"127.0.0.1:2\", criticality: hard, owner: us}\njourneys:\n  j:\n    rate: 1/s\n    slow_after: 1s\n    timeout: 2s\n"+at, "VALUE", tt.value, 1)
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			_, _, err := Load(file, nil)
			wrong, told := "", ""
			if err != nil {
				told = Explain(err)
				wrong, _, _ = strings.Cut(told, "\n")
			}
			if tt.right != (err == nil) || err != nil && !strings.HasSuffix(wrong, "a header is one line, without control characters") {
				t.Errorf("%s: %s", name, told)
			}
		}
	}
}
