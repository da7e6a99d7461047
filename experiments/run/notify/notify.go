// Package notify tells others what a run does: a Slack channel, a server of CloudEvents,
// PagerDuty, Grafana, or any other one.
//
// It is best effort. Messages leave in the background, in order for each receiver; none
// holds up a run, and what cannot be sent is a warning. Nothing that a system under test
// says can format a message, mention somebody or become a link.
package notify

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/redact"
	"github.com/blastgauge/blastgauge/experiments/result"
)

// Options say how others are told.
type Options struct {
	// Getenv reads the environment, which holds the addresses and keys of receivers.
	Getenv func(string) (string, bool)
	// Logf gets a warning for each receiver that could not be told something, once.
	Logf func(format string, args ...any)
	// Transport sends requests; nil: as net/http does by default, with TLS verified.
	Transport http.RoundTripper
}

// A Notifier tells the receivers of a plan what its run does. It is a view of the run.
type Notifier struct {
	secrets   *redact.Secrets
	receivers []*receiver
	ctx       context.Context // of all that is sent
	cancel    context.CancelFunc
	done      sync.WaitGroup
	client    *http.Client

	mu     sync.Mutex
	plan   *plan.Plan
	faults map[string]string // in words, by name: a scan gives a fault other attributes each time
	sent   int               // messages so far, for their ids
	// underWay is the id of the experiment that goes on; empty between two of them.
	underWay string
	since    time.Duration // of the last event
	over     bool
}

// New returns a notifier for the run of a plan. The error is of class
// [experiments.ErrInvalid]: an address or a key that is missing or cannot be one. It does
// not repeat it.
func New(p *plan.Plan, o Options) (*Notifier, error) {
	if o.Logf == nil {
		o.Logf = func(string, ...any) {}
	}
	n := &Notifier{plan: p, faults: map[string]string{}, client: newClient(o.Transport), secrets: redact.FromEnv(p.EnvNames(), o.Getenv)}
	for _, e := range p.Experiments {
		n.learn(e.Faults)
	}
	for _, to := range p.System.Notify {
		f, err := formatOf(to, o.Getenv)
		if err != nil {
			return nil, fmt.Errorf("%w: notify: %s: %w", experiments.ErrInvalid, to.Name(), err)
		}
		n.receivers = append(n.receivers, &receiver{to: to, format: f, client: n.client, logf: o.Logf, wake: make(chan struct{}, 1)})
	}
	n.ctx, n.cancel = context.WithCancel(context.Background())
	for _, r := range n.receivers {
		n.done.Go(func() { r.send(n.ctx) })
	}
	return n, nil
}

// learn keeps what faults are, in words.
func (n *Notifier) learn(list []plan.Fault) {
	for _, f := range list {
		n.faults[f.Name] = f.Describe()
	}
}

// Record tells what an event is about.
func (n *Notifier) Record(e journal.Event) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.since = e.Since
	switch {
	case e.Kind == journal.RunStarted && e.Plan != nil:
		n.plan = e.Plan
	case e.Kind == journal.CellStarted && e.Cell != nil:
		n.learn(e.Cell.Faults)
	case e.Kind == journal.ExperimentStarted:
		n.underWay = e.Experiment
	case e.Kind == journal.ExperimentEnded:
		n.underWay = ""
	}
	if m := n.ofEvent(e); m != nil {
		m.At, m.Since = e.At, e.Since.Seconds()
		n.tell(m)
	}
}

// Observe tells nothing: a message for each journey would be one too many.
func (n *Notifier) Observe(journal.Observation) {}

// Judge tells the verdict of an experiment that has ended.
func (n *Notifier) Judge(e *result.Experiment) {
	n.mu.Lock()
	defer n.mu.Unlock()
	m := n.ofVerdict(e)
	m.At, m.Since = time.Now(), n.since.Seconds()
	n.tell(m)
}

// Close tells nothing: what a run came to is known only later, see [Notifier.End].
func (n *Notifier) Close() {}

// End tells how the run ended and waits until all is sent, at most [Patience]. Without a
// result there was no run to tell of. Nothing is told after it.
func (n *Notifier) End(r *result.Result) {
	n.mu.Lock()
	if r != nil && !n.over {
		m := n.ofResult(r)
		m.At, m.Since = time.Now(), n.since.Seconds()
		n.tell(m)
	}
	n.over = true
	n.mu.Unlock()
	for _, r := range n.receivers {
		r.close()
	}
	late := time.AfterFunc(Patience, n.cancel)
	n.done.Wait()
	late.Stop()
	n.cancel()
	n.client.CloseIdleConnections()
}

// tell gives a message to those who want it.
func (n *Notifier) tell(m *Message) {
	if n.over {
		return
	}
	n.sent++
	n.address(m)
	for _, r := range n.receivers {
		switch {
		case !r.wants(m):
		case r.pages(m):
			n.done.Go(func() { r.tryTo(n.ctx, m) })
		default:
			r.put(m)
		}
	}
}

// address fills in what all messages of a run say.
func (n *Notifier) address(m *Message) {
	m.Schema = Schema
	m.ID = fmt.Sprintf("%s.%d", n.plan.Run, n.sent)
	m.Run, m.System, m.Environment = n.plan.Run, n.plan.System.Name, n.shown(n.plan.System.Environment)
	m.At = m.At.UTC()
}

// wants reports whether a receiver is told of a message. A fault that may be left is an
// alert for PagerDuty, whatever else it is told; and a region of Grafana that was begun is
// closed.
func (r *receiver) wants(m *Message) bool {
	switch {
	case slices.Contains(r.to.On, m.Event), m.Event == testNotice:
		return true
	case r.to.Kind == experiments.PagerDuty:
		return m.isAlert()
	case r.to.Kind == experiments.Grafana:
		return m.Event == experiments.NoticeRemoved && slices.Contains(r.to.On, experiments.NoticeFault)
	}
	return false
}
