package result

import (
	"fmt"
	"strings"
	"time"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/stats"
)

// Saturation is what a fault did while it touched a share of the journeys, and whether
// it harmed those that it did not touch.
type Saturation struct {
	Rows         []SaturationRow `json:"rows"` // by journey, the smallest share first
	Interference Interference    `json:"interference"`
	Sentence     string          `json:"sentence"` // the same for people
}

// SaturationRow is one journey while the fault touched one share of its executions.
type SaturationRow struct {
	Journey string      `json:"journey"`
	Share   float64     `json:"share"`
	Touched ExcessHarm  `json:"touched"`
	Others  *ExcessHarm `json:"untouched,omitempty"` // absent where there were none
}

// ExcessHarm is the harm of a group of journeys: the share beyond the baseline with its
// 95 % bounds.
type ExcessHarm struct {
	Journeys int `json:"journeys"`
	Harmed   int `json:"harmed"`
	Amount
}

// An Interference says whether a fault harmed journeys that it did not touch.
type Interference string

// The answers.
const (
	Interferes Interference = "shown"   // it harmed them
	Isolated   Interference = "bounded" // it harmed no more of them than the limit allows
	Unsettled  Interference = "unclear" // too few journeys to tell
)

// A shareRecord is the journeys of one kind at one share.
type shareRecord struct {
	share           float64
	spans           spans
	touched, others contrast
}

// A turn is a stretch in which faults touch one share of the journeys, as offsets from
// the start of the run.
type turn struct {
	plan.Turn
	event journal.Event // that began it
}

// turnStarted remembers a turn of the shares. There are no more than were planned, so
// that a journal decides no amount of work.
func (r *experimentRun) turnStarted(e journal.Event) {
	if len(r.turns) < len(r.plan.Turns) {
		r.turns = append(r.turns, turn{plan.Turn{Share: e.Value}, e})
	}
}

// boundedTurns are the turns as far as the fault was in force. The last may have been cut
// short.
func (r *experimentRun) boundedTurns() []plan.Turn {
	list := make([]plan.Turn, len(r.turns))
	for k, t := range r.turns {
		list[k] = plan.Turn{At: max(t.event.Since, r.moments.injected), Until: r.moments.removing, Share: t.Share}
		if k+1 < len(r.turns) {
			list[k].Until = min(r.moments.removing, r.turns[k+1].event.Since)
		}
	}
	return list
}

// turnsAt are the stretches of time whose journeys count for a share.
func (r *experimentRun) turnsAt(share float64, harmedAfter time.Duration) (list spans) {
	for _, t := range r.boundedTurns() {
		if from, to := t.Counted(harmedAfter); t.Share == share && to > from {
			list = append(list, span{from, to})
		}
	}
	return list
}

// cohort are the intended starts whose journeys count. Where shares took turns, they are
// those of the largest share, at which the limits are judged.
func (r *experimentRun) cohort(harmedAfter, inflight time.Duration) spans {
	if largest := r.turnsAt(r.plan.LargestShare(), harmedAfter); largest != nil {
		return largest
	}
	return r.lagging(r.moments.cohort(harmedAfter, inflight))
}

// touchedFor is for how long the fault would have touched as many journeys at the largest
// share as it did at all shares, of a time in force.
func (r *experimentRun) touchedFor(inForce time.Duration) time.Duration {
	if len(r.turns) == 0 {
		return inForce
	}
	var all time.Duration
	for _, t := range r.boundedTurns() {
		all += time.Duration(float64(max(0, t.Until-t.At)) * t.Share / r.plan.LargestShare())
	}
	return all
}

// newShareRecords makes what the third pass fills for a journey at each share.
func (r *experimentRun) newShareRecords(harmedAfter time.Duration, baseline span) (list []shareRecord) {
	if r.turns == nil {
		return nil
	}
	before := group{arm: plan.FaultArm, spans: spans{baseline}}
	for _, share := range r.plan.Shares() {
		at := r.turnsAt(share, harmedAfter)
		if at == nil {
			continue
		}
		list = append(list, shareRecord{
			share: share, spans: at,
			touched: newContrast(group{arm: plan.FaultArm, spans: at}, before, harmed),
			others:  newContrast(group{arm: plan.ControlArm, spans: at}, before, harmed),
		})
	}
	return list
}

func (s *shareRecord) add(o *journal.Observation) {
	s.touched.add(o)
	s.others.add(o)
}

// saturation is nil where the fault touched all journeys of its arm all the time.
func (r *experimentRun) saturation() *Saturation {
	var s Saturation
	limits := map[string]float64{}
	for i, p := range r.plan.Journeys {
		j := &r.journeys[i]
		limits[p.Name] = p.Limit
		after := r.recoveredTail(p, j, j.recovery.harm[plan.FaultArm])
		for k := range j.shares {
			at := &j.shares[k]
			touched := excessHarm(&at.touched, after)
			if touched == nil {
				continue
			}
			s.Rows = append(s.Rows, SaturationRow{p.Name, at.share, *touched, excessHarm(&at.others, after)})
		}
	}
	if s.Rows == nil {
		return nil
	}
	s.conclude(limits)
	return &s
}

// excessHarm is the harm of a group beyond the baseline, and beyond the time after the
// fault where that is a second control. It is nil where there are no journeys.
func excessHarm(c *contrast, after []stats.Stretch) *ExcessHarm {
	all := stats.Total(c.fault)
	if all.N == 0 || stats.Total(c.control).N == 0 {
		return nil
	}
	d := c.difference()
	if after != nil {
		d = c.differenceWithin(after)
	}
	return &ExcessHarm{all.N, all.Hits, Amount{d.Estimate, d.Low, d.High}}
}

// conclude says whether journeys that the fault did not touch were harmed. Harm is shown
// from the tolerance of a control on, as there are several groups, each with an interval.
func (s *Saturation) conclude(limits map[string]float64) {
	var shown []SaturationRow
	others, bounded, most, harmful := 0, true, 0.0, false
	for _, row := range s.Rows {
		harmful = harmful || row.Touched.Low > 0
		if row.Others == nil {
			continue
		}
		others++
		if row.Others.Low > min(tolerance, limits[row.Journey]/2) {
			shown = append(shown, row)
		}
		bounded = bounded && row.Others.High <= limits[row.Journey]
		most = max(most, row.Others.High)
	}
	switch {
	case len(shown) > 0:
		s.Interference = Interferes
		s.Sentence = "the fault also harmed journeys that it did not touch, through what all share (interference): " + describeOthers(shown) +
			"; harm of a part of the journeys does not foretell harm of all"
	case others > 0 && bounded:
		s.Interference = Isolated
		s.Sentence = fmt.Sprintf("journeys that the fault did not touch were hardly harmed, if at all (at most %s at any share)", figures.UpperPercent(most))
		if harmful {
			s.Sentence += ": harm stays with those that it touches"
		}
	default:
		s.Interference = Unsettled
		s.Sentence = "too few journeys that the fault did not touch count to tell whether it harmed them as well"
		if others > 0 {
			s.Sentence += fmt.Sprintf(" (at most %s)", figures.UpperPercent(most))
		}
	}
}

// describeOthers says how many of those that were not touched were harmed.
func describeOthers(rows []SaturationRow) string {
	var list []string
	for _, row := range rows {
		list = append(list, fmt.Sprintf("%s of %s at a share of %s", figures.Percent(row.Others.Estimate), row.Journey, figures.ShortPercent(row.Share, 2)))
	}
	return strings.Join(list, ", ")
}

// saturation checks the rows of a result that others made.
func (c *checker) saturation(s *Saturation) {
	if s == nil {
		return
	}
	c.code("interference", string(s.Interference))
	for _, row := range s.Rows {
		c.id("saturation", row.Journey)
		c.number("saturation", 1, row.Share)
		for _, h := range []*ExcessHarm{&row.Touched, row.Others} {
			if h == nil {
				continue
			}
			count(c, "saturation", h.Journeys, h.Harmed)
			c.number("saturation", mostShare, h.Estimate)
			c.bounds("saturation", mostShare, h.Low, h.High)
		}
	}
}
