package plan

import (
	"fmt"
	"math"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/figures"
)

// leastToClear is how many journeys of an arm it takes to show that harm is within a limit
// of 5 %, where there is none. Half the limit takes twice as many.
const leastToClear = 150

// scanWarnings returns what the scan will not be able to show, before time is spent on it.
func (e Experiment) scanWarnings(s *experiments.System, scan *Scan) []string {
	var list []string
	for _, j := range e.Journeys {
		if text := e.tooRare(j); text != "" {
			list = append(list, text)
		}
	}
	if e.Control == Baseline {
		list = append(list, "one route: journeys under a fault are compared with those before it, so that whatever else changes meanwhile counts as the fault's: declare a control_url, which leads past the proxies")
	}
	if len(e.Invariants) == 0 {
		list = append(list, "no invariants: whether data breaks under a fault, as where a customer is charged for an order that failed, is not asked")
	}
	if text := e.tooManyCells(scan); text != "" {
		list = append(list, text)
	}
	list = append(list, e.guardrailWarnings()...)
	list = append(list, sharedWarnings(s, e)...)
	for _, w := range e.dataWarnings() {
		list = append(list, w.Text)
	}
	return append(list, e.pauseWarnings()...)
}

// tooRare says of a journey which rate would show, in the time of one fault, that a fault
// harms nobody; empty where its rate does.
func (e Experiment) tooRare(j Journey) string {
	if j.Rate <= 0 {
		return fmt.Sprintf("%s is not sent: its rate is 0", j.Name)
	}
	cell := e.LongestCell(false)
	judged := cell - j.HarmedAfter() // those that start later are not old enough to judge
	limit := figures.ShortPercent(j.Limit, 1)
	needed := leastToClear * defaultBlastRadius / math.Max(j.Limit, 0.001)
	if e.ArmRate(j)*judged.Seconds() >= needed {
		return ""
	}
	rate := math.Ceil(needed/judged.Seconds()) * float64(len(e.Arms()))
	return fmt.Sprintf("%s: %g/s may be too rare to show in the %s of one fault that it harms at most %s: %g/s would do", j.Name, j.Rate, figures.Span(cell), limit, rate)
}

// tooManyCells says how long a scan of all single faults takes; empty where the budget is
// enough.
func (e Experiment) tooManyCells(scan *Scan) string {
	needed := time.Duration(len(e.Faults)) * UsualCell
	if needed <= e.Phases.Fault {
		return ""
	}
	return fmt.Sprintf("%d faults take about %s, and the budget leaves %s: the last may not be reached: give a budget of %s, or fewer dependencies or failure modes",
		len(e.Faults), figures.Span(roundUp(needed, time.Minute)), figures.Span(e.Phases.Fault), figures.Span(roundUp(scan.Budget-e.Phases.Fault+needed, time.Minute)))
}
