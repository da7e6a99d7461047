package results

import (
	"strings"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report/words"
)

// names are the names in a result that texts may begin with.
func names(r *result.Result) map[string]bool {
	all := map[string]bool{}
	for name := range r.System.Dependencies {
		all[name] = true
	}
	for i := range r.Experiments {
		e := &r.Experiments[i]
		all[e.ID] = true
		for _, f := range e.Faults {
			all[f.Into], all[f.Inject] = true, true
		}
		for _, j := range e.Journeys {
			all[j.Name] = true
			for _, s := range j.Steps {
				all[s.Name] = true
			}
		}
	}
	return all
}

// idOf and titleOf are what an experiment is called: by its id where people type it, by
// its title where they read.
func idOf(e *result.Experiment) string    { return e.ID }
func titleOf(e *result.Experiment) string { return words.Title(e.ID, e.Title) }

// capital writes text as the beginning of a sentence: with a capital, unless a name of
// the result comes first. Names are as their documents have them, because people search
// for them.
func (s *summary) capital(text string) string {
	first := text
	if end := strings.IndexAny(text, " :,;"); end >= 0 {
		first = text[:end]
	}
	if s.names[first] {
		return text
	}
	return figures.Opening(text)
}

// capital writes text as the beginning of a sentence, as the whole page does.
func (e *experiment) capital(text string) string { return e.s.capital(text) }
