package result

import (
	"fmt"
	"slices"
	"time"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/stats"
)

// Measured is what an experiment was measured by, where no journeys were sent: counters of
// the system, and how complete what they told is.
type Measured struct {
	By       string            `json:"by"`     // prometheus
	Scrape   float64           `json:"scrape"` // seconds between two scrapes
	Counters []MeasuredCounter `json:"counters,omitempty"`
	Losses   []Loss            `json:"losses,omitempty"` // stretches of time of which nothing is known
}

// A MeasuredCounter is what the counters of a journey counted on an arm, from the beginning
// of the experiment to its end.
type MeasuredCounter struct {
	Journey string `json:"journey"`
	Arm     string `json:"arm"`
	Targets int    `json:"targets"` // that exposed them
	Total   int64  `json:"total"`
	Harmed  int64  `json:"harmed"`
}

// A Loss is a stretch of time of which some targets told nothing, in seconds since the
// experiment's start.
type Loss struct {
	Journey string  `json:"journey"`
	Arm     string  `json:"arm,omitempty"` // absent: both
	Why     string  `json:"why"`           // gap: a scrape is missing; silent: a target was scraped no more; born: one that is new; restart: a counter began anew; vanished: a series is gone, or came back; leap: a counter counted more than there can be; unread: one was no number; edgeless: a histogram lacks the edge of slow_after; apart: harm was counted on no target of total, or on no arm
	From    float64 `json:"from"`
	To      float64 `json:"to"`
	Targets int     `json:"targets"`
	Of      int     `json:"of"`
	// Share is how much of the arm's journeys those targets carried before the fault, 0 to 1.
	Share float64  `json:"share,omitempty"`
	First []string `json:"first,omitempty"` // the first of the targets: job and instance
}

// ByPrometheus is the value of Measured.By for counters that a Prometheus scrapes.
const ByPrometheus = "prometheus"

// LatencyBounds are between which two edges of a histogram percentiles are, of the arms
// under the fault and of the fault arm before it.
type LatencyBounds struct {
	Fault    []PercentileBounds `json:"fault,omitempty"`
	Control  []PercentileBounds `json:"control,omitempty"`
	Baseline []PercentileBounds `json:"baseline,omitempty"`
}

// PercentileBounds are in seconds. High is absent where the percentile is beyond the last
// edge.
type PercentileBounds struct {
	P    float64 `json:"p"` // 0.5, 0.9, 0.99
	Low  float64 `json:"low"`
	High float64 `json:"high,omitempty"`
}

// mostLost is the share of the time of a group of journeys of which nothing may be known:
// of ten batches of time eight are left, as many as an interval needs.
const mostLost = 1 - float64(stats.LeastBatches)/10

// mostLate is how late a scrape may be told beyond the next one, before it is worth a word.
const mostLate = 2 * time.Second

// mostTargets is how many targets of a loss are named.
const mostTargets = 3

// measuredBy is nil where journeys were sent.
func (r *experimentRun) measuredBy() *Measured {
	m := r.measurement
	if m == nil || !r.plan.Measured() {
		return nil
	}
	row := &Measured{By: ByPrometheus, Scrape: seconds(m.Scrape)}
	for _, c := range m.Counts {
		i := slices.IndexFunc(row.Counters, func(k MeasuredCounter) bool { return k.Journey == c.Journey && k.Arm == c.Arm })
		if i < 0 {
			i = len(row.Counters)
			row.Counters = append(row.Counters, MeasuredCounter{Journey: c.Journey, Arm: c.Arm})
		}
		k := &row.Counters[i] // of all its phases
		k.Targets, k.Total, k.Harmed = max(k.Targets, c.Targets), k.Total+c.Total, k.Harmed+c.Harmed
	}
	for _, l := range m.Losses {
		lost := Loss{Journey: cutTo(l.Journey, journal.MaxKey), Arm: cutTo(l.Arm, journal.MaxKey), Why: cutTo(l.Why, journal.MaxKey), From: seconds(l.From - r.start.Since), To: seconds(l.To - r.start.Since), Targets: l.Targets, Of: l.Of, Share: l.Share}
		for _, name := range l.First[:min(len(l.First), mostTargets)] {
			lost.First = append(lost.First, cutTo(name, journal.MaxKey))
		}
		row.Losses = append(row.Losses, lost)
	}
	return row
}

// distrustMeasured lists why counts cannot be trusted.
func (r *experimentRun) distrustMeasured() []reason {
	if !r.plan.Measured() {
		return nil
	}
	var why reasons
	m := r.measurement
	if m == nil {
		why.add(ReasonScrapesMissing, "nothing says how complete what Prometheus told is: the run did not write it down")
		return why
	}
	if m.Blind {
		why.add(ReasonScrapesMissing, "no scrape came any more, and nobody would have seen what the fault does: it was removed before its time%s", r.sayUnanswered())
	}
	if off := max(m.ClockUncertain, m.ClockMoved); off > m.Scrape/2 {
		why.add(ReasonClocksDiffer, "the clock of Prometheus is known to ± %s alone, and half a scrape is %s: nobody knows on which side of an edge its scrapes were", figures.Span(off.Round(time.Millisecond)), figures.Span(m.Scrape/2))
	}
	if m.Untold > 0 {
		why.add(ReasonScrapesMissing, "counters had %s of which nothing is known, too many to tell each", figures.Plural(m.Lost, "stretch of time", "stretches of time"))
	}
	for i, p := range r.plan.Journeys {
		if r.measured() {
			why = append(why, r.tooMuchLost(p, &r.journeys[i])...)
		}
	}
	return append(why, disagreeing(m)...)
}

// tooMuchLost lists the groups of a journey of whose time too much is not known.
func (r *experimentRun) tooMuchLost(p plan.Journey, j *journeyRecord) []reason {
	var why reasons
	for _, g := range []struct {
		name  string
		group group
	}{{"of the fault arm under the fault", j.fault.group}, {"of the control", j.control.group}} {
		if lost := r.lostOf(p.Name, g.group.arm, g.group.spans); lost.share > mostLost {
			why.add(ReasonScrapesMissing, "%s: of %s of the time %s nothing is known (at most %s): %s%s", p.Name, percent(lost.share), g.name, percent(mostLost), lost, r.sayUnanswered())
		}
	}
	return why
}

// doubtCounted takes back that a journey is not harmed where counters may not have told.
func (r *experimentRun) doubtCounted(i int, c *Criterion, high float64) {
	if !r.plan.Measured() || c.Verdict != Held || r.measurement == nil {
		return
	}
	p, j := r.plan.Journeys[i], &r.journeys[i]
	if text := r.fewerEnded(p, j); text != "" {
		c.decide(Inconclusive, ReasonFewerEnded, text)
		return
	}
	lost := r.lostOf(p.Name, plan.FaultArm, j.fault.spans)
	if worst := max(0, high)*(1-lost.share) + lost.share; lost.share > 0 && worst > p.Limit {
		c.decide(Inconclusive, ReasonScrapesMissing, fmt.Sprintf("%s: of %s of the time of the fault arm under the fault nothing is known: %s. If all of that was harm, it is up to %s, limit %s%s",
			p.Name, percent(lost.share), lost, upperPercent(worst), percent(p.Limit), r.sayUnanswered()))
	}
}

func (r *experimentRun) sayUnanswered() string {
	if m := r.measurement; m.Unanswered > 0 {
		return fmt.Sprintf("; Prometheus could not be asked %s: %s", figures.Plural(m.Unanswered, "time", "times"), cutTo(m.Error, journal.MaxKey))
	}
	return ""
}

// A lostTime is what is not known of a group's time.
type lostTime struct {
	share   float64 // of it
	causes  map[string]int
	targets []string // the first few
}

// lostOf is what is not known of the time of an arm.
func (r *experimentRun) lostOf(journey string, arm plan.Arm, group spans) (t lostTime) {
	t.causes = map[string]int{}
	whole := group.length()
	if whole <= 0 {
		return t
	}
	for _, l := range r.measurement.Losses {
		if l.Journey != journey || l.Arm != "" && l.Arm != arm.String() {
			continue
		}
		overlap := time.Duration(0)
		for _, s := range group {
			overlap += max(0, min(s.to, l.To)-max(s.from, l.From))
		}
		if overlap <= 0 {
			continue
		}
		weight := l.Share
		if weight == 0 {
			weight = float64(l.Targets) / float64(max(1, l.Of, l.Targets))
		}
		t.share = min(1, t.share+float64(overlap)/float64(whole)*weight)
		t.causes[l.Why] += l.Targets
		for _, name := range l.First {
			if len(t.targets) < mostTargets && !slices.Contains(t.targets, name) {
				t.targets = append(t.targets, name)
			}
		}
	}
	return t
}

// String says why, and of which targets.
func (t lostTime) String() string {
	var why []string
	for _, kind := range []struct{ code, one, many string }{
		{"gap", "1 gap between scrapes", "gaps between scrapes"}, {"silent", "1 target that was scraped no more", "targets that were scraped no more"}, {"born", "1 target that is new", "targets that are new"},
		{"restart", "1 counter that began anew", "counters that began anew"}, {"vanished", "1 series that vanished or came back", "series that vanished or came back"},
		{"leap", "1 counter that counted more than there can be", "counters that counted more than there can be"}, {"unread", "1 counter that was no number", "counters that were no numbers"},
		{"edgeless", "1 histogram without the edge of slow_after", "times a histogram without the edge of slow_after"},
		{"apart", "1 time that harmed grew on no target of total, or on no arm", "times that harmed grew on no target of total, or on no arm"},
	} {
		switch n := t.causes[kind.code]; {
		case n == 1:
			why = append(why, kind.one)
		case n > 1:
			why = append(why, figures.Count(n)+" "+kind.many)
		}
	}
	text := figures.List(why, "and")
	if len(t.targets) > 0 {
		text += ", of " + cutTo(figures.List(t.targets, "and"), mostText)
	}
	return text
}

// disagreeing lists counters of which a part is more than the whole. A target reads them
// one after the other, so that a moment's worth is nothing.
func disagreeing(m *journal.Measurement) []reason {
	var why reasons
	for _, c := range m.Counts {
		arm := c.Arm + " arm"
		if c.Phase != "" {
			arm += " in the " + cutTo(string(c.Phase), journal.MaxKey) + " phase"
		}
		slack := 10 + c.Total/100
		switch {
		case c.Harmed > c.Total+slack:
			why.add(ReasonCountersDisagree, "%s: harmed counted %s journeys of the %s, and total %s: harmed must select a part of what total selects", c.Journey, figures.Count(int(c.Harmed)), arm, figures.Count(int(c.Total)))
		case c.Harmed > 0 && c.Timed > 0 && c.Harmed+c.Timed > c.Total+slack:
			why.add(ReasonCountersDisagree, "%s: harmed and the histogram counted %s journeys of the %s together, and total %s: some count twice, so let the histogram's selector leave out what harmed selects",
				c.Journey, figures.Count(int(c.Harmed+c.Timed)), arm, figures.Count(int(c.Total)))
		}
	}
	return why
}

// measuredWarnings are what a reader of counts should know.
func (r *experimentRun) measuredWarnings() (list []string) {
	m := r.measurement
	if m == nil || !r.plan.Measured() {
		return nil
	}
	list = append(list, fmt.Sprintf("measured by Prometheus, scraped every %s: journeys are known by when they ended, and recovery to ± %s", figures.Span(m.Scrape), figures.Span(m.Scrape)))
	if m.Lag > 2*m.Scrape+mostLate {
		list = append(list, fmt.Sprintf("scrapes were told up to %s after they were made: guardrails act that much later, and what was not told by the end is not known", figures.Span(m.Lag.Round(100*time.Millisecond))))
	}
	for _, name := range m.Unharmed {
		list = append(list, cutTo(name, journal.MaxKey)+": not one counter of harm was there in the whole run: is the selector harmed right?")
	}
	for i, p := range r.plan.Journeys {
		lost := r.lostOf(p.Name, plan.FaultArm, r.journeys[i].fault.spans)
		if lost.share > 0 && lost.share <= mostLost {
			list = append(list, fmt.Sprintf("%s: of %s of the time of the fault arm under the fault nothing is known, and it does not count: %s", p.Name, percent(lost.share), lost))
		}
		if lost.causes["restart"] > 0 && r.plan.Control == plan.Concurrent && r.lostOf(p.Name, plan.ControlArm, r.journeys[i].fault.spans).causes["restart"] == 0 {
			list = append(list, p.Name+": counters of the fault arm began anew under the fault, and none of the control: that may be its doing, and what they lost may be harm")
		}
	}
	return list
}

// latencyBounds is nil where no histogram was read.
func (r *experimentRun) latencyBounds(p plan.Journey, j *journeyRecord) *LatencyBounds {
	if r.measurement == nil || !r.plan.Measured() {
		return nil
	}
	of := func(arm plan.Arm, group spans) []PercentileBounds {
		return percentileBounds(r.bucketsOf(p.Name, arm, group))
	}
	b := &LatencyBounds{Fault: of(plan.FaultArm, j.cohort), Baseline: of(plan.FaultArm, spans{j.baseline})}
	if r.plan.Control == plan.Concurrent {
		b.Control = of(plan.ControlArm, j.cohort)
	}
	if b.Fault == nil && b.Control == nil && b.Baseline == nil {
		return nil
	}
	return b
}

// bucketsOf adds up the slices of time that lie in one of the spans.
func (r *experimentRun) bucketsOf(journey string, arm plan.Arm, group spans) (sum []journal.Bucket) {
	for _, s := range r.measurement.Durations {
		inside := slices.ContainsFunc(group, func(g span) bool { return s.From >= g.from && s.To <= g.to+r.plan.Straddle() })
		if s.Journey != journey || s.Arm != arm.String() || !inside {
			continue
		}
		for _, b := range s.Buckets {
			i := slices.IndexFunc(sum, func(k journal.Bucket) bool { return k.Seconds == b.Seconds && k.Above == b.Above })
			if i < 0 {
				sum = append(sum, b)
				continue
			}
			sum[i].Count += b.Count
		}
	}
	return sum
}

// percentileBounds are nil where nothing was counted. Buckets are in the order of their
// edges, as they are written down, and the last holds all.
func percentileBounds(buckets []journal.Bucket) (rows []PercentileBounds) {
	n := len(buckets)
	if n < 2 || !buckets[n-1].Above || buckets[n-1].Count <= 0 {
		return nil
	}
	all := buckets[n-1].Count
	for _, p := range []float64{0.5, 0.9, 0.99} {
		rank := int64(stats.Rank(p, int(all)))
		k := slices.IndexFunc(buckets, func(b journal.Bucket) bool { return b.Count >= rank })
		row := PercentileBounds{P: p, High: buckets[k].Seconds}
		if k > 0 {
			row.Low = buckets[k-1].Seconds
		}
		rows = append(rows, row)
	}
	return rows
}
