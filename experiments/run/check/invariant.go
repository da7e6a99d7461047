// Package check is one measurement now: an invariant of the system's data, or
// one exchange of our own with a dependency through its proxy.
//
// Databases are asked through database/sql, with pgx, go-sql-driver/mysql and
// modernc.org/sqlite, none of which needs a C compiler. What is dialled, by
// whichever of them, obeys the host policy.
package check

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/jsonpath"
	"github.com/blastgauge/blastgauge/experiments/run/journey"
)

const (
	askFor   = 5 * time.Second        // one question
	askEvery = 200 * time.Millisecond // while an invariant settles
	mostKeys = 20
)

// Invariant asks an invariant of s, until it holds or its Within has passed.
// The last reading counts; one that could not be asked has an Error and says
// nothing else. Secrets are in none of its texts.
func Invariant(ctx context.Context, s *experiments.System, inv experiments.Invariant, f journey.Facts) journal.CheckResult {
	q, err := prepare(s, inv, f)
	if err != nil {
		return journal.CheckResult{Invariant: inv.Name, Error: err.Error()}
	}
	defer q.close()
	return settle(ctx, inv.Within, func(ctx context.Context) journal.CheckResult {
		r := q.ask(ctx)
		r.Invariant = inv.Name
		return r
	})
}

// An asker asks one question as often as one likes.
type asker interface {
	ask(context.Context) journal.CheckResult
	close()
}

func prepare(s *experiments.System, inv experiments.Invariant, f journey.Facts) (asker, error) {
	switch {
	case inv.SQL != "":
		return newQuery(s, inv, f)
	case len(inv.Command) > 0:
		return newCommand(s, inv, f)
	}
	return newQuestion(s, inv, f)
}

// settle asks until the answer is the right one, or within has passed.
func settle(ctx context.Context, within time.Duration, ask func(context.Context) journal.CheckResult) journal.CheckResult {
	until := time.Now().Add(within)
	for {
		r := ask(ctx)
		if r.Error == "" && r.Holds || ctx.Err() != nil {
			return r
		}
		left := time.Until(until)
		if left <= 0 {
			return r
		}
		pause := time.NewTimer(min(askEvery, left))
		select {
		case <-ctx.Done():
			pause.Stop()
			return r
		case <-pause.C:
		}
	}
}

// A question is an invariant that is asked by a request.
type question struct {
	script *journey.Script
	client *journey.Client
	keys   jsonpath.Path
}

func newQuestion(s *experiments.System, inv experiments.Invariant, f journey.Facts) (*question, error) {
	q := &question{}
	step := experiments.Step{Name: "invariant", Request: inv.Request, Expect: inv.Expect}
	var err error
	if inv.Keys != "" {
		if q.keys, err = jsonpath.Parse(inv.Keys); err != nil {
			return nil, fmt.Errorf("keys: %w", err)
		}
		// Any document meets this; it is what makes the answer one.
		step.Expect.JSON = append(step.Expect.JSON[:len(step.Expect.JSON):len(step.Expect.JSON)], experiments.Check{Target: "$", Op: experiments.Exists, Value: true})
	}
	if q.script, err = journey.Compile([]experiments.Step{step}, f); err != nil {
		return nil, err
	}
	q.client, err = journey.NewClient(journey.SystemClient(s, s.URL, f.Run))
	return q, err
}

func (q *question) close() { q.client.Close() }

// ask asks once. Only an answer whose content is not as expected is a violation:
// one that failed says nothing about the data.
func (q *question) ask(ctx context.Context) journal.CheckResult {
	v := q.script.SendFirst(ctx, q.client, time.Now().Add(askFor))
	r := journal.CheckResult{}
	switch {
	case v.Outcome == journal.OK:
		r.Holds = true
	case v.Outcome == journal.Failed:
		r.Error = v.Detail
	default:
		r.Violations, r.Detail = distance(v.Mismatch), v.Detail
		r.Keys = q.inViolation(v.Document)
	}
	return r
}

// inViolation lists the keys of an answer, for the report.
func (q *question) inViolation(document any) []string {
	found := q.keys.Select(document)
	var keys []string
	for _, k := range found[:min(len(found), mostKeys)] {
		text, isText := k.(string)
		if !isText {
			out, err := json.Marshal(k)
			if err != nil {
				continue
			}
			text = string(out)
		}
		keys = append(keys, q.script.Redact(text))
	}
	return keys
}

// distance is how far a number is from what it should be; 1 where there is no
// telling.
func distance(m *journey.Mismatch) float64 {
	if m == nil || m.Op == experiments.Ne { // it is too near, not too far
		return 1
	}
	actual, okA := m.Actual.(json.Number)
	want, okW := m.Expected.(json.Number)
	if !okA || !okW {
		return 1
	}
	a, errA := actual.Float64()
	w, errW := want.Float64()
	d := math.Abs(a - w)
	if errA != nil || errW != nil || d == 0 || math.IsInf(d, 0) {
		return 1
	}
	return d
}
