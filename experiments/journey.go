package experiments

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/blastgauge/blastgauge/experiments/shape"
)

// A Journey is what one user does, as requests in order.
type Journey struct {
	Name      string        `json:"name"`
	Rate      float64       `json:"rate"`             // journeys per second over all arms
	Stages    []Stage       `json:"stages,omitempty"` // before it is sent at Rate; none: it is from the start
	SlowAfter time.Duration `json:"slow_after"`       // the whole journey's budget
	Timeout   time.Duration `json:"timeout"`          // of the whole journey
	Steps     []Step        `json:"steps"`
	Data      *Data         `json:"data,omitempty"` // nil: none

	rateLine int // of the system file; 0 where it was not read from one
}

// HasRequests reports whether every step has a request. Where another program sends the
// journey, they may be names alone.
func (j Journey) HasRequests() bool {
	return !slices.ContainsFunc(j.Steps, func(s Step) bool { return s.Request.Method == "" })
}

// A Step is one request of a journey and what it must return.
type Step struct {
	Name      string        `json:"name"`
	Request   Request       `json:"request"` // empty where another program sends the journey and nobody says what it requests
	Expect    Expect        `json:"expect"`
	Captures  []Capture     `json:"captures,omitempty"`
	Timeout   time.Duration `json:"timeout,omitempty"`    // 0: what is left of the journey's
	SlowAfter time.Duration `json:"slow_after,omitempty"` // 0: only the journey's budget counts
	Poll      *Poll         `json:"poll,omitempty"`
	Follow    int           `json:"follow,omitempty"` // redirects, before the answer that is judged; 0: none
	Pause     Pause         `json:"pause,omitzero"`   // before the step
	Weight    Weight        `json:"weight,omitempty"` // 0: all journeys take the step
	// Needs are the dependencies that the system calls for this step. If a step of
	// any journey needs a dependency, steps that do not name it do without it.
	Needs []string `json:"needs,omitempty"`
}

// A Poll repeats a step until its expectation is met.
type Poll struct {
	Every time.Duration `json:"every"`
	For   time.Duration `json:"for"`
}

// MaxFollow is how many redirects a step may follow, as many as browsers do.
const MaxFollow = 20

// The budgets of a journey whose document gives none.
const (
	DefaultSlowAfter = 3 * time.Second
	DefaultTimeout   = 10 * time.Second
)

// journeyShape is a journey: its own fields, and rules about its steps.
func journeyShape(j *Journey, env environment) shape.Shape {
	all := &common{}
	return shape.Validated{Always: true, Check: func(d *shape.Document, n shape.Node, path string) { j.check(d, n, path, all) }, Shape: append(all.fields(), shape.Fields{
		{Name: "rate", Doc: "journeys per second or minute over both arms, such as 40/s, or in stages that end within the warm-up: [10/s for 30s, 40/s]", Shape: rateShape(j, env), Required: true},
		{Name: "slow_after", Doc: "budget of the whole journey; beyond it the journey counts as slow; 3s by default",
			Shape: positive(duration, "0s")(&j.SlowAfter)},
		{Name: "timeout", Doc: "a journey that takes longer has failed; 10s by default", Shape: positive(duration, "0s")(&j.Timeout)},
		{Name: "data", Doc: "file of rows, of which each journey in flight has one of its own, as ${data.COLUMN}: CSV with a header line, or JSON lines", Shape: dataShape(&j.Data, env)},
		{Name: "steps", Doc: "the requests of the journey, in order", Required: true,
			Shape: shape.List[Step]{To: &j.Steps, Item: func(s *Step) shape.Shape { return stepShape(s, env, all) }, Min: 1, Max: 200}},
	}...)}
}

func (j *Journey) check(d *shape.Document, n shape.Node, path string, all *common) {
	if n.Kind() != shape.Mapping {
		return
	}
	j.checkBudgets(d, path)
	names := map[string]bool{}
	for i, s := range j.Steps {
		step := fmt.Sprintf("%s.steps[%d]", path, i)
		if s.Name != "" && names[s.Name] {
			d.Fail(d.At(step+".name"), shape.Diagnostic{Msg: "another step of this journey is named " + strconv.Quote(s.Name)})
		}
		names[s.Name] = true
		if s.Timeout > j.Timeout && j.Timeout > 0 {
			d.Fail(d.At(step+".timeout"), shape.Diagnostic{Msg: fmt.Sprintf("a step cannot take longer than its journey's timeout of %s", short(j.Timeout))})
		}
	}
	all.merge(d, j, path)
	j.checkCaptures(d, path, all)
	j.checkWeights(d, path, all)
}

// checkBudgets applies the defaults and notes a slow_after beyond the timeout.
func (j *Journey) checkBudgets(d *shape.Document, path string) {
	slowNote, timeoutNote := "", ""
	if !d.Given(path + ".slow_after") {
		j.SlowAfter, slowNote = DefaultSlowAfter, ", the default"
	}
	if !d.Given(path + ".timeout") {
		j.Timeout, timeoutNote = DefaultTimeout, ", the default"
	}
	if j.SlowAfter <= j.Timeout || j.SlowAfter == 0 || j.Timeout == 0 {
		return
	}
	at := d.At(path + ".slow_after")
	if slowNote != "" {
		at = d.At(path + ".timeout")
	}
	d.Fail(at, shape.Diagnostic{Msg: fmt.Sprintf("slow_after (%s%s) is more than timeout (%s%s): no journey could be slow", short(j.SlowAfter), slowNote, short(j.Timeout), timeoutNote)})
}

// checkCaptures notes variables that no earlier step captures.
func (j *Journey) checkCaptures(d *shape.Document, path string, all *common) {
	captured := map[string]bool{}
	if !j.addColumns(captured) {
		captured[anyColumn] = true
	}
	later := map[string]string{}
	for _, s := range j.Steps {
		for _, c := range s.Captures {
			if later[c.Name] == "" {
				later[c.Name] = s.Name
			}
		}
	}
	for i, s := range j.Steps {
		checkVariables(d, fmt.Sprintf("%s.steps[%d]", path, i), captured, later)
		all.checkVariables(d, &j.Steps[i], path, captured, later)
		for _, c := range s.Captures {
			captured[c.Name] = true
		}
	}
}

// stepShape is a request and what its answer must be.
func stepShape(s *Step, env environment, all *common) shape.Shape {
	f := shape.Fields{{Name: "name", Doc: "what reports call the step", Shape: id(&s.Name), Required: true}}
	f = append(f, requestFields(&s.Request, false, env)...)
	f[slices.IndexFunc(f, func(f shape.Field) bool { return f.Name == "headers" })].Shape = all.stepHeaders(s)
	f[slices.IndexFunc(f, func(f shape.Field) bool { return f.Name == "request" })].Required = env.elsewhere != nil && !*env.elsewhere
	f = append(f, shape.Fields{
		{Name: "expect", Doc: "what the answer must be; any status 200 to 299 where nothing is said", Shape: expectShape(&s.Expect, true)},
		{Name: "capture", Doc: "values of the answer that later steps use as ${name}", Shape: captures(&s.Captures)},
		{Name: "timeout", Doc: "a step that takes longer has failed; by default what is left of the journey's", Shape: positive(duration, "0s")(&s.Timeout)},
		{Name: "slow_after", Doc: "budget of this step; beyond it the journey counts as slow", Shape: positive(duration, "0s")(&s.SlowAfter)},
		{Name: "pause", Doc: "how long a user waits before this step, such as 2s or 1s..3s: it is in no budget and no timeout", Shape: pauseShape(&s.Pause)},
		{Name: "weight", Doc: "the share of the journeys that take this step, such as 30%; all by default. Those who take a step take all that weigh as much or more", Shape: weightShape(&s.Weight)},
		{Name: "poll", Doc: "repeat the step until its expectation is met", Shape: shape.Optional[Poll]{To: &s.Poll, Item: pollShape}},
		{Name: "follow", Doc: "how many redirects to follow before the answer that is judged, such as 5; none by default",
			Shape: shape.Integer{To: &s.Follow, Low: 0, High: MaxFollow, Want: "a number of redirects from 0 to 20"}},
		{Name: "needs", Doc: "the dependencies that the system calls for this step, so that reports can tell harm that spread to journeys without need of one, and so that, on one route, harm counts from the first step on that needs what is broken",
			Shape: shape.List[string]{To: &s.Needs, Item: id, Min: 1, Max: 50}},
	}...)
	return shape.Keeping{Shape: shape.Validated{Always: true, Shape: f, Also: shape.Object{"allOf": oneBodySchema()}, Check: func(d *shape.Document, _ shape.Node, path string) {
		checkOneBody(d, path)
		if s.Timeout > 0 && s.SlowAfter > s.Timeout {
			d.Fail(d.At(path+".slow_after"), shape.Diagnostic{Msg: fmt.Sprintf("slow_after is more than the step's timeout of %s", short(s.Timeout))})
		}
	}}}
}

func pollShape(p *Poll) shape.Shape {
	return shape.Validated{Shape: shape.Fields{
		{Name: "every", Doc: "pause between attempts, such as 200ms", Shape: positive(duration, "0s")(&p.Every), Required: true},
		{Name: "for", Doc: "time after which the step has failed, such as 5s", Shape: positive(duration, "0s")(&p.For), Required: true},
	}, Check: func(d *shape.Document, _ shape.Node, path string) {
		if p.Every > p.For {
			d.Fail(d.At(path+".every"), shape.Diagnostic{Msg: fmt.Sprintf("every (%s) is more than for (%s): the step would never be repeated", short(p.Every), short(p.For))})
		}
	}}
}
