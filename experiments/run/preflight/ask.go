package preflight

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/run/check"
	"github.com/blastgauge/blastgauge/experiments/run/journey"
	"github.com/blastgauge/blastgauge/experiments/run/journey/httpclient"
)

// enter returns where the journeys of an arm enter a system, and the client to close.
func enter(s *experiments.System, run string, arm plan.Arm, tagged bool, m *journey.Memory) (journey.Entry, *httpclient.Client, error) {
	options := journey.ArmClient(s, run, arm, tagged)
	client, err := httpclient.New(options)
	if err != nil {
		return journey.Entry{}, nil, err
	}
	return journey.Entry{Sender: client, Site: client.Site(), Memory: m}, client, nil
}

// send performs one journey and returns how it ended and how each of its steps went.
func send(ctx context.Context, s *journey.Script, to journey.Entry, seed journey.Seed, l journey.Limits) (journey.Result, []journey.Exchange) {
	var steps []journey.Exchange
	e := journey.NewExecution()
	e.Trace(func(x journey.Exchange) { steps = append(steps, x) })
	l.Intended = time.Now()
	return e.Perform(ctx, s, to, seed, l), steps
}

// journey is the question whether a journey succeeds on an arm. One that is slow does:
// the first one often is.
func (c *checker) journey(to *route, j experiments.Journey) (question, error) {
	facts := c.facts(to.arm)
	facts.Data = tableOf(j.Data)
	facts.Traced = c.Plan.System.Traced()
	script, err := journey.Compile(j.Steps, facts)
	if err != nil {
		return question{}, fmt.Errorf("journey %s: %w", j.Name, err)
	}
	number := len(c.questions) * 100 // tries of other journeys come between
	return question{ask: func(ctx context.Context) *Problem {
		number++
		row, takeBack, ok := c.pools.lend(ctx, j.Data)
		if !ok {
			return nil // the context has ended
		}
		defer takeBack()
		r, steps := send(ctx, script, to.entry, seed(number, row), journey.Limits{Timeout: cmp.Or(j.Timeout, experiments.DefaultTimeout)})
		if r.Outcome == journal.OK || r.Outcome == journal.Slow || len(steps) == 0 {
			c.passed.add(j.Name, to.arm)
			return nil
		}
		p := exchangeProblem(steps[len(steps)-1])
		p.Journey, p.Step, p.Arms = j.Name, r.Name, []string{to.arm.String()}
		p.arm = to.arm
		return p
	}}, nil
}

// invariant is the question whether an invariant can be asked, and holds. One that does
// not is asked until it has had its time to settle. Where keys tell what is in violation
// it may stay so: new violations are told from old ones.
func (c *checker) invariant(inv experiments.Invariant) question {
	return question{settle: inv.Within, ask: func(ctx context.Context) *Problem {
		r, p := c.check(ctx, inv)
		if p == nil || r.Error == "" && len(r.All) > 0 {
			return nil
		}
		p.Check = "invariant " + quoted(inv.Name)
		if r.Error == "" {
			p.Do = "it is so before any fault, so that nothing could be told of a fault: mend the data; or let the invariant name what is in violation (keys of a request, a row of SQL or a line of a command for each), so that new violations are told from old ones"
		}
		return p
	}}
}

// probe is the question whether a probe of a guardrail is answered as it should be.
func (c *checker) probe(inv experiments.Invariant) question {
	return question{settle: inv.Within, ask: func(ctx context.Context) *Problem {
		_, p := c.check(ctx, inv)
		if p != nil {
			p.Check = "guardrail " + quoted(inv.Name)
		}
		return p
	}}
}

// dependency is the question whether anything answers behind the proxy of a fault. Not
// every journey needs every dependency, so that one of each kind may not tell.
func (c *checker) dependency(f plan.Fault) question {
	return question{ask: func(ctx context.Context) *Problem {
		err := check.Reach(ctx, f, c.Plan.System.Hosts())
		if err == nil {
			return nil
		}
		return &Problem{
			Check: "dependency " + f.Into, Asked: "an exchange through its proxy at " + f.Listen, Came: shorten(err.Error()), Err: err,
			Do: fmt.Sprintf("is %s up? Its proxy leads to %s, and nothing answers there", f.Into, cmp.Or(f.Upstream, "an address that only its Toxiproxy knows")),
		}
	}}
}

// check looks once. The problem is nil if all is well.
func (c *checker) check(ctx context.Context, inv experiments.Invariant) (journal.CheckResult, *Problem) {
	var last *journey.Exchange
	r := check.Once(ctx, &c.Plan.System, inv, c.facts(plan.ControlArm), c.Memory, func(x journey.Exchange) { last = &x })
	if r.Error == "" && r.Holds {
		return r, nil
	}
	if last != nil {
		p := exchangeProblem(*last)
		if strings.Contains(p.Do, tryShows) { // which sends journeys alone
			p.Do = "is the request right, and what is expected of its answer, and the data of the system?"
		}
		return r, p
	}
	p := &Problem{Asked: askedBy(inv), Expected: expectedBy(inv), Came: shorten(cmp.Or(r.Error, r.Detail)), Err: r.Err}
	if len(r.Keys) > 0 && r.Error == "" {
		p.Came += ": " + shorten(strings.Join(r.Keys, ", "))
	}
	p.Do = adviceOnCheck(inv, r)
	return r, p
}

// askedBy is what a check asks, as its document has it: without the value of a variable.
func askedBy(inv experiments.Invariant) string {
	switch {
	case inv.SQL != "":
		return shorten("sql on " + inv.DSN + ": " + inv.SQL)
	case len(inv.Command) > 0:
		return shorten("command " + strings.Join(inv.Command, " "))
	}
	return shorten(cmp.Or(inv.Request.Method, "GET") + " " + inv.Request.Target)
}

func expectedBy(inv experiments.Invariant) string {
	switch {
	case inv.SQL != "":
		return "no row"
	case len(inv.Command) > 0:
		return "exit code 0"
	}
	return ""
}

// adviceOnCheck is what to do about a check that is not a request, or could not be sent.
func adviceOnCheck(inv experiments.Invariant, r journal.CheckResult) string {
	switch {
	case r.Error == "":
		return ""
	case inv.SQL != "":
		return "look at the environment variable " + strings.Trim(strings.TrimPrefix(inv.DSN, "${env:"), "}") +
			": scheme, host, port, database, user and password must be right, the database up, and the user allowed to read what the query selects"
	case len(inv.Command) > 0:
		return "run it by hand in the folder of the system file: 0 means that all is well, 1 a violation, anything else an error"
	}
	return ""
}
