package comparisons

import (
	"io"

	"github.com/blastgauge/blastgauge/experiments/compare"
	"github.com/blastgauge/blastgauge/report/encode"
)

// WriteNDJSON writes a line for each change of a journey and for the status of each
// experiment.
func WriteNDJSON(w io.Writer, c *compare.Comparison) error {
	if c.Scan != nil {
		return writeScanNDJSON(w, c)
	}
	base, head := lastRun(c.Base), lastRun(c.Head)
	list := []encode.Event{{Event: "run", At: head.Started, Run: head.ID, Base: base.ID, System: head.System}}
	for i := range c.Experiments {
		e := &c.Experiments[i]
		for k := range e.Journeys {
			j := &e.Journeys[k]
			v := encode.Event{Event: "change", Run: head.ID, Base: base.ID, Experiment: e.ID, Journey: j.Name, Status: string(j.Status), What: j.Reason}
			if d := j.Change; d != nil {
				v.Estimate, v.Low, v.High = &d.Estimate, &d.Low, &d.High
			}
			list = append(list, v)
		}
		list = append(list, encode.Event{Event: "status", Run: head.ID, Base: base.ID, Experiment: e.ID, Status: string(e.Status), Reasons: e.Reasons})
	}
	meaning := compare.ExitMeaning(c.ExitCode)
	if text := unseen(c); text != "" {
		meaning = text
	}
	list = append(list, encode.Event{Event: "end", Run: head.ID, Base: base.ID, What: meaning, ExitCode: &c.ExitCode})
	return encode.WriteLines(w, list)
}

// lastRun is the newest run of a side; the zero value where it has none.
func lastRun(runs []compare.Run) compare.Run {
	if len(runs) == 0 {
		return compare.Run{}
	}
	return runs[len(runs)-1]
}
