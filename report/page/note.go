package page

import (
	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/result"
)

// A NoteRow is what somebody wrote while the run went on, a line of the notes of a page.
type NoteRow struct {
	When, Author, Phase string
	Experiment          string // its id; empty: none was under way
	Name                string // of that experiment
	Linked              bool   // the page has a part about it
	Text                string
	FollowUp            bool
}

// NoteRows prepares notes for the template. Names are those of the experiments that the
// page has a part about, by their ids.
func NoteRows(list []result.Note, names map[string]string) (rows []NoteRow) {
	for _, n := range list {
		row := NoteRow{When: figures.Clock(n.At), Author: n.Author, Phase: n.Phase, Experiment: n.Experiment, Name: n.Experiment, Text: n.Text, FollowUp: n.FollowUp}
		if name, ok := names[n.Experiment]; ok {
			row.Name, row.Linked = name, true
		}
		rows = append(rows, row)
	}
	return rows
}
