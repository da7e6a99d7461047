package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/validate"
)

// A word that is nearly right is told, wherever it stands on the command line.
func TestDidYouMean(t *testing.T) {
	t.Parallel()
	file := writeSystem(t, nil)
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"vaildate"}, `"validate"`},
		{[]string{"help", "vaildate"}, `"validate"`},
		{[]string{"completion", "bsh"}, `"bash"`},
		{[]string{"run", "--phses", "x"}, `"--phases"`},
		{[]string{"--verion"}, `"--version"`},
		{[]string{"plan", "--phases", "bseline=3s"}, `"baseline"`},
		{[]string{"faults", "latncy"}, `"latency"`},
		{[]string{"run", "-o", "htlm"}, `"html"`},
		{[]string{"run", "-o", "markdown"}, `"md"`},
		{[]string{"run", "-o", "report.html"}, "-o html=report.html"},
		{[]string{"validate", "-o", "jsn"}, `"json"`},
		{[]string{"run", "--progress", "line"}, `"lines"`},
		{[]string{"demo", "--progress", "fancy"}, "auto, bar, lines and none"},
		{[]string{"run", "--seed", "x"}, "a whole number is needed"},
		{[]string{"validate", "-f", file, "slwo"}, `"slow"`},
		{[]string{"validate", "-f", file, "--set", "journeys.chekout.rate=1/s"}, `"checkout"`},
	} {
		var out, errs bytes.Buffer
		if code := runMain(tt.args, nil, &out, &errs); code != result.ExitUsage || !strings.Contains(errs.String(), tt.want) {
			t.Errorf("%q: exit %d, %s, want %s", tt.args, code, errs.String(), tt.want)
		}
	}
}

// writeSystem writes a system and an experiment, with parts of the system replaced, and
// returns the system's file.
func writeSystem(t *testing.T, replace map[string]string) string {
	t.Helper()
	system := `version: 1
system: shop
environment: staging
toxiproxy: http://127.0.0.1:8474
url: http://127.0.0.1:8080
dependencies: {payments: {listen: "127.0.0.1:18083", upstream: "127.0.0.1:8083"}}
journeys: {checkout: {rate: 1/s, steps: [{name: look, request: GET /}]}}
`
	for was, is := range replace {
		system = strings.Replace(system, was, is, 1)
	}
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "experiments"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"blastgauge.yml":       system,
		"experiments/slow.yml": "version: 1\nexperiment: slow\nhypothesis: h\nfaults: [{inject: latency, into: payments, latency: 1s}]\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "blastgauge.yml")
}

// validateJSON is what validate says as JSON.
func validateJSON(t *testing.T, args ...string) (validate.Validation, int) {
	t.Helper()
	var out, errs bytes.Buffer
	code := runMain(append([]string{"validate", "-o", "json"}, args...), nil, &out, &errs)
	var v validate.Validation
	if err := json.Unmarshal(out.Bytes(), &v); err != nil {
		t.Fatalf("%v: %s%s", err, out.String(), errs.String())
	}
	return v, code
}

// A program reads of validate what people read: mistakes, refusals and what is not
// known, each with its place.
func TestValidateForPrograms(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		replace map[string]string
		code    int
		kind    validate.Kind // of the only problem; empty: there is none
		line    int
	}{
		"valid":              {nil, 0, "", 0},
		"a mistake":          {map[string]string{"rate: 1/s": "rate: 1"}, result.ExitUsage, validate.Mistake, 7},
		"production":         {map[string]string{"environment: staging": "environment: prod-eu"}, result.ExitRefused, validate.Refused, 3},
		"a host":             {map[string]string{"url: http://127.0.0.1:8080": "url: http://shop.example"}, result.ExitRefused, validate.Refused, 0},
		"a missing variable": {map[string]string{"url: http://127.0.0.1:8080": "url: ${env:BLASTGAUGE_TEST_UNSET}"}, 0, validate.NotChecked, 5},
		"a variable's default": {map[string]string{
			"environment: staging": "environment: ${env:BLASTGAUGE_TEST_UNSET:-production}",
		}, result.ExitRefused, validate.Refused, 3},
	} {
		file := writeSystem(t, tt.replace)
		v, code := validateJSON(t, filepath.Dir(file))
		if code != tt.code || v.ExitCode != code || v.Valid != (code == 0) || (len(v.Systems) == 1) != v.Valid {
			t.Errorf("%s: exit %d, %+v", name, code, v)
		}
		switch {
		case tt.kind == "" && len(v.Problems) > 0:
			t.Errorf("%s: %+v", name, v.Problems)
		case tt.kind != "" && (len(v.Problems) != 1 || v.Problems[0].Kind != tt.kind || v.Problems[0].Line != tt.line || v.Problems[0].File != file):
			t.Errorf("%s: %+v, want %s in line %d of %s", name, v.Problems, tt.kind, tt.line, file)
		}
	}
}

// A run and a plan need every variable of an address; they name it and end with 2.
func TestAddressesThatAreMissing(t *testing.T) {
	t.Parallel()
	file := writeSystem(t, map[string]string{"rate: 1/s": `rate: "${env:BLASTGAUGE_TEST_UNSET}"`})
	for _, command := range []string{"run", "plan"} {
		var out, errs bytes.Buffer
		if code := runMain([]string{command, "-f", file}, nil, &out, &errs); code != result.ExitUsage || !strings.Contains(errs.String(), ":7:") || !strings.Contains(errs.String(), "BLASTGAUGE_TEST_UNSET") {
			t.Errorf("%s: exit %d, %s", command, code, errs.String())
		}
	}
	var out, errs bytes.Buffer
	if code := runMain([]string{"plan", "-f", file, "--set", "journeys.checkout.rate=2/s"}, nil, &out, &errs); code != 0 || !strings.Contains(out.String(), "checkout: 2/s") {
		t.Errorf("plan --set: exit %d, %s%s", code, out.String(), errs.String())
	}
}
