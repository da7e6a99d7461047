package experiments

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/shape"
)

// notifying is a system with these receivers.
func notifying(t *testing.T, receivers string) string {
	t.Helper()
	text, err := os.ReadFile("testdata/wrong/notify-twice.yaml")
	if err != nil {
		t.Fatal(err)
	}
	head, _, _ := strings.Cut(string(text), "notify:\n")
	file := filepath.Join(t.TempDir(), SystemFile)
	if err := os.WriteFile(file, []byte(head+"notify:\n"+receivers), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func env(pairs ...string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1], true
			}
		}
		return "", false
	}
}

// A document that was read holds names of variables, never what is in them.
func TestReceiversHoldNoSecrets(t *testing.T) {
	t.Parallel()
	file := notifying(t, "  - slack: ${env:HOOK}\n  - grafana: {url: \"${env:GRAFANA}\", token: \"${env:TOKEN}\", tags: [x]}\n  - webhook: ${env:OTHER}\n    headers: {X-Key: \"k ${env:KEY}\"}\n    on: [note]\n")
	getenv := env("HOOK", "https://hooks.example/secret", "GRAFANA", "https://grafana.example", "TOKEN", "secret", "OTHER", "http://127.0.0.1:1/secret", "KEY", "secret")
	s, err := Outside{Getenv: getenv}.LoadSystem(file)
	if err != nil {
		t.Fatal(Explain(err))
	}
	want := []Receiver{
		{Kind: Slack, URL: "${env:HOOK}", On: Slack.DefaultNotices()},
		{Kind: Grafana, URL: "${env:GRAFANA}", Token: "${env:TOKEN}", Tags: []string{"x"}, On: Grafana.DefaultNotices()},
		{Kind: Webhook, URL: "${env:OTHER}", Headers: []Field{{Name: "X-Key", Value: "k ${env:KEY}"}}, On: []Notice{NoticeNote}},
	}
	if !slices.EqualFunc(s.Notify, want, func(a, b Receiver) bool {
		return a.Name() == b.Name() && a.Token == b.Token && slices.Equal(a.Tags, b.Tags) && slices.Equal(a.Headers, b.Headers) && slices.Equal(a.On, b.On)
	}) {
		t.Errorf("receivers are %+v", s.Notify)
	}
	if err := CheckVariables(getenv, s); err != nil {
		t.Error(Explain(err))
	}
}

// What a receiver needs is asked of the environment before a run, unless nobody is told.
func TestReceiversNeedTheirVariables(t *testing.T) {
	t.Parallel()
	file := notifying(t, "  - slack: ${env:HOOK}\n    on: [ended]\n  - webhook: ${env:OTHER}\n    headers: {Authorization: \"Bearer ${env:KEY}\"}\n")
	s, err := Outside{}.LoadSystem(file)
	if err != nil {
		t.Fatal(Explain(err))
	}
	for _, check := range []error{CheckVariables(env(), s), CheckReceivers(env(), s)} {
		if n := len(shape.Errors(check)); n != 3 {
			t.Errorf("%d variables are missing, want 3: %v", n, check)
		}
	}
	silent, err := Outside{Silent: true, Getenv: env("HOOK", "nonsense")}.LoadSystem(file)
	if err != nil || len(silent.Notify) > 0 || CheckVariables(env(), silent) != nil {
		t.Errorf("nobody is to be told: %+v, %v, %v", silent, err, CheckVariables(env(), silent))
	}
}

// The value of a variable may be the wrong one, and a secret: errors say what is wrong
// without it.
func TestWrongValuesOfReceivers(t *testing.T) {
	t.Parallel()
	const secret = "hunter22"
	for _, value := range []string{"", secret, "ftp://" + secret, "https://", "https://h:99999/" + secret, "https://h/ " + secret, "https://h/\n" + secret, "://" + secret} {
		file := notifying(t, "  - slack: ${env:HOOK}\n")
		_, _, err := Outside{Getenv: env("HOOK", value)}.Load(file, nil)
		if list := shape.Errors(err); !errors.Is(err, ErrInvalid) || len(list) != 1 || list[0].Line != 12 || strings.Contains(Explain(err), secret) {
			t.Errorf("%q: %v", value, err)
		}
	}
	for _, value := range []string{"", secret + " ", secret + "\r\nX: y", "é" + secret} {
		file := notifying(t, "  - pagerduty: ${env:KEY}\n")
		_, _, err := Outside{Getenv: env("KEY", value)}.Load(file, nil)
		if !errors.Is(err, ErrInvalid) || len(shape.Errors(err)) != 1 || strings.Contains(Explain(err), secret) {
			t.Errorf("%q: %v", value, err)
		}
	}
}
