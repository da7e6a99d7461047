package result

import "fmt"

// ParseAllowed parses names of verdicts that a run may end with as if its hypotheses had
// held. Only inconclusive and invalid can be allowed.
func ParseAllowed(names []string) ([]Verdict, error) {
	var list []Verdict
	for _, name := range names {
		v := Verdict(name)
		if v != Inconclusive && v != Invalid {
			return nil, fmt.Errorf("%s: only inconclusive and invalid can be allowed", name)
		}
		list = append(list, v)
	}
	return list, nil
}
