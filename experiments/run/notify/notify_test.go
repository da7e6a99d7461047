package notify

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// hostile is what a system under test, or who writes documents, could say.
const hostile = "see <https://evil.example/x|here> <!channel> <@U1> @here &lt; **b** _i_ `c` ~s~ [a](javascript:x) www.evil.example mailto:a@b.example <img src=x onerror='y'> \x1b[2J\n::error::z \u202e| \\"

// secretValue is in the environment and nowhere else.
const secretValue = "sekrit-0123456789abcdef-0123456"

// all are receivers of every kind, each of which is told all there is.
func all() []experiments.Receiver {
	list := []experiments.Receiver{
		{Kind: experiments.Slack, URL: "${env:SLACK}"},
		{Kind: experiments.CloudEvents, URL: "${env:EVENTS}", Headers: []experiments.Field{{Name: "X-Key", Value: "${env:KEY}"}}},
		{Kind: experiments.PagerDuty, Key: "${env:ROUTING}", URL: "${env:BASE}"},
		{Kind: experiments.Grafana, URL: "${env:GRAFANA}", Token: "${env:KEY}", Tags: []string{"staging"}},
		{Kind: experiments.Webhook, URL: "${env:HOOK}", Headers: []experiments.Field{{Name: "Authorization", Value: "Bearer ${env:KEY}"}}},
	}
	for i := range list {
		list[i].On = experiments.Notices()
	}
	return list
}

// variables are the environment for receivers that are at base.
func variables(base string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		value, ok := map[string]string{
			"SLACK": base + "/slack/" + secretValue, "EVENTS": base + "/events?key=" + secretValue, "BASE": base, "ROUTING": secretValue + "k"[:32-len(secretValue)],
			"GRAFANA": base + "/grafana/", "HOOK": base + "/hook/" + secretValue, "KEY": secretValue,
		}[name]
		return value, ok
	}
}

func planOf(receivers ...experiments.Receiver) *plan.Plan {
	day := &plan.GameDay{Name: "november", Items: []plan.GameDayItem{{Experiment: "bank-down", Owner: hostile, Expect: experiments.ExpectRefuted, Question: hostile}}}
	return &plan.Plan{Run: "20261129t120000z-abcdef", GameDay: day, System: experiments.System{Name: "till", Environment: "staging " + hostile, Notify: receivers}, Experiments: []plan.Experiment{{
		ID: "bank-down", Title: "The bank is down " + hostile, Hypothesis: hostile,
		Faults: []plan.Fault{{Fault: experiments.Fault{Inject: "down", Into: "bank"}, Name: "blastgauge.20261129t120000z-abcdef.1"}},
	}}}
}

// perform tells everything that can happen in a run. It ends with an exit code.
func perform(n *Notifier, p *plan.Plan, exit int) {
	at := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	fault := p.Experiments[0].Faults[0].Name
	for i, e := range []journal.Event{
		{Kind: journal.RunStarted, Plan: p},
		{Kind: journal.Noted, Author: "ann", Detail: "before it"},
		{Kind: journal.Waiting, Experiment: "bank-down"},
		{Kind: journal.ExperimentStarted, Experiment: "bank-down"},
		{Kind: journal.FaultInjected, Experiment: "bank-down", Fault: fault},
		{Kind: journal.Noted, Author: hostile, Detail: hostile + " " + secretValue, FollowUp: true},
		{Kind: journal.GuardrailTripped, Experiment: "bank-down", Guardrail: "probe", Value: 3, Limit: 3, Detail: hostile},
		{Kind: journal.FaultRemoved, Experiment: "bank-down", Fault: fault, Verified: exit != result.ExitNotRemoved, Error: "it stays " + hostile},
		{Kind: journal.Interrupted, Detail: "INT", Author: "ann " + hostile, Reason: "incident 4711 " + hostile},
		{Kind: journal.SuiteStopped, Detail: hostile},
		{Kind: journal.Fenced, Detail: hostile},
		{Kind: journal.ExperimentEnded, Experiment: "bank-down"},
	} {
		e.At, e.Since = at.Add(time.Duration(i)*time.Second), time.Duration(i)*time.Second
		n.Record(e)
	}
	n.Observe(journal.Observation{})
	ended := result.Experiment{ID: "bank-down", Title: hostile, Hypothesis: hostile, IfRefuted: hostile, Verdict: result.Refuted, Reasons: []string{hostile}, ReasonCodes: []result.ReasonCode{"harm_beyond_limit"},
		BlastRadius: &result.BlastRadius{Journey: "pay", Estimate: 0.5, Low: 0.4, High: 0.6},
		Criteria: []result.Criterion{
			{Kind: result.JourneyCriterion, Subject: "pay", Name: "blast radius of pay", Verdict: result.Refuted, Measured: "50%", Limit: "≤ 5%"},
			{Kind: result.InvariantCriterion, Subject: hostile, Name: "invariant " + hostile, Verdict: result.Refuted, Measured: hostile},
		},
		Faults: []result.Fault{{Name: fault, Intended: true, RemovalVerified: exit != result.ExitNotRemoved}},
	}
	n.Judge(&ended)
	n.Close()
	n.End(&result.Result{Run: result.Run{ExitCode: exit, Outcome: result.Completed, Error: hostile}, Experiments: []result.Experiment{ended}})
	n.Record(journal.Event{Kind: journal.RunStarted}) // nothing is told any more
}

// A taken request is one that a test's server was sent.
type taken struct {
	method, path, contentType string
	header                    http.Header
	body                      []byte
}

// A sink takes everything and keeps it.
type sink struct {
	mu   sync.Mutex
	list []taken
}

func (s *sink) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.list = append(s.list, taken{r.Method, r.URL.Path, r.Header.Get("Content-Type"), r.Header, body})
	_, _ = io.WriteString(w, `{"id": 42, "message": "Annotation added"}`)
}

// to are the requests whose path begins so, in order.
func (s *sink) to(prefix string) (list []taken) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.list {
		if strings.HasPrefix(t.path, prefix) {
			list = append(list, t)
		}
	}
	return list
}

// schemas are those of testdata, by the beginning of their names.
func schemas(t *testing.T) map[string]*jsonschema.Schema {
	t.Helper()
	files, err := filepath.Glob("testdata/*.schema.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no schemas: %v", err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	c.UseRegexpEngine(lookingAhead)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			t.Fatal(file, err)
		}
		if err := c.AddResource(filepath.Base(file), doc); err != nil {
			t.Fatal(file, err)
		}
	}
	list := map[string]*jsonschema.Schema{}
	for _, file := range files {
		name := filepath.Base(file)
		if list[strings.TrimSuffix(name, ".schema.json")], err = c.Compile(name); err != nil {
			t.Fatal(name, err)
		}
	}
	return list
}

// entity is the one thing in the schemas that Go's regular expressions have not: an
// ampersand that begins none of these.
var entity = regexp.MustCompile(`\|&\(\?!([^)]*)\)`)

// lookingAhead compiles the patterns of the schemas.
func lookingAhead(pattern string) (jsonschema.Regexp, error) {
	m := entity.FindStringSubmatch(pattern)
	if m == nil {
		return regexp.Compile(pattern)
	}
	rest, err := regexp.Compile(strings.Replace(pattern, m[0], "", 1))
	if err != nil {
		return nil, err
	}
	whole, err := regexp.Compile("&(?:" + m[1] + ")")
	return besideEntities{pattern, rest, whole}, err
}

type besideEntities struct {
	pattern     string
	rest, whole *regexp.Regexp
}

func (b besideEntities) String() string { return b.pattern }

func (b besideEntities) MatchString(text string) bool {
	return b.rest.MatchString(text) || strings.Contains(b.whole.ReplaceAllString(text, ""), "&")
}

// validate checks a body against a schema.
func validate(t *testing.T, s *jsonschema.Schema, got taken) {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(got.body))
	if err == nil {
		err = s.Validate(doc)
	}
	if err != nil {
		t.Errorf("%s %s: %v\n%s", got.method, got.path, err, got.body)
	}
}

// Every message of every format is what its service takes, whatever the system and the
// documents say, and nothing in it formats, mentions or links.
func TestEveryFormatIsAsPublished(t *testing.T) {
	t.Parallel()
	for _, exit := range []int{result.ExitRefuted, result.ExitNotRemoved} {
		s := &sink{}
		server := httptest.NewServer(s)
		t.Cleanup(server.Close)
		var log lines
		p := planOf(all()...)
		n, err := New(p, Options{Getenv: variables(server.URL), Logf: log.printf})
		if err != nil {
			t.Fatal(err)
		}
		perform(n, p, exit)
		known := schemas(t)
		told := len([]string{"started", "note", "waiting", "fault", "note", "guardrail", "removed", "stopped", "stopped", "stopped", "verdict", "ended"})
		alerts := 0
		if exit == result.ExitNotRemoved {
			alerts = 1
		}
		for _, tt := range []struct {
			path, schema, contentType string
			want                      int
		}{
			{"/slack/", "slack", "application/json", told},
			{"/events", "cloudevents", "application/cloudevents+json", told},
			{"/v2/change/enqueue", "pagerduty_change", "application/json", told},
			{"/v2/enqueue", "pagerduty_alert", "application/json", alerts},
			{"/grafana/api/annotations", "grafana", "application/json", told},
			{"/hook/", "notification", "application/json", told},
		} {
			got := s.to(tt.path)
			if len(got) != tt.want {
				t.Errorf("exit %d: %s got %d requests, want %d", exit, tt.path, len(got), tt.want)
			}
			for _, one := range got {
				validate(t, known[tt.schema], one)
				if !strings.HasPrefix(one.contentType, tt.contentType) {
					t.Errorf("%s: content type %s", one.path, one.contentType)
				}
				if tt.schema != "pagerduty_change" && tt.schema != "pagerduty_alert" && strings.Contains(string(one.body), secretValue) {
					t.Errorf("a secret in %s", one.body)
				}
			}
		}
		if text := log.String(); text != "" {
			t.Errorf("all were told, and the log says %s", text)
		}
		for path, name := range map[string]string{"/events": "X-Key", "/hook/": "Authorization", "/grafana/": "Authorization"} {
			if value := s.to(path)[0].header.Get(name); !strings.HasSuffix(value, secretValue) {
				t.Errorf("%s: header %s is %q", path, name, value)
			}
		}
	}
}

// Messages come in the order of events, and each once.
func TestOrderAndIdentity(t *testing.T) {
	t.Parallel()
	s := &sink{}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	p := planOf(all()...)
	n, err := New(p, Options{Getenv: variables(server.URL)})
	if err != nil {
		t.Fatal(err)
	}
	perform(n, p, result.ExitRefuted)
	var events, ids, subjects []string
	for _, got := range s.to("/events") {
		var e cloudEvent
		if err := json.Unmarshal(got.body, &e); err != nil {
			t.Fatal(err)
		}
		events, ids, subjects = append(events, strings.TrimPrefix(e.Type, typePrefix)), append(ids, e.ID), append(subjects, e.Subject)
		if e.Data.ID != e.ID || e.Time != e.Data.At.Format(time.RFC3339Nano) {
			t.Errorf("the event is %+v, its data %+v", e, e.Data)
		}
	}
	want := []string{"started", "note", "waiting", "fault", "note", "guardrail", "removed", "stopped", "stopped", "stopped", "verdict", "ended"}
	if !slices.Equal(events, want) {
		t.Errorf("events are %q, want %q", events, want)
	}
	slices.Sort(ids)
	if len(slices.Compact(ids)) != len(want) {
		t.Errorf("ids are not unique: %q", ids)
	}
	of := p.Run + "/bank-down"
	if want := []string{p.Run, p.Run, of, of, of, of, of, p.Run, p.Run, p.Run, of, p.Run}; !slices.Equal(subjects, want) {
		t.Errorf("subjects are %q, want %q", subjects, want)
	}
}

// A verdict names each criterion that is refuted, also one of which nothing was measured, and
// none twice.
func TestAVerdictNamesWhatWasRefuted(t *testing.T) {
	t.Parallel()
	n, err := New(planOf(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer n.End(nil)
	alert := result.Criterion{Kind: result.AlertCriterion, Subject: "Errors", Name: "alert Errors", Verdict: result.Refuted, Code: result.ReasonAlertMissing, Limit: "within 30s", Detail: "it did not fire within 30 s"}
	harm := result.Criterion{Kind: result.JourneyCriterion, Subject: "pay", Name: "blast radius of pay", Verdict: result.Refuted, Measured: "50%", Limit: "≤ 5%"}
	e := result.Experiment{ID: "bank-down", Verdict: result.Refuted, Reasons: []string{"the fault harms 50% of pay", alert.Detail}, Criteria: []result.Criterion{harm, alert}}
	if m := n.ofVerdict(&e); !slices.Contains(m.Facts, Fact{"Alert Errors", alert.Detail}) {
		t.Errorf("harm and an alert: facts are %q", m.Facts)
	}
	e.Reasons, e.Criteria = e.Reasons[1:], e.Criteria[1:]
	if m := n.ofVerdict(&e); len(m.Facts) != 1 || m.Facts[0] != (Fact{"Why", alert.Detail}) {
		t.Errorf("an alert alone: facts are %q", m.Facts)
	}
	e.Criteria[0].Verdict, e.Reasons = result.Inconclusive, []string{"other"}
	if m := n.ofVerdict(&e); len(m.Facts) != 1 {
		t.Errorf("an alert that nobody judged: facts are %q", m.Facts)
	}
}

// A receiver is told what its document says, and no more; but for an alert.
func TestWhoIsToldWhat(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		kind experiments.ReceiverKind
		on   []experiments.Notice
		exit int
		want []string // paths
	}{
		{experiments.Webhook, []experiments.Notice{experiments.NoticeVerdict}, result.ExitRefuted, []string{"/hook/" + secretValue}},
		{experiments.Webhook, []experiments.Notice{experiments.NoticeVerdict}, result.ExitNotRemoved, []string{"/hook/" + secretValue}},
		{experiments.PagerDuty, []experiments.Notice{experiments.NoticeVerdict}, result.ExitRefuted, []string{"/v2/change/enqueue"}},
		{experiments.PagerDuty, []experiments.Notice{experiments.NoticeVerdict}, result.ExitNotRemoved, []string{"/v2/change/enqueue", "/v2/enqueue"}},
		{experiments.PagerDuty, []experiments.Notice{experiments.NoticeEnded}, result.ExitNotRemoved, []string{"/v2/change/enqueue", "/v2/enqueue"}},
		{experiments.Grafana, []experiments.Notice{experiments.NoticeFault}, result.ExitRefuted, []string{"/grafana/api/annotations", "/grafana/api/annotations/42"}},
		{experiments.Grafana, []experiments.Notice{experiments.NoticeWaiting}, result.ExitRefuted, []string{"/grafana/api/annotations"}},
	} {
		s := &sink{}
		server := httptest.NewServer(s)
		t.Cleanup(server.Close)
		list := all()
		to := list[slices.IndexFunc(list, func(r experiments.Receiver) bool { return r.Kind == tt.kind })]
		to.On = tt.on
		p := planOf(to)
		n, err := New(p, Options{Getenv: variables(server.URL)})
		if err != nil {
			t.Fatal(err)
		}
		perform(n, p, tt.exit)
		var got []string
		for _, one := range s.to("/") {
			got = append(got, one.path)
		}
		slices.Sort(got)
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s on %v, exit %d: %q, want %q", tt.kind, tt.on, tt.exit, got, tt.want)
		}
	}
}

// lines is a log.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) printf(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	fmt.Fprintf(&l.text, format+"\n", args...)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
