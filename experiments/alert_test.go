package experiments

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

const alertedSystem = `version: 1
system: shop
environment: test
toxiproxy: http://127.0.0.1:8474
url: http://127.0.0.1:8080
dependencies:
  payments: {listen: 127.0.0.1:7001, upstream: http://127.0.0.1:9001}
journeys:
  checkout: {rate: 20/s, slow_after: 1s, steps: [{name: pay, request: GET /}]}
`

// loadAlerts loads a system and an experiment with these lines.
func loadAlerts(t *testing.T, ofSystem, ofExperiment string) (*System, []*Experiment, error) {
	t.Helper()
	dir := t.TempDir()
	system, experiment := filepath.Join(dir, SystemFile), filepath.Join(dir, "e.yaml")
	text := "version: 1\nexperiment: payments-down\nhypothesis: Somebody is told.\nfaults: [{inject: down, into: payments}]\n" + ofExperiment
	if err := errors.Join(os.WriteFile(system, []byte(alertedSystem+ofSystem), 0o600), os.WriteFile(experiment, []byte(text), 0o600)); err != nil {
		t.Fatal(err)
	}
	return Outside{Getenv: func(name string) (string, bool) { return "http://127.0.0.1:1234", name == "PROM" }}.Load(system, []string{experiment})
}

// Alerts are read as they are written, and their host is one that a run connects to.
func TestAlertsAreRead(t *testing.T) {
	t.Parallel()
	for written, want := range map[string]AlertSource{
		"alerts: {prometheus: 'http://127.0.0.1:9090'}":                            {Prometheus: "http://127.0.0.1:9090"},
		"alerts: {alertmanager: 'http://127.0.0.1:9093', token: '${env:A_TOKEN}'}": {Alertmanager: "http://127.0.0.1:9093", Token: "${env:A_TOKEN}"},
		"alerts: {prometheus: '${env:PROM}'}":                                      {Prometheus: "http://127.0.0.1:1234"},
	} {
		s, list, err := loadAlerts(t, written+"\n", "alerts:\n  - {name: CheckoutErrors, labels: {severity: page, code: 500}, fires_within: 2m, clears_within: 80s}\n  - {name: CheckoutErrors, fires_within: 2m}\n")
		if err != nil {
			t.Fatal(Explain(err))
		}
		if *s.Alerts != want {
			t.Errorf("%+v, want %+v", *s.Alerts, want)
		}
		a := list[0].Alerts
		if len(a) != 2 || a[0].Selector() != `CheckoutErrors{code="500", severity="page"}` || a[0].FiresWithin != 2*time.Minute || a[0].ClearsWithin != 80*time.Second || a[1].Selector() != "CheckoutErrors" {
			t.Errorf("%+v", a)
		}
	}
	s := &System{Alerts: &AlertSource{Prometheus: "http://prometheus.example.com:9090"}}
	if err := s.CheckHosts(); !errors.Is(err, ErrRefused) {
		t.Errorf("%v, want a refusal", err)
	}
}

// Mistakes about alerts are told with what is right, and where a phase is too short, which.
func TestMistakesAboutAlerts(t *testing.T) {
	t.Parallel()
	const asked = "alerts: {prometheus: 'http://127.0.0.1:9090'}\n"
	for name, tt := range map[string]struct{ ofSystem, ofExperiment, want string }{
		"nobody is asked":       {"", "alerts: [{name: A, fires_within: 1m}]", "does not say who knows which alerts fire"},
		"two are asked":         {"alerts: {prometheus: 'http://127.0.0.1:1', alertmanager: 'http://127.0.0.1:2'}", "", "mutually exclusive"},
		"none is":               {"alerts: {token: '${env:X}'}", "", "one of prometheus and alertmanager is missing"},
		"a token":               {"alerts: {prometheus: 'http://127.0.0.1:1', token: abc}", "", "a token is a secret"},
		"twice":                 {asked, "alerts: [{name: A, fires_within: 1m}, {name: A, fires_within: 2m}]", "another alert of this experiment is A"},
		"no limit":              {asked, "alerts: [{name: A}]", "fires_within"},
		"none":                  {asked, "alerts: []", "at least one item"},
		"its name as a label":   {asked, "alerts: [{name: A, labels: {alertname: A}, fires_within: 1m}]", "is not among its labels"},
		"no label":              {asked, "alerts: [{name: A, labels: {a-b: A}, fires_within: 1m}]", "is not the name of a label"},
		"a short fault":         {asked, "phases: {fault: 1m}\nalerts: [{name: A, fires_within: 2m}]", "make it at least 2m"},
		"a fault that is short": {asked, "alerts: [{name: A, fires_within: 100s}]", ""},
		"no recovery":           {asked, "phases: {recovery: 0s}\nalerts: [{name: A, fires_within: 2m}]", "make the recovery phase at least 2s"},
		"a short recovery":      {asked, "phases: {recovery: 1m}\nalerts: [{name: A, fires_within: 1m, clears_within: 59s}]", "make it at least 1m1s"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, _, err := loadAlerts(t, tt.ofSystem+"\n", tt.ofExperiment+"\n")
			if text := Explain(err); (err == nil) != (tt.want == "") || !strings.Contains(text, tt.want) {
				t.Errorf("%q, want %q", text, tt.want)
			}
		})
	}
}

// An alert is the one of a document if it has its name and its labels, whatever else it has.
func TestAlertsFit(t *testing.T) {
	t.Parallel()
	a := Alert{Name: "A", Labels: map[string]string{"severity": "page"}}
	for _, tt := range []struct {
		labels map[string]string
		want   bool
	}{
		{map[string]string{"alertname": "A", "severity": "page", "instance": "x"}, true},
		{map[string]string{"alertname": "A"}, false},
		{map[string]string{"alertname": "A", "severity": "ticket"}, false},
		{map[string]string{"alertname": "B", "severity": "page"}, false},
		{nil, false},
	} {
		if a.Fits(tt.labels) != tt.want {
			t.Errorf("%v: %v", tt.labels, !tt.want)
		}
	}
}

// The documents of the example are valid, and its rules are those that they name.
func TestTheExampleNamesItsRules(t *testing.T) {
	t.Parallel()
	const folder = "../examples/alerts/"
	system := filepath.Join(t.TempDir(), SystemFile)
	if err := os.WriteFile(system, []byte(alertedSystem+"alerts: {prometheus: 'http://127.0.0.1:9090'}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, list, err := Load(system, []string{folder + "experiments/payments-down.yaml"})
	if err != nil {
		t.Fatal(Explain(err))
	}
	rules, err := os.ReadFile(folder + "rules.yml")
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range list[0].Alerts {
		if !strings.Contains(string(rules), "alert: "+a.Name+"\n") {
			t.Errorf("rules.yml has no rule %s", a.Name)
		}
	}
	slow := regexp.MustCompile(`alert: CheckoutErrorsSlow\n +expr: .*\[(\w+)\].*\n +for: (\w+)\n`).FindStringSubmatch(string(rules))
	if slow == nil {
		t.Fatal("rules.yml has no CheckoutErrorsSlow with a range and a for")
	}
	var met []time.Duration // how long its range is, and how long it waits
	for _, text := range slow[1:] {
		d, err := time.ParseDuration(text)
		if err != nil {
			t.Fatal(err)
		}
		met = append(met, d)
	}
	if fault := list[0].Settings.Phases.Fault; fault+met[0] >= met[1] {
		t.Errorf("CheckoutErrorsSlow sees a fault of %s for %s, and fires after %s", fault, fault+met[0], met[1])
	}
	if len(list[0].Alerts) < 2 {
		t.Errorf("%d alerts", len(list[0].Alerts))
	}
}

// A URL alone is told which keys it may stand behind, and is not repeated.
func TestAnAddressOfAlertsWithoutItsKey(t *testing.T) {
	t.Parallel()
	_, _, err := loadAlerts(t, "alerts: 'http://ann:s3cret@127.0.0.1:9090'\n", "alerts:\n  - {name: CheckoutErrors, fires_within: 2m}\n")
	if text := Explain(err); !errors.Is(err, ErrInvalid) || !strings.Contains(text, "{prometheus: ") || strings.Contains(text, "s3cret") {
		t.Errorf("%s", text)
	}
}

// An alert whose name is missing is told so, and its times as well.
func TestAnAlertWithoutANameIsTooLong(t *testing.T) {
	t.Parallel()
	list := AlertsTooLong([]Alert{{FiresWithin: 30 * time.Second}}, 10*time.Second, Phases{Fault: 10 * time.Second, Recovery: time.Minute})
	if len(list) != 1 || strings.Contains(list[0].Why, "  ") {
		t.Errorf("%+v", list)
	}
}
