package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/blastgauge/blastgauge/examples/checkout"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/run/systemtest"
)

// An operatorCase is an operator of bad config on the demo's settings, and
// whether a strict schema of them lets the result pass.
type operatorCase struct {
	operator   string
	parameters map[string]any
	passes     bool
}

// operatorCases returns a case for every operator; settings is the directory of
// the demo's documents.
func operatorCases(settings string) ([]operatorCase, error) {
	stale, err := os.ReadFile(filepath.Join(settings, "118.json"))
	if err != nil {
		return nil, err
	}
	broken, err := os.ReadFile(filepath.Join(settings, "next-broken.json"))
	if err != nil {
		return nil, err
	}
	type p = map[string]any
	return []operatorCase{
		{"drop", p{"path": "/tax/rate"}, false},
		{"blank", p{"path": "/discounts"}, true},
		{"retype", p{"path": "/tax/rate", "to": "locale"}, false},
		{"truncate", p{"keep": "60%"}, false},
		{"duplicate", p{"path": "/price/factor", "as": "key", "value": 100}, true}, // readers take the last one
		{"rename", p{"path": "/shipping/promise_days"}, false},
		{"stale", p{"body": string(stale)}, true},
		{"scale", p{"path": "/price/factor", "by": 100}, true},
		{"extreme", p{"path": "$.discounts[*].percent", "to": 100}, true},
		{"widen", p{"path": "/discounts/0/sku"}, true},
		{"flip", p{"path": "/flags/new_tax_engine"}, true},
		{"split", p{"share": "100%", "with": p{"scale": p{"path": "/price/factor", "by": 100}}}, true}, // the shop has one instance of pricing
		{"unpair", p{"swap": []any{"/price/minimum", "/price/maximum"}}, true},
		{"expire", p{"path": "$.discounts[*].until"}, true},
		{"endpoints", p{"path": "/shipping/depots"}, false}, // a strict schema asks for one entry
		{"candidate", p{"body": string(broken)}, true},
	}, nil
}

// settingsDir returns the directory of the demo's settings documents.
func settingsDir(root string) string {
	return filepath.Join(root, "examples", "checkout", "documents", "settings")
}

// defineOperators runs every operator against both shops and prints, for each,
// what a schema would catch and what the journeys catch.
func defineOperators(f *flag.FlagSet) func(context.Context, *printer) error {
	only := f.String("only", "", "one `OPERATOR` alone")
	return func(ctx context.Context, out *printer) (err error) {
		cmd, err := build(ctx)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, cmd.Close()) }()
		root, err := moduleRoot(ctx)
		if err != nil {
			return err
		}
		cases, err := operatorCases(settingsDir(root))
		if err != nil {
			return err
		}
		if *only != "" {
			cases = selectOperator(cases, *only)
		}
		var naive, hardened []result.Experiment
		var errs [2]error
		var both sync.WaitGroup
		both.Go(func() { naive, errs[0] = runOperators(ctx, cmd, checkout.Naive, cases) })
		both.Go(func() { hardened, errs[1] = runOperators(ctx, cmd, checkout.Hardened, cases) })
		both.Wait()
		if err := errors.Join(errs[:]...); err != nil {
			return err
		}
		return judgeOperators(out, cases, naive, hardened)
	}
}

func selectOperator(cases []operatorCase, name string) []operatorCase {
	for i, c := range cases {
		if c.operator == name {
			return cases[i : i+1]
		}
	}
	return nil
}

// runOperators performs an experiment for each case against one shop.
func runOperators(ctx context.Context, cmd *command, build string, cases []operatorCase) (list []result.Experiment, err error) {
	dir, stop, err := serveShop(ctx, cmd, build)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, stop()) }()
	args := []string{"run", "-f", systemtest.SystemFile, "--progress", "none", "--out", "run", "--phases", "warmup=300ms,baseline=2s,fault=5s,recovery=1s"}
	for _, c := range cases {
		file, err := writeOperator(dir, c)
		if err != nil {
			return nil, err
		}
		args = append(args, file)
	}
	run := cmd.exec(ctx, dir, args...)
	said, failed := run.CombinedOutput()
	if list, err = readExperiments(filepath.Join(dir, "run", "result.json")); err == nil && len(list) != len(cases) {
		err = fmt.Errorf("%d experiments, want %d", len(list), len(cases))
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w, %w\n%s", build, err, failed, said)
	}
	return list, nil
}

// writeOperator writes the experiment of a case: JSON is YAML.
func writeOperator(dir string, c operatorCase) (file string, err error) {
	fault, err := json.Marshal(map[string]any{"inject": "http_config", "into": "settings", "match": map[string]any{"path": "/settings"}, c.operator: c.parameters})
	if err != nil {
		return "", err
	}
	file = "operator-" + c.operator + ".yaml"
	text := fmt.Sprintf("version: 1\nexperiment: %s\nhypothesis: Checkout works.\njourneys: {checkout: 40/s, browse: 18/s}\nfaults: [%s]\n", c.operator, fault)
	return file, os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600)
}

func judgeOperators(out *printer, cases []operatorCase, naive, hardened []result.Experiment) error {
	var w strings.Builder
	fmt.Fprintln(&w, "operator\tschema\tnaive\thardened")
	caught, passed := 0, 0
	var errs []error
	for i, c := range cases {
		word := "catches"
		if c.passes {
			word = "passes"
			passed++
			if isHarmed(naive[i]) {
				caught++
			}
		}
		fmt.Fprintf(&w, "%s\t%s\t%s\t%s\n", c.operator, word, harmWords(naive[i]), harmWords(hardened[i]))
		for _, e := range []result.Experiment{naive[i], hardened[i]} {
			if f := e.Faults[0]; e.Verdict == result.Invalid || f.Exercised.Grade != result.GradeCounted || !f.RemovalVerified {
				errs = append(errs, fmt.Errorf("%s: %s %q, %+v", c.operator, e.Verdict, e.Reasons, f.Exercised))
			}
		}
		if isHarmed(hardened[i]) {
			errs = append(errs, fmt.Errorf("%s harms the hardened shop: %q", c.operator, hardened[i].Reasons))
		}
	}
	out.table(w.String())
	out.printf("%d of %d pass the schema; the journeys catch %d of those in the naive shop\n", passed, len(cases), caught)
	if caught < passed {
		errs = append(errs, fmt.Errorf("%d operators pass both the schema and the journeys", passed-caught))
	}
	return errors.Join(errs...)
}

func isHarmed(e result.Experiment) bool {
	return e.Verdict != result.Invalid && e.BlastRadius != nil && e.BlastRadius.Low > 0
}

// harmWords says what an operator did to a shop.
func harmWords(e result.Experiment) string {
	switch b := e.BlastRadius; {
	case b == nil || e.Verdict == result.Invalid:
		return string(e.Verdict)
	case !isHarmed(e):
		return "no harm"
	}
	for _, j := range e.Journeys {
		if c := j.Arms.Fault; j.Name == e.BlastRadius.Journey && c.Wrong >= c.Failed+c.Slow {
			return fmt.Sprintf("%.0f %% wrong", 100*e.BlastRadius.Estimate)
		}
	}
	return fmt.Sprintf("%.0f %% failed", 100*e.BlastRadius.Estimate)
}
