package results

import (
	"io"
	"slices"
	"strings"
	"time"

	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report/encode"
	"github.com/blastgauge/blastgauge/report/words"
)

// WriteNDJSON writes a run in the order of time: for each experiment its phases and
// events and then its verdict, and at last how the run ended.
func WriteNDJSON(w io.Writer, r *result.Result) error {
	list := []encode.Event{{Event: "run", At: r.Run.Started, Run: r.Run.ID, System: r.System.Name}}
	for i := range r.Experiments {
		list = append(list, eventsOf(&r.Experiments[i])...)
	}
	list = append(list, encode.NoteEvents(r.Run.Notes)...)
	for _, text := range fails(r) {
		list = append(list, encode.Event{Event: "dependency", At: r.Run.Ended, What: text})
	}
	list = append(list, gameDayEvents(r)...)
	list = append(list, encode.Event{Event: "end", At: r.Run.Ended, Run: r.Run.ID, What: r.ExitMeaning(), ExitCode: &r.Run.ExitCode, InterruptedBy: r.Run.InterruptedBy, InterruptedWhy: r.Run.InterruptedWhy})
	for i := range list {
		list[i].Run = r.Run.ID // a reader may see one line only
	}
	return encode.WriteLines(w, list)
}

// eventsOf are the events of one experiment, in the order of time.
func eventsOf(e *result.Experiment) []encode.Event {
	var list []encode.Event
	for i := range e.Phases {
		p := &e.Phases[i]
		list = append(list, encode.Event{Event: "phase", At: p.From, Experiment: e.ID, Name: p.Name, Second: &p.Start})
	}
	for i := range e.Events {
		v := &e.Events[i]
		list = append(list, encode.Event{Event: "note", At: v.At, Experiment: e.ID, Second: &v.Second, What: v.What})
	}
	list = append(list, alertEvents(e)...)
	slices.SortStableFunc(list, func(a, b encode.Event) int { return a.At.Compare(b.At) })
	var end time.Time
	if n := len(e.Phases); n > 0 {
		end = e.Phases[n-1].To
	}
	for _, c := range e.Criteria {
		list = append(list, encode.Event{Event: "criterion", At: end, Experiment: e.ID, Name: c.Name, Verdict: string(c.Verdict), Limit: c.Limit, Measured: c.Measured, What: c.Detail})
	}
	for _, text := range slices.Concat(harms(e), uncheckedTexts(e)) {
		list = append(list, encode.Event{Event: "harm", At: end, Experiment: e.ID, What: text})
	}
	list = append(list, causeEvents(e, end)...)
	v := encode.Event{Event: "verdict", At: end, Experiment: e.ID, Verdict: string(e.Verdict), Owner: e.Owner, Reasons: whys(e)}
	if b := trustedRadius(e); b != nil {
		v.Journey, v.Estimate, v.Low, v.High, v.Control = b.Journey, &b.Estimate, &b.Low, &b.High, b.Control
		if a := b.SpillOver; a != nil {
			v.SpillOver = &a.Estimate
		}
		if a := b.ArmsBefore; a != nil {
			v.ArmsBefore = &a.Estimate
		}
	}
	v.Recovered, v.Recovery = string(e.KnownRecovery().State()), e.KnownRecovery().Took()
	return append(list, v)
}

// causeEvents are what came back under the fault, the most frequent causes of each journey.
func causeEvents(e *result.Experiment, at time.Time) (list []encode.Event) {
	for i := range e.Journeys {
		j := &e.Journeys[i]
		for k := range j.Causes[:min(len(j.Causes), causesInTable)] {
			c := &j.Causes[k]
			what := strings.Join(words.NonEmpty(words.Cause(*c), exampleLine(*c)), "; ")
			list = append(list, encode.Event{Event: "cause", At: at, Experiment: e.ID, Journey: j.Name, Name: c.Step, Class: c.Class, Key: c.Key, Count: &c.Fault.Fault, What: what})
		}
	}
	return list
}
