package words

import (
	"slices"

	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/result"
)

// UsualWays are the heads of the columns that every map of dependencies and faults has: the
// ways in which anything that answers over a network can fail.
func UsualWays() []string {
	return []string{Mode(plan.Hang), Mode(plan.Refuse), Mode(plan.Slow), Mode(plan.Error), Mode(plan.ErrorAfter), Mode(plan.Reset)}
}

// Ways are the heads of the columns for faults of these ways, as a scan heads them: the
// usual ones, then the others.
func Ways(tried []string) []string {
	list := UsualWays()
	others := []string{way(result.Cut), way(result.Empty), way(result.BadConfig)}
	for _, w := range slices.Sorted(slices.Values(tried)) {
		if !slices.Contains(others, w) {
			others = append(others, w)
		}
	}
	for _, w := range others {
		if slices.Contains(tried, w) && !slices.Contains(list, w) {
			list = append(list, w)
		}
	}
	return list
}

// Way says how a fault lets a dependency fail, as the head of a column: "hangs". A kind of
// fault that has no word is called by its name.
func Way(f *result.Fault) string {
	m := f.Manner()
	if m == result.Errors && f.Attributes["when"] == "after" {
		return Mode(plan.ErrorAfter)
	}
	if text := way(m); text != "" {
		return text
	}
	return f.Inject
}

func way(m result.Manner) string {
	switch m {
	case result.Refused:
		return Mode(plan.Refuse)
	case result.Reset:
		return Mode(plan.Reset)
	case result.Errors:
		return Mode(plan.Error)
	case result.Slow:
		return Mode(plan.Slow)
	case result.Hanging:
		return Mode(plan.Hang)
	case result.Cut:
		return "cuts answers off"
	case result.Empty:
		return "has forgotten all"
	case result.BadConfig:
		return "bad config"
	}
	return ""
}
