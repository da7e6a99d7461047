package notify

import (
	"context"
	"fmt"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// An Attempt is a receiver that was sent a test message.
type Attempt struct {
	Receiver string // its name
	Took     time.Duration
	Err      error // why it was not told; nil: it was
}

// String returns the attempt as a line for people.
func (a Attempt) String() string {
	if a.Err != nil {
		return fmt.Sprintf("%s was not told: %v", a.Receiver, a.Err)
	}
	return fmt.Sprintf("%s was told, in %s", a.Receiver, a.Took.Round(time.Millisecond))
}

// Try sends one test message to each receiver of a system, one after the other. PagerDuty
// gets a change event, which pages nobody, and Grafana one annotation. The error is about
// the documents; that of a receiver is in its attempt.
func Try(ctx context.Context, s *experiments.System, o Options) ([]Attempt, error) {
	now := time.Now()
	n, err := New(&plan.Plan{Run: plan.NewRun(now), System: *s}, o)
	if err != nil {
		return nil, err
	}
	defer n.End(nil)
	m := &Message{Event: testNotice, At: now, Summary: "a test message: this receiver is told what runs do"}
	n.address(m)
	var list []Attempt
	for _, r := range n.receivers {
		began := time.Now()
		err := r.tell(ctx, m)
		list = append(list, Attempt{r.to.Name(), time.Since(began), err})
	}
	return list, nil
}
