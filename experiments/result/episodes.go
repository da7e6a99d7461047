package result

import (
	"fmt"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/stats"
)

// longestInSeconds is into how many seconds a cohort is cut at the most: four hours.
const longestInSeconds = 4 * 60 * 60

// secondCounts are the harm of a cohort second by second, and of a concurrent control.
type secondCounts struct {
	fault, control group
	harm           [2][]stats.Count // by arm
	hit            func(*journal.Observation) bool
	concurrent     bool
}

func newSecondCounts(c comparison, hit func(*journal.Observation) bool) secondCounts {
	n := min(longestInSeconds, max(1, int(c.cohort.length()/time.Second)))
	return secondCounts{
		fault: group{arm: plan.FaultArm, spans: c.cohort}, control: group{arm: plan.ControlArm, spans: c.cohort},
		harm:       [2][]stats.Count{make([]stats.Count, n), make([]stats.Count, n)},
		hit:        hit,
		concurrent: c.controlKind != BaselineControl,
	}
}

func (s *secondCounts) add(o *journal.Observation) {
	for _, g := range []group{s.fault, s.control} {
		if g.has(o) {
			list := s.harm[g.arm]
			addHit(&list[g.batch(o.Intended, len(list))], s.hit(o), o.Times())
		}
	}
}

// addBeside counts a journey that is a control although it is of another kind.
func (s *secondCounts) addBeside(o *journal.Observation) {
	if s.fault.has(o) {
		list := s.harm[plan.ControlArm]
		addHit(&list[s.fault.batch(o.Intended, len(list))], o.Harmed(), o.Times())
	}
}

// episodes are those of harm beyond a concurrent control, or of all harm.
func (s *secondCounts) episodes() int {
	if s.concurrent {
		return stats.Episodes(s.harm[plan.FaultArm], s.harm[plan.ControlArm])
	}
	return stats.Episodes(s.harm[plan.FaultArm], nil)
}

// fewEpisodes reports whether harm came in so few episodes that they do not say what
// the fault does.
func (j *Journey) fewEpisodes() bool { return j.Episodes > 0 && j.Episodes < stats.LeastEpisodes }

func describeEpisodes(j *Journey) string {
	noun := "episodes"
	if j.Episodes == 1 {
		noun = "episode"
	}
	return fmt.Sprintf("harm came in %d %s: this is what this stretch of time met, not what the fault does", j.Episodes, noun)
}
