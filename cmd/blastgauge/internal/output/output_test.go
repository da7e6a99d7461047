package output

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/usage"
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

// Two outputs in one file are refused, however it is named; the second would replace the
// first. Files beside each other, and what takes both, are not.
func TestOutputsInOneFile(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	if err := errors.Join(os.WriteFile("there", nil, 0o600), os.Symlink("there", "link"), os.Mkdir("sub", 0o700), os.Symlink("sub", "way"),
		os.Symlink("new", "dangling"), os.Symlink("../dangling", "sub/twice"), os.Symlink("loop", "loop")); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		a, b string
		one  bool
	}{
		{"new", "new", true},
		{"new", "./sub/../new", true},
		{"new", filepath.Join(dir, "new"), true},
		{"sub/new", "way/new", true},
		{"there", "link", true},
		{"there", "there", true},
		{"dangling", "new", true},
		{"new", "way/twice", true},
		{"dangling", "sub/twice", true},
		{"dangling", "other", false},
		{"loop", "new", false},
		{"new", "other", false},
		{"new", "sub/new", false},
		{"there", "new", false},
		{"", "new", false},
		{"/dev/fd/2", "/dev/fd/2", false},
	} {
		list := []Output[int]{{Name: "text", Path: tt.a}, {Name: "json", Path: tt.b}}
		err := checkDistinct(list)
		if _, refused := errors.AsType[usage.Error](err); refused != tt.one {
			t.Errorf("%s and %s: %v", tt.a, tt.b, err)
		}
	}
}
