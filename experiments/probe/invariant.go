// Package probe is one measurement now: an invariant of the system's data, or a
// timed exchange of our own with a dependency.
package probe

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/journey"
)

const (
	askFor   = 5 * time.Second        // one answer to an invariant's request
	askAgain = 200 * time.Millisecond // while asynchronous work may still settle
	maxKeys  = 20
)

// Invariant asks whether an invariant holds now. While it does not, or cannot
// be asked, it asks again until inv.Within has passed; the last answer counts.
func Invariant(ctx context.Context, s *experiments.System, inv experiments.Invariant, facts journey.Facts) journal.Reading {
	client, err := journey.NewClient(journey.SystemClient(s, s.URL, facts.Run))
	if err != nil {
		return journal.Reading{Invariant: inv.Name, Error: err.Error()}
	}
	defer client.Close()
	script, err := journey.Compile([]experiments.Step{{Name: "invariant", Request: inv.Request, Expect: inv.Expect}}, facts)
	if err != nil {
		return journal.Reading{Invariant: inv.Name, Error: err.Error()}
	}
	until := time.Now().Add(inv.Within)
	for {
		r := read(inv, script.Ask(ctx, client, time.Now().Add(askFor)))
		if r.Holds && r.Error == "" || !time.Now().Add(askAgain).Before(until) {
			return r
		}
		select {
		case <-ctx.Done():
			return r
		case <-time.After(askAgain):
		}
	}
}

// read turns an answer into a reading. Only an answer whose content is not as
// expected is a violation: one that failed says nothing about the data.
func read(inv experiments.Invariant, v journey.Verdict) journal.Reading {
	r := journal.Reading{Invariant: inv.Name}
	switch v.Outcome {
	case journal.OK:
		r.Holds = true
	case journal.Failed:
		r.Error = cmp.Or(v.Detail, "no answer")
	default:
		r.Detail, r.Violations, r.Keys = v.Detail, violations(v.Miss), keys(inv.Keys, v.Document)
	}
	return r
}

// violations is how far a number is from what was expected, and 1 for anything
// that cannot be counted.
func violations(m *journey.Miss) float64 {
	if m == nil || !m.Found {
		return 1
	}
	actual, ok1 := number(m.Actual)
	expected, ok2 := number(m.Expected)
	if !ok1 || !ok2 || m.Op == experiments.Ne {
		return 1
	}
	return max(math.Abs(actual-expected), 1)
}

func number(v any) (float64, bool) {
	n, ok := v.(json.Number)
	if !ok {
		return 0, false
	}
	f, err := n.Float64()
	return f, err == nil
}

// keys lists what is in violation, as text.
func keys(path string, document any) []string {
	if path == "" || document == nil {
		return nil
	}
	p, err := experiments.ParsePath(path)
	if err != nil {
		return nil
	}
	var list []string
	for _, v := range p.Select(document) {
		if len(list) == maxKeys {
			break
		}
		if text, ok := v.(string); ok {
			list = append(list, text)
			continue
		}
		text, err := json.Marshal(v)
		if err != nil {
			text = fmt.Append(nil, v)
		}
		list = append(list, string(text))
	}
	return list
}
