package result

import (
	"math"
	"slices"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/stats"
	"github.com/blastgauge/blastgauge/injectors"
)

const (
	// recoveryWindow is how finely "back at the control's level" is known.
	recoveryWindow = 500 * time.Millisecond
	// recoveryLeast is how many windows without harm show that it is over, or
	// half of a recovery phase that is shorter than six seconds.
	recoveryLeast = 6
	// cutWindow is left out after a removal that cuts connections: journeys that
	// meet one of those are harmed by the tool, not by a system that has not
	// recovered.
	cutWindow = 500 * time.Millisecond
)

// recovery is that of the journey that took longest. It is nil where nothing
// was watched after the removal.
func (t *trial) recovery() *Recovery {
	var slowest *Recovery
	for i := range t.seen {
		r := t.recoveryOf(&t.seen[i])
		if r == nil {
			continue
		}
		if slowest == nil || (r.Censored && !slowest.Censored) || (r.Censored == slowest.Censored && r.Seconds > slowest.Seconds) {
			slowest = r
		}
	}
	return slowest
}

func (t *trial) recoveryOf(s *seen) *Recovery {
	n := len(s.after.windows[plan.FaultArm])
	if n < 2 {
		return nil
	}
	control := []stats.Count{s.before[plan.FaultArm].harm()}
	if t.plan.Control == plan.Concurrent {
		control = s.after.windows[plan.ControlArm]
	}
	r := &Recovery{}
	if fell, ok := s.after.fell(); ok {
		r.FellAt, r.Seconds = &fell, fell.Seconds
	}
	fell := int(math.Ceil(r.Seconds / recoveryWindow.Seconds()))
	back := stats.Back(s.after.windows[plan.FaultArm], control, fell, min(recoveryLeast, max(2, n/2)))
	r.Harmed = seconds(time.Duration(back.At) * recoveryWindow)
	r.Seconds = max(r.Seconds, r.Harmed)
	if !back.Back {
		r.Seconds, r.Censored, r.Metastable = seconds(t.when.end-t.when.removed), true, back.Beyond
	}
	return r
}

// ownHarm is how long after the removal harm is the removal's own.
func (t *trial) ownHarm() time.Duration {
	for _, f := range t.faults {
		if kind, ok := injectors.Lookup(f.plan.Inject); ok && kind.CutsOnRemoval {
			return cutWindow
		}
	}
	return 0
}

// An aftermath is the harm after the removal in windows, by arm, and that of the fault
// arm from the first fault of the last turn on in pieces.
type aftermath struct {
	own     span // in which harm is the removal's own
	watched span
	windows [2][]stats.Count

	falling span
	width   time.Duration // of a piece
	before  int           // how many pieces of it are before the removal
	pieces  []piece
}

// A piece of time is so short that few have more than one journey.
type piece struct {
	stats.Count
	first, last time.Duration // intended starts
}

const (
	shortestPiece = 10 * time.Millisecond
	mostPieces    = 20_000
)

func newAftermath(m times, own time.Duration) aftermath {
	n := max(0, int((m.end-m.removed)/recoveryWindow))
	a := aftermath{
		own:     span{m.removed, m.removed + own},
		watched: span{m.removed, m.removed + time.Duration(n)*recoveryWindow},
		windows: [2][]stats.Count{make([]stats.Count, n), make([]stats.Count, n)},
		falling: span{m.turned, m.end},
	}
	a.width = max(shortestPiece, (m.end-m.turned)/mostPieces)
	a.before = a.piecesOf(m.removed - m.turned)
	a.pieces = make([]piece, a.before+a.piecesOf(m.end-m.removed))
	return a
}

func (a *aftermath) piecesOf(d time.Duration) int { return max(0, int((d+a.width-1)/a.width)) }

func (a *aftermath) look(o *journal.Observation) {
	if a.own.holds(o.Intended) {
		return
	}
	since := o.Intended - a.watched.from // the removal
	if a.watched.holds(o.Intended) {
		add(&a.windows[o.Arm][since/recoveryWindow], o.Harmed())
	}
	if o.Arm != plan.FaultArm || !a.falling.holds(o.Intended) {
		return
	}
	k := a.before + int(since/a.width)
	if since < 0 { // no piece lies on both sides of the removal
		k = a.before - 1 - int((-since-1)/a.width)
	}
	p := &a.pieces[k]
	if p.N == 0 || o.Intended < p.first {
		p.first = o.Intended
	}
	p.last = max(p.last, o.Intended)
	add(&p.Count, o.Harmed())
}

// fell finds the moment at which harm fell. It may be before the removal, which
// rescues journeys in flight: that is no sooner than at once.
func (a *aftermath) fell() (Fell, bool) {
	var counts []stats.Count
	list := slices.DeleteFunc(slices.Clone(a.pieces), func(p piece) bool { return p.N == 0 })
	for _, p := range list {
		counts = append(counts, p.Count)
	}
	c, ok := stats.Fall(counts)
	if !ok {
		return Fell{}, false
	}
	removed := a.watched.from
	at := func(k int) float64 {
		if list[k-1].last < removed { // the last one before it was sent under the fault
			return 0
		}
		return seconds(list[k].first - removed)
	}
	return Fell{at(c.At), at(c.Low), at(c.High)}, true
}
