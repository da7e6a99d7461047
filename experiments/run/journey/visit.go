package journey

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
)

// A visit is one journey being made. It is used again for the next one, so that
// a journey costs few allocations.
type visit struct {
	script *Script
	sender Sender
	host   string // of the sender's entry, for cookies

	values  values
	picks   rand.PCG
	ids     rand.PCG
	cookies jar
	req     Request
	resp    Response
	answer  answer
	headers []experiments.Field
}

// A seed makes the chance of one journey.
type seed struct {
	picks, ids uint64 // of the journey in this experiment; of the journey on this arm in this run
	n          uint64 // which journey of its kind
	seq        uint64 // ${seq}
}

func newVisit() *visit {
	v := &visit{}
	v.values.picks, v.values.ids = rand.New(&v.picks), &v.ids
	v.answer.resp = &v.resp
	return v
}

// start makes the visit ready for another journey.
func (v *visit) start(s *Script, to Sender, host string, chance seed) {
	v.script, v.sender, v.host = s, to, host
	v.picks.Seed(chance.picks, scatter(chance.n))
	v.ids.Seed(chance.ids, scatter(chance.n))
	v.values.seq = chance.seq
	if cap(v.values.slots) < s.slots {
		v.values.slots = make([]any, s.slots)
	}
	v.values.slots = v.values.slots[:s.slots]
	clear(v.values.slots)
	v.cookies.reset()
}

// scatter makes neighbouring numbers differ in all their bits (splitmix64), so
// that neighbouring journeys draw nothing alike.
func scatter(n uint64) uint64 {
	n += 0x9e3779b97f4a7c15
	n = (n ^ n>>30) * 0xbf58476d1ce4e5b9
	n = (n ^ n>>27) * 0x94d049bb133111eb
	return n ^ n>>31
}

// step sends one step, repeatedly where it polls, and judges it.
func (v *visit) step(ctx context.Context, c *call, deadline time.Time) Verdict {
	begun := time.Now()
	v.build(c)
	verdict := v.attempt(ctx, c, deadline)
	if c.poll != nil {
		verdict = v.poll(ctx, c, deadline, begun.Add(c.poll.For), verdict)
	}
	if verdict.Outcome == journal.OK {
		if missing := c.take(&v.answer, &v.values); missing != nil {
			detail := fmt.Sprintf("%s holds nothing to capture as %s", missing, missing.Name)
			verdict = Verdict{Outcome: journal.Wrong, Document: verdict.Document, Detail: cut(detail, shownDetail)}
		}
	}
	verdict.Took = time.Since(begun)
	return verdict
}

// poll repeats a step that was answered, but not as expected. A connection that
// breaks ends it: a user would have seen that.
func (v *visit) poll(ctx context.Context, c *call, deadline, until time.Time, last Verdict) Verdict {
	for last.Outcome != journal.OK && last.Err == nil {
		next := time.Now().Add(c.poll.Every)
		if next.After(until) {
			return last
		}
		if !deadline.IsZero() && next.After(deadline) {
			sleep(ctx, time.Until(deadline))
			return failure(errTimedOut, deadline, v.script.Clean)
		}
		if !sleep(ctx, c.poll.Every) {
			return failure(context.Cause(ctx), time.Time{}, v.script.Clean)
		}
		last = v.attempt(ctx, c, deadline)
	}
	return last
}

// sleep returns false where ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// build fills in the request; a poll sends the same one each time.
func (v *visit) build(c *call) {
	v.req.Method = c.method
	v.req.Target = c.target.string(&v.values)
	v.req.Body = c.body.fill(v.req.Body[:0], &v.values)
	v.headers = v.headers[:0]
	if c.still == nil {
		for _, h := range c.headers {
			v.headers = append(v.headers, experiments.Field{Name: h.name, Value: h.value.string(&v.values)})
		}
	}
}

// attempt sends the request once.
func (v *visit) attempt(ctx context.Context, c *call, deadline time.Time) Verdict {
	if c.timeout > 0 {
		if own := time.Now().Add(c.timeout); deadline.IsZero() || own.Before(deadline) {
			deadline = own
		}
	}
	v.req.Deadline = deadline
	host := ""
	if c.cookies {
		host = hostOf(v.req.Target, v.host)
	}
	v.fields(c, host)
	v.answer.document = nil
	if err := v.sender.Send(ctx, &v.req, &v.resp); err != nil {
		return failure(err, deadline, v.script.Clean)
	}
	if c.cookies {
		for _, set := range v.resp.header("Set-Cookie") {
			v.cookies.keep(host, set)
		}
	}
	return c.judge(&v.answer, &v.values, v.script.Clean)
}

// fields are the headers of the request, with the cookies of the moment.
func (v *visit) fields(c *call, host string) {
	v.req.Headers = c.still
	if c.still == nil {
		v.req.Headers = v.headers
	}
	if len(v.cookies.kept) == 0 {
		return
	}
	if cookies := v.cookies.header(host); cookies != "" {
		v.req.Headers = append(slices.Clip(v.req.Headers), experiments.Field{Name: "Cookie", Value: cookies})
	}
}

// Ask sends the first step of the script once, outside of any journey.
func (s *Script) Ask(ctx context.Context, to Sender, deadline time.Time) Verdict {
	v := newVisit()
	v.start(s, to, "", seed{picks: rand.Uint64(), ids: rand.Uint64()})
	return v.step(ctx, &s.calls[0], deadline)
}
