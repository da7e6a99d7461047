package compare

import (
	"slices"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/result"
)

// limited gives the alert other limits.
func limited(alerted func(*result.Experiment), fires, clears float64) func(*result.Experiment) {
	return func(e *result.Experiment) {
		alerted(e)
		a := &e.Alerts[len(e.Alerts)-1]
		a.FiresWithin, a.ClearsWithin = fires, clears
	}
}

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
		notes      int // about the alert
	}{
		"it is late now":           {inTime, late, Regressed, Regressed, ReasonAlertFails, 0},
		"it is missing now":        {inTime, missing, Regressed, Regressed, ReasonAlertFails, 0},
		"it is in time again":      {missing, inTime, Improved, Improved, ReasonAlertWorksAgain, 0},
		"in time in both":          {inTime, inTime, Unchanged, Unchanged, "", 0},
		"not judged in base":       {before, late, Uncertain, Unchanged, "", 1},
		"not judged in head":       {inTime, before, Uncertain, Unchanged, "", 1},
		"judged in neither":        {before, before, Uncertain, Unchanged, "", 2},
		"base was not asked":       {nil, late, Uncertain, Unchanged, "", 1},
		"head is asked no more":    {late, nil, Uncertain, Unchanged, "", 1},
		"it has less time to fire": {limited(inTime, 60, 0), late, Uncertain, Unchanged, "", 1},
		"it has more time to fire": {late, limited(inTime, 60, 0), Uncertain, Unchanged, "", 1},
		"now it has to clear, too": {inTime, limited(alerted(result.Refuted, result.ReasonAlertNotCleared, 12), 30, 5), Uncertain, Unchanged, "", 1},
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
			if n := len(slices.DeleteFunc(e.Notes, func(note string) bool { return !strings.Contains(note, "ShopErrors") })); n != tt.notes {
				t.Errorf("%d notes of it, want %d: %q", n, tt.notes, e.Notes)
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

// Reasons and notes call the sides as somebody has named them.
func TestAlertsOfNamedSides(t *testing.T) {
	t.Parallel()
	naive := run("a", 0.01, 0.005, alerted(result.Held, result.ReasonAlertInTime, 12))
	hardened := run("b", 0.01, 0.005, alerted(result.Refuted, result.ReasonAlertMissing, 0))
	naive.Side, hardened.Side = "naive", "hardened"
	_, e := one(t, naive, hardened)
	for _, name := range []string{"naive", "hardened"} {
		if !strings.Contains(e.Reasons[0], " in "+name) {
			t.Errorf("%q does not name the side %s", e.Reasons[0], name)
		}
	}
}

// A page leads to the experiment of a side only where the last run has it.
func TestTheLastRunMayLackAnExperiment(t *testing.T) {
	t.Parallel()
	without := run("c", 0.01, 0.005, nil)
	without.Result.Experiments[0].ID = "another"
	base := []Input{run("a", 0.01, 0.005, nil), without}
	for _, e := range Runs(base, []Input{run("b", 0.01, 0.005, nil)}, DefaultMargin).Experiments {
		if e.Base == nil || e.Base.Earlier == (e.ID == "another") || e.Head != nil && e.Head.Earlier {
			t.Errorf("%s: base %+v, head %+v", e.ID, e.Base, e.Head)
		}
	}
}
