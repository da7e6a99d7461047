package preflight

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/redact"
	"github.com/blastgauge/blastgauge/experiments/run/internal/usage"
	"github.com/blastgauge/blastgauge/experiments/run/journey"
	"github.com/blastgauge/blastgauge/experiments/shape"
)

// TryOptions say which journeys to try. System is required.
type TryOptions struct {
	System  *experiments.System
	Journey string   // its name; empty: each journey of the system
	Arm     plan.Arm // through which it enters
	Step    string   // the last one that is sent; empty: all are
	Run     string   // what requests carry as that of a run
	Env     func(name string) (string, bool)
}

// Schema is the value of [Attempts].Schema.
const Schema = "blastgauge/try/v1"

// Attempts are attempts as a document for programs.
type Attempts struct {
	Schema   string    `json:"schema"`
	Journeys []Attempt `json:"journeys"`
}

// An Attempt is one journey as it went. No text of it holds a secret. Times are in
// seconds.
type Attempt struct {
	Journey string    `json:"journey"`
	Arm     string    `json:"arm"`     // fault or control
	Outcome string    `json:"outcome"` // ok, slow, wrong or failed
	Step    string    `json:"step,omitempty"`
	Detail  string    `json:"detail,omitempty"` // what was wrong with that step
	Do      string    `json:"do,omitempty"`     // about it
	Took    float64   `json:"took"`             // without its pauses
	Data    string    `json:"data,omitempty"`   // the file that it had a row of
	Row     int       `json:"row,omitempty"`    // of that file, from 1
	Steps   []Tried   `json:"steps"`            // that were sent
	Unsent  []string  `json:"unsent,omitempty"` // steps that came after a failed one
	Started time.Time `json:"started"`
	Err     error     `json:"-"` // why there was no answer, with its class
}

// Tried is one step of an attempt.
type Tried struct {
	Name     string     `json:"name"`
	Request  Sent       `json:"request"`
	Followed []Followed `json:"redirects,omitempty"` // before the response
	Response *Came      `json:"response,omitempty"`  // absent where there was no complete answer
	Error    string     `json:"error,omitempty"`     // why there was none
	Took     float64    `json:"took"`
	Paused   float64    `json:"paused,omitempty"` // before the step; in no time of the journey
	Share    float64    `json:"share,omitempty"`  // of the journeys of a run that take the step; absent: all
	Expected []Expected `json:"expected"`
	Captured []Captured `json:"captured,omitempty"`
}

// Sent is a request.
type Sent struct {
	Method  string   `json:"method"`
	URL     string   `json:"url"`
	Headers []Header `json:"headers"`
	Body    string   `json:"body,omitempty"` // its beginning
	Times   int      `json:"times"`          // more than once where the step polls
}

// Followed is a redirect that was followed.
type Followed struct {
	Status   int     `json:"status"`
	Location string  `json:"location"`
	Took     float64 `json:"took"`   // until it came
	Method   string  `json:"method"` // of the request that followed it
	URL      string  `json:"url"`    // where that went
}

// Came is an answer.
type Came struct {
	Status  int      `json:"status"`
	Headers []Header `json:"headers"`        // those that help to understand it
	Body    string   `json:"body,omitempty"` // its beginning
	Size    int      `json:"size"`           // of the whole body, in bytes
}

// Header is a header of a request or an answer.
type Header struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Expected is an expectation of a step.
type Expected struct {
	What string `json:"what"`
	Met  bool   `json:"met"`
	Came string `json:"came,omitempty"` // in place of it
}

// Captured is a value that a step keeps for later ones.
type Captured struct {
	Name  string `json:"name"`
	From  string `json:"from"`
	Found bool   `json:"found"`
	Value string `json:"value,omitempty"`
}

// Try sends journeys, one after the other, each once, and returns how they went. The
// error is one of usage, or of class [experiments.ErrRefused], where nothing was sent,
// and the cause of the context's end. See [Failed] for what the attempts say.
func Try(ctx context.Context, o TryOptions) ([]Attempt, error) {
	if err := errors.Join(o.System.CheckEnvironment(), o.System.CheckHosts()); err != nil {
		return nil, err
	}
	if o.System.Measure != nil {
		return nil, usage.Errorf("%s has measure: no journeys are sent, so there is none to try: ask %s for the counters of the journey", o.System.File, o.System.Measure.Prometheus)
	}
	chosen, err := o.choose()
	if err != nil {
		return nil, err
	}
	tagged := o.System.ControlURL == "" && o.System.Propagates == experiments.PropagatesBaggage
	if o.Arm == plan.ControlArm && o.System.ControlURL == "" && !tagged {
		return nil, usage.Errorf("%s has no control_url and does not say propagates: %s: its journeys have no control arm", o.System.File, experiments.PropagatesBaggage)
	}
	entry, client, err := enter(o.System, o.Run, o.Arm, tagged, journey.NewMemory())
	if err != nil {
		return nil, err
	}
	defer client.Close()
	names := (&plan.Plan{System: *o.System}).EnvNames()
	facts := journey.Facts{Run: o.Run, Arm: o.Arm, Started: time.Now(), Env: o.Env, Traced: o.System.Traced(), Secrets: redact.FromEnv(names, o.Env)}
	scripts := make([]*journey.Script, len(chosen))
	for i, j := range chosen { // all of them, before anything is sent
		facts.Data = tableOf(j.Data)
		if scripts[i], err = journey.Compile(j.Steps, facts); err != nil {
			return nil, usage.Errorf("journey %s: %w", j.Name, err)
		}
	}
	list := []Attempt{}
	var lent pools
	for i, j := range chosen {
		row, takeBack, _ := lent.lend(ctx, j.Data) // one journey at a time: there is always one
		list = append(list, o.attempt(ctx, j, scripts[i], entry, seed(i, row)))
		takeBack()
		if ctx.Err() != nil {
			return list, context.Cause(ctx)
		}
	}
	return list, nil
}

// choose returns the journeys to try, each up to its last step.
func (o TryOptions) choose() ([]experiments.Journey, error) {
	var names []string
	var chosen []experiments.Journey
	for _, j := range o.System.Journeys {
		names = append(names, j.Name)
		if o.Journey == "" || o.Journey == j.Name {
			chosen = append(chosen, j)
		}
	}
	if len(chosen) == 0 {
		return nil, usage.Errorf("%s has no journey %q%s; known: %s", o.System.File, o.Journey, meant(o.Journey, names), strings.Join(names, ", "))
	}
	sendable := slices.DeleteFunc(slices.Clone(chosen), func(j experiments.Journey) bool { return o.System.Traffic.Elsewhere() && !j.HasRequests() })
	if len(sendable) == 0 {
		return nil, usage.Errorf("%s: the steps of %s have no requests, as another program sends it (traffic.command): give each step a request, such as request: GET /products, to try it here", o.System.File, chosen[0].Name)
	}
	if chosen = sendable; o.Step == "" {
		return chosen, nil
	}
	var steps []string
	chosen = slices.DeleteFunc(chosen, func(j experiments.Journey) bool {
		return !slices.ContainsFunc(j.Steps, func(s experiments.Step) bool {
			steps = append(steps, s.Name)
			return s.Name == o.Step
		})
	})
	if len(chosen) == 0 {
		slices.Sort(steps)
		steps = slices.Compact(steps)
		return nil, usage.Errorf("no step %q%s; known: %s", o.Step, meant(o.Step, steps), strings.Join(steps, ", "))
	}
	for i := range chosen {
		last := slices.IndexFunc(chosen[i].Steps, func(s experiments.Step) bool { return s.Name == o.Step })
		chosen[i].Steps = chosen[i].Steps[:last+1]
	}
	return chosen, nil
}

func meant(wrote string, known []string) string {
	if near := shape.Nearest(wrote, known); near != "" {
		return fmt.Sprintf(", did you mean %q?", near)
	}
	return ""
}

func (o TryOptions) attempt(ctx context.Context, j experiments.Journey, s *journey.Script, to journey.Entry, with journey.Seed) Attempt {
	limits := journey.Limits{SlowAfter: j.SlowAfter, Timeout: cmp.Or(j.Timeout, experiments.DefaultTimeout)}
	a := Attempt{Journey: j.Name, Arm: o.Arm.String(), Started: time.Now(), Steps: []Tried{}}
	r, exchanges := send(ctx, s, to, with, limits)
	if j.Data != nil {
		a.Data, a.Row = j.Data.File, with.Row+1
	}
	a.Outcome, a.Step, a.Took, a.Err = r.Outcome.String(), r.Name, r.Took.Seconds(), r.Err
	for _, x := range exchanges {
		t := tried(x)
		t.Share = float64(j.Steps[len(a.Steps)].Weight)
		a.Steps = append(a.Steps, t)
	}
	for _, s := range j.Steps[len(exchanges):] {
		a.Unsent = append(a.Unsent, s.Name)
	}
	switch last := len(exchanges) - 1; {
	case r.Outcome == journal.Slow:
		a.Detail = fmt.Sprintf("answered as expected, and later than the %s that it may take", figures.Span(slowBudget(j, r)))
	case r.Outcome != journal.OK && last >= 0:
		p := exchangeProblem(exchanges[last])
		a.Detail, a.Do = p.Came, adviceOnAttempt(o.System, p)
	}
	return a
}

// slowBudget is the budget that a journey has crossed: that of its step, or its own.
func slowBudget(j experiments.Journey, r journey.Result) time.Duration {
	if own := j.Steps[r.Step].SlowAfter; own > 0 && r.Steps[r.Step] > own {
		return own
	}
	return j.SlowAfter
}

func tried(x journey.Exchange) Tried {
	t := Tried{Name: x.Step, Took: x.Took.Seconds(), Paused: x.Paused.Seconds(), Request: Sent{Method: x.Method, URL: x.URL, Headers: headers(x.Headers), Body: x.Body, Times: x.Sent}}
	for _, h := range x.Hops {
		t.Followed = append(t.Followed, Followed{h.Status, h.Location, h.Took.Seconds(), h.Method, h.URL})
	}
	if x.Answered {
		t.Response = &Came{Status: x.Status, Headers: headers(x.Answer), Body: x.Content, Size: x.Size}
	}
	if x.Verdict.Err != nil {
		t.Error, _ = unanswered(x)
	}
	for _, e := range x.Expected {
		t.Expected = append(t.Expected, Expected{e.Says, e.Met, e.Came})
	}
	for _, c := range x.Captured {
		t.Captured = append(t.Captured, Captured(c))
	}
	return t
}

func headers(list []experiments.Field) []Header {
	out := make([]Header, len(list))
	for i, f := range list {
		out[i] = Header{f.Name, f.Value}
	}
	return out
}

// Failed returns an error of class [ErrFailed] if an attempt is not ok, which is of class
// [experiments.ErrRefused] as well where a host is not allowed.
func Failed(list []Attempt) error {
	var errs []error
	for _, a := range list {
		if a.Outcome == journal.OK.String() {
			continue
		}
		err := fmt.Errorf("%w: %s is %s at step %s", ErrFailed, a.Journey, a.Outcome, a.Step)
		if errors.Is(a.Err, experiments.ErrRefused) {
			err = fmt.Errorf("%w: %w", err, a.Err)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}
