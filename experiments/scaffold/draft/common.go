package draft

import (
	"slices"
	"strings"
)

// Share moves to the journey what all its steps have in common: the target, headers and
// checks of JSON. A check that most steps have holds for all of them, for a step that
// forgets it is a false green; the others leave it out.
func (j *Journey) Share() {
	if len(j.Steps) < 2 {
		return
	}
	j.shareURL()
	j.shareHeaders()
	for _, c := range slices.Clone(j.Steps[j.fullest()].Checks) {
		j.shareCheck(c)
	}
}

func (j *Journey) shareURL() {
	first := j.Steps[0].Request
	text := first.URLText()
	if text == "/" || strings.Contains(text, "$") {
		return
	}
	for _, s := range j.Steps {
		if s.Request.Target != nil || s.Request.URLText() != text {
			return
		}
	}
	j.URL = text
}

// shareHeaders moves headers that do not change from step to step.
func (j *Journey) shareHeaders() {
	for _, h := range slices.Clone(j.Steps[0].Request.Headers) {
		same := func(other *Slot) bool { return other.Key == h.Key && other.Text() == h.Text() }
		fixed := !slices.ContainsFunc(h.Parts, func(p Piece) bool { return p.Variable != "" && !strings.HasPrefix(p.Variable, "env:") })
		if !fixed || slices.ContainsFunc(j.Steps, func(s *Step) bool { return !slices.ContainsFunc(s.Request.Headers, same) }) {
			continue
		}
		for _, s := range j.Steps {
			s.Request.Headers = slices.DeleteFunc(s.Request.Headers, same)
		}
		j.Headers = append(j.Headers, h)
	}
}

// fullest returns the step with most checks.
func (j *Journey) fullest() int {
	most := 0
	for i, s := range j.Steps {
		if len(s.Checks) > len(j.Steps[most].Checks) {
			most = i
		}
	}
	return most
}

// shareCheck moves a check that two thirds of the steps have, and more than two.
func (j *Journey) shareCheck(c Check) {
	if c.Op != "" || strings.Contains(c.Value, "${") {
		return
	}
	same := func(other Check) bool { return other.Path == c.Path && other.Value == c.Value && other.Op == "" }
	has := 0
	for _, s := range j.Steps {
		if slices.ContainsFunc(s.Checks, same) {
			has++
		}
	}
	if has < len(j.Steps) && (has < 3 || 3*has < 2*len(j.Steps)) {
		return
	}
	for _, s := range j.Steps {
		switch before := len(s.Checks); {
		case slices.ContainsFunc(s.Checks, same):
			s.Checks = slices.DeleteFunc(s.Checks, same)
		case !slices.ContainsFunc(s.Checks, func(other Check) bool { return other.Path == c.Path }):
			s.Checks = append(s.Checks[:before:before], Check{Path: c.Path, Any: true})
		}
	}
	j.Checks = append(j.Checks, c)
}
