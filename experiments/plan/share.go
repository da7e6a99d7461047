package plan

import (
	"fmt"
	"time"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/stats"
)

// shareBaselines says of each experiment whether the recovery of the one before it can be
// its baseline. The first has none before it.
func (p *Plan) shareBaselines() {
	for i := range p.Experiments[min(1, len(p.Experiments)):] {
		e := &p.Experiments[i+1]
		e.OwnBaseline = e.cannotShare(&p.Experiments[i])
		e.SharesBaseline = e.OwnBaseline == ""
	}
}

// cannotShare is why the recovery of the experiment before cannot be e's baseline; empty if
// it can: the same journeys have to be sent at the same rates on the same arms, for as long
// as e's baseline is to last, once the fault before is out of the way.
func (e *Experiment) cannotShare(before *Experiment) string {
	switch {
	case e.Digests.Journeys != before.Digests.Journeys:
		return "its journeys are others than those of " + before.ID
	case e.Digests.Load != before.Digests.Load:
		return "its phases or rates are others than those of " + before.ID
	case e.Control != before.Control || e.Tagged != before.Tagged:
		return "its arms are others than those of " + before.ID
	case e.Repeat > 1 || e.Turns != nil:
		return "control and fault, or shares, take turns"
	case before.Phases.Recovery < e.Phases.Baseline+stats.Settling:
		return fmt.Sprintf("the recovery phase of %s is shorter than %s: it takes %s of baseline, and %s once the system is back", before.ID, figures.Span(e.Phases.Baseline+stats.Settling), figures.Span(e.Phases.Baseline), figures.Span(stats.Settling))
	}
	return ""
}

// SavedByBaselines is how much shorter than [Plan.Duration] a run is at best, because the
// recovery of one experiment is the baseline of the next.
func (p *Plan) SavedByBaselines() (saved time.Duration) {
	for _, e := range p.Experiments {
		if e.SharesBaseline {
			saved += e.Phases.Baseline
		}
	}
	return saved
}
