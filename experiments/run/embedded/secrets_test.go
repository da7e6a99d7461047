package embedded

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/redact"
)

// A program under test may log the secrets that it is sent. Neither its last words nor
// its log in the run's directory hold any of them, wherever the words begin.
func TestOutputTellsNoPartOfASecret(t *testing.T) {
	t.Parallel()
	const canary = "Zq7-Xk9+Vw3/Jy5=Qj"
	secrets := redact.FromEnv([]string{"TOKEN"}, func(string) (string, bool) { return canary, true })
	text := filepath.Join(t.TempDir(), "text")
	for _, end := range []int{maxTail, 64 << 10} {
		for at := end - len(canary) - 4; at <= end+4; at += 2 {
			words := canary + " is wrong\n" + strings.Repeat("_", at-len(canary)-len(" is wrong\n\nlast words\n")) + "\nlast words\n"
			if err := os.WriteFile(text, []byte("Bearer "+words), 0o600); err != nil {
				t.Fatal(err)
			}
			c, err := startCommand(ourselves(supervisorRole), []string{"cat", text}, secrets)
			if err != nil {
				t.Fatal(err)
			}
			<-c.process.Ended()
			told := c.stop().Error()
			dir := t.TempDir()
			if err := c.keepLog(dir); err != nil {
				t.Fatal(err)
			}
			log, err := os.ReadFile(filepath.Join(dir, LogFile))
			if err != nil {
				t.Fatal(err)
			}
			if want := strings.ReplaceAll("Bearer "+words, canary, "$"+"{env:TOKEN}"); string(log) != want {
				t.Errorf("the log is %d bytes, want %d: %.60q", len(log), len(want), log)
			}
			if !strings.HasSuffix(told, "last words") {
				t.Errorf("the last words are %q", told)
			}
			for i := 0; i+4 <= len(canary); i++ {
				if strings.Contains(told, canary[i:i+4]) {
					t.Errorf("%d bytes before the end, %q is told: %.100q", at, canary[i:i+4], told)
					break
				}
			}
			if err := c.log.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

// A program that ends at once says why, without secrets.
func TestAProgramThatEndsAtOnce(t *testing.T) {
	t.Parallel()
	secrets := redact.FromEnv([]string{"TOKEN"}, func(string) (string, bool) { return "hunter22", true })
	c, err := startCommand(ourselves(supervisorRole), []string{"sh", "-c", "echo no hunter22; exit 3"}, secrets)
	if err != nil {
		t.Fatal(err)
	}
	<-c.process.Ended()
	err = c.awaitAnswer(t.Context(), &experiments.System{URL: "http://127.0.0.1:1"})
	if err == nil || !strings.Contains(err.Error(), "exit status 3") || !strings.Contains(err.Error(), "no $"+"{env:TOKEN}") {
		t.Errorf("awaitAnswer() = %v", err)
	}
}
