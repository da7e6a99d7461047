package gating

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/gate"
	"github.com/blastgauge/blastgauge/experiments/gate/smallest"
	"github.com/blastgauge/blastgauge/experiments/redact"
	"github.com/blastgauge/blastgauge/experiments/result"
)

// mostShown is how many bytes a document may have that a report shows.
const mostShown = 64 << 10

// search searches the smallest part of a change that fails. Each question is a run of the
// experiments that failed.
func (g *Gate) search(ctx context.Context, r *result.Result) {
	if g.o.Neighborhood {
		g.skip("", "", gate.Failing, "the candidate fails already: what is near it was not measured")
	}
	switch {
	case g.difference == nil:
		g.skip("", "", gate.Unserved, "the smallest part of the change that fails was not searched, because it is not known what is served now")
		return
	case len(g.difference.Pointers()) < 2:
		return // the change has no parts
	case !g.o.Smallest:
		g.skip("", "", gate.Unasked, "the smallest part of the change that fails was not to be searched")
		return
	}
	q := questions{g: g, found: map[string]*gate.Smallest{}}
	for i, c := range g.choices {
		if e := find(r, c.Experiment.ID); e != nil && e.Verdict == result.Refuted {
			q.failing = append(q.failing, c)
			q.each += g.plan.Experiments[i].Duration()
		}
	}
	s := smallest.New(g.difference.Pointers())
	q.askAll(ctx, s)
	q.conclude(s.Result())
}

// questions are asked about parts of a change.
type questions struct {
	g       *Gate
	failing []gate.Choice
	each    time.Duration             // of one question
	found   map[string]*gate.Smallest // the parts that fail
}

// askAll asks until the search is over, or the time. What a run leaves undecided is asked once
// more.
func (q *questions) askAll(ctx context.Context, s *smallest.Search) {
	again := false // the question before was not decided, as where the machine was busy
	var parts []string
	for n := 1; ; n++ {
		if !again {
			var more bool
			if parts, more = s.Next(); !more {
				return
			}
		}
		if q.g.fitting(q.each) < 1 {
			q.g.skip("", "", gate.NoTime, "the budget was spent after %s of the search for the smallest part that fails", figures.Plural(n-1, "run", "runs"))
			return
		}
		answer, err := q.ask(ctx, n, parts)
		if errors.Is(err, errEnded) {
			q.g.skip("", "", gate.CutShort, "the gate was interrupted before the smallest part that fails was found")
			return
		}
		if err != nil {
			q.g.skip("", parts[0], gate.NotRun, "a part of the change: %v", err)
		}
		if again = answer == smallest.Unknown && err == nil && !again; !again {
			s.Tell(answer)
		}
	}
}

// ask finds out whether a part of the change fails.
func (q *questions) ask(ctx context.Context, n int, parts []string) (smallest.Answer, error) {
	text, err := q.g.difference.Only(parts)
	if err != nil {
		return smallest.Unknown, err
	}
	what := fmt.Sprintf("part %d of the change", n)
	taken := map[string]bool{}
	var docs []*experiments.Experiment
	for _, c := range q.failing {
		docs = append(docs, c.Variant(gate.VariantID(c.Experiment.ID, what, taken), q.g.o.File, what, string(text)))
	}
	r, err := q.g.perform(ctx, docs, fmt.Sprintf("a part of the change in %s, %s", q.g.o.File, figures.Plural(len(parts), "value", "values")))
	if r == nil {
		return smallest.Unknown, err
	}
	answer := smallest.Passes
	for _, d := range docs {
		switch e := find(r, d.ID); {
		case e != nil && e.Verdict == result.Refuted:
			q.keep(parts, e)
			return smallest.Fails, err
		case e == nil || e.Verdict != result.Held:
			answer = smallest.Unknown
		}
	}
	return answer, err
}

// keep keeps what a part that fails does.
func (q *questions) keep(parts []string, e *result.Experiment) {
	s := &gate.Smallest{Verdict: e.Verdict}
	s.Harm, s.Journey, s.Limit = gate.HarmOf(e)
	q.found[strings.Join(parts, "\n")] = s
}

// conclude keeps the smallest part that fails, if it is smaller than the change.
func (q *questions) conclude(r smallest.Result) {
	s := q.found[strings.Join(r.Parts, "\n")]
	if s == nil {
		return
	}
	s.Pointers, s.Minimal = r.Parts, r.Minimal
	if text, err := q.g.difference.Only(r.Parts); err == nil && len(text) <= mostShown {
		s.Document = redact.FromEnv(q.g.plan.EnvNames(), q.g.o.Getenv).Excerpt(text, mostShown)
	}
	q.g.smallest = s
}
