package result

import (
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/journal"
)

// A sharedBaseline is a stretch of the recovery of another experiment that is the baseline
// of this one.
type sharedBaseline struct {
	of    *experimentRun
	index int // of that experiment in the plan
	span
}

// share notes whose recovery is the baseline of experiment i. What a journal that is not
// ours may say instead, such as a stretch of itself or of the future, is passed over.
func (f *fold) share(i int, e journal.Event) {
	if e.Kind != journal.BaselineShared || e.Shared == nil || f.runs[i].shared != nil {
		return
	}
	s := e.Shared
	k := slices.IndexFunc(f.runs[:i], func(r *experimentRun) bool { return r.plan.ID == s.Of })
	if k < 0 || s.From < 0 || s.From >= s.To || s.To > e.Since || len(f.runs[k].plan.Journeys) != len(f.runs[i].plan.Journeys) {
		return
	}
	f.runs[i].shared = &sharedBaseline{of: f.runs[k], index: k, span: span{s.From, s.To}}
}

// baselineFrom is when the baseline began and was over, where the fault came at injected.
func (r *experimentRun) baselineFrom(injected time.Duration) (from, to time.Duration) {
	if s := r.shared; s != nil {
		to = min(s.to, injected)
		return min(s.from, to), to
	}
	return r.phaseStart(journal.Baseline), injected
}

// withShared are the journeys of an experiment, after those of another that are its
// baseline.
func (r *experimentRun) withShared(all Observations, index int) iter.Seq2[*journal.Observation, error] {
	of := all.Of
	if r.plan.Measured() { // a counter counts more journeys than anybody looks at one by one
		of = func(index int) iter.Seq2[*journal.Observation, error] { return together(all, index) }
	}
	own := of(index)
	s := r.shared
	if s == nil {
		return own
	}
	return func(yield func(*journal.Observation, error) bool) {
		for o, err := range of(s.index) {
			if err == nil && !s.contains(o.Intended) {
				continue
			}
			if o != nil {
				taken := *o
				taken.Why = 0 // the number is of a cause of the other experiment
				o = &taken
			}
			if !yield(o, err) || err != nil {
				return
			}
		}
		for o, err := range own {
			if !yield(o, err) {
				return
			}
		}
	}
}

// sharedRow is what a result says of a shared baseline; nil where none is shared.
func (r *experimentRun) sharedRow() *SharedBaseline {
	switch {
	case r.shared != nil:
		return &SharedBaseline{Of: r.shared.of.plan.ID, From: seconds(r.shared.from - r.start.Since), To: seconds(r.shared.to - r.start.Since)}
	case r.own != nil:
		return &SharedBaseline{Own: r.own.Detail}
	}
	return nil
}

// sharedWarnings say that the answers of two experiments are not independent.
func (r *experimentRun) sharedWarnings() []string {
	s := r.shared
	if s == nil {
		return nil
	}
	return []string{fmt.Sprintf("its baseline is the last %s of the recovery of %s: what was bad then is in both answers, which are not independent", figures.Span((s.to - s.from).Round(time.Second)), s.of.plan.ID)}
}
