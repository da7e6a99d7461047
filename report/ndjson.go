package report

import (
	"bytes"
	"io"
	"slices"
	"time"

	"github.com/blastgauge/blastgauge/experiments/compare"
	"github.com/blastgauge/blastgauge/experiments/result"
)

// An event is one line of newline-delimited JSON, for programs that read lines:
// log shippers, jq, a table of a data base. What is absent does not concern it.
type event struct {
	Event      string    `json:"event"` // run, phase, note, criterion, verdict, change, status or end
	At         time.Time `json:"at,omitzero"`
	Run        string    `json:"run,omitempty"`
	Base       string    `json:"base,omitempty"` // run, of a comparison
	System     string    `json:"system,omitempty"`
	Experiment string    `json:"experiment,omitempty"`
	Journey    string    `json:"journey,omitempty"`
	Name       string    `json:"name,omitempty"`   // of a phase or a criterion
	Second     *float64  `json:"second,omitempty"` // since the experiment's start
	What       string    `json:"what,omitempty"`
	Verdict    string    `json:"verdict,omitempty"`
	Status     string    `json:"status,omitempty"`
	Reasons    []string  `json:"reasons,omitempty"`
	Limit      string    `json:"limit,omitempty"`
	Measured   string    `json:"measured,omitempty"`
	Estimate   *float64  `json:"estimate,omitempty"` // a share, or a change of one
	Low        *float64  `json:"low,omitempty"`
	High       *float64  `json:"high,omitempty"`
	Recovery   *float64  `json:"recovery,omitempty"` // seconds; absent where it was not seen
	ExitCode   *int      `json:"exit_code,omitempty"`
}

// writeNDJSON writes a run in the order of time: its phases and events, what was
// found of each experiment after them, and how it ended.
func writeNDJSON(w io.Writer, r *result.Result) error {
	list := []event{{Event: "run", At: r.Run.Started, Run: r.Run.ID, System: r.System.Name}}
	for i := range r.Experiments {
		list = append(list, eventsOf(&r.Experiments[i])...)
	}
	list = append(list, event{Event: "end", At: r.Run.Ended, Run: r.Run.ID, What: r.ExitMeaning(), ExitCode: &r.Run.ExitCode})
	for i := range list {
		list[i].Run = r.Run.ID // every line stands for itself
	}
	return writeEvents(w, list)
}

func eventsOf(e *result.Experiment) []event {
	var list []event
	for i := range e.Phases {
		p := &e.Phases[i]
		list = append(list, event{Event: "phase", At: p.From, Experiment: e.ID, Name: p.Name, Second: &p.Start})
	}
	for i := range e.Events {
		v := &e.Events[i]
		list = append(list, event{Event: "note", At: v.At, Experiment: e.ID, Second: &v.Second, What: v.What})
	}
	slices.SortStableFunc(list, func(a, b event) int { return a.At.Compare(b.At) })
	var end time.Time
	if n := len(e.Phases); n > 0 {
		end = e.Phases[n-1].To
	}
	for _, c := range e.Criteria {
		list = append(list, event{Event: "criterion", At: end, Experiment: e.ID, Name: c.Name, Verdict: string(c.Verdict), Limit: c.Limit, Measured: c.Measured, What: c.Detail})
	}
	v := event{Event: "verdict", At: end, Experiment: e.ID, Verdict: string(e.Verdict), Reasons: e.Reasons}
	if b := known(e); b != nil {
		v.Journey, v.Estimate, v.Low, v.High = b.Journey, &b.Estimate, &b.Low, &b.High
	}
	if rec := e.Recovery; rec != nil && !rec.Censored {
		v.Recovery = &rec.Seconds
	}
	return append(list, v)
}

// writeCompareNDJSON writes a line per journey and one per experiment.
func writeCompareNDJSON(w io.Writer, c *compare.Comparison) error {
	base, head := lastRun(c.Base), lastRun(c.Head)
	list := []event{{Event: "run", At: head.Started, Run: head.ID, Base: base.ID, System: head.System}}
	for i := range c.Experiments {
		e := &c.Experiments[i]
		for k := range e.Journeys {
			j := &e.Journeys[k]
			v := event{Event: "change", Run: head.ID, Base: base.ID, Experiment: e.ID, Journey: j.Name, Status: string(j.Status), What: j.Reason}
			if d := j.Change; d != nil {
				v.Estimate, v.Low, v.High = &d.Estimate, &d.Low, &d.High
			}
			list = append(list, v)
		}
		list = append(list, event{Event: "status", Run: head.ID, Base: base.ID, Experiment: e.ID, Status: string(e.Status), Reasons: e.Reasons})
	}
	list = append(list, event{Event: "end", Run: head.ID, Base: base.ID, What: compare.ExitMeaning(c.ExitCode), ExitCode: &c.ExitCode})
	return writeEvents(w, list)
}

func lastRun(runs []compare.Run) compare.Run {
	if len(runs) == 0 {
		return compare.Run{}
	}
	return runs[len(runs)-1]
}

func writeEvents(w io.Writer, list []event) error {
	var b bytes.Buffer
	for _, e := range list {
		text, err := encode(e)
		if err != nil {
			return err
		}
		b.Write(text)
		b.WriteByte('\n')
	}
	_, err := w.Write(b.Bytes())
	return err
}
