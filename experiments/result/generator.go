package result

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// Generator is the program that sent the journeys, and what came of them.
type Generator struct {
	Command string `json:"command"` // with its arguments
	Lines   int    `json:"lines"`   // that it wrote
	// Bad are lines that say nothing of a journey of the experiment, by what is wrong.
	Bad      []BadLines     `json:"bad,omitempty"`
	Journeys []JourneyCount `json:"journeys,omitempty"`
	// Ended says how the program ended before it was told to stop, that it fell silent, or
	// which line of it ended the experiment; absent where it sent to the end.
	Ended string `json:"ended,omitempty"`
}

// BadLines are lines of which one thing is wrong.
type BadLines struct {
	Kind  string   `json:"kind"` // malformed, unknown_journey, unknown_arm, unknown_step, unknown_outcome, too_long, too_many, told_twice, before_run, future, late or after_stop
	Count int      `json:"count"`
	First []string `json:"first,omitempty"` // what is wrong with the first few
}

// JourneyCount is how many journeys of one kind were to start on an arm in a phase, and how
// many did.
type JourneyCount struct {
	Journey string `json:"journey"`
	Arm     string `json:"arm"`
	Phase   string `json:"phase"`
	Planned int    `json:"planned"`
	Seen    int    `json:"seen"`
	// Behind is how many that were due had not started at the worst moment of the phase.
	Behind int `json:"behind,omitempty"`
}

const (
	// mostMissing is the share of the planned journeys that may be missing, or come beyond
	// them, however much harm is allowed.
	mostMissing = 0.02
	// mostBehind is how late the starts of journeys may be by the plan, where they may not be
	// slow for longer. Programs with many users may start them together, once a second.
	mostBehind = time.Second
	// edge is how many journeys may count in the phase beside theirs.
	edge = 2
)

// missing is the share of the planned journeys of one kind that may be missing: of those
// nobody knows whether they were harmed, and they must not decide. As many may come beyond
// them: one that is told twice counts twice.
func missing(j plan.Journey) float64 {
	if j.Limit <= 0 {
		return mostMissing
	}
	return min(mostMissing, j.Limit/2)
}

// generator is nil where blastgauge sent the journeys.
func (r *experimentRun) generator() *Generator {
	if r.command == "" {
		return nil
	}
	s := &Generator{Command: r.command}
	if r.audit == nil {
		return s
	}
	s.Lines, s.Ended = r.audit.Lines, cutTo(r.audit.Ended, mostText)
	for _, b := range r.audit.Bad[:min(len(r.audit.Bad), journal.MaxBadKinds)] {
		row := BadLines{Kind: cutTo(b.Kind, journal.MaxKey), Count: b.Count}
		for _, text := range b.First[:min(len(b.First), journal.MaxBadFirst)] {
			row.First = append(row.First, cutTo(text, mostText))
		}
		s.Bad = append(s.Bad, row)
	}
	for _, c := range r.audit.Journeys {
		if _, known := r.planned(c.Journey); known && isArm(c.Arm) && isMeasured(c.Phase) && len(s.Journeys) < mostCounts {
			s.Journeys = append(s.Journeys, JourneyCount{c.Journey, c.Arm, string(c.Phase), c.Planned, c.Seen, c.Behind})
		}
	}
	return s
}

// mostCounts bounds the counts of an audit: of both arms in three phases.
const mostCounts = 6 * mostJourneys

func isMeasured(p journal.Phase) bool {
	return p == journal.Baseline || p == journal.Fault || p == journal.Recovery
}

func (r *experimentRun) planned(name string) (plan.Journey, bool) {
	for _, j := range r.plan.Journeys {
		if j.Name == name {
			return j, true
		}
	}
	return plan.Journey{}, false
}

// distrustTraffic lists why the journeys that another program sent cannot be trusted, the
// cause before what follows from it.
func (r *experimentRun) distrustTraffic() (why reasons) {
	switch {
	case r.command == "":
		return nil
	case r.audit == nil:
		why.add(ReasonTrafficIncomplete, "nobody knows whether %s sent all journeys: the journal does not say", r.command)
		return why
	}
	if r.audit.Ended != "" {
		why.add(ReasonTrafficIncomplete, "the journeys came to an early end: %s", cutTo(r.audit.Ended, mostText))
	}
	for _, b := range r.audit.Bad[:min(len(r.audit.Bad), journal.MaxBadKinds)] {
		text := fmt.Sprintf("%s cannot be read as a journey (%s)", figures.Plural(b.Count, "line", "lines"), cutTo(b.Kind, journal.MaxKey))
		if len(b.First) > 0 {
			text += ", first: " + cutTo(b.First[0], mostText)
		}
		why.add(ReasonTrafficIncomplete, "%s", text)
	}
	return append(why, r.distrustCounts()...)
}

// mostReasons is how many counts are told that are not as planned.
const mostReasons = 12

// distrustCounts lists where too few journeys came, or too many.
func (r *experimentRun) distrustCounts() (why reasons) {
	for _, c := range r.audited() {
		j, known := r.planned(c.Journey)
		if !known || len(why) == mostReasons {
			continue
		}
		slack := r.slack(c, j)
		switch planned, seen := float64(c.Planned), float64(c.Seen); {
		case planned-seen > planned*missing(j)+slack:
			why.add(ReasonTrafficIncomplete, "%s: of %s journeys of the %s arm that were to start in the %s phase, %s came, and at least %s of them must: the others were not started, or their lines are lost",
				c.Journey, figures.Count(c.Planned), c.Arm, c.Phase, figures.Count(c.Seen), atLeast(missing(j)))
		case float64(c.Behind) > r.plan.ArmRate(j)*max(mostBehind, j.SlowAfter).Seconds()+slack:
			why.add(ReasonTrafficIncomplete, "%s: %s journeys of the %s arm were due at one moment of the %s phase and had not started: the program waited for the system, which spares it when it is slow, or start is not when a journey was to start",
				c.Journey, figures.Count(c.Behind), c.Arm, c.Phase)
		case seen-planned > planned*missing(j)+slack:
			why.add(ReasonTrafficExcess, "%s: %s journeys of the %s arm came in the %s phase, where %s were to start: one that is told twice counts twice",
				c.Journey, figures.Count(c.Seen), c.Arm, c.Phase, figures.Count(c.Planned))
		}
	}
	return why
}

// slack is how many journeys may count in the phase beside theirs. Whatever a journal says,
// no line may be of more journeys than start in a second.
func (r *experimentRun) slack(c journal.TrafficCount, j plan.Journey) float64 {
	return float64(edge + min(c.Together, r.plan.MostTogether(j)-1))
}

// audited are the counts that are whole. Of the phase in which a run was interrupted, the
// journeys in flight are not known.
func (r *experimentRun) audited() (list []journal.TrafficCount) {
	var last journal.Phase
	for _, c := range r.audit.Journeys {
		last = c.Phase
	}
	for _, c := range r.audit.Journeys {
		if r.cut == nil || c.Phase != last {
			list = append(list, c)
		}
	}
	return list
}

// atLeast is the share that must come, rounded up where it has to be.
func atLeast(missing float64) string {
	return strings.TrimSuffix(fmt.Sprintf("%.1f", math.Ceil((1-missing)*1000)/10), ".0") + "%"
}

// missingWarnings name journeys that are missing and too few to matter.
func (r *experimentRun) missingWarnings() (list []string) {
	if r.audit == nil || len(r.distrustTraffic()) > 0 {
		return nil
	}
	for _, c := range r.audited() {
		if j, known := r.planned(c.Journey); known && float64(c.Planned-c.Seen) > r.slack(c, j) {
			list = append(list, fmt.Sprintf("%s: %s of %s planned journeys of the %s arm are missing in the %s phase: whether they were harmed is not known",
				c.Journey, figures.Count(c.Planned-c.Seen), figures.Count(c.Planned), c.Arm, c.Phase))
		}
	}
	return list
}
