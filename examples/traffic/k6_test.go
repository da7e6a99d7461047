package traffic_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/injectors/injectortest/required"
)

// k6 is not needed here: testdata has lines as k6 documents them, in both orders of their keys.
func TestK6Lines(t *testing.T) {
	t.Parallel()
	required.Program(t, "python3", "Debian has it as python3")
	output, err := os.Open("k6/testdata/output.ndjson")
	if err != nil {
		t.Fatal(err)
	}
	defer output.Close()
	cmd := exec.CommandContext(t.Context(), "python3", "k6/lines.py")
	var messages bytes.Buffer
	cmd.Stdin, cmd.Stderr = output, &messages
	got, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, &messages)
	}
	want, err := os.ReadFile("k6/testdata/lines.ndjson")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("lines are\n%s, want\n%s", got, want)
	}
	if !strings.Contains(messages.String(), "Request Failed") {
		t.Errorf("what k6 says is lost: %q", &messages)
	}
}

// k6Modules stand in for the modules of k6 that the script imports: they let a test perform
// journeys and see the samples.
func k6Modules() map[string]string {
	return map[string]string{
		"package.json": `{"name": "k6", "type": "module", "exports": {"./*": "./*.js"}}`,
		"execution.js": `export default { scenario: globalThis.scenario };`,
		"metrics.js":   `export class Trend { add(value, tags) { globalThis.samples.push(tags); } };`,
		"http.js": `const send = (url) => globalThis.answer(url);
export default { get: send, post: send };`,
	}
}

// k6Calls performs the journeys of the script with answers of all kinds, in milliseconds
// that pass as the answers say.
const k6Calls = `
globalThis.scenario = { name: 'fault_checkout' };
globalThis.samples = [];
let now = 0;
Date.now = () => now;
globalThis.__ENV = { BLASTGAUGE_TRAFFIC: JSON.stringify({
  arms: [{ arm: 'fault', url: 'http://fault', headers: {} }, { arm: 'control', url: 'http://control', headers: {} }],
  journeys: [{ journey: 'checkout', slow_after: 1, timeout: 3, steps: ['cart', 'pay'], rates: { fault: 2.5, control: 2.5 } }] }) };
const right = { status: 200, error_code: 0, json: () => 5 };
const { checkout, options } = await import('./journeys.js');
for (const [after, pay] of [[0, right], [1500, right], [0, { ...right, json: () => 6 }], [0, { status: 503, error_code: 1503 }], [0, { status: 0, error_code: 1212 }],
  [0, { status: 0, error_code: 1220 }], [3500, { status: 0, error_code: 1050 }], [0, { status: 0, error_code: 1101 }], [0, { ...right, json: () => { throw new Error('no JSON'); } }]]) {
  globalThis.answer = (url) => {
    if (!url.startsWith('http://fault/')) throw new Error(url);
    if (url.endsWith('/pay')) { now += after; return pay; }
    return right;
  };
  checkout();
}
globalThis.answer = () => ({ status: 500, error_code: 1500 });
checkout();
for (const s of samples) console.log(s.outcome, s.step || '-', s.cause || '-');
for (const [name, s] of Object.entries(options.scenarios)) console.log(name, s.executor, s.rate, s.timeUnit, s.preAllocatedVUs, s.exec, s.tags.arm);
`

const k6Said = `ok - -
slow pay slow
wrong pay check
failed pay status: 503
failed pay refused
failed pay reset
failed pay timeout
failed pay dns
wrong pay check
failed cart status: 500
fault_checkout constant-arrival-rate 2500 1000s 11 checkout fault
control_checkout constant-arrival-rate 2500 1000s 11 checkout control
`

func TestK6Script(t *testing.T) {
	t.Parallel()
	required.Program(t, "node", "nodejs.org has it")
	dir := t.TempDir()
	files := map[string]string{"package.json": `{"type": "module"}`, "calls.js": k6Calls}
	for name, text := range k6Modules() {
		files[filepath.Join("node_modules", "k6", name)] = text
	}
	for _, name := range []string{"blastgauge.js", "journeys.js"} {
		text, err := os.ReadFile(filepath.Join("k6", name))
		if err != nil {
			t.Fatal(err)
		}
		files[name] = string(text)
	}
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), "node", "calls.js")
	cmd.Dir = dir
	got, err := cmd.CombinedOutput()
	if err != nil || string(got) != k6Said {
		t.Errorf("%v: it says\n%s, want\n%s", err, got, k6Said)
	}
}
