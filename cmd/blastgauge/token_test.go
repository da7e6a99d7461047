package main

import (
	"path/filepath"
	"testing"

	"github.com/blastgauge/blastgauge/injectors/toxiproxy"
)

func TestTokenFlags(t *testing.T) {
	t.Parallel()
	here, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct{ kind, text, want string }{
		"a file":     {toxiproxy.TokenFile, "token", "file:" + filepath.Join(here, "token")},
		"a variable": {toxiproxy.TokenEnv, "BG_TOKEN", "env:BG_TOKEN"},
	} {
		var source string
		flag := &tokenFlag{tt.kind, &source}
		if err := flag.Set(tt.text); err != nil || source != tt.want {
			t.Errorf("%s: Set(%s) gives %q, %v; want %q", name, tt.text, source, err, tt.want)
		}
	}
	source := "env:BG_TOKEN"
	if err := (&tokenFlag{toxiproxy.TokenFile, &source}).Set("token"); err == nil {
		t.Error("both flags at once are accepted")
	}
}
