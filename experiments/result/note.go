package result

import (
	"github.com/blastgauge/blastgauge/experiments/journal"
)

// A noteList collects what people wrote while a run went on, and where the run was then.
type noteList struct {
	list       []Note
	experiment string // under way; empty: none is
	phase      journal.Phase
}

func (n *noteList) event(e journal.Event) {
	switch e.Kind {
	case journal.ExperimentStarted:
		n.experiment, n.phase = e.Experiment, ""
	case journal.PhaseStarted:
		n.phase = e.Phase
	case journal.ExperimentEnded:
		n.experiment, n.phase = "", ""
	case journal.Noted:
		if len(n.list) < journal.MostNotes {
			n.list = append(n.list, Note{
				At: e.At, Since: e.Since.Seconds(), Experiment: n.experiment, Phase: string(n.phase),
				Author: e.Author, Text: e.Detail, FollowUp: e.FollowUp,
			})
		}
	}
}

// notes checks what people wrote.
func (c *checker) notes(list []Note) {
	if len(list) > journal.MostNotes {
		c.fail("notes", "there are %d of them, and a run keeps %d", len(list), journal.MostNotes)
	}
	for _, n := range list {
		c.time("note", n.At)
		c.bounds("note", mostSeconds, 0, n.Since)
		c.id("note", n.Experiment)
		if n.Phase != "" && !isPhase(n.Phase) {
			c.fail("note", "%.80q is no phase", n.Phase)
		}
		c.written("note", n.Text, journal.MostNote)
		c.written("note", n.Author, journal.MostAuthor)
	}
}

// written is what a person wrote, of bounded length: reports repeat it.
func (c *checker) written(field, text string, most int) {
	if len(text) > most {
		c.fail(field, "it has %d bytes, and %d is the most", len(text), most)
	}
}
