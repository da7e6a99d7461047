package compare

import (
	"slices"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/result"
)

// alerted gives an experiment one alert that ended so.
func alerted(v result.Verdict, code result.ReasonCode, fired float64) func(*result.Experiment) {
	return func(e *result.Experiment) {
		a := result.Alert{Alert: "ShopErrors", Name: "ShopErrors", Source: "prometheus", FiresWithin: 30}
		if fired > 0 {
			a.Fired = &result.Between{After: fired - 1, Before: fired}
		}
		e.Alerts = append(e.Alerts, a)
		e.Criteria = append(e.Criteria, result.Criterion{Kind: result.AlertCriterion, Subject: "ShopErrors", Name: "alert ShopErrors", Verdict: v, Code: code})
	}
}

// Detection that worked and does not any more is a regression, also where the harm is the
// same. What was not judged on a side decides nothing.
func TestAlertsAreCompared(t *testing.T) {
	t.Parallel()
	inTime := alerted(result.Held, result.ReasonAlertInTime, 12)
	late := alerted(result.Refuted, result.ReasonAlertLate, 50)
	missing := alerted(result.Refuted, result.ReasonAlertMissing, 0)
	before := alerted(result.Inconclusive, result.ReasonAlertOnBefore, 0)
	for name, tt := range map[string]struct {
		base, head func(*result.Experiment)
		alert      Status
		of         Status // the experiment
		code       ReasonCode
	}{
		"it is late now":        {inTime, late, Regressed, Regressed, ReasonAlertFails},
		"it is missing now":     {inTime, missing, Regressed, Regressed, ReasonAlertFails},
		"it is in time again":   {missing, inTime, Improved, Improved, ReasonAlertWorksAgain},
		"in time in both":       {inTime, inTime, Unchanged, Unchanged, ""},
		"not judged in base":    {before, late, Uncertain, Unchanged, ""},
		"not judged in head":    {inTime, before, Uncertain, Unchanged, ""},
		"base was not asked":    {nil, late, Uncertain, Unchanged, ""},
		"head is asked no more": {late, nil, Uncertain, Unchanged, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, e := one(t, run("base", 0.01, 0.005, tt.base), run("head", 0.01, 0.005, tt.head))
			if len(e.Alerts) != 1 || e.Alerts[0].Status != tt.alert || e.Status != tt.of {
				t.Fatalf("%+v: %s, want %s: %s", e.Alerts, e.Status, tt.alert, tt.of)
			}
			if tt.code != "" && !slices.Contains(e.ReasonCodes, tt.code) {
				t.Errorf("reasons %v, want %s", e.ReasonCodes, tt.code)
			}
			if regressed := c.ExitCode == result.ExitRefuted; regressed != (tt.of == Regressed) {
				t.Errorf("exit code %d", c.ExitCode)
			}
		})
	}
}

// Over several runs, one that detected nothing decides, and the slowest says when.
func TestAlertsOverSeveralRuns(t *testing.T) {
	t.Parallel()
	base := []Input{run("a", 0.01, 0.005, alerted(result.Held, result.ReasonAlertInTime, 12)), run("b", 0.01, 0.005, alerted(result.Held, result.ReasonAlertInTime, 20))}
	head := []Input{run("c", 0.01, 0.005, alerted(result.Held, result.ReasonAlertInTime, 12)), run("d", 0.01, 0.005, alerted(result.Refuted, result.ReasonAlertLate, 50))}
	a := Runs(base, head, DefaultMargin).Experiments[0].Alerts[0]
	if a.Status != Regressed || a.Base.Fired == nil || *a.Base.Fired != 20 || a.Head.Code != result.ReasonAlertLate || *a.Head.Fired != 50 {
		t.Errorf("%+v", a)
	}
}
