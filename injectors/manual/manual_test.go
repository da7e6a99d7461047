package manual_test

import (
	"os/exec"
	"testing"

	"github.com/blastgauge/blastgauge/injectors/manual"
)

func TestQuoteIsOneWordOfAShell(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "plain", "two words", "it's", `$HOME "x" \ !`, "*", "~/a", "a;b|c&d", "line\nline"} {
		out, err := exec.Command("sh", "-c", "printf %s "+manual.Quote(text)).Output()
		if err != nil || string(out) != text {
			t.Errorf("the shell reads %s as %q (%v), want %q", manual.Quote(text), out, err, text)
		}
	}
}

func TestCurl(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ got, want string }{
		{manual.Curl("DELETE", "http://127.0.0.1:8474/proxies/a", nil, false), "curl -X DELETE http://127.0.0.1:8474/proxies/a"},
		{manual.Curl("POST", "http://h/p q", map[string]bool{"enabled": true}, true), `curl -X POST -H "Authorization: Bearer $TOKEN" 'http://h/p q' -d '{"enabled":true}'`},
	} {
		if tt.got != tt.want {
			t.Errorf("Curl() = %s, want %s", tt.got, tt.want)
		}
	}
}
