package results

import (
	"strings"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report/words"
)

// harms says of each journey that the fault harmed, how and at which step, how long that
// took, and what came back; of one that was harmed before the fault, what came back then. The journey of the blast radius comes first.
func harms(e *result.Experiment) []string {
	var list []string
	if !trusted(e) {
		return baselineCauses(e)
	}
	head := headJourney(e)
	if head != nil {
		list = append(list, journeyHarm(e, head)...)
	}
	for i := range e.Journeys {
		if j := &e.Journeys[i]; j != head {
			list = append(list, journeyHarm(e, j)...)
		}
	}
	return list
}

// harmsShown are the harms of an experiment where a summary has room for them: not of one
// whose harm is within its limits.
func harmsShown(e *result.Experiment) []string {
	if e.Verdict == result.Held {
		return nil
	}
	return harms(e)
}

// mostBrief is how many harms of an experiment stand in one line.
const mostBrief = 5

// briefHarms are the first of them: those of the journey of the blast radius.
func briefHarms(e *result.Experiment) []string {
	list := harmsShown(e)
	return list[:min(len(list), mostBrief)]
}

// journeyHarm is empty where no harm of the journey was shown.
func journeyHarm(e *result.Experiment, j *result.Journey) []string {
	if !harmShown(j) {
		return nil
	}
	list := []string{outcomes(j)}
	for _, text := range words.NonEmpty(paceText(j), slowStepText(j), boundsText(j)) {
		list = append(list, j.Name+": "+text)
	}
	return append(list, causeLines(e, j, j.Arms.Fault.Journeys, underFault)...)
}

// harmShown reports whether the fault is shown to have harmed a journey.
func harmShown(j *result.Journey) bool {
	return j.BlastRadius != nil && j.BlastRadius.Low > 0 && j.Arms.Fault.Harmed() > 0
}

// uncheckedTexts say which steps were passed without the calls that they usually make.
func uncheckedTexts(e *result.Experiment) (list []string) {
	for _, u := range e.Unchecked {
		list = append(list, words.Unchecked(u))
	}
	return list
}

// whereHarmed names the step at which most were first harmed: ", most of them at pay", and
// who takes it, where not all do. It is empty where there is only one step, and where harm
// has no one place.
func whereHarmed(j *result.Journey) string {
	if len(j.Steps) < 2 {
		return ""
	}
	all, most := 0, 0
	name := ""
	for _, s := range j.Steps {
		n := s.Failed + s.Wrong + s.Slow
		if all += n; n > most {
			most, name = n, s.Name
			if s.Share > 0 {
				name += ", which " + figures.ShortPercent(s.Share, 2) + " take"
			}
		}
	}
	switch {
	case 2*most <= all:
		return ""
	case most == all:
		return ", first at " + name
	}
	return ", most of them first at " + name
}

// paceText compares how long those took that failed or were wrong with those that
// completed, by their medians. It says whether the system fails at once or hangs first.
func paceText(j *result.Journey) string {
	if j.Ended == nil {
		return ""
	}
	var parts []string
	for _, p := range []struct {
		who  string
		list []result.Percentile
	}{{"that failed", j.Ended.Failed}, {"that were wrong", j.Ended.Wrong}, {"that completed", j.Ended.Completed}} {
		if took, known := result.Median(p.list); known {
			parts = append(parts, p.who+" "+figures.Latency(took))
		}
	}
	if j.Ended.Failed == nil && j.Ended.Wrong == nil {
		return "" // the blast radius and the slow step say it all
	}
	text := "median time of those " + strings.Join(parts, ", of those ")
	switch j.FailurePace() {
	case result.FailsFast:
		text += ": it fails fast"
	case result.Hangs:
		text += ": it hangs before it fails"
	}
	return text
}

// slowStepText says how long the step takes by itself at which most journeys were slow. It
// is empty where none was, or nothing is known of the step alone.
func slowStepText(j *result.Journey) string {
	var slowest *result.Step
	for i := range j.Steps {
		if s := &j.Steps[i]; s.Slow > 0 && (slowest == nil || s.Slow > slowest.Slow) {
			slowest = s
		}
	}
	if slowest == nil || slowest.Sent == nil {
		return ""
	}
	before, name := comparedLatency(j, slowest.Sent)
	took, ok := result.Median(slowest.Sent.Fault)
	usual, known := result.Median(before)
	if !ok || !known {
		return ""
	}
	return slowest.Name + " alone took " + figures.Latency(took) + " (median), " + figures.Latency(usual) + " in " + name
}

// comparedLatency are the percentiles that those of the fault arm are compared with, and
// what they are called.
func comparedLatency(j *result.Journey, l *result.Latency) ([]result.Percentile, string) {
	if _, name := compared(j); name == "control" && l.Control != nil {
		return l.Control, "control"
	}
	return l.Baseline, "its baseline"
}
