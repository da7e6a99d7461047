package run

import (
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/result"
)

// Views is a view that shows the run in several others.
func Views(list ...View) View { return views(list) }

type views []View

func (v views) Record(e journal.Event) {
	for _, view := range v {
		view.Record(e)
	}
}

func (v views) Observe(o journal.Observation) {
	for _, view := range v {
		view.Observe(o)
	}
}

func (v views) Judge(e *result.Experiment) {
	for _, view := range v {
		if judged, ok := view.(VerdictView); ok {
			judged.Judge(e)
		}
	}
}

func (v views) Close() {
	for _, view := range v {
		view.Close()
	}
}
