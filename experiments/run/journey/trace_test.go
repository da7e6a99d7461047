package journey

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/run/journey/httpclient"
)

// traced performs a script and returns what a tracer was told.
func traced(t *testing.T, s *Script, to Sender) (Result, []Exchange) {
	t.Helper()
	var told []Exchange
	e := NewExecution()
	e.Trace(func(x Exchange) { told = append(told, x) })
	r := e.Perform(t.Context(), s, Entry{Sender: to}, Seed{}, Limits{Intended: time.Now(), Timeout: time.Minute})
	return r, told
}

// A sender that answers by the target of a request.
type byTarget map[string]httpclient.Response

func (b byTarget) Send(_ context.Context, req *httpclient.Request, resp *httpclient.Response) error {
	answer, ok := b[req.Target]
	if !ok {
		return errors.New("nobody there")
	}
	resp.Status, resp.Headers, resp.Body = answer.Status, answer.Headers, answer.Body
	return nil
}

func compiled(t *testing.T, env string, steps ...experiments.Step) *Script {
	t.Helper()
	s, err := Compile(steps, Facts{Run: "r", Env: func(string) (string, bool) { return env, true }})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A tracer is told of each step: what was sent, what came, each expectation, also
// behind the first that is not met, and what was captured.
func TestATracerIsToldOfEachStep(t *testing.T) {
	t.Parallel()
	first := experiments.Step{Name: "list", Request: experiments.Request{Target: "/list"}, Expect: experiments.Expect{Status: []int{200}},
		Captures: []experiments.Capture{{Name: "id", From: experiments.FromJSON, Expr: "$.id"}}}
	second := experiments.Step{Name: "pay", Request: experiments.Request{Method: "POST", Target: "/pay/${id}", JSON: map[string]any{"id": "${id}"}, HasJSON: true, Headers: []experiments.Field{{Name: "X-Key", Value: "k"}}},
		Expect: experiments.Expect{JSON: []experiments.Check{
			{Target: "$.ok", Op: experiments.Eq, Value: true}, {Target: "$.total", Op: experiments.Eq, Value: "99"}, {Target: "$.left", Op: experiments.Absent}}}}
	third := experiments.Step{Name: "never", Request: experiments.Request{Target: "/never"}}
	r, told := traced(t, compiled(t, "", first, second, third), byTarget{
		"/list":  {Status: 200, Body: []byte(`{"id": 7}`), Headers: []experiments.Field{{Name: "content-type", Value: "application/json"}, {Name: "X-Other", Value: "no"}}},
		"/pay/7": {Status: 200, Body: []byte(`{"ok": true, "total": "98"}`)},
	})
	if r.Outcome != journal.Wrong || len(told) != 2 {
		t.Fatalf("%+v, told of %d steps", r, len(told))
	}
	list, pay := told[0], told[1]
	if list.Step != "list" || list.Method != "GET" || list.Status != 200 || list.Sent != 1 || list.Size != 9 || list.Content != `{"id": 7}` ||
		len(list.Answer) != 1 || list.Answer[0].Value != "application/json" || list.Verdict.Outcome != journal.OK {
		t.Errorf("%+v", list)
	}
	if want := []CapturedValue{{Name: "id", From: "$.id", Found: true, Value: "7"}}; !slices.Equal(list.Captured, want) {
		t.Errorf("captured %+v", list.Captured)
	}
	if pay.URL != "/pay/7" || pay.Body != `{"id":7}` || !slices.Contains(pay.Headers, experiments.Field{Name: "X-Key", Value: "k"}) {
		t.Errorf("%+v", pay)
	}
	want := []Expectation{
		{"status 200 to 299", true, ""}, {"$.ok is true", true, ""}, {`$.total is "99"`, false, `$.total is "98"`}, {"$.left is absent", true, ""},
	}
	if !slices.Equal(pay.Expected, want) {
		t.Errorf("expected %+v", pay.Expected)
	}
}

// Without an answer, and with one of another status, expectations are told as well.
func TestExpectationsOfStepsThatFail(t *testing.T) {
	t.Parallel()
	ok := experiments.Expect{Status: []int{200}, JSON: []experiments.Check{{Target: "$.ok", Op: experiments.Eq, Value: true}}}
	for target, want := range map[string][]Expectation{
		"/nobody": {{"status 200", false, ""}, {"$.ok is true", false, ""}},
		"/json":   {{"status 200", false, "503"}, {"$.ok is true", true, ""}},
		"/text":   {{"status 200", false, "503"}, {"$.ok is true", false, "the body is not JSON"}},
		"/page":   {{"status 200", true, ""}, {"$.ok is true", false, "the body is not JSON"}},
		"/empty":  {{"status 200", true, ""}, {"$.ok is true", false, "the body is not JSON"}},
		"/half":   {{"status 200", true, ""}, {"$.ok is true", false, "the body is not JSON"}},
	} {
		_, told := traced(t, compiled(t, "", experiments.Step{Name: "a", Request: experiments.Request{Target: target}, Expect: ok}), byTarget{
			"/json": {Status: 503, Body: []byte(`{"ok": true}`)}, "/text": {Status: 503, Body: []byte("sorry")},
			"/page": {Status: 200, Body: []byte("<html>")}, "/empty": {Status: 200}, "/half": {Status: 200, Body: []byte(`{"ok": true, "n":`)},
		})
		if len(told) != 1 || told[0].Answered != (target != "/nobody") || !slices.Equal(told[0].Expected, want) {
			t.Errorf("%s: %+v", target, told)
		}
	}
}

// A tracer is told no secret.
func TestATracerIsToldNoSecret(t *testing.T) {
	t.Parallel()
	const canary = "s3cret/of+nobody"
	step := experiments.Step{Name: "a", Request: experiments.Request{Method: "POST", Target: "/${env:X}", Body: "b=${env:X}", Headers: []experiments.Field{{Name: "Authorization", Value: "Bearer ${env:X}"}}},
		Expect:   experiments.Expect{JSON: []experiments.Check{{Target: "$.a", Op: experiments.Eq, Value: "${env:X}"}}},
		Captures: []experiments.Capture{{Name: "c", From: experiments.FromJSON, Expr: "$.a"}}}
	_, told := traced(t, compiled(t, canary, step), byTarget{"/s3cret%2Fof%2Bnobody": {Status: 200, Body: []byte(`{"a": "` + canary + `"}`), Headers: []experiments.Field{{Name: "Location", Value: "/" + canary}}}})
	x := told[0]
	shown := []string{x.URL, x.Body, x.Content, x.Headers[1].Value, x.Answer[0].Value, x.Expected[1].Says, x.Captured[0].Value}
	for i, text := range shown {
		if strings.Contains(text, "s3cret") || !strings.Contains(text, "${env:X}") {
			t.Errorf("%d: %q", i, text)
		}
	}
}

// A step that polls is told once, with how often it was sent. What a tracer takes is
// no time of the system's.
func TestAStepThatPollsIsToldOnce(t *testing.T) {
	t.Parallel()
	step := experiments.Step{Name: "a", Request: experiments.Request{Target: "/"}, Expect: experiments.Expect{Status: []int{201}}, Poll: &experiments.Poll{Every: time.Millisecond, For: 20 * time.Millisecond}}
	e, told := NewExecution(), 0
	e.Trace(func(x Exchange) {
		told++
		time.Sleep(300 * time.Millisecond)
		if x.Sent < 2 {
			t.Errorf("sent %d times", x.Sent)
		}
	})
	r := e.Perform(t.Context(), compiled(t, "", step), Entry{Sender: byTarget{"/": {Status: 202}}}, Seed{}, Limits{Intended: time.Now(), Timeout: time.Minute})
	if told != 1 || r.Late < 300*time.Millisecond || r.Steps[0] >= r.Took {
		t.Errorf("told %d times: %+v", told, r)
	}
}

// Neither is it told what says itself that it is a secret: by the name of its field, its
// header, its capture or its path.
func TestATracerIsToldNoSelfEvidentSecret(t *testing.T) {
	t.Parallel()
	const canary = "hunter2-9Zq"
	step := experiments.Step{Name: "a", Request: experiments.Request{Method: "POST", Target: "/a?api_key=" + canary, Body: "user=jane&password=" + canary,
		Headers: []experiments.Field{{Name: "Authorization", Value: "Bearer " + canary}, {Name: "Cookie", Value: "sid=" + canary}, {Name: "X-Api-Key", Value: canary}}},
		Expect: experiments.Expect{JSON: []experiments.Check{
			{Target: "$.token", Op: experiments.Eq, Value: canary}, {Target: "$.session_id", Op: experiments.Eq, Value: "other"}}},
		Captures: []experiments.Capture{{Name: "token", From: experiments.FromJSON, Expr: "$.token"}}}
	answer := httpclient.Response{Status: 200, Body: []byte(`{"token": "` + canary + `", "session_id": "` + canary + `", "card": "4111 1111 1111 1111"}`),
		Headers: []experiments.Field{{Name: "Set-Cookie", Value: "sid=" + canary}, {Name: "Location", Value: "/?token=" + canary}}}
	_, told := traced(t, compiled(t, "", step), byTarget{"/a?api_key=" + canary: answer})
	x := told[0]
	x.Verdict = Verdict{} // which is not for people
	if text := fmt.Sprintf("%+v", x); strings.Contains(text, "9Zq") || strings.Contains(text, "4111 1111") || !strings.Contains(text, "jane") {
		t.Error(text)
	}
	step.Expect = experiments.Expect{}
	_, told = traced(t, compiled(t, "", step), byTarget{"/a?api_key=" + canary: answer})
	if c := told[0].Captured[0]; !c.Found || strings.Contains(c.Value, "9Zq") {
		t.Errorf("%+v", c)
	}
}
