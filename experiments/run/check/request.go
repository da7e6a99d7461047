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
	"github.com/blastgauge/blastgauge/experiments/run/journey/httpclient"
)

// A requestChecker checks an invariant by an HTTP request.
type requestChecker struct {
	script *journey.Script
	client *httpclient.Client
	memory *journey.Memory
	tracer journey.Tracer // nil: nobody is told how the request went
}

func newRequestChecker(s *experiments.System, inv experiments.Invariant, f journey.Facts, m *journey.Memory, t journey.Tracer) (*requestChecker, error) {
	c := &requestChecker{memory: m, tracer: t}
	step := experiments.Step{Name: "invariant", Request: inv.Request, Expect: inv.Expect}
	var err error
	if c.script, err = journey.Compile([]experiments.Step{step}, f); err != nil {
		return nil, err
	}
	if inv.Keys != "" {
		keys, err := jsonpath.Parse(inv.Keys)
		if err != nil {
			return nil, fmt.Errorf("keys: %w", err)
		}
		c.script.WantKeys(keys)
	}
	c.client, err = httpclient.New(journey.SystemClient(s, s.URL, f.Run))
	return c, err
}

func (c *requestChecker) close() { c.client.Close() }

// check sends the request once. Only an answer whose content is not as expected is
// a violation: a request that failed says nothing about the data.
func (c *requestChecker) check(ctx context.Context) journal.CheckResult {
	v := c.script.SendFirst(ctx, c.client, c.memory, time.Now().Add(checkTimeout), c.tracer)
	switch v.Outcome {
	case journal.OK:
		return journal.CheckResult{Holds: true}
	case journal.Failed:
		return journal.CheckResult{Error: v.Detail, Err: v.Err}
	}
	r := journal.CheckResult{Violations: distance(v.Mismatch), Detail: v.Detail}
	setKeys(&r, c.violatedKeys(v.Keys))
	return r
}

// violatedKeys returns the keys in an answer as text, for the report.
func (c *requestChecker) violatedKeys(found []any) []string {
	var keys []string
	for _, k := range found {
		text, isText := k.(string)
		if !isText {
			out, err := json.Marshal(k)
			if err != nil {
				continue
			}
			text = string(out)
		}
		keys = append(keys, c.script.Secrets().Text(text, maxText))
	}
	return keys
}

// distance returns how far a number is from the expected one; 1 where that cannot
// be said.
func distance(m *journey.Mismatch) float64 {
	if m == nil || m.Op == experiments.Ne { // the number is too near, not too far
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
