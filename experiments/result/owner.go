package result

import "slices"

// Owners are who answers for an experiment: whom its document names, or else the owners of
// the dependencies that its faults go into, each once.
func (r *Result) Owners(e *Experiment) []string {
	if e.Owner != "" {
		return []string{e.Owner}
	}
	var list []string
	for _, f := range e.Faults {
		if o := r.System.Dependencies[f.Into].Owner; o != "" && !slices.Contains(list, o) {
			list = append(list, o)
		}
	}
	return list
}
