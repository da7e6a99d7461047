package experiments

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A text that is shown to people commands no terminal, and one that is shown in a line
// begins no other one.
func TestTextsForPeople(t *testing.T) {
	t.Parallel()
	const system = `version: 1
system: shop
environment: %s
toxiproxy: http://127.0.0.1:8474
url: http://127.0.0.1:8080
dependencies:
  bank: {listen: "127.0.0.1:1801", upstream: "127.0.0.1:1802", owner: %s, proxy: %s}
journeys:
  buy: {rate: 1/s, steps: [{name: buy, request: GET /}]}
invariants:
  - {name: %s, request: "GET http://127.0.0.1:8083/"}
`
	const experiment = `version: 1
experiment: slow
title: %s
hypothesis: %s
if_refuted: %s
faults: [{inject: latency, into: bank, latency: 2s}]
`
	dir := t.TempDir()
	files := [2]string{filepath.Join(dir, "blastgauge.yaml"), filepath.Join(dir, "slow.yaml")}
	load := func(texts [7]any) (s *System, e *Experiment, err error) {
		for i, text := range [2]string{fmt.Sprintf(system, texts[:4]...), fmt.Sprintf(experiment, texts[4:]...)} {
			if err := os.WriteFile(files[i], []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		s, list, err := Load(files[0], files[1:])
		if err != nil {
			return nil, nil, err
		}
		return s, list[0], nil
	}
	const harmless = `"two\nlines é 支払い"`
	good := [7]any{harmless, harmless, harmless, harmless, harmless, harmless, harmless}
	s, e, err := load(good)
	if err != nil {
		t.Fatal(Explain(err))
	}
	for _, line := range []string{s.Environment, s.Dependencies[0].Owner, s.Dependencies[0].Proxy, s.Invariants[0].Name, e.Title} {
		if line != "two lines é 支払い" {
			t.Errorf("a line is %q", line)
		}
	}
	for _, text := range []string{e.Hypothesis, e.IfRefuted} {
		if text != "two\nlines é 支払い" {
			t.Errorf("a text is %q", text)
		}
	}
	for i := range good {
		for _, hostile := range []string{`\e[2J`, `\x07`, `\x9b31m`, `\0`, `\u202e`, `\u200b`, `\r`} {
			texts := good
			texts[i] = `"a` + hostile + `b"`
			if hostile == `\r` && i < 5 { // a blank, in a line
				continue
			}
			if _, _, err := load(texts); err == nil || !strings.Contains(Explain(err), "control characters") {
				t.Errorf("text %d takes %s: %v", i, hostile, err)
			}
		}
	}
}
