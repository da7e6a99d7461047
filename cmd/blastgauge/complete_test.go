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
		"run |": all + " :0", "plan |": all + " :0", "validate |": all + " :0", "run -f blastgauge.yaml " + first[:3] + "|": beginning(ids, first[:3]) + " :0",
		"run " + first + " |": strings.TrimSpace(strings.Join(ids[1:], " ") + " :0"), "run --only |": all + " :6", "gate |": ":0", "gate next.json |": all + " :0",
		"gate --experiment none,|": "none," + strings.Join(ids, " none,") + " :6", "gate --verify --require-experiments |": all + " :6",
		"try |": "checkout :4", "try checkout |": ":4", "try --arm c|": "control :4", "run --allow inv|": "invalid :4",
		"run -f |": "yaml yml :8", "run --gameday |": "yaml yml :8", "approve |": "jsonl :8", "run --phases |": "warmup= baseline= fault= recovery= :6",
		"proxy --log-format |": "text json :4", "version -o |": "json text :6", "demo --storefront h|": "hardened :4",
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

// experimentsOf are the ids of the documents that init wrote, in the order of their files.
func experimentsOf(t *testing.T) (ids []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("experiments", "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("init wrote %d experiments, %v", len(files), err)
	}
	for _, file := range files {
		ids = append(ids, strings.TrimSuffix(filepath.Base(file), ".yaml"))
	}
	return ids
}

func beginning(ids []string, begins string) string {
	var list []string
	for _, id := range ids {
		if strings.HasPrefix(id, begins) {
			list = append(list, id)
		}
	}
	return strings.Join(list, " ")
}
