package alerts

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
)

// serve starts a server that answers a path with a text, and returns the system that asks it.
func serve(t *testing.T, kind string, answers map[string]http.HandlerFunc) *experiments.System {
	t.Helper()
	mux := http.NewServeMux()
	for path, h := range answers {
		mux.HandleFunc(path, h)
	}
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	if kind == "alertmanager" {
		return &experiments.System{Alerts: &experiments.AlertSource{Alertmanager: server.URL}}
	}
	return &experiments.System{Alerts: &experiments.AlertSource{Prometheus: server.URL}}
}

func says(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) }
}

func rulesSay(rules ...string) http.HandlerFunc {
	return says(`{"status":"success","data":{"groups":[{"name":"g","file":"f","interval":15,"rules":[` + strings.Join(rules, ",") + `]}]}}`)
}

// What keeps an alert from being judged is found before a run, and what a reader should
// know is told.
func TestLook(t *testing.T) {
	t.Parallel()
	const good = `{"type":"alerting","name":"ShopErrors","duration":10,"labels":{"severity":"page"},"health":"ok"}`
	none := says(prometheusSays())
	for name, tt := range map[string]struct {
		kind          string
		alerts, rules http.HandlerFunc
		change        func(*experiments.Alert)
		expected      string // of the finding; empty: there is none
		came          string
		remark        string
	}{
		"all is well":      {alerts: none, rules: rulesSay(good)},
		"no such rule":     {alerts: none, rules: rulesSay(strings.Replace(good, "ShopErrors", "Others", 1)), expected: "a rule of this name", came: "Others"},
		"no rules":         {alerts: none, rules: rulesSay(), expected: "a rule of this name", came: "no alerting rule at all"},
		"other labels":     {alerts: none, rules: rulesSay(strings.Replace(good, "page", "ticket", 1)), expected: "a rule with these labels", came: `one with severity="ticket"`},
		"a template":       {alerts: none, rules: rulesSay(strings.Replace(good, "page", "{{ $labels.x }}", 1))},
		"one of two":       {alerts: none, rules: rulesSay(strings.Replace(good, "page", "ticket", 1), good)},
		"it is broken":     {alerts: none, rules: rulesSay(strings.Replace(good, `"ok"`, `"err","lastError":"many-to-many"`, 1)), expected: "a rule that can be evaluated", came: "many-to-many"},
		"for is too long":  {alerts: none, rules: rulesSay(strings.Replace(good, "10", "60", 1)), remark: "it can only be late"},
		"hardly in time":   {alerts: none, rules: rulesSay(strings.Replace(good, "10", "50", 1)), remark: "hardly a chance"},
		"it keeps firing":  {alerts: none, rules: rulesSay(strings.Replace(good, `"duration"`, `"keepFiringFor":300,"duration"`, 1)), change: func(a *experiments.Alert) { a.ClearsWithin = time.Minute }, remark: "it can only clear late"},
		"it fires already": {alerts: says(prometheusSays(shopErrors("firing", "a", time.Now()))), rules: rulesSay(good), remark: "fires already"},
		"an error": {alerts: func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, `{"status":"error","error":"no, s3cret"}`, http.StatusServiceUnavailable)
		}, came: "503 Service Unavailable: no, s3cret"},
		"another server":  {alerts: says("<html>"), came: "not one of a Prometheus"},
		"a redirect":      {alerts: func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/login?token=x", http.StatusFound) }, came: "it redirects to http"},
		"an alertmanager": {kind: "alertmanager", alerts: says("[]"), remark: "knows no rules"},
		"no alertmanager": {kind: "alertmanager", alerts: says(prometheusSays()), came: "not one of an Alertmanager"},
		"null":            {kind: "alertmanager", alerts: says("null"), came: "not one of an Alertmanager"},
		"too much":        {alerts: says(strings.Repeat(" ", mostBytes+1)), came: "more than 16 MB"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			paths := map[string]http.HandlerFunc{"/api/v1/alerts": tt.alerts, "/api/v2/alerts": tt.alerts}
			if tt.rules != nil {
				paths["/api/v1/rules"] = tt.rules
			}
			a := paging
			if tt.change != nil {
				tt.change(&a)
			}
			f, remarks := Look(t.Context(), serve(t, tt.kind, paths), nil, a)
			told := strings.Join(remarks, "\n")
			switch {
			case (f != nil) != (tt.came != ""):
				t.Fatalf("found %+v, want %q", f, tt.came)
			case f != nil && (f.Expected != tt.expected || !strings.Contains(f.Came, tt.came) || f.Do == "" || f.Asked == ""):
				t.Errorf("found %+v, want %q, %q", f, tt.expected, tt.came)
			case !strings.Contains(told, tt.remark) || tt.remark == "" && told != "":
				t.Errorf("remarks %q, want %q", told, tt.remark)
			}
			if f != nil && strings.Contains(f.Came, "token=x") {
				t.Errorf("it tells what may be a secret: %s", f.Came)
			}
		})
	}
}

// A host that is not allowed is not dialled, and a token goes to its own server alone.
func TestTheServerIsDialledAsAnyOther(t *testing.T) {
	t.Parallel()
	s := &experiments.System{File: "blastgauge.yaml", Alerts: &experiments.AlertSource{Prometheus: "http://prometheus.example.com:9090"}}
	if f, _ := Look(t.Context(), s, nil, paging); f == nil || !errors.Is(f.Err, experiments.ErrRefused) {
		t.Errorf("found %+v, want a refusal", f)
	}
	var got string
	s = serve(t, "prometheus", map[string]http.HandlerFunc{
		"/api/v1/alerts": func(w http.ResponseWriter, r *http.Request) {
			got = r.Header.Get("Authorization")
			_, _ = io.WriteString(w, prometheusSays())
		}, "/api/v1/rules": rulesSay()})
	s.Alerts.Token = "${env:PROM}"
	if f, _ := Look(t.Context(), s, func(name string) (string, bool) { return "t-" + name, true }, paging); f == nil || got != "Bearer t-PROM" {
		t.Errorf("sent %q, found %+v", got, f)
	}
	if f, _ := Look(t.Context(), s, func(string) (string, bool) { return "", false }, paging); f == nil || !strings.Contains(f.Came, "PROM") {
		t.Errorf("found %+v, want the variable that is not set", f)
	}
}

// A server that never answers holds nobody up for longer than an answer may take.
func TestASilentServer(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	s := serve(t, "prometheus", map[string]http.HandlerFunc{"/": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }})
	if f, _ := Look(ctx, s, nil, paging); f == nil || f.Err == nil {
		t.Errorf("found %+v", f)
	}
}

// Whatever a server says is read or refused, and what is kept of it has bounds.
func FuzzAnswers(f *testing.F) {
	f.Add([]byte(prometheusSays(shopErrors("firing", "a", time.Now()), shopErrors("odd", "b", time.Time{}))))
	f.Add([]byte(`[{"labels":{"alertname":"ShopErrors"},"startsAt":"9999-12-31T23:59:59-23:00","status":{"state":"suppressed"}}]`))
	f.Add([]byte(`{"status":"success","data":{"groups":[{"interval":1e300,"rules":[{"name":"ShopErrors","duration":-1e300,"keepFiringFor":1e300}]}]}}`))
	f.Add([]byte(`{"status":"error","errorType":"x","error":"y"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, decode := range []func([]byte) ([]found, error){decodePrometheus, decodeAlertmanager} {
			list, err := decode(text)
			a := answer{alerts: list, err: err}
			look := a.look(experiments.Alert{Name: "ShopErrors"}, func(s string) string { return s })
			look.ClockAhead, look.ClockUncertain = a.clock(time.Now(), 0, time.Second)
			if len(look.Example) > mostExample+4 || len(look.Error) > mostError+4 {
				t.Errorf("%d and %d bytes are kept", len(look.Example), len(look.Error))
			}
			if err := (&journal.Event{Alert: &look}).CheckNumbers(); err != nil {
				t.Error(err)
			}
		}
		rules, err := decodeRules(text)
		if err == nil {
			checkRules(rules, experiments.Alert{Name: "ShopErrors", FiresWithin: time.Second, ClearsWithin: time.Second})
		}
	})
}
