package toxiproxy

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestReadToken(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{"token": " s3cret\n", "empty": "\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	getenv := func(name string) (string, bool) {
		if name == "BG_TOKEN" {
			return "v4lue", true
		}
		return "", false
	}
	for name, tt := range map[string]struct {
		source, want string
		missing      bool
	}{
		"no source":                    {"", "", false},
		"a file":                       {TokenFile + filepath.Join(dir, "token"), "s3cret", false},
		"an empty file":                {TokenFile + filepath.Join(dir, "empty"), "", true},
		"no such file":                 {TokenFile + filepath.Join(dir, "none"), "", true},
		"a variable":                   {TokenEnv + "BG_TOKEN", "v4lue", false},
		"a variable that is not set":   {TokenEnv + "BG_NONE", "", true},
		"a pipe of an earlier process": {TokenPipe, "", true},
	} {
		got, err := ReadToken(tt.source, getenv)
		if got != tt.want || errors.Is(err, ErrToken) != tt.missing || (err != nil) != tt.missing {
			t.Errorf("%s: ReadToken(%s) = %q, %v; want %q, missing %v", name, tt.source, got, err, tt.want, tt.missing)
		}
	}
}
