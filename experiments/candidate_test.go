package experiments

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const candidateExperiment = `version: 1
experiment: settings-next
hypothesis: Checkout works with the next settings.
faults:
  - inject: http_config
    into: settings
    candidate: {file: ../next.json}
    match: {path: /settings}
  - {inject: latency, into: settings, latency: 1s}
`

// An experiment says which of its faults serve a candidate, where its file is, and takes
// another text in its place without changing itself.
func TestCandidates(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "experiments", "next.yaml")
	for name, text := range map[string]string{"blastgauge.yaml": candidateSystem, "experiments/next.yaml": candidateExperiment, "next.json": `{"a": 1}`} {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	_, list, err := Load(filepath.Join(dir, "blastgauge.yaml"), []string{file})
	if err != nil {
		t.Fatal(Explain(err), err)
	}
	e := list[0]
	found := e.Candidates()
	if len(found) != 1 || found[0].Fault != 0 || found[0].File != filepath.Join(dir, "next.json") || found[0].Place.Line != 7 {
		t.Fatalf("Candidates() = %+v", found)
	}
	other := e.WithCandidate("pull/7.json", `{"a": 2}`, []int{0})
	if got := other.Faults[0].Complete().Group(candidate); got["body"] != `{"a": 2}` || got["file"] != "pull/7.json" {
		t.Errorf("the fault serves %v", got)
	}
	if got := e.Faults[0].Complete().Group(candidate); got["body"] != `{"a": 1}` || got["file"] != "../next.json" {
		t.Errorf("the experiment itself was changed: %v", got)
	}
	if e.Faults[0].BodyDigest == other.Faults[0].BodyDigest {
		t.Error("two texts have one digest")
	}
}

const candidateSystem = `version: 1
system: shop
environment: test
toxiproxy: http://127.0.0.1:8474
url: http://127.0.0.1:8080
dependencies:
  settings: {listen: "127.0.0.1:9000", upstream: "http://127.0.0.1:9001"}
journeys:
  checkout: {rate: 10/s, steps: [{name: pay, request: POST /pay}]}
`

// What cannot be served is found before anything is injected.
func TestReadCandidateRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{"next.json": "{}", "binary": "\xff\xfe", "large": strings.Repeat("x", maxBody+1)} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if text, err := ReadCandidate(filepath.Join(dir, "next.json")); err != nil || text != "{}" {
		t.Errorf("ReadCandidate() = %q, %v", text, err)
	}
	for name, want := range map[string]string{"nxt.json": `next.json"?`, "binary": "not UTF-8", "large": "too large", ".": "directory"} {
		if _, err := ReadCandidate(filepath.Join(dir, name)); !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("ReadCandidate(%s) = %v, want %s", name, err, want)
		}
	}
}
