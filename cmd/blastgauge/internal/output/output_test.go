package output

import (
	"io"
	"strings"
	"testing"
)

// Colour follows the variables that everybody uses, in their order.
func TestColour(t *testing.T) {
	for _, tt := range []struct {
		env  string
		want bool
	}{
		{"", false}, // a buffer is no terminal
		{"FORCE_COLOR=1", true},
		{"CLICOLOR_FORCE=1", true},
		{"FORCE_COLOR=0", false},
		{"FORCE_COLOR=false", false},
		{"FORCE_COLOR=", false},
		{"CLICOLOR_FORCE=0", false},
		{"FORCE_COLOR=1 NO_COLOR=1", false},
		{"FORCE_COLOR=1 NO_COLOR=", true},
		{"FORCE_COLOR=1 TERM=dumb", true},
		{"TERM=dumb", false},
	} {
		env := map[string]string{}
		for pair := range strings.FieldsSeq(tt.env) {
			name, value, _ := strings.Cut(pair, "=")
			env[name] = value
		}
		c := Console{Stdout: io.Discard, Getenv: func(name string) (string, bool) { v, ok := env[name]; return v, ok }}
		if got := c.Color(""); got != tt.want {
			t.Errorf("%q: %v", tt.env, got)
		}
		if c.Color("report.txt") {
			t.Errorf("%q: a file has colour", tt.env)
		}
	}
}
