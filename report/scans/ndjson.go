package scans

import (
	"io"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/scan"
	"github.com/blastgauge/blastgauge/report/encode"
	"github.com/blastgauge/blastgauge/report/words"
)

// WriteNDJSON writes a line for each cell, level, pool, pair, fallback and finding, between
// one about the run and one about its end. The last says what went wrong with the scan.
func WriteNDJSON(w io.Writer, r *result.Result) error {
	s := summarize(r)
	list := []encode.Event{{Event: "run", At: r.Run.Started, System: r.System.Name}}
	for _, one := range s.rows {
		list = append(list, s.rowEvents(one)...)
	}
	for i := range s.m.Pools {
		list = append(list, s.togetherEvent("pool", &s.m.Pools[i], s.poolSentence(&s.m.Pools[i])))
	}
	for i := range s.m.Pairs {
		list = append(list, s.togetherEvent("pair", &s.m.Pairs[i], s.pairSentence(&s.m.Pairs[i])))
	}
	for _, f := range found(s.m, s.m.Findings) {
		e := encode.Event{Event: "finding", Dependency: f.Dependency, Name: string(f.Code), Journey: f.Journey, What: f.sentence(), Reasons: words.NonEmpty(f.advice())}
		if f.measure() != "" {
			e.Estimate, e.Low, e.High = &f.Estimate, &f.Low, &f.High
		}
		list = append(list, e)
	}
	list = append(list, encode.NoteEvents(r.Run.Notes)...)
	list = append(list, encode.Event{Event: "end", At: r.Run.Ended, What: s.ended(), Reasons: s.trouble(), ExitCode: &r.Run.ExitCode, InterruptedBy: r.Run.InterruptedBy, InterruptedWhy: r.Run.InterruptedWhy})
	for i := range list {
		list[i].Run = r.Run.ID // a reader may see one line only
	}
	return encode.WriteLines(w, list)
}

// rowEvents are the lines of one dependency.
func (s *summary) rowEvents(r row) (list []encode.Event) {
	for _, c := range r.cells {
		e := encode.Event{Event: "cell", Dependency: r.Name, Mode: string(c.mode), Verdict: words.CellVerdictCode(c.Verdict), Reasons: c.facts()}
		measure(&e, c.worst())
		list = append(list, e)
	}
	if b := r.BreakingPoint; b != nil {
		for i := range b.Levels {
			e := encode.Event{Event: "level", Dependency: r.Name, Latency: &b.Levels[i].Latency, Verdict: words.CellVerdictCode(b.Levels[i].Verdict)}
			measure(&e, b.Levels[i].Worst())
			list = append(list, e)
		}
	}
	for _, f := range r.Fallbacks {
		list = append(list, encode.Event{Event: "fallback", Dependency: r.Name, Mode: string(f.Mode), Name: f.To, What: fallbackSentence(r.Name, f)})
	}
	return list
}

// togetherEvent is the line of several faults at once.
func (s *summary) togetherEvent(event string, c *scan.Cell, what string) encode.Event {
	var names []string
	for _, f := range c.Faults {
		names = append(names, f.Dependency)
	}
	e := encode.Event{Event: event, Dependency: strings.Join(names, ","), Mode: string(modeOf(c)), Verdict: words.CellVerdictCode(c.Verdict), What: what}
	measure(&e, c.Worst())
	return e
}

// measure sets the numbers of a journey.
func measure(e *encode.Event, j *scan.CellJourney) {
	if j != nil {
		e.Journey, e.Estimate, e.Low, e.High = j.Journey, &j.Estimate, &j.Low, &j.High
	}
}
