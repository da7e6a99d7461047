package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/blastgauge/blastgauge/examples/checkout"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/injectors/badconfig"
)

// An operatorCase is an operator on the demo's settings, and what a strict schema
// of them says of the result.
type operatorCase struct {
	operator   string
	parameters map[string]any
	legal      bool // it passes the schema
}

const demoSettings = "../../examples/checkout/"

// operatorCases has all sixteen.
func operatorCases(t *testing.T) []operatorCase {
	t.Helper()
	file := func(name string) string {
		text, err := os.ReadFile(demoSettings + "documents/settings/" + name)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	type p = map[string]any
	return []operatorCase{
		{"drop", p{"path": "/tax/rate"}, false},
		{"blank", p{"path": "/discounts"}, true},
		{"retype", p{"path": "/tax/rate", "to": "locale"}, false},
		{"truncate", p{"keep": "60%"}, false},
		{"duplicate", p{"path": "/price/factor", "as": "key", "value": 100}, true}, // readers take the last one
		{"rename", p{"path": "/shipping/promise_days"}, false},
		{"stale", p{"body": file("118.json")}, true},
		{"scale", p{"path": "/price/factor", "by": 100}, true},
		{"extreme", p{"path": "$.discounts[*].percent", "to": 100}, true},
		{"widen", p{"path": "/discounts/0/sku"}, true},
		{"flip", p{"path": "/flags/new_tax_engine"}, true},
		{"split", p{"share": "100%", "with": p{"scale": p{"path": "/price/factor", "by": 100}}}, true}, // the shop has one instance of pricing
		{"unpair", p{"swap": []any{"/price/minimum", "/price/maximum"}}, true},
		{"expire", p{"path": "$.discounts[*].until"}, true},
		{"endpoints", p{"path": "/shipping/depots"}, false}, // a strict schema asks for one entry
		{"candidate", p{"body": file("next-broken.json")}, true},
	}
}

// What a strict schema sees of each operator, and that it likes what is good.
func TestWhatASchemaWouldCatch(t *testing.T) {
	t.Parallel()
	good, err := os.ReadFile(demoSettings + "settings.json")
	if err != nil {
		t.Fatal(err)
	}
	schema := settingsSchema(t)
	next, err := os.ReadFile(demoSettings + "documents/settings/next.json")
	if err != nil || !legal(schema, good) || !legal(schema, next) {
		t.Fatalf("good settings are refused, %v", err)
	}
	var names []string
	for _, c := range operatorCases(t) {
		names = append(names, c.operator)
		m, err := badconfig.Parse(c.operator, c.parameters)
		if err != nil {
			t.Errorf("%s: %v", c.operator, err)
			continue
		}
		r, err := m.Apply(badconfig.Document{Body: good, Format: badconfig.JSON, Client: "127.0.0.1"})
		if err != nil || !r.Changed {
			t.Errorf("%s: %v", c.operator, err)
			continue
		}
		if legal(schema, r.Body) != c.legal {
			t.Errorf("%s: the schema passes it: %v, want %v\n%s", c.operator, !c.legal, c.legal, r.Body)
		}
	}
	if !slices.Equal(names, badconfig.Names()) {
		t.Errorf("the operators are %v, want %v", names, badconfig.Names())
	}
}

func settingsSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	s, err := c.Compile(demoSettings + "settings.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// legal tells whether a document passes; what is no JSON does not.
func legal(s *jsonschema.Schema, body []byte) bool {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	return err == nil && s.Validate(doc) == nil
}

// All sixteen operators are run against both shops, in three to four minutes, and the
// table of the README is printed.
//
//	BLASTGAUGE_OPERATORS=run go test ./cmd/blastgauge -run TableOfOperators -v
func TestTableOfOperators(t *testing.T) {
	if os.Getenv("BLASTGAUGE_OPERATORS") == "" {
		t.Skip("BLASTGAUGE_OPERATORS=run runs all operators against both shops")
	}
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	cases := operatorCases(t)
	naive, hardened := playCalmly(t, cases)
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 3, ' ', 0)
	fmt.Fprintln(w, "operator\tschema\tnaive\thardened")
	caught, seen := 0, 0
	for i, c := range cases {
		word := "catches"
		if c.legal {
			word = "passes"
		}
		n, h := naive[i], hardened[i]
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", c.operator, word, harmed(n), harmed(h))
		for who, e := range map[string]result.Experiment{"naive": n, "hardened": h} {
			if e.Verdict == result.Invalid {
				t.Errorf("%s, %s: %q", c.operator, who, e.Reasons)
			}
			if f := e.Faults[0]; f.Exercised.Grade != result.GradeCounted || !f.RemovalVerified {
				t.Errorf("%s, %s: %+v", c.operator, who, f.Exercised)
			}
		}
		if c.legal {
			seen++
		}
		if c.legal && isHarmed(n) {
			caught++
		}
		if isHarmed(h) {
			t.Errorf("%s harms the hardened shop: %q", c.operator, h.Reasons)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	fmt.Printf("%d of %d pass the schema; the journeys catch %d of those in the naive shop\n", seen, len(cases), caught)
	if caught < seen {
		t.Errorf("%d operators pass both the schema and the journeys", seen-caught)
	}
}

func isHarmed(e result.Experiment) bool {
	return e.Verdict != result.Invalid && e.BlastRadius != nil && e.BlastRadius.Low > 0
}

// harmed says what an operator did to a shop.
func harmed(e result.Experiment) string {
	switch b := e.BlastRadius; {
	case b == nil || e.Verdict == result.Invalid:
		return string(e.Verdict)
	case !isHarmed(e):
		return "no harm"
	}
	for _, j := range e.Journeys {
		if j.Name != e.BlastRadius.Journey {
			continue
		}
		if c := j.Arms.Fault; c.Wrong >= c.Failed+c.Slow {
			return fmt.Sprintf("%.0f %% wrong", 100*e.BlastRadius.Estimate)
		}
	}
	return fmt.Sprintf("%.0f %% failed", 100*e.BlastRadius.Estimate)
}

// playCalmly runs all cases, and those again, twice at most, of which the result
// says that the machine was too busy to measure.
func playCalmly(t *testing.T, cases []operatorCase) (naive, hardened []result.Experiment) {
	t.Helper()
	one, other := playOperators(t, cases)
	naive, hardened = one.Experiments, other.Experiments
	for range 2 {
		var again []operatorCase
		var at []int
		for i, c := range cases {
			if busy.MatchString(fmt.Sprint(naive[i].Reasons, hardened[i].Reasons, naive[i].Warnings, hardened[i].Warnings)) {
				again, at = append(again, c), append(at, i)
			}
		}
		if len(again) == 0 {
			break
		}
		one, other = playOperators(t, again)
		for k, i := range at {
			naive[i], hardened[i] = one.Experiments[k], other.Experiments[k]
		}
	}
	return naive, hardened
}

// playOperators runs an experiment for each case against both shops side by side.
func playOperators(t *testing.T, cases []operatorCase) (naive, hardened *result.Result) {
	t.Helper()
	a := &app{stdout: io.Discard, stderr: io.Discard, getenv: os.LookupEnv}
	dir := t.TempDir()
	acts := []*act{{build: checkout.Naive}, {build: checkout.Hardened}}
	for _, act := range acts {
		var err error
		if act.stage, err = raise(context.Background(), demoOptions{storefront: act.build}, filepath.Join(dir, act.build)); err != nil {
			t.Fatal(err)
		}
		defer act.stage.close()
		files := writeOperators(t, filepath.Join(dir, act.build, "operators"), cases)
		act.run = runOptions{selection: selection{file: act.stage.file, args: files}, embedded: true, out: filepath.Join(dir, act.build, "run")}
		act.run.phases, act.run.rates = "warmup=300ms,baseline=2s,fault=5s,recovery=1s", map[string]float64{"checkout": 40, "browse": 18}
	}
	if err := a.playAll(context.Background(), acts, "none"); err != nil {
		t.Fatal(err)
	}
	for _, act := range acts {
		if act.err != nil || act.result == nil {
			t.Fatalf("%s: %v", act.build, act.err)
		}
	}
	return acts[0].result, acts[1].result
}

// writeOperators writes the experiments: JSON is YAML.
func writeOperators(t *testing.T, dir string, cases []operatorCase) []string {
	t.Helper()
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	var files []string
	for _, c := range cases {
		fault, err := json.Marshal(map[string]any{"inject": "http_config", "into": "settings", "match": map[string]any{"path": "/settings"}, c.operator: c.parameters})
		if err != nil {
			t.Fatal(err)
		}
		text := fmt.Sprintf("version: 1\nexperiment: %s\nhypothesis: Checkout works.\nfaults: [%s]\n", c.operator, fault)
		file := filepath.Join(dir, strings.ToLower(c.operator)+".yaml")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	return files
}
