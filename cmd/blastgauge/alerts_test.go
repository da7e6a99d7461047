package main

import (
	"os"
	"os/exec"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/run/systemtest"
	"github.com/blastgauge/blastgauge/injectors/injectortest/required"
)

// alertRules are rules about the answers of a shop, of which each ends in another way. A
// Prometheus that evaluates them every second tells of harm two or three seconds after it
// began. None lasts until a measurement that is made again.
const alertRules = `      - {alert: Always, expr: vector(1)}
      - {alert: Never, expr: 'shop_answers_total < 0'}
      - {alert: ShopErrors, expr: 'increase(shop_answers_total{code="502"}[4s]) > 0', labels: {severity: page}}
      - {alert: ShopErrorsLate, expr: 'increase(shop_answers_total{code="502"}[4s]) > 0', for: 7s}
      - {alert: ShopErrorsStay, expr: 'increase(shop_answers_total{code="502"}[12s]) > 0'}
`

// startAlerted DIR [alertmanager] [silenced] starts a shop whose alerts a real Prometheus
// evaluates; with alertmanager, one gets them and is asked for them.
func startAlerted(ts *testscript.TestScript, _ bool, args []string) {
	dir := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(dir, 0o700))
	a, err := systemtest.StartAlerted(dir, systemtest.AlertedOptions{
		Rules: alertRules, Alertmanager: slices.Contains(args, "alertmanager"),
		System: systemtest.Options{
			Control: systemtest.Calls, Limits: "{blast_radius: 100%, baseline: 100%}", Phases: "{warmup: 300ms, baseline: 2s, fault: 14s, recovery: 14s}",
		},
	})
	required.NoError(test(ts), err, exec.ErrNotFound)
	ts.Defer(func() {
		if err := a.Close(); err != nil {
			test(ts).Errorf("%s: the shop: %v", ts.Name(), err)
		}
	})
	if slices.Contains(args, "silenced") {
		ts.Check(a.Silence("ShopErrors"))
	}
}

// wantAlerts RUN ALERT=CODE... wants each alert of the experiment to have ended so, and no
// other one to be there.
func wantAlerts(ts *testscript.TestScript, _ bool, args []string) {
	e := readResult(ts, args[0]).Experiments[0]
	got := map[string]result.ReasonCode{}
	for _, c := range e.Criteria {
		if c.Kind == result.AlertCriterion {
			got[c.Subject] = c.Code
		}
	}
	for _, arg := range args[1:] {
		at := strings.LastIndex(arg, "=")
		if name, code := arg[:at], arg[at+1:]; got[name] != result.ReasonCode(code) {
			ts.Fatalf("%s ended as %s, want %s: %+v", name, got[name], code, e.Alerts)
		}
	}
	if len(got) != len(args)-1 || len(e.Alerts) != len(got) {
		ts.Fatalf("%d alerts were judged, want %d: %v", len(got), len(args)-1, got)
	}
}
