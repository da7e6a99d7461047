package result

import (
	"cmp"
	"fmt"

	"github.com/blastgauge/blastgauge/experiments/journal"
)

// Instances is on how many Toxiproxies a fault was, where its dependency has some of its
// own.
type Instances struct {
	Proven int `json:"proven"` // it was read back there at least once
	Of     int `json:"of"`     // those that it was to be on
	// PartialFor is for how many seconds it was not in force on all that were there.
	PartialFor float64 `json:"partial_for,omitempty"`
}

// An Instance is one of these Toxiproxies, as it was when the fault was removed.
type Instance struct {
	URL    string `json:"url"`
	State  string `json:"state"` // in_force, joined (it has just come), left or failed
	Proven bool   `json:"proven"`
	Met    int64  `json:"met,omitempty"`
	Of     int64  `json:"of,omitempty"`
	Detail string `json:"detail,omitempty"`
}

// addInstances adds what each Toxiproxy showed.
func (f *Fault) addInstances(seen journal.Evidence) {
	if len(seen.Instances) == 0 {
		return
	}
	n := &Instances{Of: len(seen.Instances), PartialFor: seconds(seen.PartialFor)}
	for _, i := range seen.Instances {
		if i.Proven {
			n.Proven++
		}
		f.Instances = append(f.Instances, Instance{i.URL, string(i.State), i.Proven, i.Met, i.Of, i.Detail})
	}
	f.Exercised.Instances = n
}

// onTooFew lists the faults that were on fewer than half of the Toxiproxies which they were
// to be on: what is measured then is not the fault.
func onTooFew(faults []Fault) (list []reason) {
	for _, f := range faults {
		if n := f.Exercised.Instances; n != nil && 2*n.Proven < n.Of {
			list = append(list, reason{ReasonPartial, fmt.Sprintf("the fault was on too few instances: %s into %s: %d of %d%s", f.Inject, f.Into, n.Proven, n.Of, f.firstProblem())})
		}
	}
	return list
}

// partialWarnings name faults that were not in force everywhere all the time.
func partialWarnings(faults []Fault) (list []string) {
	for _, f := range faults {
		n := f.Exercised.Instances
		if n == nil || n.PartialFor == 0 && n.Proven == n.Of {
			continue
		}
		list = append(list, fmt.Sprintf("partial: %s into %s was in force on %d of %d instances, and for %.1f s not on all that were there%s", f.Inject, f.Into, n.Proven, n.Of, n.PartialFor, f.firstProblem()))
	}
	return list
}

// firstProblem is why the fault was not in force on an instance, after a colon; empty where
// nothing says it.
func (f *Fault) firstProblem() string {
	text := ""
	for _, i := range f.Instances {
		if i.Detail != "" && i.State != string(journal.InstanceLeft) {
			text = cmp.Or(text, ": "+cutTo(i.Detail, mostText))
		}
	}
	return text
}
