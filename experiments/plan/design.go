package plan

import (
	"fmt"
	"strings"
	"time"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/stats"
)

// A Design is how harm by the fault is told from all other harm.
type Design string

// The designs, the strongest first.
const (
	SecondRoute    Design = "second route"     // the same journeys at the same time without the fault
	BeforeAndAfter Design = "before and after" // one route: the time before the fault and the recovered tail after it
	Turns          Design = "turns"            // one route: control and fault take turns
	BaselineOnly   Design = "baseline only"    // one route: nothing but the time before the fault
)

// Design returns how harm of j will be told from all other harm. Whether the tail of the
// recovery phase becomes a second control is known only afterwards: the system has to
// come back in time.
func (e Experiment) Design(j Journey) Design {
	switch {
	case e.Control == Concurrent:
		return SecondRoute
	case e.Repeat > 1:
		return Turns
	case e.noSecondControl(j) == "":
		return BeforeAndAfter
	}
	return BaselineOnly
}

// noSecondControl is why the time after the fault cannot be a second control for j;
// empty if it can.
func (e Experiment) noSecondControl(j Journey) string {
	batches := stats.LeastBatches * e.shortestBatch()
	if e.Phases.Recovery < e.recoveryOfSecondControl() {
		return fmt.Sprintf("a recovery phase of about %s would be a second control: it takes %s after the system is back, and %d batches of %s", figures.Span((e.recoveryOfSecondControl() + 4*time.Second).Truncate(5*time.Second)), figures.Span(stats.Settling), stats.LeastBatches, figures.Span(e.shortestBatch()))
	}
	if c := e.cohort(j); min(length(c.control), length(c.fault)) < batches {
		return fmt.Sprintf("the recovery phase would be a second control to a baseline of %s or more, and as much under the fault beside slow_after", figures.Span(batches))
	}
	if e.rateUnknown(j) {
		return ""
	}
	after, before := int(j.Rate*e.Phases.Recovery.Seconds()), int(j.Rate*e.Phases.Baseline.Seconds())
	if !stats.CanShowRecovery(after, before, j.Limit) {
		return fmt.Sprintf("about %d journeys after it are too few to show that the system is back, which would make them a second control", after)
	}
	return ""
}

// knows is what the design of j can tell, in words.
func (e Experiment) knows(j Journey) string {
	text := e.knowsByDesign(j)
	if more := e.knowsOfNeeds(j); more != "" {
		text += "; " + more
	}
	return text
}

func (e Experiment) knowsByDesign(j Journey) string {
	switch e.Design(j) {
	case SecondRoute:
		return "second route: what harms both arms alike is not taken for the fault's"
	case Turns:
		return fmt.Sprintf("%d turns of control and fault: what drifts in a straight line is not taken for the fault's", e.Repeat)
	case BeforeAndAfter:
		return fmt.Sprintf("before and after: what drifts in a straight line is not taken for the fault's, if the system is back %s after the removal or earlier: else only the baseline is left", figures.Span(e.Phases.Recovery-e.recoveryOfSecondControl()))
	case BaselineOnly:
		return "baseline only: all that changes after it counts as the fault's: " + e.noSecondControl(j)
	}
	return ""
}

// designs are what the designs of all journeys can tell, in words, each once.
func (e Experiment) designs() []string {
	var list []string
	of := map[string][]string{}
	for _, j := range e.Journeys {
		text := e.knows(j)
		if of[text] == nil {
			list = append(list, text)
		}
		of[text] = append(of[text], j.Name)
	}
	if len(list) > 1 {
		for i, text := range list {
			list[i] = strings.Join(of[text], ", ") + ": " + text
		}
	}
	return list
}
