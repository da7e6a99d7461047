package results

import (
	"fmt"
	"maps"
	"slices"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report/words"
)

// shownClients is how many clients that fetched a document are named.
const shownClients = 3

// A badDocument is a document that a fault made bad, with its experiment.
type badDocument struct {
	of    *result.Experiment
	fault *result.Fault
	result.Mutated
}

// documents are the documents that the faults of all experiments made bad.
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

// sentence says what became of the document, and which clients got it.
func (d badDocument) sentence() string {
	return fmt.Sprintf("%s of %s: %s; %s became %s, fetched %s%s", d.Name, d.fault.Into, d.What, words.Digest(d.Before), words.Digest(d.After), fetchCount(d.Fetched), byClients(d.By))
}

// fetchCount writes how often something was fetched.
func fetchCount(n int64) string {
	if n == 1 {
		return "once"
	}
	return figures.Count(int(n)) + " times"
}

// byClients names the clients that fetched a document, those with most fetches first.
func byClients(clients map[string]int64) string {
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

// FetchedBy writes how often which clients fetched the document.
func (d badDocument) FetchedBy() string { return fetchCount(d.Fetched) + byClients(d.By) }

// Documents are the documents that the faults of one experiment made bad.
func (e *experiment) Documents() []badDocument {
	return (&summary{order: []*result.Experiment{e.Experiment}}).documents()
}
