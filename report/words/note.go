package words

import (
	"strings"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/result"
)

// Stopped says that a run was interrupted, and by whom if that is known. The text is what
// others wrote.
func Stopped(r *result.Run) string {
	if by := StoppedBy(r); by != "" {
		return "Stopped by " + by + "."
	}
	return "The run was interrupted."
}

// StoppedBy is who interrupted a run: "SIGINT", or "ann (incident 4711)"; empty where nobody
// knows. The text is what others wrote.
func StoppedBy(r *result.Run) string {
	switch {
	case r.InterruptedBy == "" && r.Signal == "":
		return ""
	case r.InterruptedBy == "":
		return "SIG" + r.Signal
	}
	if r.InterruptedWhy == "" {
		return r.InterruptedBy
	}
	return r.InterruptedBy + " (" + r.InterruptedWhy + ")"
}

// NoteHead is when a note was written, by whom, and what the run was about then:
// "14:11:20 ann, payments-slow, fault phase, follow up". The text is what others wrote.
func NoteHead(n *result.Note) string {
	phase := ""
	if n.Phase != "" {
		phase = n.Phase + " phase"
	}
	return figures.Clock(n.At) + " " + strings.Join(NonEmpty(n.Author, n.Experiment, phase, followUp(n)), ", ")
}

func followUp(n *result.Note) string {
	if n.FollowUp {
		return "follow up"
	}
	return ""
}

// Note is a note with its head, on one line.
func Note(n *result.Note) string { return NoteHead(n) + ": " + n.Text }
