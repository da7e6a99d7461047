package encode

import (
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report/words"
)

// Notes lists what people wrote while a run went on, folded away; nothing where they wrote
// nothing.
func (m *Comment) Notes(list []result.Note) {
	m.Fold("Notes (UTC)", func(m *Comment) {
		for i := range list {
			m.Line("- ", Strong(words.NoteHead(&list[i])), ": ", Markdown(list[i].Text))
		}
	})
}

// NoteEvents are the lines of what people wrote while a run went on.
func NoteEvents(list []result.Note) (events []Event) {
	for i := range list {
		n := &list[i]
		events = append(events, Event{Event: "noted", At: n.At, Experiment: n.Experiment, Name: n.Phase, Author: n.Author, What: n.Text, FollowUp: n.FollowUp})
	}
	return events
}

// NoteLines are the same for a person who reads the output of a test.
func NoteLines(list []result.Note) (lines []string) {
	for i := range list {
		lines = append(lines, words.Note(&list[i]))
	}
	return lines
}
