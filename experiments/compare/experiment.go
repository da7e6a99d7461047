package compare

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/result"
)

// compareExperiment compares one experiment, except for the statuses of its journeys: these
// are judged together with those of all others.
func compareExperiment(id string, names Names, base, head []Input) *pending {
	allBase, allHead := runsOf(id, base), runsOf(id, head)
	all := slices.Concat(allHead, allBase)
	e := Experiment{
		ID: id, Title: all[0].Title, File: all[0].File, Line: all[0].Line, Owner: all[0].Owner, IfRefuted: all[0].IfRefuted,
		Dependencies: dependencies(all),
		Journeys:     []Journey{}, Invariants: []Invariant{}, Reasons: []string{},
	}
	why := findMismatch(names, allBase, allHead)
	trustedBase := e.leaveOutUntrusted(0, names, allBase, &why)
	trustedHead := e.leaveOutUntrusted(1, names, allHead, &why)
	shownBase, shownHead := trustedOrAll(trustedBase, allBase), trustedOrAll(trustedHead, allHead)
	e.Base, e.Head = newSide(shownBase), newSide(shownHead)
	e.Base.place(allBase, base)
	e.Head.place(allHead, head)
	e.Diff = why.diff
	if len(why.reasons) > 0 {
		e.Status = NotComparable
		if why.onlyUntrusted() {
			e.compareFacts(names, allBase, allHead)
		}
		e.explain(why.reasons)
		e.Journeys, _ = journeys(names, shownBase, shownHead, false)
		e.pickLead()
		return &pending{Experiment: e}
	}
	e.Notes = append(e.Notes, notesOnSides(names, trustedBase, trustedHead)...)
	p := &pending{Experiment: e, names: names, head: trustedHead}
	p.Journeys, p.changes = journeys(names, trustedBase, trustedHead, true)
	p.Invariants = invariants(factualRuns(allBase), factualRuns(allHead))
	p.Alerts = alerts(trustedBase, trustedHead)
	p.Notes = append(p.Notes, alertNotes(p.Alerts, names, trustedBase, trustedHead)...)
	p.Amplification = amplification(trustedBase, trustedHead)
	return p
}

// compareFacts compares the invariants of sides whose journeys cannot be compared. One
// that head broke is a regression even so.
func (e *Experiment) compareFacts(names Names, base, head []experimentRun) {
	base, head = factualRuns(base), factualRuns(head)
	if len(base) == 0 || len(head) == 0 {
		return
	}
	e.Invariants = invariants(base, head)
	for _, inv := range e.Invariants {
		if r, _ := inv.reason(names); inv.Status == Regressed {
			e.Status = Regressed
			e.explain([]reason{r})
		}
	}
}

// leaveOutUntrusted returns the runs of a side that can be trusted. It notes that
// others are left out, or gives the reason why none is left.
func (e *Experiment) leaveOutUntrusted(side int, names Names, all []experimentRun, why *mismatch) []experimentRun {
	trusted, problem := trustedRuns(all)
	if problem != "" {
		why.reasons = append(why.reasons, reason{[...]ReasonCode{ReasonBaseUntrusted, ReasonHeadUntrusted}[side], names.of(side) + " is " + problem})
	}
	if left := len(all) - len(trusted); left > 0 && len(trusted) > 0 {
		e.Notes = append(e.Notes, fmt.Sprintf("%s: %d of %d runs cannot be trusted and are left out", names.of(side), left, len(all)))
	}
	return trusted
}

// trustedOrAll are the runs that are shown: those that can be trusted, or all if
// none can be.
func trustedOrAll(trusted, all []experimentRun) []experimentRun {
	if len(trusted) > 0 {
		return trusted
	}
	return all
}

// notesOnSides are differences that do not keep the sides from being compared.
func notesOnSides(names Names, base, head []experimentRun) []string {
	var list []string
	b, h := base[len(base)-1], head[len(head)-1]
	if b.Digests.Limits != h.Digests.Limits {
		list = append(list, limitsNote(b, h))
	}
	for i, side := range [][]experimentRun{base, head} {
		if s := newSide(side); s.Fault == string(result.GradeProbed) {
			list = append(list, names.of(i)+": only our own probe met the fault; nothing shows that a journey did")
		} else if s.Fault == string(result.GradeSparse) {
			list = append(list, names.of(i)+": the fault met far less than was to be expected; that it did no harm says little")
		} else if s.Tripped > 0 {
			list = append(list, names.of(i)+": a guardrail removed the fault early")
		}
	}
	return list
}

func limitsNote(b, h experimentRun) string {
	var parts []string
	if was, is := b.Limits.BlastRadius, h.Limits.BlastRadius; was != is {
		parts = append(parts, "blast radius "+percent(was)+" → "+percent(is))
	}
	if was, is := b.Limits.Recovery, h.Limits.Recovery; was != is {
		parts = append(parts, "recovery "+seconds(was)+" → "+seconds(is))
	}
	if was, is := b.Limits.Baseline, h.Limits.Baseline; was != is {
		parts = append(parts, "baseline "+percent(was)+" → "+percent(is))
	}
	for _, j := range h.Journeys {
		if i := slices.IndexFunc(b.Journeys, func(o result.Journey) bool { return o.Name == j.Name }); i >= 0 && b.Journeys[i].Limit != j.Limit {
			parts = append(parts, j.Name+" "+percent(b.Journeys[i].Limit)+" → "+percent(j.Limit))
		}
	}
	return strings.TrimSuffix("the limits differ, so verdicts may: "+strings.Join(parts, ", "), ": ")
}

// judge gives the experiment the status of its journeys, invariants and alerts. One
// regression makes it regressed; it is unchanged only if all journeys are, and no invariant
// or alert is known to have changed. A note says of an alert that it was not judged.
func (e *Experiment) judge(names Names) {
	var all []Status
	reasons := map[Status][]reason{}
	for _, j := range e.Journeys {
		all = append(all, j.Status)
		reasons[j.Status] = append(reasons[j.Status], reason{j.ReasonCode, j.Name + ": " + j.Reason})
	}
	for _, inv := range e.Invariants {
		if r, changed := inv.reason(names); changed {
			all = append(all, inv.Status)
			reasons[inv.Status] = append(reasons[inv.Status], r)
		}
	}
	for _, a := range e.Alerts {
		if r, changed := a.reason(names); changed {
			all = append(all, a.Status)
			reasons[a.Status] = append(reasons[a.Status], r)
		}
	}
	e.Status = NotComparable
	for _, s := range []Status{Regressed, Improved, Uncertain, Unchanged} {
		if slices.Contains(all, s) {
			e.Status = s
			break
		}
	}
	if len(all) == 0 {
		reasons[e.Status] = []reason{{ReasonNothingToJudge, "no journey was measured"}}
	}
	e.explain(reasons[e.Status])
	e.pickLead()
}

// pickLead picks the journey that the row of the experiment shows: the one with the
// largest change among those with the status of the experiment, or else of all.
func (e *Experiment) pickLead() {
	largest := -1.0
	for _, same := range []bool{true, false} {
		for _, j := range e.Journeys {
			size := 0.0
			if j.Change != nil {
				size = math.Abs(j.Change.Estimate)
			} else if j.Head != nil {
				size = math.Abs(j.Head.Estimate)
			}
			if (j.Status == e.Status || !same) && size > largest {
				e.Journey, largest = j.Name, size
			}
		}
		if e.Journey != "" {
			return
		}
	}
}
