package gate

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/injectors"
)

// A Choice is an experiment that measures a candidate, and those of its faults that serve
// it.
type Choice struct {
	Experiment *experiments.Experiment
	Faults     []int
	named      string // the candidate as the experiment names it; empty: it names another file
}

// With is the experiment with a text in place of its candidate. name is what reports call
// the text.
func (c Choice) With(name, text string) *experiments.Experiment {
	return c.Experiment.WithCandidate(name, text, c.Faults)
}

// Measuring is the experiment with the candidate in a file. Where it is the experiment's
// own, it is called as there, so that this is the same experiment.
func (c Choice) Measuring(file, text string) *experiments.Experiment {
	if c.named != "" {
		file = c.named
	}
	return c.With(file, text)
}

// Variant is the experiment with a text that is near the candidate, or a part of the change.
// what says so in words, and id is that of [VariantID].
func (c Choice) Variant(id, file, what, text string) *experiments.Experiment {
	e := c.With(file+", "+what, text)
	e.ID, e.Title = id, e.Title+": "+what
	return e
}

// VariantID is an id that is not taken yet, for a variant of an experiment which a text
// describes. It takes it.
func VariantID(of, text string, taken map[string]bool) string {
	const most = 63 // of any id
	for n := 1; ; n++ {
		tail := "--" + experiments.Slug(text)
		if n > 1 {
			tail = fmt.Sprintf("%.30s-%d", tail, n)
		}
		tail = strings.TrimRight(tail[:min(len(tail), most-8)], "-")
		id := of[:min(len(of), most-len(tail))] + tail
		if !taken[id] {
			taken[id] = true
			return id
		}
	}
}

// Fault is the first of the faults that serve the candidate.
func (c Choice) Fault() *experiments.Fault { return &c.Experiment.Faults[c.Faults[0]] }

// A SelectionError means that no experiment can measure the candidate, or that it is not
// clear which one. It is of class [experiments.ErrInvalid].
type SelectionError struct{ problem string }

func (e *SelectionError) Error() string { return e.problem }
func (e *SelectionError) Unwrap() error { return experiments.ErrInvalid }

func noSelection(format string, args ...any) error {
	return &SelectionError{fmt.Sprintf(format, args...)}
}

// Select chooses the experiments that measure the candidate in a file: those that are
// named; else those whose candidate is this file; else, where all candidates come to one
// place, all of these. Assumed reports the last. Of experiments that were not named, those
// without a candidate are left out.
func Select(list []*experiments.Experiment, file string, named bool) (choices []Choice, assumed bool, err error) {
	var all []Choice // with any candidate
	for _, e := range list {
		candidates := e.Candidates()
		if len(candidates) == 0 {
			if named {
				return nil, false, noSelection("%s:%d: experiment %s has no candidate, so it cannot measure one. %s", e.File, e.Line, e.ID, example)
			}
			continue
		}
		if c := ofFile(e, candidates, file); len(c.Faults) > 0 {
			choices = append(choices, c)
		}
		all = append(all, Choice{Experiment: e, Faults: faultsOf(candidates)})
	}
	switch {
	case named:
		choices, err = namedChoices(all, choices)
		return choices, false, err
	case len(choices) > 0:
		return choices, false, nil
	case len(all) == 0:
		return nil, false, noSelection("no experiment has a candidate, so none can measure %s. %s", file, example)
	case !samePlace(all):
		return nil, false, noSelection("no experiment has the candidate %s, and they serve theirs in several places, so one must be named.\n%s%s", file, listed(all), example)
	}
	return all, true, nil
}

// example shows how an experiment gets a candidate.
const example = `A fault of an experiment has one like this:
  - inject: http_config        # or config_file, with file: in place of match:
    into: DEPENDENCY
    candidate: {file: ../NEXT.json}
    match: {path: /PATH}`

// ofFile are the faults of an experiment whose candidate is a file.
func ofFile(e *experiments.Experiment, candidates []experiments.Candidate, file string) Choice {
	c := Choice{Experiment: e}
	for _, candidate := range candidates {
		if candidate.File != "" && sameFile(candidate.File, file) {
			c.Faults = append(c.Faults, candidate.Fault)
			_, parameters := e.Faults[candidate.Fault].Attributes.Operator()
			c.named, _ = parameters[injectors.FileAttribute("candidate")].(string)
		}
	}
	return c
}

func faultsOf(candidates []experiments.Candidate) (list []int) {
	for _, c := range candidates {
		list = append(list, c.Fault)
	}
	return list
}

// sameFile reports whether two paths lead to one file.
func sameFile(a, b string) bool {
	if filepath.Clean(a) == filepath.Clean(b) {
		return true
	}
	infoA, errA := os.Stat(a)
	infoB, errB := os.Stat(b)
	return errA == nil && errB == nil && os.SameFile(infoA, infoB)
}

// namedChoices are all that were named. One that has several candidates, none of which is
// the file, does not say in whose place the file is to come.
func namedChoices(all, ofFile []Choice) ([]Choice, error) {
	for i, c := range all {
		if k := slices.IndexFunc(ofFile, func(o Choice) bool { return o.Experiment == c.Experiment }); k >= 0 {
			all[i] = ofFile[k]
			continue
		}
		if !samePlace(all[i : i+1]) {
			return nil, noSelection("%s:%d: experiment %s serves candidates in several places, and none of them is this file: name its file in the one that it is for", c.Experiment.File, c.Experiment.Line, c.Experiment.ID)
		}
	}
	return all, nil
}

// samePlace reports whether all candidates are served in one place: by one dependency under
// one path, or in one file.
func samePlace(list []Choice) bool {
	places := map[string]bool{}
	for _, c := range list {
		for _, i := range c.Faults {
			f := &c.Experiment.Faults[i]
			places[fmt.Sprintf("%s %s %q %q", f.Inject, f.Into, f.Attributes.Text("file"), f.Attributes.Group("match").Texts("path"))] = true
		}
	}
	return len(places) == 1
}

// listed lists experiments with their candidates, a line each.
func listed(list []Choice) string {
	var b strings.Builder
	for _, c := range list {
		for _, candidate := range c.Experiment.Candidates() {
			fmt.Fprintf(&b, "  %s  %s:%d  %s into %s\n", c.Experiment.ID, c.Experiment.File, candidate.Place.Line, candidate.File, c.Experiment.Faults[candidate.Fault].Into)
		}
	}
	return b.String()
}
