package journey

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/redact"
	"github.com/blastgauge/blastgauge/experiments/run/internal/wait"
	"github.com/blastgauge/blastgauge/experiments/run/journey/cookies"
	"github.com/blastgauge/blastgauge/experiments/run/journey/httpclient"
	"github.com/blastgauge/blastgauge/experiments/sampling"
	"github.com/blastgauge/blastgauge/experiments/site"
)

// keptBuffer is what is kept of a request's body for the next one, in bytes.
const keptBuffer = 16 << 10

// An Execution performs journeys, one after another. It keeps its buffers from
// one journey to the next, so that a journey costs few allocations. It is not
// safe for concurrent use.
type Execution struct {
	script *Script
	sender Sender
	site   *site.Site
	wanted func(step int, cause journal.Cause, key string) bool

	values  values
	choices rand.PCG
	cookies cookies.Jar
	req     httpclient.Request
	resp    httpclient.Response
	answer  answer
	lease   lease
	own     time.Duration       // of the step, that this machine needed to judge answers
	headers []experiments.Field // that hold variables
	sending []experiments.Field // of the last request that is no hop of a redirect
	traces  traceContext
	paused  time.Duration // before the step

	secrets  *redact.Secrets // of the script and of the row; nil: not asked for yet
	tracer   Tracer          // nil: nobody is told of the steps
	sent     int             // how often the step was
	answered bool            // the last request was
}

// A Seed decides every random value of one journey. Journeys with equal seeds
// send the same requests.
type Seed struct {
	Choices uint64 // of ${random …} and `pick: random`
	UUIDs   uint64 // of ${uuid}
	Number  uint64 // of the journey among those with the same Choices and UUIDs
	Seq     uint64 // ${seq}
	Row     int    // of the data, where the script has any
	Every   bool   // every step is taken, whatever its weight
}

// An Entry is where the requests of a journey go.
type Entry struct {
	Sender Sender
	Site   *site.Site // that targets are below; it decides which cookies they get
	Memory *Memory    // for answers; nil: one of the journey's own
	// Wanted reports whether an example of a cause of harm is wanted. It is called by
	// several goroutines. Nil: none is.
	Wanted func(step int, cause journal.Cause, key string) bool
}

// Limits bound one journey.
type Limits struct {
	Intended  time.Time     // the scheduled start, which the journey's time counts from
	SlowAfter time.Duration // from Intended; 0: no limit
	Timeout   time.Duration // from the actual start
}

// A Result is how one journey ended.
type Result struct {
	Outcome journal.Outcome
	Cause   journal.Cause    // none where the journey is OK
	Key     string           // as that of a [journal.SeenCause]
	At      int              // index of the step that Cause, Key and Detail are about
	Step    int              // index of the first harmed step; -1 where the journey is OK
	Late    time.Duration    // for which this machine held the journey up: between the intended and the actual start, and while it judged answers
	Took    time.Duration    // since the intended start, without the pauses
	Paused  time.Duration    // before steps, all together
	Draw    int              // decides which steps the journey takes; 0: all
	Steps   []time.Duration  // how long each step took that was sent, without the time to judge its answer; 0 for one that was left out
	Name    string           // of the step At
	Detail  string           // what was wrong, without secrets; empty where the journey is OK
	Err     error            // why there was no answer, without secrets; may be of class experiments.ErrRefused
	Example *journal.Example // where one was wanted
}

// NewExecution returns an execution that has performed nothing yet.
func NewExecution() *Execution {
	e := &Execution{}
	e.values.choices = rand.New(&e.choices)
	e.answer.resp, e.answer.bounds = &e.resp, &e.lease
	e.req.Bounds = &e.lease
	return e
}

// Perform sends the steps of a script in order. A failed or wrong step ends the
// journey. The journey is harmed at its first harmed step, which is an earlier,
// slow one where a budget was crossed before.
func (e *Execution) Perform(ctx context.Context, s *Script, to Entry, seed Seed, l Limits) Result {
	r := Result{Step: -1, Draw: s.Draw(seed), Late: time.Since(l.Intended), Steps: make([]time.Duration, 0, len(s.steps))}
	deadline := time.Now().Add(l.Timeout)
	e.start(s, to, seed)
	defer e.end()
	var crossed time.Duration // the budget
	for i := range s.steps {
		step := &s.steps[i]
		if !step.weight.Takes(r.Draw) {
			r.Steps = append(r.Steps, 0)
			continue
		}
		paused, err := e.pause(ctx, step.pause, seed, i)
		r.Paused += paused
		deadline = deadline.Add(paused)
		var v Verdict
		if err != nil {
			v = e.failure(err, time.Time{})
		} else {
			v = e.step(ctx, i, deadline)
			r.Steps = append(r.Steps, v.Took)
			r.Late += v.Own
		}
		r.Took = time.Since(l.Intended) - r.Paused
		limit := step.exceeded(l.SlowAfter, r.Took, v.Took)
		if r.Step < 0 && (limit > 0 || v.Outcome != journal.OK) {
			r.Step, crossed = i, limit
		}
		if v.Outcome != journal.OK {
			r.Outcome, r.Cause, r.Key, r.At, r.Name = v.Outcome, v.Cause, v.Key, i, step.name
			r.Detail, r.Err, r.Example = v.Detail, v.Err, v.Example
			return r
		}
	}
	if r.Step >= 0 {
		r.Outcome, r.Cause, r.Key, r.At, r.Name = journal.Slow, journal.TooSlow, figures.Span(crossed), r.Step, s.steps[r.Step].name
		r.Detail = "answered too late"
		if e.wanted != nil && e.wanted(r.At, r.Cause, r.Key) {
			r.Example = slowExample(crossed, r.Took)
			r.Example.Trace = e.traceID(&s.steps[r.At])
		}
	}
	return r
}

// weights is the stream of random numbers that decide which steps journeys take. There is
// one for each journey, so that both arms take the same, and who takes a step takes all
// that weigh as much or more.
const weights = 5

// Draw is the draw of the journey with a seed, from 0 to below [experiments.Draws], which
// decides the steps that it takes; 0, for all of them, where no step has a weight.
func (s *Script) Draw(seed Seed) int {
	if !s.weighted || seed.Every {
		return 0
	}
	return int(sampling.Share(sampling.Draw(seed.Choices, weights, seed.Number)) * experiments.Draws)
}

// pauses is the stream of random numbers that decide how long pauses are. They are drawn
// apart from the values of a journey, whose number depends on what it is answered, so that
// both arms pause alike.
const pauses = 4

// pause waits before a step, and returns for how long. The error is the cause of the
// context's end.
func (e *Execution) pause(ctx context.Context, p experiments.Pause, seed Seed, step int) (time.Duration, error) {
	e.paused = 0
	if p.Most == 0 {
		return 0, nil
	}
	begun := time.Now()
	drawn := sampling.Share(sampling.Draw(sampling.Draw(seed.Choices, pauses, seed.Number), 0, uint64(step)))
	ended := wait.For(ctx, p.At(drawn))
	e.paused = time.Since(begun)
	if !ended {
		return e.paused, context.Cause(ctx)
	}
	return e.paused, nil
}

// exceeded returns the budget that a step has crossed, that of the whole journey first;
// 0 where it has crossed none.
func (s *step) exceeded(slowAfter, soFar, took time.Duration) time.Duration {
	switch {
	case slowAfter > 0 && soFar > slowAfter:
		return slowAfter
	case s.slowAfter > 0 && took > s.slowAfter:
		return s.slowAfter
	}
	return 0
}

// start prepares the execution for another journey.
func (e *Execution) start(s *Script, to Entry, seed Seed) {
	e.script, e.sender, e.site, e.wanted = s, to.Sender, to.Site, to.Wanted
	e.choices.Seed(seed.Choices, sampling.Draw(seed.Number, 0, 1))
	e.values.uuids.Seed(seed.UUIDs, sampling.Draw(seed.Number, 0, 1))
	e.values.seq, e.values.data, e.values.row = seed.Seq, s.data, seed.Row
	e.traces.begin(seed)
	if cap(e.values.slots) < s.slots {
		e.values.slots, e.values.from = make([]any, s.slots), make([]string, s.slots)
	}
	e.values.slots, e.values.from = e.values.slots[:s.slots], e.values.from[:s.slots]
	clear(e.values.slots)
	clear(e.values.from)
	e.cookies.Reset()
	if e.lease.memory = to.Memory; to.Memory == nil {
		e.lease.memory = NewMemory()
	}
}

// hidden are the secrets of the script, and those of the row that the journey has.
func (e *Execution) hidden() *redact.Secrets {
	if e.script.data == nil {
		return e.script.hidden
	}
	if e.secrets == nil {
		e.secrets = &redact.Secrets{}
		e.secrets.HideAll(e.script.hidden)
		for _, value := range e.script.data.Secrets(e.values.row) {
			e.secrets.Hide(value, redact.Hidden)
		}
	}
	return e.secrets
}

// end lets go of everything that the journey held.
func (e *Execution) end() {
	e.secrets = nil
	clear(e.values.slots)
	clear(e.values.from)
	e.cookies.Reset()
	if cap(e.req.Body) > keptBuffer {
		e.req.Body = nil // captured values may have made it large
	}
	clear(e.values.files)
	e.req.Files = nil
	e.forget()
	e.lease.end()
}

// forget lets go of the last answer.
func (e *Execution) forget() {
	e.answer.document.Reset()
	e.dropHops()
	e.resp.Forget()
	e.lease.drop()
}

// step sends the step with an index, repeatedly where it polls, and judges it.
func (e *Execution) step(ctx context.Context, index int, deadline time.Time) Verdict {
	s := &e.script.steps[index]
	begun := time.Now()
	e.own, e.sent = 0, 0
	e.build(s)
	verdict := e.attempt(ctx, s, deadline)
	if s.poll != nil {
		verdict = e.poll(ctx, s, deadline, begun.Add(s.poll.For), verdict)
	}
	if verdict.Outcome == journal.OK && len(s.captures) > 0 {
		verdict = e.capture(s, deadline)
	}
	verdict.Took = time.Since(begun) - e.own
	if e.tracer != nil {
		e.tell(s, verdict)
	}
	if e.wants(index, &verdict) {
		asked := time.Now()
		verdict.Example = e.example(s, &verdict)
		e.own += time.Since(asked)
	}
	e.forget()
	verdict.Own = e.own
	return verdict
}

// capture keeps the values that later steps need.
func (e *Execution) capture(s *step, deadline time.Time) Verdict {
	begun := time.Now()
	defer func() { e.own += time.Since(begun) }()
	missing, err := s.capture(&e.answer, &e.values, &e.lease)
	switch {
	case err != nil:
		return e.notJudged(err, deadline)
	case missing != nil:
		detail := fmt.Sprintf("%s holds nothing to capture as %s", missing, missing.Name)
		return Verdict{Outcome: journal.Wrong, Cause: journal.Unmet, Key: "capture " + missing.Name, Detail: e.hidden().Text(detail, maxDetail)}
	}
	return Verdict{}
}

// poll repeats a step that was answered, but not as expected. A broken
// connection ends the polling: a user would have seen it.
func (e *Execution) poll(ctx context.Context, s *step, deadline, until time.Time, last Verdict) Verdict {
	for last.Outcome != journal.OK && last.Err == nil {
		next := time.Now().Add(s.poll.Every)
		if next.After(until) {
			return last
		}
		e.forget()
		if !deadline.IsZero() && next.After(deadline) {
			wait.For(ctx, time.Until(deadline))
			return e.failure(httpclient.ErrTimedOut, deadline)
		}
		if !wait.For(ctx, s.poll.Every) {
			return e.failure(context.Cause(ctx), time.Time{})
		}
		last = e.attempt(ctx, s, deadline)
	}
	return last
}

// build fills in the request. A poll sends the same request each time.
func (e *Execution) build(s *step) {
	e.req.Method = s.method
	e.req.Target = s.target.string(&e.values)
	if len(s.target) > 0 && s.target[0].variable == captured {
		e.req.Target = e.referenced(e.req.Target, e.values.from[s.target[0].slot])
	}
	e.answer.target = e.req.Target
	e.values.boundary = s.form.boundary
	e.fillBody(s)
	e.headers = e.headers[:0]
	if s.constant == nil {
		for _, h := range s.headers {
			e.headers = append(e.headers, experiments.Field{Name: h.name, Value: h.value.string(&e.values)})
		}
	}
}

// attempt sends the request once, follows its redirects where the step does, and judges
// the last answer.
func (e *Execution) attempt(ctx context.Context, s *step, deadline time.Time) Verdict {
	if s.timeout > 0 {
		if own := time.Now().Add(s.timeout); deadline.IsZero() || own.Before(deadline) {
			deadline = own
		}
	}
	e.req.Deadline = deadline
	e.sent++
	e.dropHops()
	begun := time.Now()
	err := e.send(ctx, s, s.headersOf(e))
	var verdict *Verdict
	if err == nil && s.follow > 0 {
		verdict, err = e.follow(ctx, s, time.Since(begun))
	}
	switch {
	case err != nil:
		return e.failure(err, deadline)
	case verdict != nil:
		return *verdict
	}
	begun = time.Now()
	defer func() { e.own += time.Since(begun) }()
	return e.judge(s, deadline)
}

// send sends the request once, with these headers, a span of its own and the cookies of
// the moment, and keeps the cookies of the answer.
func (e *Execution) send(ctx context.Context, s *step, headers []experiments.Field) error {
	e.req.Headers, e.answer.method, e.answer.target = e.traced(s, headers), e.req.Method, e.req.Target
	e.addCookies()
	e.lease.begin(ctx, e.req.Deadline)
	err := e.sender.Send(ctx, &e.req, &e.resp)
	e.answered = err == nil
	e.own += e.lease.waited
	if err != nil || !s.cookies {
		return err
	}
	begun := time.Now()
	defer func() { e.own += time.Since(begun) }()
	return e.keepCookies()
}

// headersOf returns the headers of the step, without the journey's cookies.
func (s *step) headersOf(e *Execution) []experiments.Field {
	if s.constant == nil {
		return e.headers
	}
	return s.constant
}

// SendFirst sends the first step of the script once, outside of any journey, and
// judges the answer. The memory and the tracer may be nil.
func (s *Script) SendFirst(ctx context.Context, to Sender, m *Memory, deadline time.Time, t Tracer) Verdict {
	e := NewExecution()
	e.Trace(t)
	e.start(s, Entry{Sender: to, Memory: m}, Seed{Choices: rand.Uint64(), UUIDs: rand.Uint64()})
	defer e.end()
	return e.step(ctx, 0, deadline)
}
