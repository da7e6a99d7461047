// Package preflight asks a system before anything is injected: one journey of each
// kind through each arm, each invariant, each alert and each probe of a guardrail once. A system
// that does not work already is not broken further, and its users are told what came
// instead of what was expected.
//
// The same journeys are sent, one at a time and step by step, for people who write
// them; see [Try].
package preflight

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/redact"
	"github.com/blastgauge/blastgauge/experiments/run/internal/wait"
	"github.com/blastgauge/blastgauge/experiments/run/journey"
	"github.com/blastgauge/blastgauge/experiments/run/journey/httpclient"
)

const (
	tries = 3
	pause = time.Second // between two tries
	// maxAsking is how long a question is asked again. A system that answers late has
	// had time enough in fewer tries.
	maxAsking = 5 * time.Second
	// maxSettle is how long an invariant may take to settle, at most, whatever its within
	// says: what is on its way before any fault is the work of the questions alone.
	maxSettle = 10 * time.Second
	// firstSeq is ${seq} of the first journey. A run's journeys count from 0, and what
	// one of them creates by that number must not be there already.
	firstSeq = 1_000_000_000
)

// Options say what to ask. Plan is required, with the addresses of its proxies.
type Options struct {
	Plan    *plan.Plan
	Env     func(name string) (string, bool) // nil: nothing is set
	Secrets *redact.Secrets                  // see [journey.Facts]
	Memory  *journey.Memory                  // for answers; nil: one of its own
	// Patience is how long a system may need to get ready. What fails is asked again
	// meanwhile. 0: the system stands, and three tries have to do.
	Patience time.Duration
	// Log is told once that the system is not ready yet; nil: nobody is.
	Log func(format string, args ...any)
}

// Check asks everything that the plan needs. The error is an [*Error] with all that is
// wrong, or the cause of the context's end.
func Check(ctx context.Context, o Options) error {
	if o.Memory == nil {
		o.Memory = journey.NewMemory()
	}
	if o.Log == nil {
		o.Log = func(string, ...any) {}
	}
	c := &checker{Options: o, started: time.Now()}
	defer c.close()
	if err := c.prepare(); err != nil {
		return err
	}
	found := make([]*Problem, len(c.questions))
	var all sync.WaitGroup
	for i, q := range c.questions {
		all.Go(func() { found[i] = c.persist(ctx, q) })
	}
	all.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	problems := slices.DeleteFunc(found, func(p *Problem) bool { return p == nil })
	if len(problems) == 0 {
		return nil
	}
	c.advise(ctx, problems)
	return &Error{Problems: merge(problems), Asked: len(c.questions)}
}

// A question is asked until it is answered as it should be, or often enough.
type question struct {
	ask    func(ctx context.Context) *Problem // nil: as it should be
	settle time.Duration                      // that the right answer may take
}

// A checker is one preflight.
type checker struct {
	Options
	started   time.Time
	clients   []*httpclient.Client
	questions []question
	passed    passed
	waiting   sync.Once
	pools     pools
}

func (c *checker) close() {
	for _, client := range c.clients {
		client.Close()
	}
}

// prepare finds every question of the plan, each once.
func (c *checker) prepare() error {
	seen := map[string]bool{}
	once := func(key ...any) bool {
		text, err := json.Marshal(key)
		known := err == nil && seen[string(text)]
		seen[string(text)] = true
		return !known
	}
	for i := range c.Plan.Experiments {
		e := &c.Plan.Experiments[i]
		for _, arm := range e.Arms() {
			var to *route
			for _, j := range e.Journeys {
				if e.Measured() || j.Rate <= 0 || !once("journey", arm, e.Tagged, j.Name, j.Steps) {
					continue
				}
				if c.Plan.System.Traffic.Elsewhere() && !j.HasRequests() {
					if once("unknown", j.Name) {
						c.Log("%s is not asked before the run: its steps have no requests, and the program under traffic.command sends it", j.Name)
					}
					continue
				}
				if to == nil {
					var err error
					if to, err = c.route(arm, e.Tagged); err != nil {
						return err
					}
				}
				q, err := c.journey(to, j.Journey)
				if err != nil {
					return err
				}
				c.questions = append(c.questions, q)
			}
		}
		for _, j := range c.measured(e) {
			if once("measured", j) {
				c.questions = append(c.questions, c.counters(j))
			}
		}
		for _, a := range e.Alerts {
			if once("alert", a) {
				c.questions = append(c.questions, c.alert(a))
			}
		}
		for _, inv := range e.Invariants {
			if once("check", inv) {
				c.questions = append(c.questions, c.invariant(inv))
			}
		}
		for _, f := range e.Faults {
			if f.OnProxy() && f.Listen != "" && once("dependency", f.Listen) {
				c.questions = append(c.questions, c.dependency(f))
			}
		}
		for _, g := range e.Guardrails {
			if g.Probe != nil && once("check", g.Probe.Invariant) {
				c.questions = append(c.questions, c.probe(g.Probe.Invariant))
			}
		}
	}
	return nil
}

// persist asks a question until it is answered as it should be, or often enough. A host
// that is not allowed will not be allowed later.
func (c *checker) persist(ctx context.Context, q question) *Problem {
	begun := time.Now()
	for n := 1; ; n++ {
		p := q.ask(ctx)
		if p == nil || ctx.Err() != nil {
			return nil
		}
		p.Tries = n
		after := time.Since(begun) + pause // the next try
		again := n < tries && after <= maxAsking || after <= max(c.Patience, min(q.settle, maxSettle))
		if !again || errors.Is(p.Err, experiments.ErrRefused) || !wait.For(ctx, pause) {
			return p
		}
		if n == tries && c.Patience > 0 {
			c.waiting.Do(func() { c.Log("waiting up to %s for the system to get ready: %s", figures.Span(c.Patience), p.line()) })
		}
	}
}

// A route is how the journeys of an arm enter the system.
type route struct {
	arm    plan.Arm
	tagged bool
	entry  journey.Entry
}

func (c *checker) route(arm plan.Arm, tagged bool) (*route, error) {
	entry, client, err := enter(&c.Plan.System, c.Plan.Run, arm, tagged, c.Memory)
	if err != nil {
		return nil, err
	}
	c.clients = append(c.clients, client)
	return &route{arm, tagged, entry}, nil
}

func (c *checker) facts(arm plan.Arm) journey.Facts {
	return journey.Facts{Run: c.Plan.Run, Arm: arm, Started: c.started, Env: c.Env, Secrets: c.Secrets}
}

// seed is that of one journey outside of any experiment, with a row of its data. It takes
// every step.
func seed(n, row int) journey.Seed {
	return journey.Seed{Choices: rand.Uint64(), UUIDs: rand.Uint64(), Seq: firstSeq + uint64(n), Row: row, Every: true}
}

// passed are the journeys that an arm has completed.
type passed struct {
	mu   sync.Mutex
	arms map[string]bool
}

func (p *passed) add(name string, arm plan.Arm) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.arms == nil {
		p.arms = map[string]bool{}
	}
	p.arms[fmt.Sprint(arm, name)] = true
}

func (p *passed) has(name string, arm plan.Arm) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.arms[fmt.Sprint(arm, name)]
}
