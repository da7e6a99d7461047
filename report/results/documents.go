package results

import (
	"fmt"
	"maps"
	"slices"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report/words"
)

// shownClients is how many of those who fetched a document are named.
const shownClients = 3

// A badDocument is one that a fault made bad, beside its experiment.
type badDocument struct {
	of    *result.Experiment
	fault *result.Fault
	result.Mutated
}

// documents are those of all experiments.
func (s *summary) documents() []badDocument {
	var list []badDocument
	for _, e := range s.order {
		for i := range e.Faults {
			for _, d := range e.Faults[i].Documents {
				list = append(list, badDocument{e, &e.Faults[i], d})
			}
		}
	}
	return list
}

// sentence says what became of the document, and who got it.
func (d badDocument) sentence() string {
	return fmt.Sprintf("%s of %s: %s; %s became %s, fetched %s%s", d.Name, d.fault.Into, d.What, words.Digest(d.Before), words.Digest(d.After), timesOf(d.Fetched), by(d.By))
}

func timesOf(n int64) string {
	if n == 1 {
		return "once"
	}
	return figures.Count(int(n)) + " times"
}

// by names who fetched a document, most first.
func by(clients map[string]int64) string {
	names := slices.Sorted(maps.Keys(clients))
	slices.SortStableFunc(names, func(a, b string) int { return int(clients[b] - clients[a]) })
	if more := len(names) - shownClients; more > 0 {
		names = append(names[:shownClients], fmt.Sprintf("%d more", more))
	}
	if len(names) == 0 {
		return ""
	}
	return " by " + figures.List(names, "and")
}

// FetchedBy is the column of the page's table.
func (d badDocument) FetchedBy() string { return timesOf(d.Fetched) + by(d.By) }

// Documents are those of one experiment.
func (e *experiment) Documents() []badDocument {
	return (&summary{order: []*result.Experiment{e.Experiment}}).documents()
}
