package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/result"
)

// A shell offers the names that stand in the documents: also beside a document with a
// mistake, and nothing where the system's has one.
func TestAShellOffersWhatDocumentsName(t *testing.T) {
	dir := t.TempDir()
	if code, _, errs := invoke(t, "init", "--dir", dir); code != result.ExitHeld {
		t.Fatal(errs)
	}
	t.Chdir(dir)
	ids := experimentsOf(t)
	if err := os.WriteFile(filepath.Join("experiments", "torn.yaml"), []byte("experiment: torn\nfaults: ["), 0o600); err != nil {
		t.Fatal(err)
	}
	first, all := ids[0], strings.Join(ids, " ")
	for line, want := range map[string]string{
		"run |": all + " :0", "plan |": all + " :0", "validate |": all + " :0", "run -f blastgauge.yaml payments-slowe|": ids[1] + " :0",
		"run " + first + " |": strings.TrimSpace(strings.Join(ids[1:], " ") + " :0"), "run --only |": all + " :6", "gate |": ":0", "gate next.json |": all + " :0",
		"gate --experiment none,|": "none," + strings.Join(ids, " none,") + " :6", "gate --verify --require-experiments |": all + " :6",
		"try |": "checkout :4", "try checkout |": ":4", "try --arm |": "fault control :4", "run --allow |": "inconclusive invalid :4",
		"run -f |": "yaml yml :8", "run --gameday |": "yaml yml :8", "approve |": "jsonl :8", "run --phases |": "warmup= baseline= fault= recovery= :6",
		"proxy --log-format |": "text json :4", "version -o |": "json text :6", "demo --storefront |": "naive hardened :4",
	} {
		if got := offered(t, line); got != want {
			t.Errorf("%s: %s, want %s", line, got, want)
		}
	}
	for _, line := range []string{"try --step |", "try checkout --step |", "scan |"} {
		if got := offered(t, line); len(strings.Fields(got)) < 2 {
			t.Errorf("%s: %s", line, got)
		}
	}
	if err := os.WriteFile("blastgauge.yaml", []byte("version: ["), 0o600); err != nil {
		t.Fatal(err)
	}
	for line, want := range map[string]string{"run |": ":0", "run --only |": ":6", "try |": ":4", "try --step |": ":4", "scan |": ":4"} {
		if got := offered(t, line); got != want {
			t.Errorf("%s: %s, want %s", line, got, want)
		}
	}
}

// offered is what a shell offers at the end of a line, and what it is told to do with it.
func offered(t *testing.T, line string) string {
	t.Helper()
	code, out, errs := invoke(t, append([]string{"__complete"}, strings.Split(strings.TrimSuffix(line, "|"), " ")...)...)
	if code != 0 {
		t.Fatalf("%s: exit %d: %s", line, code, errs)
	}
	return strings.Join(strings.Fields(out), " ")
}

// experimentsOf adds an experiment to the one that init wrote and that is not commented
// out, and returns their ids.
func experimentsOf(t *testing.T) (ids []string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("experiments", "payments-slow.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	other := strings.Replace(string(text), "experiment: payments-slow", "experiment: payments-slower", 1)
	if err := os.WriteFile(filepath.Join("experiments", "payments-slower.yaml"), []byte(other), 0o600); err != nil {
		t.Fatal(err)
	}
	return []string{"payments-slow", "payments-slower"}
}
