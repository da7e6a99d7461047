package results

import (
	"cmp"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report/words"
)

// fails are the sentences about how each dependency fails. Those that need a time-out come
// first, then those that are harder than declared, then the other hard ones.
func fails(r *result.Result) (list []string) {
	all := r.Behaviours()
	rank := func(b result.Behaviour) int {
		switch {
		case b.NeedsTimeout:
			return 0
		case isOdd(b):
			return 1
		case b.Behaves == result.BehavesHard:
			return 2
		}
		return 3
	}
	slices.SortStableFunc(all, func(a, b result.Behaviour) int { return cmp.Compare(rank(a), rank(b)) })
	for _, b := range all {
		list = append(list, words.NonEmpty(words.Behaviour(b))...)
	}
	return list
}

// isOdd reports whether a dependency is declared soft and behaves hard.
func isOdd(b result.Behaviour) bool {
	return b.Declared == result.BehavesSoft && b.Behaves == result.BehavesHard
}

// failsOf are the sentences about the dependencies that an experiment has faults in.
func failsOf(r *result.Result, e *result.Experiment) (list []string) {
	for _, b := range r.Behaviours() {
		if slices.ContainsFunc(e.Faults, func(f result.Fault) bool { return f.Into == b.Dependency }) {
			list = append(list, words.NonEmpty(words.Behaviour(b))...)
		}
	}
	return list
}

// A failText is a sentence about how a dependency fails, whose name stands out.
type failText struct{ Name, Says string }

// failTexts takes the names from the sentences.
func failTexts(list []string) (texts []failText) {
	for _, text := range list {
		name, says, _ := strings.Cut(text, ": ")
		texts = append(texts, failText{name, says})
	}
	return texts
}
