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
	// InForce is on how many it was in force when it was removed.
	InForce int `json:"in_force"`
	// Coverage is in which share of the time it was in force, over all instances: 0 to 1.
	// It is missing where that was not recorded.
	Coverage *float64 `json:"coverage,omitempty"`
	// PartialFor is for how many seconds it was not in force on all that were there.
	PartialFor float64 `json:"partial_for,omitempty"`
	// LookUpError is why it was not known in the end which instances there are.
	LookUpError string `json:"look_up_error,omitempty"`
}

// An Instance is one of these Toxiproxies, as it was when the fault was removed.
type Instance struct {
	URL    string `json:"url"`
	State  string `json:"state"` // in_force, joined (it has just come), left, failed or silent (it did not answer any more)
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
	n := &Instances{Of: len(seen.Instances), PartialFor: seconds(seen.PartialFor), LookUpError: cutTo(seen.LookUpError, mostText)}
	var due, inForce float64
	for _, i := range seen.Instances {
		if i.Proven {
			n.Proven++
		}
		if i.State == journal.InForce {
			n.InForce++
		}
		due, inForce = due+i.DueFor.Seconds(), inForce+i.InForceFor.Seconds()
		f.Instances = append(f.Instances, Instance{i.URL, string(i.State), i.Proven, i.Met, i.Of, i.Detail})
	}
	if due > 0 {
		coverage := min(1, inForce/due)
		n.Coverage = &coverage
	}
	f.Exercised.Instances = n
}

// onTooFew lists the faults that were on fewer than half of the Toxiproxies which they were
// to be on, or for less than half of the time: what is measured then is not the fault.
func onTooFew(faults []Fault) (list []reason) {
	for _, f := range faults {
		switch n := f.Exercised.Instances; {
		case n == nil:
		case n.Coverage != nil && 2*n.Proven >= n.Of && *n.Coverage < 0.5:
			list = append(list, reason{ReasonPartial, fmt.Sprintf("the fault was in force too little: %s into %s: for %s of the time of its %d instances%s", f.Inject, f.Into, percent(*n.Coverage), n.Of, f.firstProblem())})
		case 2*n.Proven < n.Of:
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
		list = append(list, fmt.Sprintf("partial: %s into %s was in force on %d of %d instances, in the end on %d, and for %.1f s not on all that were there%s", f.Inject, f.Into, n.Proven, n.Of, n.InForce, n.PartialFor, f.firstProblem()))
	}
	return list
}

// firstProblem is why the fault was not in force on an instance, after a colon; empty where
// nothing says it.
func (f *Fault) firstProblem() string {
	text := ""
	if n := f.Exercised.Instances; n != nil && n.LookUpError != "" {
		text = ": it is not known which instances there are: " + n.LookUpError
	}
	for _, i := range f.Instances {
		if i.Detail != "" && i.State != string(journal.InstanceLeft) {
			text = cmp.Or(text, ": "+cutTo(i.Detail, mostText))
		}
	}
	return text
}
