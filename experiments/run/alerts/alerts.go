// Package alerts watches whether the alerts of an experiment fire and clear.
//
// It asks a Prometheus or an Alertmanager once a second and writes down what changed. When
// an alert fired is known by the run's own clock, between two questions. The clock of the
// server is used for one thing: to find out whether an alert was on before the fault.
package alerts

import (
	"context"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// answerWithin is how long an answer may take. A server that takes longer is told of as one
// that does not answer.
const answerWithin = 2 * time.Second

// Options say what to watch.
type Options struct {
	Plan       *plan.Plan
	Experiment int       // its index in the plan
	Epoch      time.Time // the run's start
	Env        func(name string) (string, bool)
	Hide       func(text string) string // masks secrets in what a server says; nil: there are none
}

// Watch asks for the alerts of an experiment until ctx ends, and records the first look at
// each, every change, and the last look.
func Watch(ctx context.Context, o Options, record func(journal.Event)) {
	e := &o.Plan.Experiments[o.Experiment]
	if len(e.Alerts) == 0 {
		return
	}
	if o.Hide == nil {
		o.Hide = func(text string) string { return text }
	}
	w := &watcher{Options: o, record: record}
	for _, a := range e.Alerts {
		w.alerts = append(w.alerts, watched{Alert: a})
	}
	s, err := newServer(&o.Plan.System, o.Env)
	if err != nil { // which a preflight finds, unless it was left out
		now := w.since()
		w.take(answer{err: err}, now, now)
		return
	}
	defer s.close()
	w.watch(ctx, s)
}

// A watcher asks for the alerts of one experiment.
type watcher struct {
	Options
	alerts []watched
	record func(journal.Event)
}

// A watched alert is one with the last look that was recorded, and the last answer since.
type watched struct {
	experiments.Alert
	recorded         *journal.AlertLook
	asked, answered  time.Duration // of the last answer, which said the same
	confirmed, known bool          // there was an answer since the look that was recorded, and any at all
}

// since is the time since the run's start, by the monotonic clock.
func (w *watcher) since() time.Duration { return time.Since(w.Epoch) }

// watch asks until ctx ends.
func (w *watcher) watch(ctx context.Context, s *server) {
	tick := time.NewTicker(experiments.AlertPoll)
	defer tick.Stop()
	for {
		asked := w.since()
		within, cancel := context.WithTimeout(ctx, answerWithin)
		a := s.ask(within, w.names())
		cancel()
		if ctx.Err() == nil { // else nobody knows why there was no answer
			w.take(a, asked, w.since())
		}
		select {
		case <-ctx.Done():
			w.recordLast()
			return
		case <-tick.C:
		}
	}
}

// names are the names of the alerts, each once.
func (w *watcher) names() (list []string) {
	seen := map[string]bool{}
	for i := range w.alerts {
		if name := w.alerts[i].Name; !seen[name] {
			seen[name] = true
			list = append(list, name)
		}
	}
	return list
}

// take takes an answer, and records what it changes.
func (w *watcher) take(a answer, asked, answered time.Duration) {
	for i := range w.alerts {
		x := &w.alerts[i]
		look := a.look(x.Alert, w.Hide)
		look.Asked, look.Answered = asked, answered
		if last := x.recorded; last != nil && last.State == look.State && last.Muted == look.Muted {
			x.asked, x.answered, x.confirmed = asked, answered, true
			continue
		}
		if x.known {
			look.LastAsked = x.asked
		}
		look.ClockAhead, look.ClockUncertain = a.clock(w.Epoch.Round(0), asked, answered)
		w.keep(x, look)
	}
}

// keep records a look.
func (w *watcher) keep(x *watched, look journal.AlertLook) {
	x.recorded, x.asked, x.answered, x.confirmed, x.known = &look, look.Asked, look.Answered, false, true
	w.record(journal.Event{Kind: journal.AlertChanged, Alert: &look})
}

// recordLast records until when nothing has changed any more.
func (w *watcher) recordLast() {
	for i := range w.alerts {
		x := &w.alerts[i]
		if !x.confirmed {
			continue
		}
		look := *x.recorded
		look.Asked, look.Answered, look.LastAsked = x.asked, x.answered, x.asked
		w.keep(x, look)
	}
}
