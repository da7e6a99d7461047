package policy

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments/gate/signing"
	"github.com/blastgauge/blastgauge/experiments/gate/statement"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/injectors/injectortest/required"
)

// A folder is one of a test, with files.
type folder string

func (f folder) path(name string) string { return filepath.Join(string(f), name) }

func (f folder) write(t *testing.T, name string, content []byte) {
	t.Helper()
	if err := os.WriteFile(f.path(name), content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// run runs a program in the folder, which is its home, too, and reports whether it ended
// with 0.
func (f folder) run(t *testing.T, program string, args ...string) (bool, string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Dir, cmd.Env = string(f), append(os.Environ(), "HOME="+string(f), "COSIGN_PASSWORD=")
	out, err := cmd.CombinedOutput()
	if _, ended := err.(*exec.ExitError); err != nil && !ended { //nolint:errorlint // as os/exec returns it
		t.Fatal(err)
	}
	return err == nil, string(out)
}

// cosign accepts what was signed here, with the candidate and any key of its signers, and
// nothing else.
func TestCosign(t *testing.T) {
	t.Parallel()
	cosign := required.Program(t, "cosign", ".ci/run installs it")
	w, dir := newWorld(t), folder(t.TempDir())
	for name, key := range map[string]*signing.PrivateKey{"ada.pub": w.ada, "bob.pub": w.bob, "eve.pub": w.eve} {
		text, err := key.Public().PEM()
		if err != nil {
			t.Fatal(err)
		}
		dir.write(t, name, text)
	}
	list := w.pair(t, w.result, w.ada, w.bob)
	dir.write(t, "test-result.json", write(t, list[:1]))
	dir.write(t, "resilience.json", write(t, list[1:]))
	dir.write(t, "unsigned.json", write(t, w.pair(t, w.result)[1:]))
	dir.write(t, "gateway.json", candidate())
	dir.write(t, "changed.json", append(candidate(), '\n'))
	for name, tt := range map[string]struct {
		key, envelope, kind, blob string
		want                      bool
	}{
		"the test result":     {"ada.pub", "test-result.json", statement.TestResultType, "gateway.json", true},
		"what was measured":   {"ada.pub", "resilience.json", statement.ResilienceType, "gateway.json", true},
		"the second approver": {"bob.pub", "resilience.json", statement.ResilienceType, "gateway.json", true},
		"another key":         {"eve.pub", "resilience.json", statement.ResilienceType, "gateway.json", false},
		"another candidate":   {"ada.pub", "resilience.json", statement.ResilienceType, "changed.json", false},
		"another type":        {"ada.pub", "resilience.json", statement.TestResultType, "gateway.json", false},
		"unsigned":            {"ada.pub", "unsigned.json", statement.ResilienceType, "gateway.json", false},
	} {
		ok, out := dir.run(t, cosign, "verify-blob-attestation", "--insecure-ignore-tlog=true", "--key", tt.key, "--type", tt.kind, "--signature", tt.envelope, tt.blob)
		if ok != tt.want {
			t.Errorf("%s: accepted %t\n%s", name, ok, out)
		}
	}
}

// What cosign signs is understood here.
func TestSignedByCosign(t *testing.T) {
	t.Parallel()
	cosign := required.Program(t, "cosign", ".ci/run installs it")
	w, dir := newWorld(t), folder(t.TempDir())
	private, err := w.ada.PEM()
	if err != nil {
		t.Fatal(err)
	}
	list := w.pair(t, w.result)
	text, err := list[1].Statement()
	if err != nil {
		t.Fatal(err)
	}
	dir.write(t, "ada.pem", private)
	dir.write(t, "statement.json", text)
	if ok, out := dir.run(t, cosign, "import-key-pair", "--key", "ada.pem", "--output-key-prefix", "ada", "--yes"); !ok {
		t.Fatal(out)
	}
	ok, out := dir.run(t, cosign, "attest-blob", "--key", "ada.key", "--statement", "statement.json", "--tlog-upload=false", "--output-signature", "signed.json", "--yes")
	if !ok {
		t.Fatal(out)
	}
	signed, err := os.ReadFile(dir.path("signed.json"))
	if err != nil {
		t.Fatal(err)
	}
	envelopes, err := signing.Read(signed)
	if err != nil || len(envelopes) != 1 {
		t.Fatalf("%s: %v", signed, err)
	}
	if is, err := envelopes[0].Statement(); err != nil || !bytes.Equal(is, text) {
		t.Errorf("%s, %v; want %s", is, err, text)
	}
	if c := envelopes[0].Verify(w.in.Keys); len(c.By) != 1 || c.By[0] != w.ada.Public().ID() {
		t.Errorf("%+v of %s", c, signed)
	}
}

// conftest judges the statements by a policy in Rego, deny unless.
func TestConftest(t *testing.T) {
	t.Parallel()
	conftest := required.Program(t, "conftest", ".ci/run installs it")
	policies, err := filepath.Abs("testdata/conftest")
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		edit func(*world, map[string]any)
		want bool
	}{
		"passing":            {func(*world, map[string]any) {}, true},
		"another candidate":  {func(_ *world, data map[string]any) { data["candidate"] = statement.DigestOf([]byte("x")).SHA256 }, false},
		"refuted":            {func(w *world, _ map[string]any) { w.result.Experiments[0].Verdict = result.Refuted }, false},
		"inconclusive":       {func(w *world, _ map[string]any) { w.result.Experiments[0].Verdict = result.Inconclusive }, false},
		"experiment missing": {func(_ *world, data map[string]any) { data["experiments"] = []string{"carts-gone"} }, false},
		"expired":            {func(w *world, _ map[string]any) { w.options.ValidFor = time.Millisecond }, false},
		"above the limit":    {func(_ *world, data map[string]any) { data["max_harm"] = 0.02 }, false},
		"attempts":           {func(_ *world, data map[string]any) { data["max_attempts"] = 0 }, false},
		"bypassed": {func(w *world, _ map[string]any) {
			w.options.Bypass = &statement.Bypass{By: "ada", Reason: "down", At: start()}
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, dir := newWorld(t), folder(t.TempDir())
			now := time.Now()
			w.result.Run.Started, w.result.Run.Ended = now.Add(-time.Minute), now // conftest has no other clock
			data := map[string]any{"candidate": statement.DigestOf(candidate()).SHA256, "experiments": []string{"payments-slow"}, "max_harm": 0.021, "max_attempts": 3}
			tt.edit(w, data)
			text, err := json.Marshal(map[string]any{"gate": data})
			if err != nil {
				t.Fatal(err)
			}
			list := w.pair(t, w.result, w.ada)
			dir.write(t, "data.json", text)
			dir.write(t, "test-result.json", write(t, list[:1]))
			dir.write(t, "resilience.json", write(t, list[1:]))
			ok, out := dir.run(t, conftest, "test", "--combine", "--parser", "json", "-p", policies, "-d", "data.json", "test-result.json", "resilience.json")
			if ok != tt.want {
				t.Errorf("passed %t\n%s", ok, out)
			}
		})
	}
}
