package experiments

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"

	"github.com/blastgauge/blastgauge/injectors"
)

// candidate is the operator that serves a document before somebody ships it.
const candidate = "candidate"

// A Candidate is a document that a fault serves in place of the real one.
type Candidate struct {
	Fault int    // its index in the experiment
	File  string // as seen from the working directory; empty: the text stands in the experiment
	Place Place
}

// Candidates are those of the experiment's faults, in their order.
func (e *Experiment) Candidates() []Candidate {
	var list []Candidate
	for i, f := range e.Faults {
		operator, parameters := f.Attributes.Operator()
		if operator != candidate {
			continue
		}
		c := Candidate{Fault: i}
		if name, ok := parameters[injectors.FileAttribute(operator)].(string); ok {
			c.File = environment{folder: filepath.Dir(e.File)}.pathOf(name)
		}
		c.Place, _ = e.Place(fmt.Sprintf("faults[%d].%s", i, operator))
		list = append(list, c)
	}
	return list
}

// WithCandidate returns a copy of the experiment in which the candidates of these faults are
// another text. name is what reports call it.
func (e *Experiment) WithCandidate(name, text string, faults []int) *Experiment {
	changed := *e
	changed.Faults = slices.Clone(e.Faults)
	for _, i := range faults {
		f := &changed.Faults[i]
		f.Attributes = maps.Clone(f.Attributes)
		f.Attributes[candidate] = map[string]any{injectors.FileAttribute(candidate): name}
		f.setBody(text)
	}
	return &changed
}

// ReadCandidate reads a file as faults do whose candidate it is. The error is of class
// [ErrInvalid].
func ReadCandidate(file string) (text string, err error) {
	if wrong, missing := missingFile(file, file); missing {
		if wrong.Hint != "" {
			wrong.Msg += ", " + wrong.Hint
		}
		return "", noSelection("%s", wrong.Msg)
	}
	text, problem := readBody(file)
	if problem != "" {
		return "", noSelection("%s", problem)
	}
	return text, nil
}
