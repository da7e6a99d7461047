package plan

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/figures"
)

// A dataUse is one data file and the journeys that take rows of it.
type dataUse struct {
	data     *experiments.Data
	journeys []string
	needed   int // rows, so that none is lacking if every journey takes all the time it may
	longest  time.Duration
}

// dataUses are the data files of the journeys that are sent, in the order of the document.
func (e Experiment) dataUses() []dataUse {
	var list []dataUse
	for _, j := range e.Journeys {
		if j.Data == nil || j.Rate <= 0 {
			continue
		}
		k := slices.IndexFunc(list, func(u dataUse) bool {
			return u.data.Table != nil && u.data.Table == j.Data.Table || u.data.File == j.Data.File
		})
		if k < 0 {
			k = len(list)
			list = append(list, dataUse{data: j.Data})
		}
		u := &list[k]
		rate, longest := j.MaxRate()/float64(len(e.Arms())), j.EndsWithin()
		// Each arm has as many rows as the other, and where faults touch a share of
		// the journeys, all of them are of one arm at times.
		u.needed += len(e.SentArms()) * int(math.Ceil(rate*longest.Seconds()))
		u.journeys, u.longest = append(u.journeys, j.Name), max(u.longest, longest)
	}
	return list
}

// checkData finds files that have not even a row for each arm.
func (e Experiment) checkData() error {
	for _, u := range e.dataUses() {
		if u.data.Rows < len(e.SentArms()) {
			return fmt.Errorf("%s has %d row, and each arm needs rows of its own: add rows", u.data.File, u.data.Rows)
		}
	}
	return nil
}

// dataWarnings are files with fewer rows than journeys that may be in flight.
func (e Experiment) dataWarnings() []DataWarning {
	var list []DataWarning
	for _, u := range e.dataUses() {
		if u.data.Rows < u.needed {
			list = append(list, DataWarning{u.journeys[0], fmt.Sprintf("%s has %d rows, and %s may have %d in use at a time, if journeys take all of %s: those for whom none is free are not sent, and count as harmed",
				u.data.File, u.data.Rows, figures.List(u.journeys, "and"), u.needed, figures.Span(u.longest))})
		}
	}
	return list
}

// A DataWarning is a data file with fewer rows than journeys that may be in flight.
type DataWarning struct {
	Journey string // the first that takes rows of it
	Text    string
}

// DataWarnings are those of the experiments of the plan, each once. They need no more than
// the documents.
func (p *Plan) DataWarnings() []DataWarning {
	var list []DataWarning
	for _, e := range p.Experiments {
		for _, w := range e.dataWarnings() {
			if !slices.Contains(list, w) {
				list = append(list, w)
			}
		}
	}
	return list
}

// sayData says what rows the journeys take.
func (e Experiment) sayData() []string {
	var list []string
	for _, u := range e.dataUses() {
		text := fmt.Sprintf("data: %d rows of %s for %s, each in use by one journey at a time", u.data.Rows, u.data.File, figures.List(u.journeys, "and"))
		if len(e.SentArms()) > 1 {
			text += ", half of them for each arm"
		}
		list = append(list, text)
	}
	return list
}
