package compare

import (
	"fmt"
	"math"
	"strconv"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/stats"
)

// A pending experiment is compared, but for the statuses of its journeys.
type pending struct {
	Experiment
	names   Names
	head    []experimentRun     // that are compared
	changes []*stats.Comparison // of each journey; nil where it is not comparable
}

// A suite is all experiments of a comparison. Their changes are judged together: what is
// rare in one comparison is met in forty, and the experiments that did not change show
// how much runs vary.
type suite []*pending

// learnSpread learns what varies from run to run and takes it into every change. It is nil
// where the suite does not show it.
func (s suite) learnSpread() *Spread {
	var harmed []stats.Comparison
	for _, p := range s {
		for i, c := range p.changes {
			if j := p.Journeys[i]; c != nil && (j.Base.Low > 0 || j.Head.Low > 0) {
				harmed = append(harmed, *c)
			}
		}
	}
	variance, known := stats.RunToRun(harmed)
	if !known {
		return nil
	}
	for _, p := range s {
		for _, c := range p.changes {
			if c != nil {
				*c = c.WithSpread(variance)
			}
		}
	}
	return &Spread{SD: math.Sqrt(variance), Changes: len(harmed)}
}

// judge gives every journey its status, and then every experiment.
func (s suite) judge(margin float64, ofSuite bool) {
	var more, less []float64
	for _, p := range s {
		for _, c := range p.changes {
			if c != nil {
				more, less = append(more, c.AtMost(margin)), append(less, c.AtLeast(-margin))
			}
		}
	}
	adjustedMore, adjustedLess := stats.Adjusted(more), stats.Adjusted(less)
	n := 0
	for _, p := range s {
		for i, c := range p.changes {
			if c == nil {
				continue
			}
			t := test{Comparison: *c, base: p.names.Base, margin: margin, of: len(more), p: more[n], adjusted: adjustedMore[n]}
			if c.Estimate < 0 {
				t.p, t.adjusted = less[n], adjustedLess[n]
			}
			j := &p.Journeys[i]
			j.setChange(*c, ofSuite)
			j.Change.PValue, j.Change.Adjusted, j.Change.Unseen = t.p, t.adjusted, t.unseen()
			j.Status, j.ReasonCode, j.Reason = t.judge()
			n++
		}
		if p.Status == "" {
			p.Impact = p.impact(p.head)
			p.judge(p.names)
		}
	}
}

// A test is a change with what is needed to judge it.
type test struct {
	stats.Comparison
	base        string // what it is called
	margin      float64
	of          int     // changes that are judged together
	p, adjusted float64 // of no change beyond the margin in the direction of the estimate
}

// judge is the table of statuses: the first row that matches wins.
func (t test) judge() (Status, ReasonCode, string) {
	d := clampChange(t.Interval)
	text := changeText(d, stats.Confidence)
	changed, code, words := Regressed, ReasonMoreHarm, "more harm than in "+t.base+": "
	if d.Estimate < 0 {
		changed, code, words = Improved, ReasonLessHarm, "less harm than in "+t.base+": "
	}
	shown := d.Low > 0 || d.High < 0
	beyond := shown && math.Abs(d.Estimate) > t.margin
	switch {
	case beyond && t.adjusted <= stats.FalseDiscoveries:
		return changed, code, words + text
	case t.Within(t.margin) <= stats.EquivalenceLevel:
		return Unchanged, ReasonWithinMargin, fmt.Sprintf("shown to be within %s points: %s", points(t.margin), changeText(t.Equivalence(), 1-2*stats.EquivalenceLevel))
	case beyond && t.p <= stats.FalseDiscoveries:
		return Uncertain, ReasonChanceOfMany, fmt.Sprintf("%s%s, but among %d changes that are judged together chance alone shows one like it: another run would tell", words, text, t.of)
	case beyond:
		return Uncertain, ReasonMarginNotShown, fmt.Sprintf("%s%s, but that it is more than %s points is not shown: %s", words, text, points(t.margin), t.measurementsToDecide())
	}
	return Uncertain, ReasonUndecided, text + ": " + t.measurementsToDecide()
}

// changeText writes a change with its interval.
func changeText(d stats.Interval, confidence float64) string {
	return fmt.Sprintf("%s points (%s interval %s to %s)", figures.SignedPoints(d.Estimate), percent(confidence), figures.SignedPoints(d.Low), figures.SignedPoints(d.High))
}

// level is that of a lone regression among all changes that are judged together.
func (t test) level() float64 { return stats.FalseDiscoveries / float64(max(t.of, 1)) }

// unseen is the size of a regression that would not have been seen. It has to be shown to be
// beyond the margin, and its interval to be above zero.
func (t test) unseen() float64 {
	return min(1, max(t.Detectable(t.margin, t.level()), t.Detectable(0, (1-stats.Confidence)/2)))
}

// measurementsToDecide says how many more journeys, or runs where runs vary, would decide
// a change with a chance of 80 % if its estimate stays: what is known grows with the
// square root of them.
func (t test) measurementsToDecide() string {
	room, needs := t.margin-math.Abs(t.Estimate), t.Detectable(0, stats.EquivalenceLevel) // to show it unchanged
	if room <= 0 {
		room, needs = max(-room, 0), max(t.Detectable(0, t.level()), 0) // to show it changed
	}
	const most = 100
	more := needs / room * needs / room
	if room == 0 || more > most {
		return "too close to the margin to be settled by more journeys"
	}
	what := "journeys"
	if t.Drift > 0 {
		what = "runs"
	}
	return fmt.Sprintf("about %s times as many %s would settle it, if the estimate stays", strconv.FormatFloat(math.Ceil(max(more, 1.1)*10)/10, 'f', -1, 64), what)
}

// unseen is the range over all journeys; nil where nothing was compared.
func unseen(list []Experiment) *Unseen {
	var u *Unseen
	for _, e := range list {
		for _, j := range e.Journeys {
			switch {
			case j.Change == nil:
			case u == nil:
				u = &Unseen{Least: j.Change.Unseen, Most: j.Change.Unseen}
			default:
				u.Least, u.Most = min(u.Least, j.Change.Unseen), max(u.Most, j.Change.Unseen)
			}
		}
	}
	return u
}
